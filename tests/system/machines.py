"""The nodes of a scenario: each a noded and a nodehttpd in a network namespace, and what a reader sees through its facade.

    with wire.Net(8) as net, nr.Cluster() as cluster:
        nodes = machines.Nodes(net, cluster, seeds=1, heartbeat=10)
        nodes.start([0, 1, 2]); nodes.write([1]); nodes.all[1].seen()

A reader is a node whose noded runs and is not frozen. Asked from the node's own namespace, so that it may also write.
"""

import json
import mmap
import os
import re
import signal
import struct
import time

import nr
import place

FINGERPRINT = re.compile(r"^dagi_noded_set_fingerprint (\S+)$", re.MULTILINE)
PAGE = 1000
STOP_S = 10


class Node:
    def __init__(self, number, there, cluster, options):
        self.number, self.id, self.there = number, f"n{number}", there
        env = self.clock_of(cluster) if options["clock"] else {}
        flags = ["--heartbeat-interval", f"{options['heartbeat']:g}", "--log-level", options["log_level"]]
        self.noded = cluster.noded(self.id, host="0.0.0.0", port=place.GOSSIP_PORT, wrap=there.command, node_id=self.id,
                                   flags=flags, env=env)
        self.facade = cluster.add(place.FacadeThere(cluster.directory, f"http-{self.id}", self.noded, there=there,
                                                    port=place.HTTP_PORT, wrap=there.command, env=env))
        self.frozen = False
        self.word = None      # what it last said of itself, since it registered
        self.declared = None
        self.sponsored, self.deleted = set(), set()
        self.count = 0

    def clock_of(self, cluster):
        path = cluster.path(f"{self.id}.clock")
        with open(path, "wb+") as file:
            file.write(bytes(8))
            file.flush()
            self.clock = mmap.mmap(file.fileno(), 8)
        return {"LD_PRELOAD": nr.CLOCK_SHIFT, "CLOCK_SHIFT_FILE": path}

    def set_clock(self, seconds):
        self.clock[:] = struct.pack("=q", round(seconds * 1000))

    def reads(self):
        return self.noded.running() and not self.frozen

    def seen(self):
        """What this node shows: all nodes by id."""
        found, offset = {}, 0
        while True:
            status, page = self.facade.get(f"/api/v1/nodes?limit={PAGE}&offset={offset}")
            assert status == 200, (status, page)
            found.update((node["node_id"], node) for node in page)
            if len(page) < PAGE:
                return found
            offset += PAGE

    def holds(self, those):
        """What has to be the same on all nodes that hold the same registry; those nodes have to be in it."""
        status, _, text = self.facade.request("GET", "/metrics?format=prometheus")
        fingerprint = FINGERPRINT.search(text.decode())
        assert status == 200 and fingerprint, f"{self.id} says nothing of its set: {status}"
        seen = self.seen()
        missing = [n.id for n in those if n.id not in seen]
        assert not missing, f"{self.id} does not hold {' '.join(missing)}"
        return json.dumps([fingerprint[1], sorted((i, n["updated_at"]) for i, n in seen.items())])

    def post(self, path, body):
        status, answer = self.facade.post(path, body)
        assert status == 200, f"{self.id}: POST {path}: {status} {answer}"

    def register(self, node_id, **members):
        self.post("/api/v1/nodes/register", {"node_id": node_id, "hostname": f"{node_id}.example", "role": "worker", **members})

    def known_to(self, seen, own):
        """Whether its newest word is in what a reader has seen; `own` is what it has seen itself, None where it does not read."""
        there = seen.get(self.id)
        if not there or there["status"] == "left" or (self.declared and there["status"] != self.declared):
            return False
        if own is not None and (self.id not in own or own[self.id]["updated_at"] != there["updated_at"]):
            return False
        return self.word is None or there["metadata"].get("word") == self.word

    def subjects(self, sponsored):
        """Whom is looked at where it is named: itself, or the nodes that it sponsors or did before it deleted them."""
        return sorted(self.sponsored | self.deleted) if sponsored else [self.id]

    def memory(self):
        """Bytes of its process, without the mapped store."""
        with open(f"/proc/{self.noded.process.pid}/status", encoding="utf-8") as file:
            return int(re.search(r"^RssAnon:\s+(\d+) kB$", file.read(), re.MULTILINE)[1]) * 1024


