#!/usr/bin/python3
"""The Python client against facades that are killed, stopped and restarted, and against servers that misbehave: it keeps its deadline, gives
what was chosen for failures, and raises nothing into its caller."""

import asyncio
import gc
import json
import logging
import signal
import sys
import time
import warnings

import client_lib
import nr
import place
from client_lib import Clock, Rogue, answer, ids, node

DEAD = "http://127.0.0.1:1"


async def eventually(check, what, seconds=15):
    end = time.monotonic() + seconds
    while not await check():
        assert time.monotonic() < end, what
        await asyncio.sleep(0.05)


async def hang(writer):
    """Says nothing, until the other side goes."""
    while not writer.transport.is_closing():
        await asyncio.sleep(0.01)


# A killed facade: the last good answer to the same question, marked; nothing to a new one; fresh again after the restart.
async def killed(here):
    client, empty = client_lib.client(here.facade), client_lib.client(here.facade, on_failure="empty")
    raising = client_lib.client(here.facade, on_failure="raise", api_key="secret-key")
    good, one = await client.get_nodes(), await client.get_node("n1")
    assert not said
    assert ids(good) == ["n1", "peer-1"] == ids(await empty.get_nodes()) == ids(await raising.get_nodes())
    here.facade.kill()
    stale = await client.get_nodes()
    assert stale == good and stale.stale and not good.stale and all(n.stale for n in stale), stale
    assert (stale.fetched_at, stale.source) == (good.fetched_at, client_lib.url(here.facade)) and stale.fetched_at.utcoffset() is not None
    again = await client.get_node("n1")
    assert again == one and again.stale and again.fetched_at == one.fetched_at and not one.stale
    new = await client.get_nodes_by_role("worker")
    assert new == [] and new.stale and new.fetched_at is None and new.source is None
    assert await client.get_node("peer-1") is None
    assert len(said) == 1 and said[0].startswith("registry: no answer: http"), said  # one line, and not one a call
    nothing = await empty.get_nodes()
    assert nothing == [] and nothing.stale and await empty.get_node("n1") is None
    try:
        await raising.get_nodes()
        raise AssertionError("nothing was raised")
    except client_lib.NoAnswer as err:
        assert client_lib.url(here.facade) in str(err) and "secret" not in str(err) + repr(raising), err
    here.facade.start()
    said.clear()
    fresh = await client.get_nodes()
    assert len(said) == 1 and "answers again" in said[0], said
    assert ids(fresh) == ids(good) and not fresh.stale and fresh.fetched_at > good.fetched_at


# A facade that hangs costs no call more than its deadline; in time it answers again.
async def stopped(here):
    client = client_lib.client(here.facade, deadline=0.6, try_timeout=0.2)
    await client.get_nodes()
    here.facade.signal(signal.SIGSTOP)
    try:
        with Clock() as clock:
            got = await asyncio.gather(*(client.get_nodes() for _ in range(200)))
        assert all(n.stale and ids(n) == ["n1", "peer-1"] for n in got) and clock.seconds < 2, clock.seconds
    finally:
        here.facade.signal(signal.SIGCONT)

    async def fresh():
        return not (await client.get_nodes()).stale
    await eventually(fresh, "an answer after the pause")


# A noded that is away does not take the readers' answers away.
async def daemon_away(here):
    here.noded.kill()
    nodes = await client_lib.client(here.facade).get_nodes()
    assert not nodes.stale and ids(nodes) == ["n1", "peer-1"]
    here.noded.start()


