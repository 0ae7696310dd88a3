#!/usr/bin/python3
"""noded describes itself: what nodeprobe finds out reaches the other peers, at a stated rate, and nothing that becomes of nodeprobe
keeps noded from its work. But for the last cases nodeprobe is one that says what the test wants (fake_nodeprobe.py)."""

import json
import os
import shutil
import signal
import socket
import time
import unittest

import nr

DETECT = {"DAGI_NO_DETECT": ""}  # nr.py switches it off for all tests but these
SYSTEM = {"capabilities": {"system": {"cpu_count": 4, "os": "test"}}}


def modules(**states):
    return {"modules": [{"id": name, "port": 80, "status": state} for name, state in sorted(states.items())]}


class Fake:
    """A directory with a noded and a nodeprobe that obeys."""

    def __init__(self, cluster, name="fake", probe=True):
        self.dir = cluster.path(name + "-bin")
        os.mkdir(self.dir)
        shutil.copy(nr.program("noded"), self.dir)
        if probe:
            target = os.path.join(self.dir, "nodeprobe")
            shutil.copy(os.path.join(os.path.dirname(os.path.abspath(__file__)), "fake_nodeprobe.py"), target)
            os.chmod(target, 0o755)
        self.options = {"wrap": lambda words: [os.path.join(self.dir, "noded"), *words[1:]], "env": DETECT}

    def say(self, *orders):
        with open(os.path.join(self.dir, "say"), "a", encoding="utf-8") as f:
            f.write("".join(json.dumps(order) + "\n" for order in orders))

    def lines(self, name):
        try:
            with open(os.path.join(self.dir, name), encoding="utf-8") as f:
                return f.read().split("\n")[:-1]
        except FileNotFoundError:
            return []

    def plans(self):
        return [json.loads(line) for line in self.lines("plans")]

    def pids(self):
        return [int(line) for line in self.lines("pids")]


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Case(unittest.TestCase):
    def setUp(self):
        self.cluster = nr.Cluster()
        self.failed_before = len(self.failures_so_far())

    def failures_so_far(self):
        outcome = self._outcome
        result = getattr(outcome, "result", None)
        return (result.failures + result.errors) if result else []

    def tearDown(self):
        failed = len(self.failures_so_far()) > self.failed_before
        self.cluster.__exit__(AssertionError if failed else None)

    def node(self, *flags, fake=None, beat=1, conf=None, **options):
        """A started peer; with `conf`, by that file, which `configure` rewrites."""
        flags = ["--heartbeat-interval", str(beat), *flags]
        if fake and conf is None:
            flags += ["--check", "web=tcp://127.0.0.1:1"]  # or no report of modules would be taken
        if conf is not None:
            self.path = self.cluster.path("c.conf")
            with open(self.path, "w", encoding="utf-8") as f:
                f.write(conf)
            flags += ["--config", self.path]
        return self.cluster.noded("described", node_id="described", flags=flags, **(fake.options if fake else {"env": DETECT}),
                                  **options).start()

    def configure(self, node, conf):
        with open(self.path, "w", encoding="utf-8") as f:
            f.write(conf)
        node.call("reload")

    def other(self, node):
        """A facade at another peer, which sees the node as others do."""
        peer = self.cluster.noded("other", token=node.invite()).start()
        return self.cluster.facade(peer, "http").start()

    @staticmethod
    def seen(facade):
        status, found = facade.get("/api/v1/nodes/described")
        return found if status == 200 else None

    def wait_for_metadata(self, facade, want, timeout=15.0):
        nr.wait_for(lambda: (self.seen(facade) or {}).get("metadata") == want, timeout, f"metadata {want}, not {self.seen(facade)}")


