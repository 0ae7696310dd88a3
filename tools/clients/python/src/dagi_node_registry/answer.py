"""What a registry answers: nodes, with the mark of how they came here; and how bytes become them.

Nothing that is read here is trusted: what has not the shape of a registry's answer is NoAnswer, whoever sent it.
"""

import json
from datetime import datetime
from typing import Any, Dict, Iterable, List, NamedTuple, Optional

#: Longer integers are no registry's, and take quadratic time to read.
DIGITS_MAX = 40

#: What the earlier service, and view=full, call these.
OTHER_NAMES = {"role": "node_role", "ip": "ip_address"}


class NoAnswer(Exception):
    """No registry answered. The text says why, server by server; it never holds a key."""


class _Marked:
    """How an answer came here.

    stale       False: a registry said this in answer to this very call. True: it did not, and this is the last good answer to the
                same question, or nothing.
    fetched_at  when a registry said it (UTC); None where none ever has
    source      the URL of the registry that said it; None where none has
    """

    stale: bool
    fetched_at: Optional[datetime]
    source: Optional[str]

    def _mark(self, stale: bool, fetched_at: Optional[datetime], source: Optional[str]) -> None:
        self.stale, self.fetched_at, self.source = stale, fetched_at, source


class Node(Dict[str, Any], _Marked):
    """A node as the registry has it: a dict with at least node_id, hostname, ip, role, labels, status, metadata."""

    def __init__(self, members: Dict[str, Any], stale: bool = False, fetched_at: Optional[datetime] = None,
                 source: Optional[str] = None) -> None:
        super().__init__(members)
        self._mark(stale, fetched_at, source)


class NodeList(List[Node], _Marked):
    """Nodes in the order of their node_id."""

    def __init__(self, nodes: Iterable[Node] = (), stale: bool = False, fetched_at: Optional[datetime] = None,
                 source: Optional[str] = None) -> None:
        super().__init__(nodes)
        self._mark(stale, fetched_at, source)


class Page(NamedTuple):
    nodes: List[Dict[str, Any]]
    total: Optional[int]  # how many nodes match, where the registry says so


def _integer(text: str) -> int:
    if len(text) > DIGITS_MAX:
        raise ValueError("a number of too many digits")
    return int(text)


def _constant(text: str) -> float:
    raise ValueError(f"{text} is no JSON")


def read_json(body: bytes) -> Any:
    """The value, or NoAnswer."""
    try:
        return json.loads(body.decode("utf-8"), parse_int=_integer, parse_constant=_constant)
    except (ValueError, RecursionError) as err:
        raise NoAnswer(f"no JSON: {str(err)[:100]}") from None


def _text_or_none(node: Dict[str, Any], key: str) -> None:
    if node.setdefault(key, None) is not None and not isinstance(node[key], str):
        raise NoAnswer(f"a node's {key} is no string")


def read_node(value: Any) -> Dict[str, Any]:
    """The node with the members that every answer has, or NoAnswer."""
    if not isinstance(value, dict):
        raise NoAnswer("a node is no object")
    for name, other in OTHER_NAMES.items():
        if value.get(name) is None and other in value:
            value[name] = value[other]
    for key in ("node_id", "status"):
        if not isinstance(value.get(key), str) or not value[key]:
            raise NoAnswer(f"a node without a {key}")
    for key in ("hostname", "ip", "role"):
        _text_or_none(value, key)
    for key, kind in (("labels", list), ("metadata", dict)):
        if value.get(key) is None:
            value[key] = kind()
        if not isinstance(value[key], kind):
            raise NoAnswer(f"a node's {key} has the wrong type")
    if not all(isinstance(label, str) for label in value["labels"]):
        raise NoAnswer("a label is no string")
    return value


def read_page(value: Any, total: Optional[str]) -> Page:
    """One page in either form, the plain array and {"nodes": [...], "total": n}. `total` is the header X-Total-Count, and the only
    count that is believed: in the object of the earlier service it is the length of the page."""
    if isinstance(value, dict) and "nodes" in value:
        value = value["nodes"]
    if not isinstance(value, list):
        raise NoAnswer("no list of nodes")
    known = total is not None and total.isascii() and total.isdigit() and len(total) < DIGITS_MAX
    return Page([read_node(node) for node in value], int(total) if known and total is not None else None)
