#!/usr/bin/python3
"""The control socket, to the letter of proto/CONTROL.md."""

import os
import struct
import threading
import unittest

import nr


class ControlSocket(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = nr.Cluster()
        cls.node = cls.cluster.noded().start()

    @classmethod
    def tearDownClass(cls):
        cls.cluster.__exit__(None)

    def setUp(self):
        self.control = self.node.control()

    def tearDown(self):
        self.control.close()

    def refused(self, word, op, **members):
        with self.assertRaises(nr.ControlError) as caught:
            self.control.call(op, **members)
        self.assertEqual(caught.exception.word, word, str(caught.exception))
        return caught.exception

    # hello comes first, once, and names a role.
    def test_hello(self):
        with nr.Control(self.node.socket, role=None) as c:
            for op, members, word in (("info", {}, "denied"), ("hello", {"version": "1"}, "invalid"),
                                      ("hello", {"role": "king", "version": "1"}, "invalid")):
                with self.assertRaises(nr.ControlError) as caught:
                    c.call(op, **members)
                self.assertEqual(caught.exception.word, word)
            self.assertEqual(c.call("hello", role="facade", version="1")["node_id"], self.node.info()["node_id"])
            with self.assertRaises(nr.ControlError):
                c.call("hello", role="tool", version="1")

    # A facade may write nodes and profiles and read counters; the rest is the tool's.
    def test_roles(self):
        with self.node.control("facade") as c:
            c.call("info")
            c.call("stats")
            for op in ("peers", "declare", "leave", "invite", "reload"):
                with self.assertRaises(nr.ControlError) as caught:
                    c.call(op)
                self.assertEqual(caught.exception.word, "denied")

    # The role tool takes root or noded's own user.
    @unittest.skipUnless(os.geteuid() == 0, "needs root to become somebody else")
    def test_tool_is_for_the_owner(self):
        os.chmod(self.node.socket, 0o666)
        os.chmod(self.cluster.directory, 0o755)
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
            words = []
            for role in ("tool", "facade"):
                try:
                    nr.Control(self.node.socket, role).close()
                    words.append("ok")
                except nr.ControlError as err:
                    words.append(err.word)
            os.write(write, " ".join(words).encode())
            os._exit(0)
        os.waitpid(child, 0)
        os.chmod(self.node.socket, 0o660)
        self.assertEqual(os.read(read, 100), b"denied ok")
        os.close(read)
        os.close(write)

    # Every wrong field is named at once.
    def test_faults(self):
        err = self.refused("invalid", "register", node_id="no spaces", hostname="", ip="1.2.3", role="r" * 101, labels=["ok", ""],
                           metadata={"k": "v" * 8192})
        self.assertEqual(set(err.fields), {"node_id", "hostname", "ip", "role", "labels", "metadata"})
        err = self.refused("invalid", "register", node_id=1, hostname=2, ip=3, role=4, labels="x", metadata=[])
        self.assertEqual(set(err.fields), {"node_id", "hostname", "ip", "role", "labels", "metadata"})
        self.assertEqual(set(self.refused("invalid", "register").fields), {"hostname", "role"})
        err = self.refused("invalid", "register", hostname="a\x00b", role="r", labels=["x"] * 65, metadata={"b": b"binary"})
        self.assertEqual(set(err.fields), {"hostname", "labels", "metadata"})
        err = self.refused("invalid", "heartbeat", status="offline", metrics={"k": "v" * 4096})
        self.assertEqual(set(err.fields), {"node_id", "status", "metrics"})
        self.assertEqual(set(self.refused("invalid", "profile_put", role="").fields), {"role", "config"})
        self.assertEqual(set(self.refused("invalid", "declare", state="sleepy").fields), {"state"})
        self.assertEqual(set(self.refused("invalid", "invite", seeds=["nowhere"]).fields), {"seeds"})
        self.assertEqual(set(self.refused("invalid", "dance").fields), {"op"})

    # Whom a facade gives up on is named within bounds; what has changed meanwhile is no fault.
    def test_give_up(self):
        err = self.refused("invalid", "give_up", nodes=[1], silent_since="x")
        self.assertEqual(set(err.fields), {"silent_since"})
        for nodes in ([1], ["a b"], "x", ["n"] * 257):
            self.assertEqual(set(self.refused("invalid", "give_up", nodes=nodes, silent_since=0).fields), {"nodes"})
        self.assertEqual(set(self.refused("invalid", "give_up").fields), {"nodes", "silent_since"})
        own = self.node.info()["node_id"]
        self.assertEqual(self.control.call("give_up", nodes=["nobody", own], silent_since=2**48 - 1)["marked"], 0)

    # The limits themselves are inside.
    def test_limits(self):
        deep = {}
        for _ in range(29):
            deep = {"d": deep}
        self.control.call("register", node_id="n" * 255, hostname="h" * 255, role="r" * 100, ip="2001:db8::1",
                          labels=[f"{i:0100}" for i in range(64)], metadata=deep)
        self.control.call("register", node_id="wide", hostname="h", role="r", metadata={"k": "v" * 8186})
        self.refused("invalid", "register", node_id="wide", hostname="h", role="r", metadata={"k": "v" * 8187})
        self.refused("invalid", "register", node_id="deep", hostname="h", role="r", metadata={"d": deep})

    # Without node_id the id is the same for the same hostname and ip, and no other's.
    def test_made_id(self):
        def made(**members):
            return self.control.call("register", role="r", **members)["node_id"]
        first = made(hostname="my host", ip="192.0.2.1")
        self.assertRegex(first, r"^node-my-host-[0-9a-f]{8}$")
        self.assertEqual(made(hostname="my host", ip="192.0.2.1"), first)
        self.assertNotEqual(made(hostname="my host", ip="192.0.2.2"), first)
        self.assertNotEqual(made(hostname="my host"), first)

    # A node's life: registered, beating, deleted, unknown.
    def test_life(self):
        self.refused("not_found", "heartbeat", node_id="cat")
        self.control.call("register", node_id="cat", hostname="h", role="r", client="test")
        beat = self.control.call("heartbeat", node_id="cat", metrics={"load": 0.5})
        self.assertEqual(beat["node_id"], "cat")
        self.assertGreater(beat["timestamp"], 1_700_000_000_000)
        self.control.call("heartbeat", node_id="cat", status="draining")
        self.control.call("declare", node_id="cat", state="online")
        self.control.call("delete", node_id="cat")
        self.refused("not_found", "delete", node_id="cat")
        self.refused("not_found", "heartbeat", node_id="cat")
        self.control.call("register", node_id="cat", hostname="h", role="r")
        self.control.call("heartbeat", node_id="cat")

    def test_profiles(self):
        self.control.call("profile_put", role="gpu", config={"a": [1, None, {"b": 2.5}]})
        self.control.call("profile_delete", role="gpu")
        self.refused("not_found", "profile_delete", role="gpu")

    # What is answered has the members that are promised, and nothing is left out.
    def test_facts(self):
        info = self.control.call("info")
        for name, kind in (("node_id", str), ("node_key", bytes), ("version", str), ("started_at", int), ("uptime_ms", int),
                           ("incarnation", int), ("fingerprint", int), ("bind", list), ("advertise", list), ("peers", int),
                           ("records_cold", int), ("records_hot", int), ("records_aside", int), ("clock_behind_ms", int),
                           ("clock_confirmed", bool), ("state", str), ("role", str), ("health", str),
                           ("founder", bool), ("state_dir", str), ("socket", str), ("heartbeat_interval_ms", int)):
            self.assertIsInstance(info[name], kind, name)
        self.assertEqual((info["state"], info["health"], info["role"]), ("online", "ok", "worker"))
        stats = self.control.call("stats")
        self.assertGreater(stats["counters"]["records_accepted"], 0)
        self.assertGreater(stats["counters"]["store_commits"], 0)
        self.assertEqual(set(stats["messages"]["push"]), {"in", "out", "bytes_in", "bytes_out"})
        self.assertEqual(stats["version"], nr.run("noded", "--version")[1].split()[-1])
        self.assertEqual(set(stats["records"]), {"node", "profile", "cert", "revoke", "heartbeat", "verdict", "other"})
        self.assertEqual(set(stats["records"]["node"]), {"held", "self", "gossip", "repair"})
        self.assertGreaterEqual(stats["records"]["node"]["held"], 1)
        self.assertEqual(stats["gauges"]["store_writable"], 1)
        self.assertEqual(stats["gauges"]["fingerprint_low32"], info["fingerprint"] & 0xffffffff)
        for name, commits in (("store_commit", "store_commits"), ("store_pulse_commit", "store_pulse_commits")):
            histogram = stats["histograms"][name]
            self.assertEqual(len(histogram["counts"]), len(histogram["bounds_us"]) + 1)
            self.assertEqual(histogram["bounds_us"], sorted(histogram["bounds_us"]))
            self.assertLessEqual(sum(histogram["counts"]), stats["counters"][commits])
        self.assertIn("heartbeat_spread", stats["histograms"])
        self.assertEqual(self.control.call("peers")["peers"], [])

    # Why a node has its status: one that is alone has no observers; a node that is not there has none.
    def test_standing(self):
        with self.node.control("facade") as facade:
            standing = facade.call("standing", node_id=self.node.info()["node_id"])
            self.assertEqual([standing[k] for k in ("observing", "against", "observers")], [0, 0, []])
            self.assertFalse({"heard_ms_ago", "heard_through", "clock_offset_ms", "gone_until"} & set(standing))
            for wrong, word in (("nobody", "not_found"), ("a b", "invalid"), ("x" * 256, "invalid")):
                with self.assertRaises(nr.ControlError) as caught:
                    facade.call("standing", node_id=wrong)
                self.assertEqual(caught.exception.word, word)
            with self.assertRaises(nr.ControlError) as caught:
                facade.call("standing")
            self.assertEqual(caught.exception.fields, {"node_id": "is required"})

    # An own state is declared, shown, and withdrawn.
    def test_declare(self):
        self.control.call("declare", state="maintenance")
        self.assertEqual(self.control.call("info")["state"], "maintenance")
        self.control.call("declare", state="online")
        self.assertEqual(self.control.call("info")["state"], "online")

    # Many requests at once on one connection are all answered, each under its id.
    def test_pipelining(self):
        requests = {self.control.send("register", node_id=f"pipe-{i}", hostname="h", role="r"): f"pipe-{i}" for i in range(300)}
        for request, node_id in requests.items():
            self.assertEqual(self.control.reply(request)["node_id"], node_id)

    # What waits for the disk at the same time shares a commit.
    def test_group_commit(self):
        before = self.node.stats()["store_commits"]
        requests = [self.control.send("register", node_id=f"group-{i}", hostname="h", role="r") for i in range(300)]
        for request in requests:
            self.control.reply(request)
        self.assertLess(self.node.stats()["store_commits"] - before, 150)

    # Frames that come in pieces are put together; what is no frame ends the connection, and only that one.
    def test_framing(self):
        body = nr.pack({"id": 7, "op": "info"})
        for byte in struct.pack(">I", len(body)) + body:
            self.control.sock.sendall(bytes([byte]))
        self.assertEqual(self.control.read_frame()["id"], 7)
        for bad in (b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", struct.pack(">I", 3) + b"\xc1\xc1\xc1",
                    struct.pack(">I", 1) + b"\x80", struct.pack(">I", 5) + b"\xdd\x00\xff\xff\xff"):
            with self.node.control() as c:
                c.sock.sendall(bad)
                self.assertEqual(c.sock.recv(1), b"", bad)
        # Not canonical: the keys out of order.
        with self.node.control() as c:
            c.send_frame(b"\x82\xa2op\xa4info\xa2id\x01")
            self.assertEqual(c.sock.recv(1), b"")
        self.assertEqual(self.control.call("info")["health"], "ok")

    # Connections beyond the limit are closed, those that are there go on; freed places are taken again.
    def test_many_connections(self):
        held = [nr.Control(self.node.socket) for _ in range(63)]
        try:
            with self.assertRaises(ConnectionError):
                nr.Control(self.node.socket)
            self.assertEqual(held[-1].call("info")["health"], "ok")
        finally:
            for c in held:
                c.close()
        nr.wait_for(lambda: self.node.info())

    # One that asks and does not read is held up, and nobody else.
    def test_no_reader(self):
        lazy = self.node.control()
        lazy.sock.settimeout(0.5)
        try:
            for _ in range(200_000):
                lazy.send("stats")
        except TimeoutError:
            pass  # held up, and not thrown out
        else:
            self.fail("never held up")
        self.assertEqual(self.control.call("info")["health"], "ok")
        lazy.close()

    # Of a node that listens everywhere others are told no loopback address, as long as it has any other.
    def test_reachable_elsewhere(self):
        with nr.Cluster() as cluster:
            everywhere = cluster.noded("everywhere", host="0.0.0.0").start()
            told = everywhere.info()["advertise"]
        local = [a for a in told if a.startswith("127.")]
        self.assertTrue(told)
        self.assertTrue(not local or local == told, told)

    # Several writers at once lose nothing.
    def test_parallel_writers(self):
        def write(n):
            with self.node.control("facade") as c:
                for i in range(50):
                    c.call("register", node_id=f"par-{n}-{i}", hostname="h", role="r")
        before = self.node.info()["records_cold"]
        threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(self.node.info()["records_cold"], before + 400)


if __name__ == "__main__":
    unittest.main()