class Described(Case):
    # Capabilities and modules stand in the metadata that other peers see, beside the configuration's; and metrics in heartbeats.
    def test_reaches_others(self):
        fake = Fake(self.cluster)
        node = self.node("--metadata", "owner=me", fake=fake)
        other = self.other(node)
        fake.say(SYSTEM, modules(web="up"))
        self.wait_for_metadata(other, {**SYSTEM, **modules(web="up"), "owner": "me"})
        fake.say(modules(web="down"))
        self.wait_for_metadata(other, {**SYSTEM, **modules(web="down"), "owner": "me"})
        nr.wait_for(lambda: (other.get("/api/v1/nodes/described/heartbeats")[1] or [{}])[0].get("metrics", {}).get("cpu_percent"))
        info = node.info()
        self.assertEqual((info["describing"], info["probe_restarts"]), (True, 0))

    # nodeprobe that is killed comes back, is told the same, and what it had found stays.
    def test_killed(self):
        fake = Fake(self.cluster)
        node = self.node(fake=fake)
        other = self.other(node)
        fake.say(SYSTEM)
        self.wait_for_metadata(other, SYSTEM)
        os.kill(fake.pids()[0], signal.SIGKILL)
        nr.wait_for(lambda: len(fake.pids()) == 2 and len(fake.plans()) == 2)
        self.assertEqual(fake.plans()[0], fake.plans()[1])
        self.assertIn("probe: nodeprobe ended, and is started again: signal=9", node.log())
        nr.wait_for(lambda: node.info()["describing"] and node.info()["probe_restarts"] == 1)
        fake.say(modules(web="up"))
        self.wait_for_metadata(other, {**SYSTEM, **modules(web="up")})
        self.assertEqual(node.stats()["probe_starts"], 2)

    # While nodeprobe stands still noded beats on, and once a measurement is three beats old it is said no more.
    def test_stopped(self):
        fake = Fake(self.cluster)
        node = self.node(fake=fake)
        other = self.other(node)

        def beats():
            status, found = other.get("/api/v1/nodes/described/heartbeats")
            return found if status == 200 and found else [{}]

        nr.wait_for(lambda: beats()[0].get("metrics"))
        os.kill(fake.pids()[0], signal.SIGSTOP)
        nr.wait_for(lambda: not beats()[0].get("metrics"), 8)
        bare = beats()[0]["timestamp"]
        nr.wait_for(lambda: beats()[0]["timestamp"] > bare and not beats()[0].get("metrics"))
        last = [b["metrics"]["cpu_percent"] for b in beats() if b.get("metrics")][0]
        repeated = sum((b.get("metrics") or {}).get("cpu_percent") == last for b in beats())
        self.assertLessEqual(repeated, 5)  # what was measured last, for three beats; a beat before and one on the edge
        self.assertEqual(self.seen(other)["status"], "online")
        os.kill(fake.pids()[0], signal.SIGCONT)
        nr.wait_for(lambda: beats()[0].get("metrics"))

    # Where heartbeats are rare a measurement holds for 90 s, and not for three hours.
    @unittest.skipUnless(os.path.exists(nr.CLOCK_SHIFT), "built for a sanitizer")
    def test_rare_beats(self):
        fake = Fake(self.cluster)
        fake.options["env"] = {**DETECT, "CLOCK_RATE": "20", "LD_PRELOAD": nr.CLOCK_SHIFT}
        node = self.node(fake=fake, beat=3600)
        facade = self.cluster.facade(node, "http").start()

        def told():
            node.call("reload")  # registers, which makes a heartbeat
            return facade.get("/api/v1/nodes/described/heartbeats")[1][0].get("metrics")

        nr.wait_for(told)
        os.unlink(os.path.join(fake.dir, "nodeprobe"))
        began = time.monotonic()
        os.kill(fake.pids()[0], signal.SIGKILL)
        nr.wait_for(lambda: not told(), 20)
        self.assertGreater(time.monotonic() - began, 1)

    # A node that leaves takes nodeprobe with it, within the 5 s, also one that stands still.
    def test_end(self):
        fake = Fake(self.cluster)
        node = self.node(fake=fake)
        nr.wait_for(fake.plans)
        self.assertEqual(node.stop(5), 0)
        self.assertFalse(alive(fake.pids()[0]))
        node.start()
        nr.wait_for(lambda: len(fake.plans()) == 2)
        os.kill(fake.pids()[1], signal.SIGSTOP)
        self.assertEqual(node.stop(5), 0)
        self.assertFalse(alive(fake.pids()[1]))

    # A noded that is killed leaves no nodeprobe behind.
    def test_noded_killed(self):
        fake = Fake(self.cluster)
        node = self.node(fake=fake)
        nr.wait_for(fake.plans)
        node.kill()
        nr.wait_for(lambda: not alive(fake.pids()[0]))

    # One that always ends is started after 1 s, 2 s, 4 s, and so on, and the log says so once; what it had said of services is
    # said no more when it has ended three times.
    def test_always_ending(self):
        fake = Fake(self.cluster)
        node = self.node(fake=fake)
        other = self.other(node)
        fake.say(SYSTEM, modules(web="up"))
        self.wait_for_metadata(other, {**SYSTEM, **modules(web="up")})
        os.unlink(os.path.join(fake.dir, "say"))
        fake.say({"exit": 3})
        os.kill(fake.pids()[0], signal.SIGKILL)
        nr.wait_for(lambda: len(fake.pids()) == 3, 10)
        began = time.monotonic()
        nr.wait_for(lambda: len(fake.pids()) == 4, 10)
        self.assertGreater(time.monotonic() - began, 3)
        self.wait_for_metadata(other, SYSTEM)
        self.assertEqual(node.log().count("probe: nodeprobe ended"), 1)
        self.assertGreaterEqual(node.stats()["probe_ends"], 3)

    # A report that is malformed is counted and changes nothing; what is no frame ends that nodeprobe, and another is started.
    def test_malformed(self):
        fake = Fake(self.cluster)
        node = self.node(fake=fake)
        other = self.other(node)
        fake.say(SYSTEM, {"raw": "0000000381a16b"}, {"modules": [{"id": "no good", "status": "up"}]},
                 {"capabilities": 7})
        nr.wait_for(lambda: node.stats()["probe_reports_refused"] == 3)
        self.wait_for_metadata(other, SYSTEM)
        fake.say({"raw": "ffffffff"})
        nr.wait_for(lambda: len(fake.pids()) >= 2)
        self.wait_for_metadata(other, SYSTEM)

    # Where nodeprobe is missing noded goes on, and says so once.
    def test_missing(self):
        node = self.node(fake=Fake(self.cluster, probe=False))
        self.assertFalse(node.info()["describing"])
        self.assertIn("probe: cannot be started, this node does not describe itself: nodeprobe is not installed", node.log())
        node.call("reload")
        self.assertEqual(node.log().count("probe: cannot"), 1)

    # With all sources off and no checks nodeprobe is not started; it is when a check comes, and ends when it goes.
    def test_nothing_to_do(self):
        fake = Fake(self.cluster)
        off = "[node]\nno_detect = all\n"
        node = self.node(fake=fake, conf=off)
        other = self.other(node)
        self.assertFalse(node.info()["describing"])
        self.assertEqual(fake.pids(), [])
        self.configure(node, off + "[check.web]\ntcp = 127.0.0.1:80\n")
        nr.wait_for(fake.plans)
        fake.say(modules(web="up"))
        self.wait_for_metadata(other, modules(web="up"))
        self.configure(node, off)
        self.wait_for_metadata(other, {})
        nr.wait_for(lambda: not alive(fake.pids()[0]) and not node.info()["describing"])
        self.assertEqual(node.info()["probe_restarts"], 0)

    # Reading the configuration again gives nodeprobe another plan, if it is another.
    def test_reload(self):
        fake = Fake(self.cluster)
        node = self.node(fake=fake, conf="[check.a]\ntcp = 127.0.0.1:1\n")
        nr.wait_for(fake.plans)
        node.call("reload")
        self.configure(node, "[node]\nno_detect = docker, gpu\nollama_url = http://127.0.0.1:1\n"
                             "[check.b]\nexec = /bin/true x\ninterval = 5\ntimeout = 2\nport = 7\n")
        nr.wait_for(lambda: len(fake.plans()) == 2)
        first, second = fake.plans()
        self.assertEqual([c["id"] for c in first["checks"]], ["a"])
        self.assertEqual(second["checks"],
                         [{"exec": "/bin/true x", "id": "b", "interval_ms": 5000, "port": 7, "timeout_ms": 2000}])
        self.assertEqual((second["off"], second["ollama"]), (["gpu", "docker"], "http://127.0.0.1:1"))
        self.assertEqual(len(fake.pids()), 1)

    # A configuration with more metadata than a record holds is refused, and what was in force stays; noded does not start with it.
    def test_reload_too_much(self):
        fake = Fake(self.cluster)
        good = "[node]\nlabel = good\n"
        node = self.node(fake=fake, conf=good + "[check.a]\ntcp = 127.0.0.1:1\n")
        nr.wait_for(fake.plans)
        bad = "[node]\nlabel = bad\n" + "".join(f"metadata = k{i}={'x' * 160}\n" for i in range(60))
        with self.assertRaisesRegex(nr.ControlError, "the one in force stays"):
            self.configure(node, bad)
        self.assertEqual(node.log().count("config: the metadata is larger than a record holds"), 1)
        self.assertEqual([c["id"] for c in fake.plans()[-1]["checks"]], ["a"])
        self.assertEqual(len(fake.plans()), 1)
        self.assertEqual(self.seen(self.cluster.facade(node, "http").start())["labels"], ["good"])

    # A service that goes up and down ten times a second is told at once twice, after 5 s, and then not before another 10 s.
    def test_flapping(self):
        fake = Fake(self.cluster)
        node = self.node(fake=fake)
        other = self.other(node)
        fake.say({"flap": [modules(web="up"), modules(web="down")]})
        nr.wait_for(lambda: node.stats()["descriptions"] == 2)
        began = time.monotonic()
        nr.wait_for(lambda: node.stats()["descriptions"] == 3)
        self.assertGreater(time.monotonic() - began, 4)
        updated = set()
        while time.monotonic() - began < 12:
            updated.add(self.seen(other)["updated_at"])
            self.assertEqual(node.stats()["descriptions"], 3)
            time.sleep(0.2)
        self.assertLessEqual(len(updated), 2)

    # What is found changes no declared state, and brings no node back that was deleted.
    def test_declared_state(self):
        fake = Fake(self.cluster)
        node = self.node(fake=fake)
        other = self.other(node)
        node.call("heartbeat", node_id="described", status="degraded")
        fake.say(modules(web="up"))
        self.wait_for_metadata(other, modules(web="up"))
        self.assertEqual(node.info()["state"], "degraded")
        node.call("declare", state="maintenance")
        fake.say(modules(web="down"))
        self.wait_for_metadata(other, modules(web="down"))
        self.assertEqual(node.info()["state"], "maintenance")
        node.call("delete", node_id="described")
        taken = node.stats()["probe_reports"]
        fake.say(modules(web="up"), modules(web="unknown"))
        nr.wait_for(lambda: node.stats()["probe_reports"] > taken + 1)
        nr.wait_for(lambda: self.seen(other) is None)
        until = time.monotonic() + 6  # the pace is over, and nothing was said
        while time.monotonic() < until:
            self.assertEqual(node.info()["state"], "deleted")
            time.sleep(0.2)

    # What does not fit into a record is left out in order, the models first, and the log says so once.
    def test_too_much(self):
        fake = Fake(self.cluster)
        node = self.node(*[f"--metadata=k{i}={'x' * 1000}" for i in range(7)], fake=fake)
        other = self.other(node)
        fake.say({"capabilities": {"ollama": {"available": True, "models": ["m" * 100] * 15}, "system": {"os": "test"}}})
        nr.wait_for(lambda: (self.seen(other) or {}).get("metadata", {}).get("capabilities") ==
                    {"ollama": {"available": True}, "system": {"os": "test"}})
        node.call("reload")
        self.assertEqual(node.log().count("noded: the metadata is larger than a record holds: left out=ollama.models"), 1)


