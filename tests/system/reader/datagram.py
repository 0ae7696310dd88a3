"""Datagrams and messages (proto/README.md B)."""

import ipaddress

import nacl.bindings
import nacl.exceptions

from canonical import Refused, need
from record import TIME_MAX, blake2b


def key_number(key):
    return blake2b(b"dagi-registry key number v1\0" + key)[0]


def open_envelope(data, keys):
    """The plaintext of a datagram, opened with one of the keys (B.1)."""
    need(26 + 16 <= len(data) <= 1232, "B.1: length")
    need(data[0] == 1, "B.1: version")
    for key in keys:
        if key_number(key) != data[1]:
            continue
        try:
            return nacl.bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(data[26:], data[:2], data[2:26], key)
        except nacl.exceptions.CryptoError:
            pass
    raise Refused("B.1: does not open")


class Fields:
    """The fields of one message, one after the other."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def left(self):
        return len(self.data) - self.at

    def bytes(self, count):
        need(count <= self.left(), "B.2: a body that is too short")
        self.at += count
        return self.data[self.at - count:self.at]

    def uint(self, size):
        return int.from_bytes(self.bytes(size), "big")

    def u64(self):
        return f"{self.uint(8):016x}"

    def time(self):
        value = self.uint(8)
        need(value <= TIME_MAX, "B.3: time")
        return value

    def ids(self, least, most):
        need(self.left() % 8 == 0 and least <= self.left() // 8 <= most, "B.3: number of ids")
        return [self.u64() for _ in range(self.left() // 8)]

    def address(self):
        family, raw, port = self.uint(1), self.bytes(16), self.uint(2)
        need(family in (4, 6), "B.3: family")
        if family == 4:
            need(raw[4:] == bytes(12), "B.3: the rest of an IPv4 address")
            return f"{ipaddress.IPv4Address(raw[:4])}:{port}"
        return f"[{ipaddress.IPv6Address(raw)}]:{port}"

    def range(self):
        length, prefix = self.uint(1), self.uint(8)
        need(length <= 64, "B.3: prefix length")
        need(prefix & ((1 << (64 - length)) - 1) == 0, "B.3: bits behind the prefix")
        return length, prefix


def hello(f):
    fields = {"key": f.bytes(32).hex(), "cookie": f.u64(), "time": f.time()}
    f.bytes(139 - 48)
    return fields


def proof(f):
    return {"key": f.bytes(32).hex(), "echo": f.u64(), "signature": f.bytes(64).hex(), "cookie": f.u64(), "time": f.time(),
            "observed": f.address()}


def ping(f):
    return {"nonce": f.u64()}


def probe(f):
    interval = f.uint(2)
    need(interval == 0 or 200 <= interval <= 60000, "B.3: interval")
    return {"interval": interval}


def bye(f):
    return {}


def push(f):
    hops, record = f.uint(1), f.bytes(f.left())
    need(1 <= len(record) <= 1153, "B.3: record")
    return {"hops": hops, "record": record.hex()}


def ids(f):
    return {"ids": f.ids(1, 144)}


def piece(f):
    number, total, index = f.u64(), f.uint(2), f.uint(1)
    need(1 <= total <= 16384 and index * 1024 < total, "B.3: no such piece")
    need(f.left() == min(1024, total - index * 1024), "B.3: length of a piece")
    return {"id": number, "total": total, "index": index, "bytes": f.bytes(f.left()).hex()}


def want_pieces(f):
    return {"id": f.u64(), "missing": f.uint(2)}


def split(f):
    length, prefix = f.range()
    salt, bits = f.uint(4), f.uint(1)
    need(1 <= bits <= 8 and length + bits <= 64, "B.3: child bits")
    return {"prefix_length": length, "prefix": f"{prefix:016x}", "salt": salt, "child_bits": bits,
            "fingerprints": [f.uint(4) for _ in range(1 << bits)]}


def listing(f):
    length, prefix = f.range()
    need(f.left() % 24 == 0 and f.left() // 24 <= 47, "B.3: number of elements")
    elements = [{"key_hash": f.u64(), "stamp": f.u64(), "id": f.u64()} for _ in range(f.left() // 24)]
    hashes = [int(element["key_hash"], 16) for element in elements]
    need(all(a < b for a, b in zip(hashes, hashes[1:])), "B.3: elements do not ascend")
    need(all((h ^ prefix) >> (64 - length) == 0 for h in hashes), "B.3: an element outside its range")
    return {"prefix_length": length, "prefix": f"{prefix:016x}", "elements": elements}


def walk(f):
    return {"cursor": f.u64()}


def pull(f):
    salt, age = f.uint(4), f.uint(2)
    need(1 <= f.left() <= 1144, "B.3: filter")
    return {"salt": salt, "age": age, "filter": f.bytes(f.left()).hex()}


def page(f):
    return {"next": f.u64(), "ids": f.ids(0, 143)}


def refer(f):
    need(f.left() % 19 == 0 and 1 <= f.left() // 19 <= 32, "B.3: number of addresses")
    return {"addresses": [f.address() for _ in range(f.left() // 19)]}


MESSAGES = {
    1: ("hello", hello), 2: ("proof", proof), 3: ("ping", ping), 4: ("pong", ping), 5: ("bye", bye), 6: ("push", push),
    7: ("announce", ids), 8: ("want", ids), 9: ("piece", piece), 10: ("want_pieces", want_pieces), 11: ("split", split),
    12: ("list", listing), 13: ("walk", walk), 14: ("page", page), 15: ("probe", probe),
    16: ("refer", refer), 17: ("pull", pull),
}


def decode_message(kind, body):
    """What a message says; of an unknown type, only its number."""
    name, decode = MESSAGES.get(kind, ("unknown", None))
    message = {"type": kind, "name": name}
    if decode:
        fields = Fields(body)
        message.update(decode(fields))
        need(fields.left() == 0, "B.2: a body that is too long")
    return message


def decode_plaintext(data):
    """Header and messages (B.2). Malformed from some message on: what stood before it, and `malformed`."""
    fields = Fields(data)
    need(len(data) >= 33, "B.2: no header")
    header = {"sender": fields.bytes(8).hex(), "incarnation": fields.u64(), "number": fields.u64(),
              "fingerprint": fields.u64(), "flags": fields.uint(1), "messages": []}
    need(int(header["incarnation"], 16) > 0 and int(header["number"], 16) > 0, "B.2: zero")
    try:
        while fields.left():
            kind, length = fields.uint(1), fields.uint(2)
            header["messages"].append(decode_message(kind, fields.bytes(length)))
    except Refused as error:
        header["malformed"] = str(error)
    return header


def decode_datagram(data, keys):
    return decode_plaintext(open_envelope(data, keys))


def proof_holds(message, verifier):
    """Whether a PROOF's signature is its key's, for this verifier's HELLO (C.1.2)."""
    key = bytes.fromhex(message["key"])
    signed = b"dagi-registry path v1\0" + bytes.fromhex(message["echo"]) + key + verifier
    try:
        nacl.bindings.crypto_sign_open(bytes.fromhex(message["signature"]) + signed, key)
        return True
    except nacl.exceptions.CryptoError:
        return False