class Nodes:
    """What a scenario does to nodes, each method to a list of numbers; what does not apply to a node does nothing to it. A node is
    made by its first start."""

    def __init__(self, net, cluster, *, seeds=1, heartbeat=10.0, clock=False, log_level="info"):
        self.net, self.cluster = net, cluster
        self.seed_addresses = [f"{host.address}:{place.GOSSIP_PORT}" for host in net.hosts[:seeds]]
        self.options = {"heartbeat": heartbeat, "clock": clock, "log_level": log_level}
        self.all = {}
        self.offsets = {}
        self.token = None
        self.words = 0

    def readers(self, numbers=None):
        return [n for number, n in sorted(self.all.items()) if n.reads() and (numbers is None or number in numbers)]

    def running(self, numbers):
        """Those of them that run; to the others nothing can be done."""
        return [self.all[n] for n in numbers if n in self.all and self.all[n].noded.running()]

    def paced(self, items, over):
        """The items, spread over so many seconds."""
        begun = time.monotonic()
        for k, item in enumerate(items):
            time.sleep(max(0.0, begun + over * k / len(items) - time.monotonic()))
            yield item
        time.sleep(max(0.0, begun + over - time.monotonic()))

    def start(self, numbers, over=0.0):
        fresh = [self.start_one(number) for number in self.paced(numbers, over) if not self.running([number])]
        for node in fresh:
            node.noded.ready()
            if not node.facade.running():
                node.facade.start()

    def start_one(self, number):
        assert number == 0 or self.token, "node 0 makes the cluster: start it first"
        fresh = number not in self.all
        node = Node(number, self.net.hosts[number], self.cluster, self.options) if fresh else self.all[number]
        if fresh and self.options["clock"]:
            node.set_clock(self.offsets.get(number, 0))
        node.noded.token = self.token
        node.frozen, node.word, node.declared = False, None, None
        node.noded.start(wait=not self.token)
        if not self.token:
            self.token = node.noded.invite(seeds=self.seed_addresses)
        self.all[number] = node
        return node

    def stop(self, numbers):
        nodes = self.running(numbers)
        for node in nodes:
            node.noded.signal(signal.SIGTERM)
        for node in nodes:
            status = node.noded.wait(STOP_S)
            assert status == 0, f"{node.id} ended with status {status}"

    def kill(self, numbers):
        nodes = self.running(numbers)
        for node in nodes:
            node.noded.signal(signal.SIGKILL)
        for node in nodes:
            node.noded.wait()

    def leave(self, numbers):
        for node in self.running(numbers):
            node.noded.call("leave")
            node.noded.wait(STOP_S)

    def freeze(self, numbers):
        for node in self.running(numbers):
            node.frozen = True
            node.noded.signal(signal.SIGSTOP)

    def thaw(self, numbers):
        for node in self.running(numbers):
            node.noded.signal(signal.SIGCONT)
            node.frozen = False

    def write(self, numbers, size=0, over=0.0):
        for node in self.paced(self.readers(numbers), over):
            self.words += 1
            node.word = str(self.words)
            node.register(node.id, metadata={"word": node.word, **({"more": "x" * size} if size else {})})

    def sponsor(self, numbers, count, over=0.0):
        for node in self.paced([node for node in self.readers(numbers) for _ in range(count)], over):
            node.count += 1
            node.sponsored.add(f"{node.id}-s{node.count}")
            node.register(f"{node.id}-s{node.count}")

    def delete(self, numbers):
        for node in self.readers(numbers):
            for node_id in sorted(node.sponsored):
                status, answer = node.facade.json("DELETE", "/api/v1/nodes/" + node_id)
                assert status == 204, f"{node.id}: DELETE {node_id}: {status} {answer}"
            node.deleted, node.sponsored = node.deleted | node.sponsored, set()

    def declare(self, numbers, state):
        for node in self.readers(numbers):
            node.noded.call("declare", state=state)
            node.declared = state

    def set_clock(self, numbers, seconds):
        for number in numbers:
            self.offsets[number] = seconds
            if number in self.all:
                self.all[number].set_clock(seconds)

    def move(self, numbers):
        for number in numbers:
            self.net.move(number)


def have_clocks():
    return os.path.exists(nr.CLOCK_SHIFT)