class Profiles(Case):
    CONFIG = {"labels": ["of-profile", "own", "x" * 101],
              "checks": {"web": {"http": "http://127.0.0.1:8080/", "interval": 7}, "own": {"tcp": "127.0.0.1:2"},
                         "run": {"exec": "/bin/true"}, "far": {"tcp": "192.0.2.1:22"}}}

    @staticmethod
    def ids(fake):
        return [c["id"] for c in fake.plans()[-1]["checks"]]

    def wait_for_labels(self, facade, *labels):
        nr.wait_for(lambda: (self.seen(facade) or {}).get("labels") == list(labels), 15, f"{labels}: {self.seen(facade)}")

    # Labels and checks of the role's profile are taken over when it is written and given back when it is deleted; a check of the
    # configuration wins over one of its name; commands and other machines are refused, and the log says so once.
    def test_applied(self):
        fake = Fake(self.cluster)
        conf = "[node]\nrole = worker\nlabel = own\napply_profile = all\n[check.own]\ntcp = 127.0.0.1:1\n"
        node = self.node(fake=fake, conf=conf)
        other = self.other(node)
        nr.wait_for(fake.plans)
        node.call("profile_put", role="worker", config=self.CONFIG)
        self.wait_for_labels(other, "own", "of-profile")
        nr.wait_for(lambda: self.ids(fake) == ["own", "web"])
        checks = {c["id"]: c for c in fake.plans()[-1]["checks"]}
        self.assertEqual(checks["own"]["tcp"], "127.0.0.1:1")
        self.assertEqual(checks["web"], {"http": "http://127.0.0.1:8080/", "id": "web", "interval_ms": 7000, "port": 8080,
                                         "timeout_ms": 5000})
        node.call("reload")
        for line in ("a profile may not run commands role=worker part=checks name=run",
                     "this machine only: localhost or a loopback address role=worker part=checks name=far",
                     "a label is a string of 1 to 100 bytes without control characters role=worker part=labels"):
            self.assertEqual(node.log().count(line), 1, line)
        self.assertEqual(node.stats()["profile_refusals"], 3)
        node.call("profile_delete", role="worker")
        self.wait_for_labels(other, "own")
        nr.wait_for(lambda: self.ids(fake) == ["own"])

    # One that somebody keeps rewriting has nodeprobe begin anew twice at once, after 5 s, and then not before another 10 s.
    def test_rewritten(self):
        fake = Fake(self.cluster)
        node = self.node(fake=fake, conf="[node]\nrole = worker\napply_profile = checks\n")
        nr.wait_for(fake.plans)
        began = time.monotonic()
        port = 1
        while time.monotonic() - began < 7:
            port += 1
            node.call("profile_put", role="worker", config={"checks": {"web": {"tcp": f"127.0.0.1:{port}"}}})
            time.sleep(0.1)
        self.assertIn(len(fake.plans()), (3, 4))
        node.call("reload")
        nr.wait_for(lambda: fake.plans()[-1]["checks"][0]["tcp"] == f"127.0.0.1:{port}", 5)

    # It is taken over from the first registration on after a start, of another peer's writing too; and only as far as the
    # configuration says, which may change.
    def test_parts(self):
        fake = Fake(self.cluster)
        conf = "[node]\nrole = worker\napply_profile = {}\n"
        node = self.node(fake=fake, conf=conf.format("off"))
        other = self.other(node)
        other.noded.call("profile_put", role="worker", config=self.CONFIG)
        other.noded.call("profile_put", role="painter", config={"labels": ["of-painter"]})
        nr.wait_for(lambda: node.info()["fingerprint"] == other.noded.info()["fingerprint"])
        self.wait_for_labels(other)
        self.configure(node, conf.format("labels"))
        self.wait_for_labels(other, "of-profile", "own")
        self.assertEqual(self.ids(fake), [])
        self.configure(node, conf.format("checks"))
        self.wait_for_labels(other)
        nr.wait_for(lambda: self.ids(fake) == ["own", "web"])
        self.configure(node, conf.format("all").replace("worker", "painter"))
        self.wait_for_labels(other, "of-painter")
        nr.wait_for(lambda: self.ids(fake) == [])
        node.stop()
        node.start()
        self.wait_for_labels(other, "of-painter")


