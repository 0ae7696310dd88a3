#!/usr/bin/python3
"""Scenarios on real processes fail where they should, and the network between them does what it is told."""

import concurrent.futures
import os
import socket
import subprocess
import sys
import tempfile
import time

import netns
import nr
import wire

HEAD = "title t\nnodes 3\nreal 3\nheartbeat 1s\n"
MET = "start all\nexpect equal within 20s\nexpect status all online by all within 10s\n"


def scenario(text, *flags):
    with tempfile.NamedTemporaryFile("w", suffix=".scenario") as file:
        file.write(text)
        file.flush()
        done = subprocess.run([sys.executable, "-B", os.path.join(nr.SOURCE, "tests", "system", "scenario.py"), *flags, file.name],
                              capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def fails(why, text):
    """The statements, after all have met, fail with these words."""
    status, out = scenario(HEAD + MET + text)
    assert status == 1 and "FAILED: " in out and why in out, (why, status, out)


def ask(net, i, j, data, wait=0.3):
    """Sends from i to j: what came within the time, and when."""
    with net.hosts[j].inside():
        there = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with net.hosts[i].inside():
        here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with here, there:
        there.bind((net.hosts[j].address, 5000))
        begun, came = time.monotonic(), []
        for one in data:
            here.sendto(one, (net.hosts[j].address, 5000))
        while (left := begun + wait - time.monotonic()) > 0:
            there.settimeout(left)
            try:
                came.append((there.recv(2000), time.monotonic() - begun))
            except socket.timeout:
                break
        return came


def check_network():
    """Delay, loss, doubles, order and damage are those of the link, one way; a blocked one and an old address take nothing."""
    sent = [f"{n:04}".encode() * 50 for n in range(100)]  # fits the receive buffer
    with wire.Net(2) as net:
        assert [data for data, _ in ask(net, 0, 1, sent)] == sent
        net.link(0, 1, wire.Link(delay=0.1, jitter=0.02))
        came = ask(net, 0, 1, sent[:20])
        assert len(came) == 20 and all(0.1 <= at < 0.2 for _, at in came), came
        assert all(at < 0.05 for _, at in ask(net, 1, 0, sent[:20])), "the other way has no delay"
        net.link(0, 1, wire.Link(loss=0.5))
        assert 25 < len(ask(net, 0, 1, sent)) < 75
        net.link(0, 1, wire.Link(duplicate=1))
        assert len(ask(net, 0, 1, sent[:50])) == 100
        net.link(0, 1, wire.Link(duplicate=2.5))
        assert 60 <= len(ask(net, 0, 1, sent[:20])) <= 80
        net.link(0, 1, wire.Link(reorder=0.2))
        came = [data for data, _ in ask(net, 0, 1, sent)]
        assert came != sent and sorted(came) == sent
        net.link(0, 1, wire.Link(corrupt=1))
        came = ask(net, 0, 1, sent)
        assert len(came) == 100 and not {data for data, _ in came} & set(sent), "each arrives spoilt"
        net.block(0, 1)
        assert not ask(net, 0, 1, sent[:5]) and len(ask(net, 1, 0, sent[:5])) == 5
        net.heal()
        assert [data for data, _ in ask(net, 0, 1, sent)] == sent
        old = net.hosts[1].address
        net.move(1)
        assert net.hosts[1].address != old and len(ask(net, 0, 1, sent[:5])) == 5


FAILING = [
    # A split that does not heal: never equal, and nothing of the other side is known.
    ("differ", "group rest not 0\nsplit 0 | rest\nwrite all\nexpect equal within 1s\n"),
    ("n1: on 2 of 3", "block all to 0\nwrite 1\nexpect known 1 by 100% within 1s\n"),
    # A status that is not so, and a node that is still there.
    ("n2 is online for n0", "expect status 2 offline by 0 within 500ms\n"),
    ("n2: shown by n0", "expect gone 2 by 0 within 500ms\n"),
    ("n1-s1: shown by n0", "sponsor 1 1\nexpect status sponsored 1 online by all within 2s\nexpect gone sponsored 1 by 0 within 500ms\n"),
    ("n1 is maintenance for", "never 1 maintenance\ndeclare 1 maintenance\nwait 2s\n"),
    # A node that dies where none may, or more often than it may.
    ("n2 is offline for", "wait 3s\nnever all offline\nkill 2\nwait 15s\n"),
    ("n2 went offline 1 times for", "wait 3s\nturns 2 <= 0 in 1m\nkill 2\nwait 15s\n"),
    # Nothing can be seen through nodes that do not run.
    ("no node of the set 1 runs", "kill 1\nexpect status 0 online by 1 within 1s\n"),
    ("MiB", "expect memory <= 1KiB\n"),
]

netns.need_root()
check_network()
with concurrent.futures.ThreadPoolExecutor(4) as some:
    for done in [some.submit(fails, *case) for case in FAILING]:
        done.result()

# A bad file is status 2, with its place; one for the simulator alone is skipped.
status, out = scenario(HEAD + "kill 3\n")
assert status == 2 and ":5: there is no node 3" in out, (status, out)
status, out = scenario(HEAD + "group a first 1\nsplit a | 3\n")
assert status == 2 and ":6: there is no node 3" in out, (status, out)
status, out = scenario(HEAD + "wait\n")
assert status == 2 and ":5: duration is missing" in out, (status, out)
status, out = scenario("title t\nnodes 3\nwhy it takes a year\nwait 365d\n")
assert status == netns.SKIPPED and "it takes a year" in out, (status, out)
