#!/usr/bin/python3
"""tools/compare/serf.py: our side of it measures what it says and leaves nothing behind; its goals are judged as its --help says."""

import glob
import io
import json
import math
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import nr

COMPARE = os.path.join(nr.SOURCE, "tools", "compare")
BUILD = os.path.dirname(nr.BIN)
sys.path.insert(0, COMPARE)
import measures  # noqa: E402
import sides  # noqa: E402
import table  # noqa: E402
import traffic  # noqa: E402

DATAGRAMS = 400


def command(*flags):
    return [sys.executable, "-B", os.path.join(COMPARE, "serf.py"), "--build", BUILD, "--quick", *flags]


def results(**samples):
    made = measures.Results()
    for measure, values in samples.items():
        for value in values:
            made.add(measure, value, 0.02 if measure in ("join", "change", "failure") else 0.0)
    return made


class Run(unittest.TestCase):
    # Three peers, one round: each figure is there and lies where a living cluster's lies.
    def test_ours(self):
        with tempfile.TemporaryDirectory() as directory:
            file = os.path.join(directory, "out.json")
            done = subprocess.run(command("--side", "ours", "--nodes", "3", "--rounds", "1", "--json", file),
                                  capture_output=True, text=True, timeout=90, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(file, encoding="utf-8") as f:
                part = json.load(f)["nodes"]["3"]
        self.assertIn("join of all, until all see all", done.stdout)
        self.assertEqual(part["notes"], [])
        samples = part["samples"]["ours"]
        self.assertTrue(0 < samples["join"][0] < 15, samples)
        self.assertEqual(len(samples["change"]), 3)
        self.assertTrue(all(0 < s < 5 for s in samples["change"]), samples)
        self.assertIsNotNone(samples["failure"][0], "known within the limit")
        self.assertTrue(1 < samples["failure_first"][0] <= samples["failure"][0], samples)
        self.assertTrue(0 < samples["cpu_percent"][0] < 50, samples)
        self.assertTrue(0.2 < samples["pss_mib"][0] < samples["rss_mib"][0] < 64, samples)
        self.assertTrue(100 < samples["heartbeat_bytes"][0] < 1153, samples)
        self.assertEqual(samples["stopped"], [0])
        if not traffic.why_not():
            self.assertTrue(0 <= samples["udp_payload"][0] < 100000, samples)
            self.assertEqual(samples["loss"], [0])

    # An interrupt ends it with what it has, and no process, directory or rule of its own stays.
    def test_interrupt(self):
        before = set(glob.glob(os.path.join(tempfile.gettempdir(), "nr-compare-*")))
        run = subprocess.Popen(command("--side", "ours", "--nodes", "3", "--idle", "60", "--rounds", "9"), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
        with open(f"/proc/{run.pid}/task/{run.pid}/children", encoding="ascii") as children:
            nr.wait_for(lambda: children.seek(0) == 0 and len(children.read().split()) >= 3, 20, "three peers")
            children.seek(0)
            started = children.read().split()
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=30)
        self.assertEqual(run.returncode, 1, err)
        self.assertIn("interrupted", err)
        self.assertIn("N = 3", out)
        self.assertEqual([pid for pid in started if os.path.exists(f"/proc/{pid}")], [])
        self.assertEqual(set(glob.glob(os.path.join(tempfile.gettempdir(), "nr-compare-*"))) - before, set())
        if not traffic.why_not():
            listed = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=True,
                                    env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})
            self.assertNotIn(f"{traffic.NAME}{run.pid}", listed.stdout)

    # Who stands still when it is ended does not stay either.
    def test_end_while_stopped(self):
        run = subprocess.Popen(command("--side", "ours", "--nodes", "3", "--rounds", "1", "--only", "stop", "--stop", "60"),
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        stopped = nr.wait_for(lambda: self.standing_still(run.pid), 30, "one that stands still")
        run.send_signal(signal.SIGTERM)
        _, err = run.communicate(timeout=30)
        self.assertEqual(run.returncode, 1, err)
        self.assertEqual([pid for pid in stopped if os.path.exists(f"/proc/{pid}")], [])

    @staticmethod
    def standing_still(parent):
        with open(f"/proc/{parent}/task/{parent}/children", encoding="ascii") as f:
            pids = f.read().split()
        states = {}
        for pid in pids:
            with open(f"/proc/{pid}/stat", encoding="ascii") as f:
                states[pid] = f.read().rpartition(")")[2].split()[0]
        return [pid for pid, state in states.items() if state == "T"]

    # Where Serf is not installed it says what to install, before anything is started.
    def test_without_serf(self):
        with tempfile.TemporaryDirectory() as empty:
            done = subprocess.run(command("--side", "serf"), capture_output=True, text=True, timeout=30, check=False,
                                  env={**os.environ, "PATH": empty})
        self.assertEqual(done.returncode, 1)
        self.assertIn("apt-get install serf", done.stderr)


class Packets(unittest.TestCase):
    # Every datagram is counted with its bytes, lost or not; about the asked share of them is lost, and none after.
    @unittest.skipIf(traffic.why_not(), traffic.why_not())
    def test_counts_and_loss(self):
        port = sides.free_port()
        with traffic.Traffic(port) as rules, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there:
            there.bind(("127.88.0.1", port))
            there.setblocking(False)
            rules.lose(30)
            self.assertTrue(DATAGRAMS * 0.5 < self.through(there, port) < DATAGRAMS * 0.9)
            counts = rules.counts()
            self.assertEqual((counts.udp_packets, counts.udp_payload()), (DATAGRAMS, DATAGRAMS * 10))
            self.assertEqual(counts.ip_payload(), DATAGRAMS * 18)
            rules.lose(0)
            self.assertEqual(self.through(there, port), DATAGRAMS)

    @staticmethod
    def through(there, port):
        came = 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here:
            for _ in range(DATAGRAMS):
                here.sendto(b"0123456789", ("127.88.0.1", port))
                try:
                    came += len(there.recv(100)) > 0
                except BlockingIOError:
                    pass
        return came


class Judging(unittest.TestCase):
    SETTINGS = {"limits": {"join": "60", "change": "60", "failure": "60", "failure_first": "60"}, "loss": 30, "loss_s": "2",
                "stop_s": "1"}

    def met(self, ours, serf):
        """The verdict of each row, by the first words of what it is about."""
        shown = table.rows((ours, serf), self.SETTINGS)
        table.show(shown, io.StringIO())
        return {row["what"].split(",")[0]: row["met"] for row in shown}

    # A goal is a share of Serf's median less the error of Serf's reading: 0.2 of 1 s read 20 ms late is 0.196 s.
    def test_share(self):
        self.assertTrue(self.met(results(change=[0.1, 0.196, 0.9]), results(change=[0.5, 1.0, 1.5]))["a change seen everywhere"])
        self.assertFalse(self.met(results(change=[0.1, 0.199, 0.9]), results(change=[0.5, 1.0, 1.5]))["a change seen everywhere"])

    # What did not come to pass meets nothing; where only one side was measured nothing is judged.
    def test_never(self):
        self.assertFalse(self.met(results(failure=[math.inf]), results(failure=[5.0]))["kill -9: all know"])
        self.assertIsNone(self.met(results(failure=[1.0]), None)["kill -9: all know"])

    # Our slowest join may not be slower than Serf's middle one, however good the median.
    def test_tail(self):
        verdict = self.met(results(join=[0.1, 0.1, 3.0]), results(join=[0.9, 1.0, 60.0]))
        self.assertTrue(verdict["join of all"])
        self.assertFalse(verdict["join of all: our slowest beside Serf's median"])

    # Idle bytes: Serf's and the heartbeats' weight; one byte above is too much.
    def test_bytes(self):
        for payload, met in ((300.0, True), (301.0, False)):
            ours = results(udp_payload=[payload], heartbeat_bytes=[150], allowance=[100.0])
            verdict = self.met(ours, results(udp_payload=[200.0]))
            self.assertEqual(verdict["idle: … beside Serf's + heartbeats' (150 B each)"], met)

    # One healthy node called dead in one of the rounds is one too many.
    def test_healthy(self):
        self.assertTrue(self.met(results(stopped=[0, 0]), None)["1 in 10 stopped for 1 s: healthy called dead"])
        self.assertFalse(self.met(results(stopped=[0, 1]), None)["1 in 10 stopped for 1 s: healthy called dead"])


class Watched:
    """A side whose members say on each look what they were told to."""

    def __init__(self, looks):
        self.looks = iter(looks)
        self.members = [sides.Member(name, "", None) for name in "abc"]

    def running(self):
        return self.members

    def dead(self, members):
        said = next(self.looks, {})
        return [(m, set(said.get(m.name, ()))) for m in members]


class Counting(unittest.TestCase):
    # Called dead by two at once and again later: two episodes, three observations. What stood at the start does not count.
    def test_episodes(self):
        side = Watched([{"a": "c"}, {"a": "c"}, {"a": "b", "c": "b"}, {"a": "b"}, {}, {"a": "b"}, {}])
        tally = measures.tally_of(side, set("abc"))
        end = time.monotonic() + 5
        measures.SWEEP_S, sweep = 0.01, measures.SWEEP_S
        try:
            while time.monotonic() < end and tally["observations"] < 3:
                measures.watch(side, set("abc"), 0.05, tally)
        finally:
            measures.SWEEP_S = sweep
        self.assertEqual((tally["episodes"], tally["observations"]), (2, 3))


if __name__ == "__main__":
    unittest.main()
