"""Counting and losing packets of one port on the loopback interface, with a table of nftables of its own. Takes root.

Packets are counted where they arrive, before any is lost. Loss is drawn on arrival too: a drop on the way out would make sending fail,
which is not loss."""

import json
import os
import re
import shutil
import subprocess

NAME = "nr_compare_"
IPV4_HEADER, UDP_HEADER = 20, 8
RULES = """table inet {table} {{
    counter udp_in {{ }}
    counter tcp_in {{ }}
    chain lose {{ }}
    chain arriving {{
        type filter hook input priority -10;
        iifname "lo" udp dport {port} counter name "udp_in" goto lose
        iifname "lo" tcp dport {port} counter name "tcp_in" goto lose
        iifname "lo" tcp sport {port} counter name "tcp_in" goto lose
    }}
}}"""


def why_not():
    """Why packets cannot be counted here; None: they can."""
    if os.geteuid() != 0:
        return "needs root"
    if not _nft():
        return "needs nft: apt-get install nftables"
    return None


def _nft():
    return shutil.which("nft") or shutil.which("nft", path="/usr/sbin:/sbin")


def _run(*words, stdin=None):
    done = subprocess.run([_nft(), *words], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          start_new_session=True)  # an interrupt from the terminal must not reach the one that takes rules away
    if done.returncode:
        raise RuntimeError(f"nft {' '.join(words)}: {done.stdout.strip()}")
    return done.stdout


def remove_stale():
    """Tables of comparisons that were killed."""
    for pid in re.findall(rf"table inet {NAME}(\d+)", _run("list", "tables")):
        if not os.path.exists(f"/proc/{pid}"):
            _run("delete", "table", "inet", NAME + pid)


class Counts:
    def __init__(self, udp, tcp):
        (self.udp_packets, self.udp_bytes), (self.tcp_packets, self.tcp_bytes) = udp, tcp

    def __sub__(self, other):
        return Counts((self.udp_packets - other.udp_packets, self.udp_bytes - other.udp_bytes),
                      (self.tcp_packets - other.tcp_packets, self.tcp_bytes - other.tcp_bytes))

    def udp_payload(self):
        return self.udp_bytes - self.udp_packets * (IPV4_HEADER + UDP_HEADER)

    def ip_payload(self):
        """Of both protocols."""
        return self.udp_bytes + self.tcp_bytes - (self.udp_packets + self.tcp_packets) * IPV4_HEADER


class Traffic:
    """`with Traffic(port)`: the table is gone when it is left."""

    def __init__(self, port):
        self.port, self.table = port, f"{NAME}{os.getpid()}"

    def __enter__(self):
        _run("-f", "-", stdin=RULES.format(table=self.table, port=self.port))
        return self

    def __exit__(self, *_):
        _run("delete", "table", "inet", self.table)

    def counts(self):
        found = {}
        for item in json.loads(_run("-j", "list", "counters", "table", "inet", self.table))["nftables"]:
            counter = item.get("counter")
            if counter:
                found[counter["name"]] = (counter["packets"], counter["bytes"])
        return Counts(found["udp_in"], found["tcp_in"])

    def lose(self, percent):
        """So many of a hundred packets, from now on; 0: none."""
        _run("flush", "chain", "inet", self.table, "lose")
        if percent:
            _run("add", "rule", "inet", self.table, "lose", "numgen", "random", "mod", "100", "<", str(percent), "drop")
