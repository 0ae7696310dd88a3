"""What the tests of the Python client share: the client from its folder, and servers that misbehave."""

import asyncio
import json
import os
import sys
import time

import nr

FOLDER = os.path.join(nr.SOURCE, "tools", "clients", "python")
sys.path.insert(0, os.path.join(FOLDER, "src"))
sys.dont_write_bytecode = True

from dagi_node_registry import NoAnswer, NodeRegistryClient  # noqa: E402,F401


def url(facade):
    return f"http://{facade.host}:{facade.port}"


def client(*facades, **options):
    """Of facades, rogues or URLs. Without a pause after failures, which the tests would only wait for."""
    urls = [f if isinstance(f, str) else url(f) for f in facades]
    return NodeRegistryClient(urls, **{"cooldown": 0, "backoff": 0.02, **options})


def ids(nodes):
    return [n["node_id"] for n in nodes]


def node(node_id, **members):
    return {"node_id": node_id, "hostname": "h", "ip": None, "role": "worker", "labels": [], "status": "online", "metadata": {}, **members}


def answer(value, status="200 OK", headers=()):
    """A whole HTTP answer; a value that is no bytes is sent as JSON."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Content-Type: application/json", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Rogue:
    """A server that answers each request with what `reply` gives for its head (text): bytes, or a coroutine that is handed the writer.
    In the running loop; used with `async with`."""

    host = "127.0.0.1"

    def __init__(self, reply):
        self.reply = reply if callable(reply) else lambda _: reply
        self.heads = []
        self.open = 0

    async def _serve(self, reader, writer):
        self.open += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.heads.append(head)
            said = self.reply(head)
            if asyncio.iscoroutine(said):
                said = await said
            if callable(said):
                await said(writer)
            else:
                writer.write(said)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._serve, self.host, 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()


class Clock:
    """How long the block took."""

    def __enter__(self):
        self.begun = time.monotonic()
        return self

    def __exit__(self, *_):
        self.seconds = time.monotonic() - self.begun
