#!/usr/bin/python3
"""deploy/firewall: who is to reach the ports does, over IPv4 and IPv6, and nobody else; applied twice is as applied once; undone leaves
nothing; the rules of others stay as they were. With real packets between namespaces.

    firewall.py nft | ufw
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from concurrent import futures

import netns
import nr

FOLDER = os.path.join(nr.SOURCE, "deploy", "firewall")
HTTP, GOSSIP = 9205, 9206
# (who, its address, the server's address beside it, may it reach HTTP, may it gossip)
SOURCES = [
    ("LAN", "192.168.1.10", "192.168.1.1", True, False),
    ("Docker", "172.17.0.10", "172.17.0.1", True, False),
    ("private", "10.1.2.10", "10.1.2.1", True, False),
    ("local IPv6", "fd00:1::10", "fd00:1::1", True, False),
    ("a node", "203.0.113.9", "203.0.113.1", False, True),
    ("a node by IPv6", "2001:db8::9", "2001:db8::1", False, True),
    ("a stranger", "203.0.113.10", "203.0.113.1", False, False),
    ("a stranger by IPv6", "2001:db8::a", "2001:db8::1", False, False),
]
NODES = "203.0.113.9,2001:db8::9"
OTHERS = """
table inet administrator {
    set friends { type ipv4_addr; elements = { 198.51.100.7 } }
    chain input { type filter hook input priority filter; policy accept; tcp dport 2222 drop; }
}
"""


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def network(address):
    return f"{address}/{64 if ':' in address else 24}"


class Server:
    """Listens on both ports in a namespace, and keeps what datagrams say."""

    def __init__(self, host):
        self.heard = set()
        with host.inside():
            self.tcp = socket.create_server(("::", HTTP), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64)
            self.udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            self.udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            self.udp.bind(("::", GOSSIP))
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            self.heard.add(self.udp.recv(100).decode())


class Client:
    def __init__(self, host, server):
        self.host, self.server, self.count = host, server, 0

    def connects(self, source, target, port=HTTP):
        with self.host.inside():
            try:
                socket.create_connection((target, port), 0.4, (source, 0)).close()
                return True
            except TimeoutError:
                return False

    def send(self, source, target):
        self.count += 1
        word = f"{source} {self.count}"
        with self.host.inside(), socket.socket(family(source), socket.SOCK_DGRAM) as sender:
            sender.bind((source, 0))
            sender.sendto(word.encode(), (target, GOSSIP))
        return word

    def gossips(self, wanted):
        """Who of the sources is heard. Datagrams stay in order here: the last one's sender is in `wanted`, so once it is heard,
        those before it have either come or never will."""
        ordered = sorted(SOURCES, key=lambda s: s[1] in wanted)
        words = {s[1]: self.send(s[1], s[2]) for s in ordered}
        last = words[ordered[-1][1]]
        nr.wait_for(lambda: last in self.server.heard, 5, f"the datagram of {ordered[-1][0]}")
        return {source for source, word in words.items() if word in self.server.heard}


def check(client, http, gossip, what):
    """The sources that reach HTTP, and those that gossip, are these."""
    with futures.ThreadPoolExecutor() as together:
        answers = together.map(lambda s: client.connects(s[1], s[2]), SOURCES)
        reached = {s[1] for s, answer in zip(SOURCES, answers) if answer}
    assert reached == http, f"{what}: HTTP: too many {reached - http}, too few {http - reached}"
    heard = client.gossips(gossip)
    assert heard == gossip, f"{what}: gossip: too many {heard - gossip}, too few {gossip - heard}"
    print(f"{what}: as wanted")


def tables(host):
    return subprocess.run(host.command(["nft", "list", "ruleset"]), stdout=subprocess.PIPE, text=True, check=True).stdout


class Script:
    """Runs a script of deploy/firewall in the namespace, after `before`."""

    def __init__(self, host, name, before=""):
        self.host, self.path, self.before = host, os.path.join(FOLDER, name), before

    def __call__(self, *words, expect=0):
        command = ["unshare", "--mount", "sh", "-euc", f'{self.before}\nexec "$@"', "sh", self.path, *words]
        done = subprocess.run(self.host.command(command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
        assert done.returncode == expect, f"{words} ended with {done.returncode}:\n{done.stdout}"
        return done.stdout


def documented(script, tool):
    """What the commands of FIREWALL.md for the tool print; run from the root of the tree, as it shows them."""
    with open(os.path.join(nr.SOURCE, "deploy", "FIREWALL.md"), encoding="utf-8") as file:
        (block,) = re.findall(f"<!-- runnable {tool} -->\n```sh\n(.*?)```", file.read(), re.S)
    runner = Script(script.host, "", f"{script.before}\ncd {nr.SOURCE}")
    runner.path = "sh"
    return runner("-euxc", block)


ALL = {s[1] for s in SOURCES}
MAY_HTTP = {s[1] for s in SOURCES if s[3]}
MAY_GOSSIP = {s[1] for s in SOURCES if s[4]}


def published(lab, server_host, client):
    """A container's port that Docker publishes is guarded as well: it is translated away before any input chain."""
    inner = lab.bare()
    server_host.ip("link", "add", "docker0", "type", "veth", "peer", "name", "eth0", "netns", str(inner.holder.pid))
    server_host.ip("addr", "add", "172.18.0.1/24", "dev", "docker0")
    server_host.ip("link", "set", "docker0", "up")
    inner.ip("addr", "add", "172.18.0.2/24", "dev", "eth0")
    inner.ip("link", "set", "eth0", "up")
    inner.ip("route", "add", "default", "via", "172.18.0.1")
    netns.run(*server_host.command(["sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"]))
    netns.run(*server_host.command(["nft", "-f", "-"]), stdin="""
        table ip docker { chain prerouting { type nat hook prerouting priority dstnat;
            fib daddr type local tcp dport 9205 dnat to 172.18.0.2
        }
        }""")
    with inner.inside():
        listener = socket.create_server(("172.18.0.2", HTTP), backlog=64)
    with listener:
        assert client.connects("192.168.1.10", "192.168.1.1"), "LAN to a published port"
        assert listener.accept()[1][0] == "192.168.1.10", "answered by the container"
        assert not client.connects("203.0.113.10", "203.0.113.1"), "a stranger to a published port"
    netns.run(*server_host.command(["nft", "delete", "table", "ip", "docker"]))
    print("published port: as wanted")