# Of several URLs the next is asked where one fails, and the one that answered is asked first from then on.
async def several(here):
    async with Rogue(answer([node("r")])) as good, Rogue(answer(b"busy", "503 Service Unavailable", ["Retry-After: 60"])) as busy:
        client = client_lib.client(DEAD, busy, good)
        assert ids(await client.get_nodes()) == ["r"] and len(busy.heads) == 1
        assert (await client.get_nodes()).source == client_lib.url(good) and len(busy.heads) == 1
        good.server.close()
        await good.server.wait_closed()
        with Clock() as clock:
            assert (await client.get_nodes()).stale  # does not wait the minute that the busy one asks for
        assert clock.seconds < 1, clock.seconds
    async with Rogue(lambda _: hang) as hanging:
        slow = client_lib.url(hanging)
        client = client_lib.client(slow, slow + "/x", here.facade, deadline=2, try_timeout=30)
        with Clock() as clock:
            assert ids(await client.get_nodes()) == ["n1", "peer-1"]
        assert clock.seconds < 2, clock.seconds


async def drip(writer):
    for byte in answer([node("slow")]):
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.05)


async def endless(writer):
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n[")
    while True:
        writer.write(b" " * 65536)
        await writer.drain()


GOOD = answer([node("x")])
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
NONSENSE = {
    "cut in the body": GOOD[:-10],
    "cut in the head": GOOD[:20],
    "closed at once": b"",
    "a length that is too long": GOOD.replace(b"Content-Length: ", b"Content-Length: 9"),
    "a length that is too short": GOOD.replace(b"Content-Length: 1", b"Content-Length: "),
    "two lengths": GOOD.replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\n", 1),
    "a negative length": GOOD.replace(b"Content-Length: ", b"Content-Length: -"),
    "half a chunk": CHUNKED + b"ff\r\n[]",
    "no chunk": CHUNKED + b"zz\r\n[]\r\n0\r\n\r\n",
    "HTML of a proxy": answer(b"<html>please log in</html>"),
    "a redirect": answer([node("x")], "302 Found", ["Location: http://127.0.0.1:1/"]),
    "compressed": answer([node("x")], headers=["Content-Encoding: gzip"]),
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "a status of its own": answer([node("x")], "999 What"),
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "500": answer({"detail": "broken"}, "500 Internal Server Error"),
    "401": answer({"detail": "a key is needed"}, "401 Unauthorized"),
    "HTML in a 404": answer(b"<html>not here</html>", "404 Not Found"),
    "an endless head": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20000,
    "a hundred headers more": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n[]",
    "Latin-1": answer(b'[{"node_id":"\xe4"}]'),
    "a number": answer(5),
    "null": answer(None),
    "an object": answer({"detail": "what"}),
    "nodes that are none": answer(["x"]),
    "a node without an id": answer([{"status": "online"}]),
    "an id that is a number": answer([node(7)]),
    "a status that is none": answer([node("x", status=None)]),
    "labels that are a string": answer([node("x", labels="gpu")]),
    "labels that are numbers": answer([node("x", labels=[1])]),
    "metadata that is a list": answer([node("x", metadata=[1])]),
    "a role that is a number": answer([node("x", role=3)]),
    "NaN": answer(b'[{"node_id":"x","status":"online","n":NaN}]'),
    "deep nesting": answer(b"[" * 100000),
    "deep nesting inside": answer(b'[{"node_id":"x","status":"online","n":' + b"[" * 600 + b"]" * 600 + b"}]"),
    "a number of a million digits": answer(b'[{"node_id":"x","status":"online","n":' + b"9" * 1000000 + b"}]"),
    "more than is taken": answer(b"[" + b" " * 2000000 + b"]"),
    "an endless body": endless,
}
WHY = {"an endless body": "too large", "more than is taken": "too large", "cut in the body": "cut off", "401": "status 401",
       "compressed": "encoding", "a redirect": "status 302"}


# What is no answer of a registry counts as none: whole lists and single nodes alike.
async def nonsense(_):
    good = {"list": answer([node("x", role="was")]), "one": answer(node("x", role="was"))}
    now = {}

    def reply(head):
        return good["list" if "?limit" in head else "one"] if now["reply"] is None else now["reply"]
    async with Rogue(reply) as rogue:
        for what, said in NONSENSE.items():
            client = client_lib.client(rogue, retries=1, deadline=2, try_timeout=1, max_bytes=1 << 20)
            now["reply"] = None
            assert not (await client.get_nodes()).stale and not (await client.get_node("x")).stale
            now["reply"] = said
            nodes, one = await client.get_nodes(), await client.get_node("x")
            if what == "deep nesting inside":  # how deep is too deep is the interpreter's; nothing may be raised
                continue
            assert nodes.stale and ids(nodes) == ["x"] and nodes[0]["role"] == "was", (what, nodes)
            assert one.stale and one["role"] == "was", (what, one)
            assert WHY.get(what, "") in client._turns._down, (what, client._turns._down)
        now["reply"] = drip
        client = client_lib.client(rogue, deadline=0.5, try_timeout=0.3)
        with Clock() as clock:
            assert (await client.get_nodes()).stale
        assert 0.3 <= clock.seconds < 1.5, clock.seconds
        now["reply"] = answer(node("y"))
        assert await client.get_node("x") is None  # another node than was asked for
        await eventually(lambda: asyncio.sleep(0, rogue.open == 0), "all connections closed")


# Chunked and unmarked bodies are answers too; so is the earlier service's list, whose total is that of a page and which knows no labels.
async def other_forms(_):
    body = json.dumps([node("x")]).encode()
    for whole in (CHUNKED + b"%x\r\n%b\r\n5\r\n     \r\n0\r\n\r\n" % (len(body), body), b"HTTP/1.0 200 OK\r\n\r\n" + body):
        async with Rogue(whole) as rogue:
            nodes = await client_lib.client(rogue).get_nodes()
            assert ids(nodes) == ["x"] and not nodes.stale, nodes
    earlier = [{"node_id": f"e{n}", "node_role": "worker", "ip_address": "192.0.2.1", "status": "online", "hostname": None} for n in range(1200)]

    def reply(head):
        offset = int(head.split("offset=")[1].split(" ")[0])
        page = earlier[offset:offset + 1000]
        return answer({"nodes": page, "total": len(page)})
    async with Rogue(reply) as rogue:
        client = client_lib.client(rogue)
        nodes = await client.get_nodes_by_role("worker")
        assert len(nodes) == 1200 and len(rogue.heads) == 2 and nodes[7]["role"] == "worker" and nodes[7]["ip"] == "192.0.2.1"
        nodes = await client.get_available_nodes(role="worker", label="gpu")
        assert nodes == [] and not nodes.stale


# A list of which a page is missing is no answer; and a server cannot keep a client paging for ever.
async def half_lists(_):
    def first_page_only(head):
        return answer([node(f"n{i}") for i in range(1000)], headers=["X-Total-Count: 1500"]) if "offset=0" in head else b""

    def endless_pages(head):
        return answer([node("n" + head.split("offset=")[1].split(" ")[0])], headers=["X-Total-Count: 99999999"])
    for reply in (first_page_only, endless_pages):
        async with Rogue(reply) as rogue:
            with Clock() as clock:
                nodes = await client_lib.client(rogue, deadline=1, retries=1, max_bytes=1 << 20).get_nodes()
            assert nodes == [] and nodes.stale and clock.seconds < 2, (reply, clock.seconds)


# A cancelled call ends at once as cancelled, leaves no connection, no task and no mark behind.
async def cancelled(_):
    async with Rogue(lambda _: hang) as rogue:
        client = client_lib.client(rogue, deadline=30, try_timeout=30, max_connections=2)
        tasks = [asyncio.ensure_future(client.get_nodes()) for _ in range(8)]
        await eventually(lambda: asyncio.sleep(0, rogue.open == 2), "two connections at once")
        with Clock() as clock:
            for task in tasks:
                task.cancel()
            got = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(g, asyncio.CancelledError) for g in got) and clock.seconds < 1, got
        await eventually(lambda: asyncio.sleep(0, not any("NodeRegistry" in repr(t) or "http1" in repr(t) for t in asyncio.all_tasks())), "no task left")
        rogue.reply = lambda _: answer([node("x")])
        assert ids(await client.get_nodes()) == ["x"]


