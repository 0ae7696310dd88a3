"""Canonical msgpack, checked byte by byte (proto/README.md A.2), and then unpacked by msgpack's own unpacker."""

import struct

import msgpack

DEPTH_MAX = 32


class Refused(Exception):
    """The bytes are not what the specification allows."""


def need(holds, why):
    if not holds:
        raise Refused(why)


# First byte of the long forms: (name, width of the number behind it, the least number that needs this width).
UINTS = {0xCC: (1, 1 << 7), 0xCD: (2, 1 << 8), 0xCE: (4, 1 << 16), 0xCF: (8, 1 << 32)}
INTS = {0xD0: (1, -33), 0xD1: (2, -129), 0xD2: (4, -32769), 0xD3: (8, -(1 << 31) - 1)}
STRS = {0xD9: (1, 32), 0xDA: (2, 1 << 8), 0xDB: (4, 1 << 16)}
BINS = {0xC4: (1, 0), 0xC5: (2, 1 << 8), 0xC6: (4, 1 << 16)}
ARRAYS = {0xDC: (2, 16), 0xDD: (4, 1 << 16)}
MAPS = {0xDE: (2, 16), 0xDF: (4, 1 << 16)}


def take(data, at, count):
    need(at + count <= len(data), "ends too early")
    return data[at:at + count], at + count


def number(data, at, form):
    width, least = form
    raw, at = take(data, at, width)
    value = int.from_bytes(raw, "big")
    need(value >= least, "rule 1 or 2: a shorter form exists")
    return value, at


def skip_text(data, at, length):
    raw, at = take(data, at, length)
    try:
        raw.decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        raise Refused("rule 5: not UTF-8") from error
    return at


def skip_array(data, at, count, depth):
    need(depth > 0, "rule 6: nested too deep")
    for _ in range(count):
        at = skip(data, at, depth - 1)
    return at


def skip_map(data, at, count, depth):
    need(depth > 0, "rule 6: nested too deep")
    last = None
    for _ in range(count):
        need(at < len(data), "ends too early")
        head = data[at]
        need(0xA0 <= head <= 0xBF or head in STRS, "rule 4: a key that is no str")
        start = at
        at = skip(data, at, depth - 1)
        key = msgpack.unpackb(data[start:at], raw=True)
        need(last is None or last < key, "rule 4: keys do not ascend")
        last = key
        at = skip(data, at, depth - 1)
    return at


def skip_long(data, at, head, depth):
    if head in (0xC0, 0xC2, 0xC3):
        return at
    if head == 0xCB:
        raw, at = take(data, at, 8)
        value = struct.unpack(">d", raw)[0]
        need(value == value and abs(value) != float("inf"), "rule 3: not finite")
        return at
    if head in UINTS:
        return number(data, at, UINTS[head])[1]
    if head in INTS:
        width, most = INTS[head]
        raw, at = take(data, at, width)
        need(int.from_bytes(raw, "big", signed=True) <= most, "rule 1: a shorter form exists")
        return at
    if head in STRS:
        return skip_text(data, *reversed(number(data, at, STRS[head])))
    if head in BINS:
        length, at = number(data, at, BINS[head])
        return take(data, at, length)[1]
    if head in ARRAYS:
        count, at = number(data, at, ARRAYS[head])
        return skip_array(data, at, count, depth)
    if head in MAPS:
        count, at = number(data, at, MAPS[head])
        return skip_map(data, at, count, depth)
    raise Refused("rule 3: float 32" if head == 0xCA else "rule 6: no such type")


def skip(data, at, depth):
    """Steps over one item that starts at `at`; returns where the next one starts."""
    need(at < len(data), "ends too early")
    head = data[at]
    at += 1
    if head <= 0x7F or head >= 0xE0:
        return at
    if head <= 0x8F:
        return skip_map(data, at, head & 0x0F, depth)
    if head <= 0x9F:
        return skip_array(data, at, head & 0x0F, depth)
    if head <= 0xBF:
        return skip_text(data, at, head & 0x1F)
    return skip_long(data, at, head, depth)


def unpack(data):
    """The one item that `data` is, in canonical form."""
    data = bytes(data)
    need(skip(data, 0, DEPTH_MAX) == len(data), "rule 7: something follows")
    return msgpack.unpackb(data, raw=False, strict_map_key=True)
