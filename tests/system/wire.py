"""Machines of a test, each in a network namespace, joined by a network that can delay, lose, double, reorder and spoil what goes
from one to another (wire.c).

    with wire.Net(8, seed=1) as net:
        host = net.hosts[0]                        # as of netns.py: address, command(), inside()
        net.link(0, 1, wire.Link(delay=0.02, loss=0.5))
        net.block(0, 1); net.heal(); net.move(1)

Takes root, as netns.Lab. Datagrams only: what is local to a machine (its facade) does not pass here.
"""

import dataclasses
import os
import subprocess

import netns
import nr

MILLION = 1000000


@dataclasses.dataclass(frozen=True)
class Link:
    """Seconds, and shares from 0 to 1; `duplicate` is how many further copies come in the mean."""
    delay: float = 0.0
    jitter: float = 0.0
    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    corrupt: float = 0.0

    def words(self):
        return " ".join(str(round(value * MILLION)) for value in dataclasses.astuple(self))


class Net:
    def __init__(self, count, usual=Link(), seed=1):
        netns.need_root()
        self.usual = usual
        self.moves = [0] * count
        self.hosts = []
        self.changed, self.blocked = set(), set()
        self.program = subprocess.Popen([os.path.join(nr.BUILD, "tests", "wire")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, preexec_fn=netns.die_with_parent)
        try:
            self.tell([f"seed {seed}"])
            for number in range(count):
                self.hosts.append(netns.Host())
                self.tell([f"port {number} {self.hosts[number].holder.pid}"])
                self.hosts[number].ip("link", "set", "wire0", "up")
                self._give_address(number)
            self.tell(self._link_words(i, j, usual) for i in range(count) for j in range(count))
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.program.stdin.close()
        self.program.wait()
        self.program.stdout.close()
        for host in self.hosts:
            host.close()

    def tell(self, lines):
        for line in lines:
            self.program.stdin.write(line + "\n")
            self.program.stdin.flush()
            answer = self.program.stdout.readline().strip()
            assert answer == "ok", f"wire: {line}: {answer}"

    @staticmethod
    def _link_words(i, j, link):
        return f"link {i} {j} {link.words()}"

    def _give_address(self, number):
        """198.18.MOVES.NUMBER+1, of the range that is for tests of networks."""
        host = self.hosts[number]
        host.address = f"198.18.{self.moves[number]}.{number + 1}"
        host.ip("addr", "add", f"{host.address}/16", "dev", "wire0")
        self.tell([f"address {number} {host.address}"])

    def move(self, number):
        """Another address; nothing is at the old one any more."""
        self.hosts[number].ip("addr", "flush", "dev", "wire0", "scope", "global")
        self.moves[number] += 1
        self._give_address(number)

    def link(self, i, j, link):
        """What goes from i to j, from now on."""
        self.changed.add((i, j))
        self.tell([self._link_words(i, j, link)])

    def block(self, i, j):
        self.blocked.add((i, j))
        self.tell([f"block {i} {j} 1"])

    def set(self, links, blocked):
        """All at once: the links that are not the usual one, and the pairs that are blocked."""
        self.tell(f"block {i} {j} {int((i, j) in blocked)}" for i, j in sorted(self.blocked ^ blocked))
        self.tell(self._link_words(i, j, links.get((i, j), self.usual)) for i, j in sorted(self.changed | links.keys()))
        self.blocked, self.changed = set(blocked), set(links)

    def heal(self):
        self.set({}, set())


class Rules:
    """What a scenario says of links: each rule is for all pairs of two sets, one over the same sets replaces it, and of several that
    give a pair its link the last one holds."""

    def __init__(self, net, chance):
        self.net, self.chance = net, chance
        self.links, self.blocks, self.groups = {}, {}, {}

    @staticmethod
    def _pairs(one, other):
        return [(i, j) for i in one for j in other if i != j]

    def link(self, one, other, link):
        key = (tuple(one), tuple(other))
        self.links.pop(key, None)
        self.links[key] = link
        self._tell()

    def block(self, one, other, share):
        self.blocks[tuple(one), tuple(other)] = [p for p in self._pairs(one, other) if self.chance.random() < share]
        self._tell()

    def split(self, sets):
        for number, nodes in enumerate(sets, 1):
            self.groups.update(dict.fromkeys(nodes, number))
        self._tell()

    def heal(self):
        self.links, self.blocks, self.groups = {}, {}, {}
        self._tell()

    def _tell(self):
        everybody = range(len(self.net.hosts))
        blocked = {p for pairs in self.blocks.values() for p in pairs}
        blocked |= {(i, j) for i, j in self._pairs(everybody, everybody) if self.groups.get(i, 0) != self.groups.get(j, 0)}
        self.net.set({p: link for (one, other), link in self.links.items() for p in self._pairs(one, other)}, blocked)
