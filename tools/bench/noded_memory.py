#!/usr/bin/python3
"""What a registry of N nodes takes of noded's memory.

    tools/bench/noded_memory.py [--nodes 10000] [--build build-release] [--json FILE]

Method. Two peers on loopback; the first registers N nodes through its control socket, each with a name, an address and a heartbeat
with some metrics, and holds all of that; the second learns the nodes, and those heartbeats that a sponsor passes on at once (proto/README.md
C.8). When both hold the same nodes, memory is what a process holds without the mapped store (RssAnon in /proc/PID/status), and the larger one
is said. Each of these nodes is two records; one that runs a peer daemon itself has a third, its certificate: some 100 bytes a node more. It
takes python3-msgpack, as the system tests do."""

import argparse
import json
import os
import re
import sys

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BOUND = 32e6  # at 10,000 nodes
AT_ONCE = 100  # requests on their way
METRICS = {"load_1m": 0.52, "cpu_percent": 12.5, "memory_percent": 34.5, "disk_percent": 56.7}


def memory_of(peer):
    with open(f"/proc/{peer.process.pid}/status", encoding="utf-8") as file:
        return int(re.search(r"^RssAnon:\s+(\d+) kB$", file.read(), re.MULTILINE)[1]) * 1024


def tell(control, op, requests):
    waiting = []
    for members in requests:
        waiting.append(control.send(op, **members))
        if len(waiting) == AT_ONCE:
            control.reply(waiting.pop(0))
    for request in waiting:
        control.reply(request)


def fill(nr, peer, nodes):
    names = [f"node-host{i:05}-{i * 2654435761 % 2**32:08x}" for i in range(nodes)]
    with nr.Control(peer.socket, role="facade", timeout=60) as control:
        tell(control, "register", ({"node_id": name, "hostname": name + ".example", "role": "worker", "ip": f"10.1.{i >> 8 & 255}.{i & 255}"}
                                   for i, name in enumerate(names)))
        tell(control, "heartbeat", ({"node_id": name, "metrics": METRICS} for name in names))


def measure(nodes):
    """Bytes of the larger peer; the build is in the environment."""
    sys.path.insert(0, os.path.join(SOURCE, "tests", "system"))
    import nr  # pylint: disable=import-outside-toplevel
    with nr.Cluster() as cluster:
        first = cluster.noded().start()
        second = cluster.noded(token=first.invite()).start()
        fill(nr, first, nodes)
        nr.wait_for(lambda: first.info()["fingerprint"] == second.info()["fingerprint"], 120, "both hold the same")
        return max(memory_of(first), memory_of(second))


def main():
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    parser.add_argument("--nodes", type=int, default=10000, help="default: %(default)s")
    parser.add_argument("--build", default="build-release", help="where noded is, as seen from the top of the source; default: %(default)s")
    parser.add_argument("--json", metavar="FILE", help="writes it as tools/sim/report reads it")
    a = parser.parse_args()
    os.environ["NR_BUILD"] = os.path.join(SOURCE, a.build)
    found = measure(a.nodes)
    print(f"noded with {a.nodes:,} nodes: {found / 1e6:.1f} MB")
    if a.json:
        text = f"expect memory <= {BOUND:.0f}"
        result = {"nodes": a.nodes, "passed": found <= BOUND, "failure": f"{text}: it is {found}", "virtual_seconds": 0,
                  "cpu_seconds": sum(os.times()[:4]),
                  "expectations": [{"text": text, "found": found / 1e6, "limit": BOUND / 1e6, "unit": "", "held": found <= BOUND}]}
        with open(a.json, "w", encoding="utf-8") as file:
            json.dump(result, file)
    return 0 if found <= BOUND else 1


if __name__ == "__main__":
    sys.exit(main())