# After a call that nobody answered, others do not wait: until the pause is over, nobody is asked.
async def rests(_):
    async with Rogue(lambda _: answer({}, "500 Internal Server Error")) as rogue:
        client = client_lib.client(rogue, cooldown=0.5, retries=0)
        await client.get_nodes()
        assert (await client.get_nodes()).stale and len(rogue.heads) == 1
        rogue.reply = lambda _: answer([node("x")])

        async def fresh():
            return not (await client.get_nodes()).stale
        await eventually(fresh, "an answer after the rest")
        assert len(rogue.heads) == 2


# The key goes to the registry in its header, and nowhere else; what is kept is bounded; a closed client says so.
async def options(_):
    async with Rogue(lambda _: answer([node("x", metadata={"fill": "y" * 1000})])) as rogue:
        client = client_lib.client(rogue, api_key="k-123", max_cached=3)
        for role in "abcde":
            await client.get_available_nodes(role=None, label=None, status=None)
            await client.get_nodes_by_role(role)
        assert all("Authorization: Bearer k-123\r\n" in head for head in rogue.heads) and len(client._kept) == 3
        assert "k-123" not in repr(client)
        small = client_lib.client(rogue, max_bytes=2500)
        for role in (None, "worker", "", "worker"):
            for status in ("online", None):
                await small.get_available_nodes(role=role, status=status)
        assert list(small._kept) == [("list", ("role", "worker"), ("status", "online")), ("list", ("role", "worker"))], small._kept.keys()
        async with client:
            pass
        await client.close()
        for call in (client.get_nodes(), client_lib.client(rogue).get_node(7), client_lib.client(rogue).get_available_nodes(role=7)):
            try:
                await call
                raise AssertionError("nothing was raised")
            except (RuntimeError, TypeError):
                pass
    for url in ("", "node-registry:9205", "ftp://x", "http://", "http://u:p@x", "http://x:99999", "http://x/?q", "http://x y", "http://x\r\nA: b", []):
        try:
            client_lib.NodeRegistryClient(url)
            raise AssertionError(url)
        except ValueError as err:
            assert "u:p" not in str(err)
    for bad in ({"on_failure": "cry"}, {"deadline": 0}, {"retries": -1}, {"api_key": "a\r\nb"}, {"api_key": ""}, {"max_bytes": 0}):
        try:
            client_lib.NodeRegistryClient(DEAD, **bad)
            raise AssertionError(bad)
        except ValueError:
            pass


said, left_open = [], []
handler = logging.Handler()
handler.emit = lambda record: said.append(record.getMessage())
logging.getLogger("dagi_node_registry").addHandler(handler)
logging.getLogger("dagi_node_registry").setLevel(logging.INFO)
sys.unraisablehook = left_open.append
warnings.simplefilter("error", ResourceWarning)
with nr.Cluster() as cluster:
    place_1 = place.start(cluster, 1)[0]
    place_1.register("n1")
    for part in (killed, stopped, daemon_away, several, nonsense, other_forms, half_lists, cancelled, rests, options):
        asyncio.run(asyncio.wait_for(part(place_1), 60), debug=False)
        gc.collect()
        assert not left_open, left_open
        print(f"{part.__name__}: as promised")
    # One client serves one event loop after another, also when a loop ended in the middle of a call.
    lasting = client_lib.client(place_1.facade, max_connections=1)
    for _ in range(3):
        assert not asyncio.run(lasting.get_nodes()).stale
        loop = asyncio.new_event_loop()
        task = loop.create_task(lasting.get_nodes())
        loop.run_until_complete(asyncio.sleep(0))
        task.cancel()
        loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
        loop.close()
    print("loops: as promised")
    gc.collect()
    assert not left_open, left_open
