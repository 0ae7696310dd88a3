"""One GET over a connection of its own, with a bound on the answer's size.

The bytes come through asyncio's streams, and the standard library's http.client reads them. A connection serves one request, so
nothing is left over when a call is cancelled and nothing belongs to an event loop that may be gone by the next call.
"""

import asyncio
import http.client
import io
import ssl
from contextlib import closing
from typing import Any, Coroutine, NamedTuple, Optional, Set, TypeVar
from urllib.parse import urlsplit

from .answer import NoAnswer

HEAD_MAX = 65536
READ_SIZE = 65536
T = TypeVar("T")


class Server(NamedTuple):
    url: str  # as it was given, without a slash at its end
    host: str
    port: int
    path: str
    tls: bool

    @classmethod
    def parse(cls, url: str) -> "Server":
        """ValueError where the URL is no http(s) URL of a server, or has what does not belong there."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as err:
            raise ValueError(f"no URL of a registry: {err}") from None
        if parts.username is not None or parts.password is not None:
            raise ValueError("a registry's URL must have no user and no password: give api_key")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"no http(s) URL of a registry: {url!r}")
        if parts.query or parts.fragment or not url.isascii() or not url.isprintable() or " " in url:
            raise ValueError(f"a registry's URL is only scheme, host, port and path: {url!r}")
        tls = parts.scheme == "https"
        return cls(url.rstrip("/"), parts.hostname, port or (443 if tls else 80), parts.path.rstrip("/"), tls)

    @property
    def name(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes


class _Bytes(io.BytesIO):
    """What http.client takes for a socket."""

    def makefile(self, *_: Any) -> "_Bytes":
        return self


async def within(work: Coroutine[Any, Any, T], seconds: float) -> T:
    """The work's result; asyncio.TimeoutError when it takes longer. The work has ended when this returns or raises. (wait_for can
    lose a cancellation before Python 3.12.)"""
    task = asyncio.get_running_loop().create_task(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
        elif not task.cancelled():
            task.exception()  # seen, also where the caller was cancelled and does not ask
    if task.cancelled():
        raise asyncio.TimeoutError()
    return task.result()


async def _read(reader: asyncio.StreamReader, length: Optional[int], room: int) -> bytes:
    """The rest of an answer: `length` bytes, or where that is not known all until the server closes."""
    if length is not None and length > room:
        raise NoAnswer("the answer is too large")
    parts, size = [], 0
    while length is None or size < length:
        part = await reader.read(READ_SIZE if length is None else min(READ_SIZE, length - size))
        if not part:
            break
        size += len(part)
        if size > room:
            raise NoAnswer("the answer is too large")
        parts.append(part)
    if length is not None and size < length:
        raise NoAnswer(f"the answer was cut off after {size} of {length} bytes")
    return b"".join(parts)


class _Head(NamedTuple):
    answer: Answer
    chunked: bool
    length: Optional[int]  # of the body; None where the end of the connection is its end


def _parse(data: bytes, with_body: bool) -> _Head:
    with closing(http.client.HTTPResponse(_Bytes(data))) as response:  # type: ignore[arg-type]
        response.begin()
        answer = Answer(response.status, response.headers, response.read() if with_body else b"")
        return _Head(answer, response.chunked, response.length)


async def _exchange(reader: asyncio.StreamReader, room: int) -> Answer:
    data = await reader.readuntil(b"\r\n\r\n")
    head = _parse(data, False)
    lengths: Set[str] = set(head.answer.headers.get_all("Content-Length", []))
    if len(lengths) > 1 or any(not (n.isascii() and n.isdigit()) for n in lengths):
        raise NoAnswer("no sensible Content-Length")
    if head.answer.headers.get("Content-Encoding", "identity") != "identity":
        raise NoAnswer("an encoding that was not asked for")
    if head.chunked:
        return _parse(data + await _read(reader, None, room), True).answer
    return head.answer._replace(body=await _read(reader, head.length, room))


async def get(server: Server, target: str, key: Optional[str], room: int, context: Optional[ssl.SSLContext]) -> Answer:
    """GET `target`, a path with its query. NoAnswer, OSError and the like where there is none. Redirects are not followed, so the key
    goes nowhere else."""
    words = [f"GET {server.path}{target} HTTP/1.1", f"Host: {server.name}", "Accept: application/json", "Accept-Encoding: identity",
             "User-Agent: dagi-node-registry", "Connection: close"]
    if key is not None:
        words.append(f"Authorization: Bearer {key}")
    reader, writer = await asyncio.open_connection(server.host, server.port, limit=HEAD_MAX,
                                                   ssl=context if server.tls else None)
    try:
        writer.write(("\r\n".join(words) + "\r\n\r\n").encode("ascii"))
        await writer.drain()
        return await _exchange(reader, room)
    finally:
        writer.transport.abort()
