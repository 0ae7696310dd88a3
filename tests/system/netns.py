"""Machines of a test: network namespaces, joined by a bridge, gone when the test ends.

    with Lab() as lab:
        a, b = lab.host(), lab.host()              # 192.0.2.1, 192.0.2.2
        subprocess.Popen(a.command(["noded", …]))
        lab.cut(b); lab.heal(b)                    # as pulling its cable, and putting it back
        c = lab.behind_nat()                       # 198.51.100.2 behind a router that masquerades as 192.0.2.N

Needs root: without, the test is skipped, and fails where CI is set. A namespace lives as long as its holder process,
which dies with the test, however that ends.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import types

SKIPPED = 77
PR_SET_PDEATHSIG = 1
CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def enter(namespace):
    if _libc.setns(namespace.fileno(), CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def run(*words, stdin=None):
    done = subprocess.run(words, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stdout.strip()}")


class Host:
    """One namespace. `address` is what others reach it at."""

    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "--net", "--", "sh", "-c", "echo ready; exec sleep 3600"],
                                       stdout=subprocess.PIPE, preexec_fn=die_with_parent)
        self.holder.stdout.readline()
        self.address = None
        self.port = None  # its end on the bridge
        self.ip("link", "set", "lo", "up")

    def command(self, words):
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", "--", *words]

    def ip(self, *words):
        run(*self.command(["ip", *words]))

    @contextlib.contextmanager
    def inside(self):
        """The calling thread is in this namespace: sockets made here are its."""
        with open("/proc/thread-self/ns/net", "rb") as back, open(f"/proc/{self.holder.pid}/ns/net", "rb") as there:
            enter(there)
            try:
                yield
            finally:
                enter(back)

    def close(self):
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()


class Attached(Host):
    """The namespace of a process that is there already."""

    def __init__(self, pid):
        self.holder = types.SimpleNamespace(pid=pid)
        self.address = self.port = None

    def close(self):
        pass


def need_root():
    if os.geteuid() != 0:
        print("network namespaces take root: run this test as root", file=sys.stderr)
        raise SystemExit(1 if os.environ.get("CI") else SKIPPED)


class Lab:
    def __init__(self):
        need_root()
        self.hosts = []
        self.hub = self._new()
        self.hub.ip("link", "add", "bridge0", "type", "bridge", "forward_delay", "0")
        self.hub.ip("link", "set", "bridge0", "up")
        self.count = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for host in self.hosts:
            host.close()

    def _new(self):
        host = Host()
        self.hosts.append(host)
        return host

    def bare(self):
        """A machine that is connected to nothing."""
        return self._new()

    def host(self):
        """A machine on the bridge."""
        return self._connect(self._new())

    def attach(self, pid):
        """The machine in whose network the process is, on the bridge."""
        return self._connect(Attached(pid))

    def _connect(self, host):
        self.count += 1
        host.port = f"port{self.count}"
        host.address = f"192.0.2.{self.count}"
        self.hub.ip("link", "add", host.port, "type", "veth", "peer", "name", "eth0", "netns", str(host.holder.pid))
        self.hub.ip("link", "set", host.port, "master", "bridge0", "up")
        host.ip("addr", "add", f"{host.address}/24", "dev", "eth0")
        host.ip("link", "set", "eth0", "up")
        return host

    def behind_nat(self):
        """A machine that can reach the bridge only through a router that masquerades; nobody can reach it first."""
        router = self.host()
        inner = self._new()
        inner.address = "198.51.100.2"
        router.ip("link", "add", "eth1", "type", "veth", "peer", "name", "eth0", "netns", str(inner.holder.pid))
        router.ip("addr", "add", "198.51.100.1/24", "dev", "eth1")
        router.ip("link", "set", "eth1", "up")
        inner.ip("addr", "add", f"{inner.address}/24", "dev", "eth0")
        inner.ip("link", "set", "eth0", "up")
        inner.ip("route", "add", "default", "via", "198.51.100.1")
        run(*router.command(["sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"]))
        run(*router.command(["nft", "-f", "-"]), stdin="""
            table ip nat {
                chain out { type nat hook postrouting priority 100; oifname "eth0" masquerade; }
                chain in { type filter hook forward priority 0; iifname "eth0" ct state new drop; }
            }""")
        inner.router = router
        return inner

    def renumber(self, host):
        """Another address on the bridge, as a home's router gets by night; its open mappings are lost."""
        host.ip("addr", "flush", "dev", "eth0", "scope", "global")
        self.count += 1
        host.address = f"192.0.2.{self.count}"
        host.ip("addr", "add", f"{host.address}/24", "dev", "eth0")

    def cut(self, host):
        self.hub.ip("link", "set", host.port, "down")

    def heal(self, host):
        self.hub.ip("link", "set", host.port, "up")
