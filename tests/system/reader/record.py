"""Records (proto/README.md A)."""

import hashlib
import ipaddress
import re

import msgpack
import nacl.bindings
import nacl.exceptions

from canonical import Refused, need, unpack

RECORD_MAX = 16384
NODE, PROFILE, CERT, REVOKE, HEARTBEAT, VERDICT = 1, 2, 3, 4, 64, 96
SAID = ("online", "degraded", "maintenance", "draining", "left")
STATES = (*SAID, "offline")
TIME_MAX = (1 << 48) - 1
NODE_ID = re.compile(r"[A-Za-z0-9._-]{1,255}\Z")
CONTROL = re.compile("[\x00-\x1f\x7f]")


def blake2b(data):
    return hashlib.blake2b(data, digest_size=32).digest()


def h8(data):
    return int.from_bytes(blake2b(data)[:8], "big")


def node_uuid(node_id):
    raw = bytearray(blake2b(b"dagi-registry node uuid v1\0" + node_id.encode())[:16])
    raw[6] = raw[6] & 0x0F | 0x80
    raw[8] = raw[8] & 0x3F | 0x80
    text = raw.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def is_uint(value, least=0, most=(1 << 64) - 1):
    return type(value) is int and least <= value <= most


def is_text(value, most):
    return type(value) is str and 1 <= len(value.encode()) <= most and not CONTROL.search(value)


def is_json(value):
    if type(value) is dict:
        return all(is_json(member) for member in value.values())
    if type(value) is list:
        return all(is_json(element) for element in value)
    return type(value) is not bytes


def port_holds(text):
    return re.fullmatch(r"[1-9][0-9]{0,4}", text) is not None and int(text) <= 65535


def is_ip(text, kind=ipaddress.ip_address):
    try:
        return "%" not in text and bool(kind(text))
    except ValueError:
        return False


def is_address(value):
    """`ADDRESS:PORT` or `[ADDRESS]:PORT`, in numbers."""
    if not is_text(value, 64):
        return False
    match = re.fullmatch(r"(?:\[([^\]]*)\]|([^:]*)):(.*)", value)
    if not match or not port_holds(match[3]):
        return False
    six, four, _ = match.groups()
    return is_ip(six, ipaddress.IPv6Address) if six is not None else is_ip(four, ipaddress.IPv4Address)


def is_list(value, most, holds):
    return type(value) is list and len(value) <= most and all(holds(element) for element in value)


def is_true(value):
    return value is True


def is_time(value):
    return is_uint(value, 0, TIME_MAX)


def is_state(value):
    return type(value) is str and value in STATES


def is_said(value):
    return is_state(value) and value in SAID


def is_object(value):
    return type(value) is dict and is_json(value)


MEMBERS = {
    NODE: {
        "created_at": is_time,
        "deleted": is_true,
        "gossip": lambda v: is_list(v, 8, is_address),
        "hostname": lambda v: is_text(v, 255),
        "ip": lambda v: is_text(v, 45) and is_ip(v),
        "labels": lambda v: is_list(v, 64, lambda e: is_text(e, 100)) and len(set(v)) == len(v),
        "metadata": is_object,
        "role": lambda v: is_text(v, 100),
        "self": is_true,
        "state": is_state,
        "updated_at": is_time,
    },
    HEARTBEAT: {"interval": lambda v: is_uint(v, 1000, 3600000), "metrics": is_object, "status": is_said},
    PROFILE: {"config": is_object, "created_at": is_time, "deleted": is_true, "updated_at": is_time},
    VERDICT: {"key": lambda v: type(v) is bytes and len(v) == 32, "since": is_time},
}
REQUIRED = {NODE: ("hostname", "role"), HEARTBEAT: (), PROFILE: ("config",), VERDICT: ("key", "since")}
OBJECT_MAX = {"metadata": 8192, "metrics": 4096, "config": 15360}


def check_body(kind, body):
    if kind not in MEMBERS:
        return
    for name, holds in MEMBERS[kind].items():
        if name in body:
            need(holds(body[name]), f"A.4: {name}")
            if name in OBJECT_MAX:
                # In canonical form there is one encoding, so that its length is that of the bytes received.
                need(encoded_size(body[name]) <= OBJECT_MAX[name], f"A.4: {name} is too large")
    if kind == VERDICT or not body.get("deleted"):
        for name in REQUIRED[kind]:
            need(name in body, f"A.4: no {name}")
    need(kind != NODE or "self" in body or not body.get("gossip"), "A.4: gossip without self")


def encoded_size(value):
    return len(msgpack.packb(value, use_bin_type=True))


def check_subject(kind, subject):
    need(type(subject) is str and not CONTROL.search(subject), "A.3: subject")
    if kind in (NODE, CERT, REVOKE, HEARTBEAT, VERDICT):
        need(NODE_ID.match(subject), "A.3: no node_id")
    else:
        need(1 <= len(subject.encode()) <= (100 if kind == PROFILE else 255), "A.3: length of the subject")


class Record:
    """A record that holds: form, limits and signature. Refused says why another does not."""

    def __init__(self, raw):
        raw = bytes(raw)
        need(len(raw) <= RECORD_MAX, "A.1: longer than 16,384 bytes")
        elements = unpack(raw)
        need(type(elements) is list and len(elements) == 8, "A.1: no array of eight")
        version, self.kind, self.signer, self.subject, self.stamp, self.lease, self.body, self.signature = elements
        need(is_uint(version, 1, 1), "A.1: version")
        need(is_uint(self.kind, 1, 127), "A.1: kind")
        need(type(self.signer) is bytes and len(self.signer) == 32, "A.1: signer")
        check_subject(self.kind, self.subject)
        need(is_uint(self.stamp, 1), "A.1: stamp")
        need(is_uint(self.lease, 1, 34560000), "A.1: lease")
        need(type(self.body) is dict, "A.1: body")
        need(type(self.signature) is bytes and len(self.signature) == 64, "A.1: signature")
        check_body(self.kind, self.body)
        self.raw = raw
        self.verify()

    def verify(self):
        message = b"dagi-registry record v1\0" + self.raw[:-66]
        try:
            nacl.bindings.crypto_sign_open(self.signature + message, self.signer)
        except nacl.exceptions.CryptoError as error:
            raise Refused("A.5: the signature does not hold") from error

    @property
    def id(self):
        return h8(self.raw)

    @property
    def key_hash(self):
        return h8(b"dagi-registry key v1\0" + bytes([self.kind]) + self.signer + self.subject.encode())
