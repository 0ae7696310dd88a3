"""Tokens (proto/README.md E)."""

import base64
import re

from canonical import need, unpack
from record import TIME_MAX, blake2b, is_ip, is_list, is_uint, port_holds


def is_key(value):
    return type(value) is bytes and len(value) == 32


def is_seed(value):
    match = type(value) is str and re.fullmatch(r"(?:\[([^\]]*)\]|([A-Za-z0-9._-]{1,253})):(.*)", value)
    return bool(match) and port_holds(match[3]) and (match[1] is None or is_ip(match[1]) and ":" in match[1])


def decode_token(text):
    match = re.fullmatch(r"(dagi1\.([A-Za-z0-9_-]*))\.([0-9a-f]{8})", text.strip(" \t\r\n"))
    need(match, "E: no token")
    head, body, check = match.groups()
    need(blake2b(head.encode())[:4].hex() == check, "E: damaged")
    raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    need(base64.urlsafe_b64encode(raw).rstrip(b"=").decode() == body, "E: spare bits")
    token = unpack(raw)
    need(type(token) is dict, "E: no map")
    need(token.get("v") == 1 and type(token["v"]) is int, "E: version")
    need(is_key(token.get("authority")), "E: authority")
    need(is_list(token.get("keys"), 2, is_key) and token["keys"], "E: keys")
    need(is_list(token.get("seeds"), 16, is_seed), "E: seeds")
    need("expires_at" not in token or is_uint(token["expires_at"], 1, TIME_MAX), "E: expires_at")
    return token
