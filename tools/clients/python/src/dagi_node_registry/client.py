"""The client: its questions, and what is answered when no registry does."""

import pickle
import ssl
import time
from collections import OrderedDict
from datetime import datetime, timezone
from http.client import HTTPMessage
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union
from urllib.parse import quote, urlencode

from . import http1
from .answer import NoAnswer, Node, NodeList, read_json, read_node, read_page
from .http1 import Server
from .turns import Ask, Limits, Refused, Turns

PAGE = 1000
ON_FAILURE = ("stale", "empty", "raise")
#: Statuses after which the same server may do better in a moment.
PASSING = (408, 425, 429, 500, 502, 503, 504)
Found = List[Dict[str, Any]]
Question = Tuple[Any, ...]


class _Kept(NamedTuple):
    nodes: bytes  # pickled: what the caller does to an answer is not done to this one, and its size is known
    fetched_at: datetime
    source: str


def _marked(nodes: Found, stale: bool, fetched_at: datetime, source: str) -> NodeList:
    return NodeList([Node(node, stale, fetched_at, source) for node in nodes], stale, fetched_at, source)


def _retry_after(headers: HTTPMessage) -> float:
    text = headers.get("Retry-After") or ""
    return float(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0.0


def _servers(url: Union[str, Sequence[str]]) -> List[Server]:
    urls = [url] if isinstance(url, str) else list(url)
    if not urls:
        raise ValueError("at least one URL of a registry is needed")
    return list(OrderedDict.fromkeys(Server.parse(one) for one in urls))


class NodeRegistryClient:
    """Asks one registry, or several in turn.

    url          "http://node-registry:9205", or several such: each facade of a cluster has the whole registry. The one that answered
                 last is asked first.
    on_failure   what a call gives when no registry answers. "stale": the last good answer to the same question, marked; nothing, where
                 there is none. "empty": nothing. "raise": NoAnswer.
    deadline     seconds that a call takes at most
    try_timeout  seconds that one request to one server takes at most
    retries      how often all are asked again, after a pause of 0 … backoff * 2^n seconds, or 0 … backoff_max where that is less
    cooldown     for so many seconds after a call that nobody answered, others get at once what they would get after such a wait
    api_key      for a registry that wants one from its readers
    max_bytes    of an answer, all its pages together; and of all kept answers
    max_cached   so many questions' last good answers are kept
    max_connections  at once
    ssl_context  for https; without it, the certificates that the machine trusts

    "Nothing" is an empty NodeList, and None from get_node(). Unless on_failure is "raise", a call raises nothing but CancelledError
    and what is a mistake in the calling program: TypeError, and RuntimeError after close(). A client serves any number of tasks, and
    one event loop after another; it is not for several threads at once.
    """

    def __init__(self, url: Union[str, Sequence[str]], *, on_failure: str = "stale", deadline: float = 5.0, try_timeout: float = 2.0,
                 retries: int = 3, backoff: float = 0.1, backoff_max: float = 2.0, cooldown: float = 1.0, api_key: Optional[str] = None,
                 max_bytes: int = 32 << 20, max_cached: int = 64, max_connections: int = 32,
                 ssl_context: Optional[ssl.SSLContext] = None) -> None:
        servers = _servers(url)
        if on_failure not in ON_FAILURE:
            raise ValueError(f"on_failure must be one of {', '.join(ON_FAILURE)}")
        if min(deadline, try_timeout) <= 0 or min(retries, backoff, backoff_max, cooldown, max_cached) < 0:
            raise ValueError("deadline and try_timeout must be above 0, and the others not below it")
        if max_bytes < 1 or max_connections < 1:
            raise ValueError("max_bytes and max_connections must be at least 1")
        if api_key is not None and (not api_key or not api_key.isascii() or not api_key.isprintable() or " " in api_key):
            raise ValueError("api_key has characters that no key has")
        if ssl_context is None and any(server.tls for server in servers):
            ssl_context = ssl.create_default_context()
        self._turns = Turns(servers, Limits(deadline, retries, backoff, backoff_max, cooldown, max_connections))
        self._on_failure, self._try_timeout = on_failure, try_timeout
        self._key, self._max_bytes, self._max_cached, self._context = api_key, max_bytes, max_cached, ssl_context
        self._kept: "OrderedDict[Question, _Kept]" = OrderedDict()
        self._closed = False

    def __repr__(self) -> str:
        return f"NodeRegistryClient({[server.url for server in self._turns.servers]!r})"

    async def __aenter__(self) -> "NodeRegistryClient":
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.close()

    async def close(self) -> None:
        """Forgets the kept answers. Calls that are under way end as they would have; later ones are a RuntimeError."""
        self._closed = True
        self._kept.clear()

    async def get_nodes(self) -> NodeList:
        """All nodes, whatever their status."""
        return await self.get_available_nodes(status=None)

    async def get_nodes_by_role(self, role: str) -> NodeList:
        """The nodes of a role, whatever their status."""
        return await self.get_available_nodes(role=role, status=None)

    async def get_available_nodes(self, role: Optional[str] = None, label: Union[str, Sequence[str], None] = None,
                                  status: Optional[str] = "online") -> NodeList:
        """The nodes that have the role, the label (or all of several) and the status. None and "" ask for any."""
        labels = (label,) if isinstance(label, str) else tuple(label or ())
        terms = [("role", role), *(("label", one) for one in labels), ("status", status)]
        for name, term in terms:
            if term is not None and not isinstance(term, str):
                raise TypeError(f"{name} must be a string, not {type(term).__name__}")
        query = [(name, term) for name, term in terms if term]

        def matches(node: Dict[str, Any]) -> bool:
            # Also looked at here: a service that does not know a filter ignores it.
            return all(term in node["labels"] if name == "label" else node[name] == term for name, term in query)

        async def ask(server: Server, end: float) -> Found:
            return [node for node in await self._pages(server, query, end) if matches(node)]

        return await self._answer(("list", *query), ask)

    async def get_node(self, node_id: str) -> Optional[Node]:
        """The node; None where the registry has none of this id, and where nothing can be said."""
        if not isinstance(node_id, str):
            raise TypeError(f"node_id must be a string, not {type(node_id).__name__}")
        if node_id in ("", ".", ".."):
            return None  # would be another path, and is no node's id

        async def ask(server: Server, end: float) -> Found:
            answer = await self._get(server, "/api/v1/nodes/" + quote(node_id, safe=""), end, self._max_bytes)
            value = read_json(answer.body)
            if answer.status == 404 and isinstance(value, dict) and "detail" in value:
                return []
            node = read_node(value)
            if node["node_id"] != node_id:
                raise NoAnswer("another node than was asked for")
            return [node]

        found = await self._answer(("node", node_id), ask)
        return found[0] if found else None

    async def _get(self, server: Server, target: str, end: float, room: int) -> http1.Answer:
        """One request, answered with 200 or 404."""
        seconds = min(self._try_timeout, end - time.monotonic())
        answer = await http1.within(http1.get(server, target, self._key, room, self._context), max(seconds, 0))
        if answer.status not in (200, 404):
            raise Refused(f"status {answer.status}", _retry_after(answer.headers) if answer.status in PASSING else None)
        return answer

    async def _pages(self, server: Server, query: List[Tuple[str, str]], end: float) -> Found:
        found: "OrderedDict[str, Dict[str, Any]]" = OrderedDict()
        offset, room = 0, self._max_bytes
        while True:
            terms: List[Tuple[str, Union[str, int]]] = [*query, ("limit", PAGE), ("offset", offset)]
            answer = await self._get(server, "/api/v1/nodes?" + urlencode(terms), end, room)
            if answer.status == 404:
                raise Refused("no registry there")
            room -= len(answer.body)
            page = read_page(read_json(answer.body), answer.headers.get("X-Total-Count"))
            # Nodes that come and go between two pages move the others, so that one may be seen twice.
            found.update((node["node_id"], node) for node in page.nodes)
            offset += len(page.nodes)
            if not page.nodes or (len(page.nodes) < PAGE if page.total is None else offset >= page.total):
                return list(found.values())

    async def _answer(self, question: Question, ask: "Ask[Found]") -> NodeList:
        if self._closed:
            raise RuntimeError("the client is closed")

        async def ask_and_pack(server: Server, end: float) -> Tuple[Found, bytes]:
            nodes = await ask(server, end)
            return nodes, pickle.dumps(nodes) if self._on_failure == "stale" else b""

        try:
            (nodes, packed), server = await self._turns.ask(ask_and_pack)
        except NoAnswer:
            if self._on_failure == "raise":
                raise
            return self._last(question)
        now = datetime.now(timezone.utc)
        self._keep(question, _Kept(packed, now, server.url))
        return _marked(nodes, False, now, server.url)

    def _last(self, question: Question) -> NodeList:
        kept = self._kept.get(question)
        return _marked(pickle.loads(kept.nodes), True, kept.fetched_at, kept.source) if kept else NodeList(stale=True)

    def _keep(self, question: Question, kept: _Kept) -> None:
        if self._on_failure != "stale" or self._closed:
            return
        self._kept[question] = kept
        self._kept.move_to_end(question)
        while len(self._kept) > self._max_cached or sum(len(k.nodes) for k in self._kept.values()) > self._max_bytes:
            self._kept.popitem(last=False)