class RealProbe(Case):
    # The real nodeprobe says what this machine is, and what load it has, in the words that readers know.
    def test_capabilities(self):
        node = self.node()
        other = self.other(node)

        def system():
            return self.seen(other)["metadata"]["capabilities"]["system"]

        nr.wait_for(lambda: self.seen(other) and system())
        self.assertEqual((system()["hostname"], system()["cpu_count"] > 0, system()["memory_total_gb"] > 0),
                         (socket.gethostname(), True, True))
        beat = nr.wait_for(lambda: next((b["metrics"] for b in other.get("/api/v1/nodes/described/heartbeats")[1] if b["metrics"]),
                                        None))
        self.assertLessEqual({"cpu_percent", "memory_percent", "memory_available_gb", "disk_percent", "disk_free_gb", "load_1",
                              "load_5", "load_15"}, set(beat))

    # The real nodeprobe looks at services each second: other peers see one go down.
    def test_checks(self):
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        node = self.node(conf="[node]\nno_detect = all\n"
                              f"[check.db]\ntcp = 127.0.0.1:{port}\ninterval = 1\n"
                              "[check.true]\nexec = /bin/true\ninterval = 1\n")
        other = self.other(node)
        up = {"id": "true", "status": "up"}
        self.wait_for_metadata(other, {"modules": [{"id": "db", "port": port, "status": "up"}, up]}, 30)
        listener.close()
        self.wait_for_metadata(other, {"modules": [{"id": "db", "port": port, "status": "down"}, up]}, 30)


if __name__ == "__main__":
    unittest.main()
