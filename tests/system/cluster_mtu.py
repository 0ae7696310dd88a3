#!/usr/bin/python3
"""No datagram is ever fragmented, nor too large for a path of 1,280 bytes, the least that IPv6 allows: on links of that MTU, with
IPv4 and IPv6, the kernels count no fragment, and over a path that drops whatever is larger without a word nothing is missed. Told
with records that take several datagrams, a joiner that takes hundreds, and heartbeats with metrics."""

import json
import subprocess
import time

import netns
import nr
import place

MTU = 1280
FULL = 1200  # with less, nobody has filled a datagram, and nothing was tried
NODES = 300
METRICS = {f"metric_{n:02}": n + 0.5 for n in range(50)}
PASSING = f"""table bridge sizes {{
    counter full {{ }}
    counter beyond {{ }}
    chain passing {{
        type filter hook forward priority 0
        meta length > {FULL} counter name full
        meta length > {MTU} counter name beyond drop
    }}
}}"""


class Narrow(netns.Lab):
    """Machines on links of that MTU, or (`hole`) on wide ones with a bridge between that drops what is larger."""

    def __init__(self, six, hole):
        super().__init__()
        self.six, self.hole = six, hole
        self.narrow = []
        netns.run(*self.hub.command(["nft", "-f", "-"]), stdin=PASSING)

    def host(self):
        there = super().host()
        self.narrow.append(there)
        if not self.hole:
            self.hub.ip("link", "set", there.port, "mtu", str(MTU))
            there.ip("link", "set", "eth0", "mtu", str(MTU))
        if self.six:
            there.address = f"2001:db8::{self.count}"
            there.ip("addr", "add", f"{there.address}/64", "dev", "eth0", "nodad")
        return there

    def passed(self):
        """How many packets passed the bridge, by size."""
        listed = json.loads(subprocess.check_output(self.hub.command(["nft", "-j", "list", "counters"])))["nftables"]
        return {entry["counter"]["name"]: entry["counter"]["packets"] for entry in listed if "counter" in entry}

    def fragments(self):
        """What the kernels of all machines count of fragments, made, taken or refused: only what is not 0."""
        found = {}
        for there in self.narrow:
            text = subprocess.check_output(there.command(["cat", "/proc/net/snmp", "/proc/net/snmp6"]), text=True)
            names, values = (line.split() for line in text.split("\n")[:2])
            counts = dict(zip(names, values))
            counts.update(line.split() for line in text.split("\n") if line.startswith("Ip6"))
            assert {"FragCreates", "ReasmReqds", "Ip6FragCreates", "Ip6ReasmReqds"} <= counts.keys(), counts
            found.update({(there.address, k): v for k, v in counts.items() if ("Frag" in k or "Reasm" in k) and v != "0"})
        return found


def has_metrics(at, node_id):
    status, beats = at.facade.get(f"/api/v1/nodes/{node_id}/heartbeats?limit=1")
    return status == 200 and beats and beats[0].get("metrics") == METRICS


def check(six, hole):
    begun = time.monotonic()
    with Narrow(six, hole) as lab, nr.Cluster() as cluster:
        pair = place.start(cluster, 2, lab=lab)
        for number in range(NODES):
            pair[number % 2].register(f"n{number:03}", metadata={"blob": "x" * (number * 4 % 1000)})
        for number in range(8):
            pair[number % 2].register(f"big-{number}", metadata={"blob": chr(97 + number) * 6000})
        place.same(pair)

        late = place.Place(cluster, 3, token=pair[1].noded.invite(), there=lab.host()).start()
        trio = [*pair, late]
        place.met(trio)
        place.same(trio)
        late.register("of-the-late-one", metadata={"blob": "z" * 6000})
        for number in range(0, NODES, 10):
            trio[number % 3].beat(f"n{number:03}", metrics=METRICS)
        place.same(trio)
        expected = place.timeless(late.nodes())
        assert len(expected) == NODES + 9, len(expected)
        nr.wait_for(lambda: all(place.timeless(p.nodes()) == expected for p in trio), 15, "all showing the same")
        nr.wait_for(lambda: all(has_metrics(p, f"n{n:03}") for p in trio for n in range(0, NODES, 10)), 15, "all metrics on all")
        assert all(p.node("big-3")["metadata"] == {"blob": "d" * 6000} for p in trio)
        passed, fragments = lab.passed(), lab.fragments()
        print(f"{'IPv6' if six else 'IPv4'}, {'a hole' if hole else 'narrow links'}: {passed['full']} packets of more than {FULL} "
              f"bytes, {time.monotonic() - begun:.1f} s")
        assert passed["full"] > 50, "hardly any datagram was full: nothing was tried"
        assert passed["beyond"] == 0 and not fragments, (passed, fragments)


for ipv6, dropping in ((False, False), (True, False), (True, True)):
    check(ipv6, dropping)
