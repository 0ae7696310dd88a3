#!/usr/bin/python3
"""Reads go on while noded is away, and writes say so. Readers that are killed while they read leave the store sound, the writer
unhindered and the disk's use bounded."""

import os
import random
import signal
import subprocess
import threading
import time

import nr
import place

NODES = 100
FILL_ROUNDS = 200  # until the log of changes is full
ROUNDS = 60


def without_noded(where):
    where.noded.stop()
    assert where.node("n7")["hostname"] == "n7.example"
    assert len(where.nodes("&role=worker")) >= NODES
    assert where.facade.get("/api/v1/profiles/worker")[0] == 200
    status, headers, _ = where.facade.request("POST", "/api/v1/nodes/register", {"hostname": "h", "role": "r"})
    assert status == 503 and headers["Retry-After"], (status, dict(headers))
    status, health = where.facade.get("/health")
    assert status == 503 and health["status"] == "degraded", (status, health)
    assert nr.run("nodectl", "--state-dir", where.noded.state, "node", "n7")[0] == 0

    where.facade.stop()
    where.facade.start(wait=False)
    nr.wait_for(lambda: where.node("n7"), 10, "a facade that starts without noded serving reads")
    where.noded.start()
    where.facade.ready()
    where.register("n7", metadata={"after": True})
    assert where.node("n7")["metadata"] == {"after": True}


def disk_use(where):
    return sum(os.stat(os.path.join(folder, name)).st_blocks * 512
               for folder, _, names in os.walk(where.noded.state) for name in names)


def change_all(where, number):
    with where.noded.control("facade") as control:
        requests = [control.send("register", node_id=f"n{n}", hostname="h", role="worker", metadata={"round": number, "pad": "x" * 200})
                    for n in range(NODES)]
        for request in requests:
            control.reply(request)


class Hammer(threading.Thread):
    """Reads lists from the facade until told to end; a facade that is killed under it is no fault."""

    def __init__(self, where):
        super().__init__(daemon=True)
        self.where, self.ending, self.count = where, False, 0

    def run(self):
        while not self.ending:
            try:
                self.where.facade.request("GET", "/api/v1/nodes?view=full", timeout=3)
                self.count += 1
            except (OSError, nr.http.client.HTTPException):
                time.sleep(0.01)


def kill_readers(where, number, chance):
    """A tool and the facade, each at some moment of its reading, while the nodes change under them."""
    with open(os.devnull, "wb") as nowhere:
        tools = [subprocess.Popen([nr.program("nodectl"), "--state-dir", where.noded.state, *command], stdout=nowhere, stderr=nowhere,
                                  preexec_fn=nr.die_with_parent) for command in (["nodes"], ["verify"], ["watch"])]
    change_all(where, number)
    time.sleep(chance.uniform(0, 0.02))
    for tool in tools:
        tool.kill()
        tool.wait()
    where.facade.signal(signal.SIGKILL)
    where.facade.wait()
    where.facade.start()


with nr.Cluster() as cluster:
    [lone] = place.start(cluster, 1)
    for count in range(NODES):
        lone.register(f"n{count}")
    assert lone.facade.json("PUT", "/api/v1/profiles/worker", {})[0] == 200
    without_noded(lone)

    dice = random.Random(1)
    for count in range(FILL_ROUNDS):
        change_all(lone, count)
    before = disk_use(lone)
    hammers = [Hammer(lone) for _ in range(2)]
    for hammer in hammers:
        hammer.start()
    for count in range(ROUNDS):
        kill_readers(lone, count, dice)
    for hammer in hammers:
        hammer.ending = True
        hammer.join()
        assert hammer.count > ROUNDS, hammer.count
    after = disk_use(lone)
    print(f"{ROUNDS} rounds of killed readers: the state took {before // 1024} KiB, then {after // 1024} KiB")
    assert after < 2 * before + (8 << 20), "dead readers hold pages"
    status, out, err = nr.run("nodectl", "--state-dir", lone.noded.state, "verify")
    assert status == 0, (out, err)
    assert lone.node("n0")["metadata"]["round"] == ROUNDS - 1