def with_systemd(folder):
    """Shell lines after which /etc is a copy and systemctl notes in `folder` what it is told, as if this machine ran systemd."""
    for part in ("upper", "work", "bin"):
        os.mkdir(os.path.join(folder, part))
    with open(os.path.join(folder, "bin", "systemctl"), "w", encoding="utf-8") as file:
        file.write(f'#!/bin/sh\necho "$@" >>{folder}/told\n')
    os.chmod(file.name, 0o755)
    return f"""mount --make-rprivate /
        mount -t overlay overlay -o lowerdir=/etc,upperdir={folder}/upper,workdir={folder}/work /etc
        mount -t tmpfs tmpfs /run
        mkdir -p /run/systemd/system
        PATH={folder}/bin:$PATH"""


def saved(server_host, client):
    """--save keeps what it loads, and a unit that loads it at the machine's start; undo removes both."""
    with tempfile.TemporaryDirectory(prefix="nr-nft-") as folder:
        script = Script(server_host, "nft.sh", with_systemd(folder))
        kept, unit = (os.path.join(folder, "upper", p) for p in ("dagi/firewall.nft", "systemd/system/dagi-firewall.service"))
        script("apply", "--nodes", NODES, "--save")
        with open(unit, encoding="utf-8") as file:
            command = re.search("^ExecStart=(.*)$", file.read(), re.M)[1].replace("/etc", f"{folder}/upper")
        netns.run(*server_host.command(["nft", "flush", "ruleset"]))
        netns.run(*server_host.command(command.split()))
        check(client, MAY_HTTP, MAY_GOSSIP, "saved")
        script("undo")
        assert not os.path.isfile(kept) and not os.path.isfile(unit)
        with open(os.path.join(folder, "told"), encoding="utf-8") as told:
            words = told.read().split("\n")
        assert "enable --quiet dagi-firewall.service" in words and "disable --quiet dagi-firewall.service" in words, words
        said = documented(script, "nft")
        assert "203.0.113.9" in said and "2001:db8::9" in said and "is gone" in said, said


