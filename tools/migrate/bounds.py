"""The registry's bounds (proto/limits.h), and how a value is made to fit them."""

import hashlib
import ipaddress
import json
import re
import unicodedata
from decimal import Decimal
from typing import Any, Dict, List

NODE_ID_MAX = 255
ROLE_MAX = 100
HOSTNAME_MAX = 255
TEXT_MAX = 255
LABEL_MAX = 100
LABELS_MAX = 64
METADATA_MAX = 8192
CONFIG_MAX = 15360
DEPTH_MAX = 30  # containers, the outermost included
NODE_ID = re.compile(r"[A-Za-z0-9._-]{1,255}$")


def mark(text: str) -> str:
    """The same for the same text, and another for another."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:8]


def node_id(text: str) -> str:
    """An id as it is, where it is one; else its letters, and a mark of the whole."""
    if NODE_ID.match(text):
        return text
    return re.sub(r"[^A-Za-z0-9._]+", "-", text)[:NODE_ID_MAX - 9].strip("-") + "-" + mark(text)


def is_clean(text: str) -> bool:
    return not any(unicodedata.category(c) in ("Cc", "Cs") for c in text)


def fits(text: str, most: int) -> bool:
    return is_clean(text) and 0 < len(text.encode("utf-8", "replace")) <= most


def text(value: str, most: int) -> str:
    """A text as it is, where it fits; else without control characters, and cut with a mark of the whole. "" where nothing is left."""
    if fits(value, most):
        return value
    clean = "".join(c if is_clean(c) else " " for c in value).strip()
    if len(clean.encode()) <= most:
        return clean
    return clean.encode()[:most - 9].decode("utf-8", "ignore") + "~" + mark(value)


def address(value: str) -> str:
    """The address in the text, without the mask that PostgreSQL's inet may have; "" where there is none."""
    try:
        return str(ipaddress.ip_interface(value).ip) if "%" not in value else ""
    except ValueError:
        return ""


def _integer_size(value: int) -> int:
    if -32 <= value < 128:
        return 1
    return next(1 + n for n in (1, 2, 4, 8) if -(1 << (8 * n - 1)) <= value < 1 << 8 * n)


def size(value: Any) -> int:
    """Bytes that a tidy value takes as msgpack, at most."""
    if value is None or isinstance(value, bool):
        return 1
    if isinstance(value, int):
        return _integer_size(value)
    if isinstance(value, float):
        return 9
    if isinstance(value, str):
        length = len(value.encode())
        return length + (1 if length < 32 else 2 if length < 256 else 3 if length < 65536 else 5)
    inner = sum(size(k) + size(v) for k, v in value.items()) if isinstance(value, dict) else sum(map(size, value))
    return inner + (1 if len(value) < 16 else 3 if len(value) < 65536 else 5)


def _long_integer(value: int, where: str, notes: List[str]) -> Any:
    """One of more than 64 bits, as a double where that says the same digits (PostgreSQL writes 1e300 in full), else as text."""
    try:
        if int(Decimal(repr(float(value)))) == value:
            return float(value)
    except OverflowError:
        pass
    notes.append(f"{where}: a number of more digits than can be kept is kept as text")
    return str(value)


def _tidy_object(value: Dict[str, Any], where: str, notes: List[str], depth: int) -> Dict[str, Any]:
    made: Dict[str, Any] = {}
    for name, member in value.items():
        key = tidy(name, where, notes)
        if "\0" in key:
            notes.append(f"{where}: a NUL in a name is replaced")
            key = key.replace("\0", "\ufffd")
        if key != name and (key in made or key in value):
            key += "~" + mark(name)
        made[key] = tidy(member, f"{where}.{key}"[:100], notes, depth - 1)
    return made


def tidy_object(value: Any, what: str, notes: List[str]) -> Dict[str, Any]:
    """An object; of what is none, one with the member `value`. None is an empty one."""
    if value is None or isinstance(value, dict):
        return _tidy_object(value or {}, what, notes, DEPTH_MAX)
    notes.append(f"{what} is no object: kept as {what}.value")
    return {"value": tidy(value, f"{what}.value", notes, DEPTH_MAX - 1)}


def tidy(value: Any, where: str, notes: List[str], depth: int = DEPTH_MAX) -> Any:
    """JSON that the registry takes: numbers that no 64-bit integer and no double holds, and what nests too deep, become text."""
    if isinstance(value, int) and not isinstance(value, bool) and not -(1 << 63) <= value < (1 << 63):
        return _long_integer(value, where, notes)
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        notes.append(f"{where}: a number that no double holds is kept as text")
        return str(value)
    if isinstance(value, str) and any("\ud800" <= c <= "\udfff" for c in value):
        notes.append(f"{where}: half a character is replaced")
        return re.sub("[\ud800-\udfff]", "\ufffd", value)
    if isinstance(value, (dict, list)) and depth == 0:
        notes.append(f"{where}: nests deeper than {DEPTH_MAX}: kept as text")
        return json.dumps(value)
    if isinstance(value, dict):
        return _tidy_object(value, where, notes, depth)
    if isinstance(value, list):
        return [tidy(v, where, notes, depth - 1) for v in value]
    return value
