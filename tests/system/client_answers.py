#!/usr/bin/python3
"""What the Python client answers from real facades: each call, the router's use cases, the examples of its README, many nodes, many
calls at once."""

import ast
import asyncio
import concurrent.futures
import inspect
import os
import random
import re

import client_lib
import nr
import place
from client_lib import ids

MANY = 1500


# Each call gives what the API gives, in the flat form and in the full one.
async def calls(here, full):
    for facade in (here.facade, full):
        client = client_lib.client(facade)
        everybody = await client.get_nodes()
        assert ids(everybody) == ["gpu-1", "gpu-2", "odd", "peer-1", "vision-1"], ids(everybody)
        assert not everybody.stale and everybody.source == client_lib.url(facade), everybody.source
        node = await client.get_node("gpu-1")
        assert node == next(n for n in everybody if n["node_id"] == "gpu-1") and not node.stale, node
        assert node["labels"] == ["gpu", "x y&z"] and node["metadata"] == {"n": 1} and node["ip"] == "192.0.2.1", node
        assert ids(await client.get_nodes_by_role("inference-node")) == ["gpu-1", "gpu-2"]
        assert ids(await client.get_available_nodes()) == ["gpu-1", "odd", "peer-1", "vision-1"]
        assert ids(await client.get_available_nodes(label=["gpu", "x y&z"])) == ["gpu-1"]
        assert ids(await client.get_available_nodes(role="ролі & more", status=None)) == ["odd"]
        nobody = await client.get_available_nodes(role="nobody")
        assert nobody == [] and not nobody.stale and nobody.source, nobody
        for unknown in ("nobody", "no/body", "a b", "ä", "", ".."):
            assert await client.get_node(unknown) is None, unknown
        await client.close()


# The two use cases of the router, as they stand in its documents.
async def use_cases(here, _):
    NodeRegistryClient = client_lib.NodeRegistryClient
    client = NodeRegistryClient(client_lib.url(here.facade))
    nodes = await client.get_nodes_by_role("heavy-vision-node")
    assert ids(nodes) == ["vision-1"] and nodes[0]["metadata"]["vram_gb"] == 20
    nodes = await client.get_available_nodes(
        role="inference-node",
        label="gpu",
        status="online"
    )
    selected_node = random.choice(nodes)
    assert selected_node["node_id"] == "gpu-1", selected_node


# The facade answers GET /nodes?role= as the router's own port did.
async def router_port(here, _):
    status, nodes = await asyncio.to_thread(here.facade.get, "/nodes?role=heavy-vision-node")
    assert status == 200 and ids(nodes) == ["vision-1"], nodes
    assert nodes == await client_lib.client(here.facade).get_nodes_by_role("heavy-vision-node")


# The README's examples run as they stand, but for the address.
async def readme(here, _):
    with open(os.path.join(client_lib.FOLDER, "README.md"), encoding="utf-8") as file:
        text = file.read().replace("http://node-registry:9205", client_lib.url(here.facade))
    names, blocks = {"print": lambda *_: None}, re.findall(r"```python\n(.*?)```", text, re.S)
    assert len(blocks) == 4, len(blocks)
    for number, block in enumerate(blocks):
        code = compile(block, f"README.md, example {number + 1}", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        made = eval(code, names)  # pylint: disable=eval-used
        if inspect.iscoroutine(made):
            await made
    assert names["selected_node"]["node_id"] == "gpu-1" and names["node"] is None, names
    options = set(re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", text, re.M))
    options = {name for cell in options for name in re.findall(r"\w+", cell)}
    known = set(inspect.signature(client_lib.NodeRegistryClient).parameters) - {"url", "on_failure"}
    assert options == known, options ^ known


# What a caller does to an answer is not done to the next one.
async def own_copies(here, _):
    client = client_lib.client(here.facade)
    first = await client.get_node("gpu-1")
    first["labels"].append("mine")
    first["metadata"].clear()
    client._turns.servers[:] = client_lib.client("http://127.0.0.1:1")._turns.servers
    again = await client.get_node("gpu-1")
    assert again.stale and again["labels"] == ["gpu", "x y&z"] and again["metadata"] == {"n": 1}, again
    again["labels"].append("mine")
    assert (await client.get_node("gpu-1"))["labels"] == ["gpu", "x y&z"]


# Many nodes come whole, each once, in order; and two hundred calls at once are all answered.
async def many(here, _):
    def register(number):
        here.register(f"many-{number:04}", role="many", labels=["even" if number % 2 == 0 else "odd"])

    def register_all():
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            list(pool.map(register, range(MANY)))
    await asyncio.to_thread(register_all)
    client = client_lib.client(here.facade, deadline=30, try_timeout=30)
    expected = [f"many-{number:04}" for number in range(MANY)]
    assert ids(await client.get_nodes_by_role("many")) == expected
    assert len(await client.get_nodes()) == MANY + 5
    assert ids(await client.get_available_nodes(label="even", status=None)) == expected[::2]
    got = await asyncio.gather(*(client.get_node(f"many-{n:04}") for n in range(100)),
                               *(client.get_available_nodes(role="inference-node", label="gpu") for _ in range(100)))
    assert all(n["node_id"] == expected[i] and not n.stale for i, n in enumerate(got[:100]))
    assert all(ids(nodes) == ["gpu-1"] and not nodes.stale for nodes in got[100:])


with nr.Cluster() as cluster:
    place_1 = place.start(cluster, 1)[0]
    in_full = cluster.facade(place_1.noded, flags=["--default-view", "full"]).start()
    place_1.register("gpu-1", role="inference-node", labels=["gpu", "x y&z"], metadata={"n": 1}, ip="192.0.2.1")
    place_1.register("gpu-2", role="inference-node", labels=["gpu"])
    place_1.register("vision-1", role="heavy-vision-node", metadata={"vram_gb": 20})
    place_1.register("odd", role="ролі & more")
    place_1.beat("gpu-2", status="draining")
    nr.wait_for(lambda: place_1.status("gpu-2") == "draining", 10, "a node that is not online")
    for part in (calls, use_cases, router_port, readme, own_copies, many):
        asyncio.run(asyncio.wait_for(part(place_1, in_full), 60))
        print(f"{part.__name__}: as promised")
