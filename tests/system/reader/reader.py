#!/usr/bin/python3
"""An independent reader of what the registry's peers write, made from the text of proto/README.md alone.

    reader.py records FILE…            records, one after another or in one msgpack array (- : standard input);
                                       a JSON object a line
    reader.py datagram --key HEX…      one datagram from standard input (--hex TEXT: from the command line); one JSON object
    reader.py token                    the token on standard input; keys are not shown

Exit status: 0 all holds, 1 something was refused (which and why stands on standard error), 2 wrong usage.
"""

import argparse
import base64
import json
import sys

from canonical import DEPTH_MAX, Refused, need, skip
from datagram import decode_datagram
from join_token import decode_token
from record import Record, node_uuid


def plain(value):
    """bytes as base64url, so that it can be JSON."""
    if type(value) is bytes:
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
    if type(value) is dict:
        return {key: plain(member) for key, member in value.items()}
    if type(value) is list:
        return [plain(element) for element in value]
    return value


def described(record):
    return {"kind": record.kind, "signer": record.signer.hex(), "subject": record.subject, "stamp": f"{record.stamp:016x}",
            "lease": record.lease, "body": plain(record.body), "id": f"{record.id:016x}",
            "key_hash": f"{record.key_hash:016x}"}


def array_head(data):
    """Where the elements of the array that `data` begins with start, or 0 where no array begins."""
    if not data:
        return 0
    return 1 if data[0] >> 4 == 9 else {0xDC: 3, 0xDD: 5}.get(data[0], 0)


def is_array_of_arrays(data):
    head = array_head(data)
    return head > 0 and (data[0] == 0x90 or array_head(data[head:]) > 0)


def split_records(data):
    """The records in a run of them, or in one array of them, as the HTTP interface gives them: each ends where its array
    ends."""
    if is_array_of_arrays(data):
        need(skip(data, 0, DEPTH_MAX + 1) == len(data), "something follows the array")
        data = data[array_head(data):]
    at = 0
    while at < len(data):
        end = skip(data, at, DEPTH_MAX)
        yield data[at:end]
        at = end


def show_records(paths):
    for path in paths:
        with (open(0, "rb", closefd=False) if path == "-" else open(path, "rb")) as f:
            data = f.read()
        for raw in split_records(data):
            record = Record(raw)
            shown = described(record)
            if record.kind == 1:
                shown["uuid"] = node_uuid(record.subject)
            print(json.dumps(shown, ensure_ascii=False))


def show_datagram(arguments):
    data = bytes.fromhex(arguments.hex) if arguments.hex else sys.stdin.buffer.read()
    decoded = decode_datagram(data, [bytes.fromhex(key) for key in arguments.key])
    print(json.dumps(decoded))
    if "malformed" in decoded:
        raise Refused(decoded["malformed"])


def show_token():
    token = decode_token(sys.stdin.read())
    token["keys"] = len(token["keys"])
    print(json.dumps(plain(token)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("records").add_argument("file", nargs="+")
    datagram = commands.add_parser("datagram")
    datagram.add_argument("--key", action="append", required=True, help="a cluster key in hex; may be repeated")
    datagram.add_argument("--hex", help="the datagram")
    commands.add_parser("token")
    arguments = parser.parse_args()
    try:
        if arguments.command == "records":
            show_records(arguments.file)
        elif arguments.command == "datagram":
            show_datagram(arguments)
        else:
            show_token()
    except Refused as error:
        print(f"reader: refused: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