def nft(lab, server_host, client):
    script = Script(server_host, "nft.sh")
    netns.run(*server_host.command(["nft", "-f", "-"]), stdin=OTHERS)
    before = tables(server_host)
    check(client, ALL, ALL, "no rules")
    script("apply", "--nodes", NODES)
    check(client, MAY_HTTP, MAY_GOSSIP, "applied")
    assert before in tables(server_host), "the administrator's table is as it was"
    once = script("print", "--nodes", NODES)
    script("apply", "--nodes", NODES)
    assert tables(server_host).count("table inet dagi") == 1
    check(client, MAY_HTTP, MAY_GOSSIP, "applied twice")
    published(lab, server_host, client)
    assert "nothing was changed" in script("apply", "--nodes", "203.0.113.999", expect=1)
    check(client, MAY_HTTP, MAY_GOSSIP, "after refused rules")
    script("apply", "--nodes", "any", "--http-from", "203.0.113.10")
    check(client, {"203.0.113.10"}, ALL, "others named")
    script("undo")
    script("undo")
    assert tables(server_host) == before, "undone leaves nothing"
    check(client, ALL, ALL, "undone")
    netns.run(*server_host.command(["nft", "-f", "-"]), stdin=once)
    check(client, MAY_HTTP, MAY_GOSSIP, "what print prints")
    assert "takes systemd" in Script(server_host, "nft.sh", "mount -t tmpfs tmpfs /run")("apply", "--nodes", "any", "--save", expect=1)
    saved(server_host, client)


def private_ufw(folder):
    """Shell lines after which ufw has configuration of its own, kept in `folder` from one run to the next."""
    lines = ["mount --make-rprivate /", "mount -t tmpfs tmpfs /run"]
    for path in ("/etc/ufw", "/etc/default", "/lib/ufw"):
        copy = os.path.join(folder, path.replace("/", "_"))
        shutil.copytree(path, copy, symlinks=True)
        lines.append(f"mount --bind {copy} {path}")
    return "\n".join(lines)


def ufw(_, server_host, client):
    with tempfile.TemporaryDirectory(prefix="nr-ufw-") as folder:
        before = private_ufw(folder)
        script = Script(server_host, "ufw.sh", before)
        tool = Script(server_host, "", before)
        tool.path = "ufw"
        tool("default", "allow")
        tool("allow", "from", "198.51.100.7", "to", "any", "port", "9205", "proto", "tcp", "comment", "of the administrator")
        others = tool("show", "added")
        assert "ufw enable" in script("apply", "--nodes", NODES), "says that it is not active"
        tool("--force", "enable")
        check(client, MAY_HTTP, MAY_GOSSIP, "applied, then enabled")
        assert "there already" in script("apply", "--nodes", NODES)
        assert script("print", "--nodes", NODES).count("\n") == tool("show", "added").count("comment 'dagi-registry'")
        check(client, MAY_HTTP, MAY_GOSSIP, "applied twice")
        assert "nothing was changed" in script("apply", "--nodes", "203.0.113.999", expect=1)
        check(client, MAY_HTTP, MAY_GOSSIP, "after refused rules")
        script("apply", "--nodes", "any", "--http-from", "203.0.113.10")
        check(client, {"203.0.113.10"}, ALL, "others named")
        assert "203.0.113.9" in documented(script, "ufw")
        script("undo")
        assert tool("show", "added") == others, "undone leaves nothing"
        check(client, ALL, ALL, "undone")


def main():
    with netns.Lab() as lab:
        server_host, client_host = lab.host(), lab.host()
        for host, column in ((client_host, 1), (server_host, 2)):
            for address in {s[column] for s in SOURCES}:
                host.ip("addr", "add", network(address), "dev", "eth0", *(["nodad"] if ":" in address else []))
        client = Client(client_host, Server(server_host))
        for wrong in (["apply"], ["apply", "--nodes", "seed.example.org"], ["apply", "--nodes"], ["open"], []):
            Script(server_host, f"{sys.argv[1]}.sh")(*wrong, expect=2)
        {"nft": nft, "ufw": ufw}[sys.argv[1]](lab, server_host, client)


main()
