#!/usr/bin/python3
"""nodectl bootstrap on a machine without noded: registered over HTTP, again and again one node, and kept alive."""

import json
import os
import socket
import stat
import time
import unittest

import nr
from private import Machine
from rogue import Rogue, reply

NOBODY = 65534


class Registry(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = nr.Cluster()
        cls.noded = cls.cluster.noded(node_id="registry").start()
        cls.facade = cls.cluster.facade(cls.noded).start()
        cls.url = f"http://127.0.0.1:{cls.facade.port}"

    @classmethod
    def tearDownClass(cls):
        cls.cluster.__exit__(None)

    def setUp(self):
        for node_id in self.nodes():
            self.facade.json("DELETE", f"/api/v1/nodes/{node_id}")
        nr.wait_for(lambda: not self.nodes())
        self.machine = Machine()
        self.addCleanup(self.machine.__exit__)

    def nodes(self):
        """Those registered from outside."""
        return {n["node_id"]: n for n in self.facade.get("/api/v1/nodes")[1] if n["node_id"] != "registry"}

    def newest_metrics(self, node_id):
        beats = self.facade.get(f"/api/v1/nodes/{node_id}/heartbeats")[1]
        return beats[0]["metrics"] or {} if beats else {}

    def bootstrap(self, *flags, url=None, expect=0, **options):
        words = ["nodectl", "bootstrap", "--registry-url", url or self.url, *flags]
        status, out, err = self.machine.run(*words, **options)
        self.assertEqual(status, expect, (out, err))
        return out if expect == 0 else err

    def the_node(self):
        nodes = self.nodes()
        self.assertEqual(len(nodes), 1, nodes)
        return next(iter(nodes.values()))


class Once(Registry):
    # The machine is registered as asked for, its id kept where everybody finds it, and its first heartbeat has its load.
    def test_registered(self):
        out = self.bootstrap("--role", "gpu-node", "--labels", "gpu, eu", "--labels=rack-7", "--metadata", "owner=ops", "-o", "json")
        node = self.the_node()
        self.assertEqual(json.loads(out)["node_id"], node["node_id"])
        self.assertEqual((node["role"], node["labels"], node["status"]), ("gpu-node", ["gpu", "eu", "rack-7"], "online"))
        self.assertEqual(node["hostname"], socket.gethostname())
        described = json.loads(self.machine.run("nodectl", "describe", "-o", "json")[1])
        self.assertEqual(node["metadata"]["owner"], "ops")
        self.assertEqual(node["metadata"].get("capabilities", {}).keys(), described["capabilities"].keys())
        # The history of this id may begin with an earlier test's heartbeats.
        nr.wait_for(lambda: self.newest_metrics(node["node_id"]).keys() == described["metrics"].keys(), 10, "a heartbeat with the load")
        self.assertEqual(self.machine.read("etc/dagi/node_id"), node["node_id"] + "\n")
        self.assertEqual(stat.S_IMODE(os.stat(self.machine.path("etc/dagi/node_id")).st_mode), 0o644)

    # Again is an update of the same node; also when the file with its id was lost, or never written.
    def test_again(self):
        self.bootstrap("--role", "one", "--labels", "a")
        first = self.the_node()
        out = self.bootstrap("--role", "two", "--labels", "b,c")
        self.assertIn("two", out)
        self.assertEqual((self.the_node()["node_id"], self.the_node()["role"]), (first["node_id"], "two"))
        self.assertEqual(self.the_node()["labels"], ["b", "c"])
        os.unlink(self.machine.path("etc/dagi/node_id"))
        self.bootstrap("--role", "three")
        self.assertEqual(self.the_node()["node_id"], first["node_id"])
        self.machine.write("no id\n", "etc/dagi/node_id")
        self.bootstrap()
        self.assertEqual(self.the_node()["node_id"], first["node_id"])
        self.assertEqual(self.machine.read("etc/dagi/node_id"), first["node_id"] + "\n")

    # Several at once, and some that are killed at any moment, leave one node and one id.
    def test_at_once_and_cut_short(self):
        words = ["nodectl", "bootstrap", "--registry-url", self.url, "--role", "many"]
        self.machine.write("[node]\nno_detect = load, docker, gpu\n", "etc/dagi/noded.conf")  # what takes its time
        begun = time.monotonic()
        self.bootstrap("--dry-run")
        whole = time.monotonic() - begun
        for part in range(16):
            if os.path.exists(self.machine.path("etc/dagi/node_id")):
                os.unlink(self.machine.path("etc/dagi/node_id"))
            cut = self.machine.start("timeout", "--signal=KILL", f"{whole * (part + 1) / 12:.3f}", *words)
            cut.communicate(timeout=30)
        several = [self.machine.start(*words) for _ in range(4)]
        for process in several:
            out, err = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 0, (out, err))
        self.assertEqual(self.machine.read("etc/dagi/node_id"), self.the_node()["node_id"] + "\n")

    # Who may not write in /etc keeps the id at home; who finds one in /etc uses that.
    def test_at_home(self):
        self.bootstrap("--role", "mine", user=NOBODY)
        node = self.the_node()
        self.assertEqual(self.machine.read("run/home/.config/dagi/node_id"), node["node_id"] + "\n")
        self.assertFalse(os.path.exists(self.machine.path("etc/dagi")))
        self.machine.write("of-the-machine\n", "etc/dagi/node_id")
        self.bootstrap(user=NOBODY)
        self.assertIn("of-the-machine", self.nodes())
        self.bootstrap(user=NOBODY, env={"HOME": "/nowhere"})

    # An id of one's own is taken the first time; another one later would be a second node.
    def test_own_id(self):
        self.bootstrap("--node-id", "atlas", "--hostname", "atlas.example", "--ip", "192.0.2.7")
        node = self.the_node()
        self.assertEqual((node["node_id"], node["hostname"], node["ip"]), ("atlas", "atlas.example", "192.0.2.7"))
        self.assertIn("this machine is the node atlas", self.bootstrap("--node-id", "other", expect=2))
        self.bootstrap("--node-id", "atlas")
        self.the_node()

    # The earlier agent's variables are what is asked for where no option is.
    def test_variables(self):
        env = {"NODE_REGISTRY_URL": self.url + "/", "NODE_ROLE": "by-env", "NODE_TYPE": "vision", "HEARTBEAT_INTERVAL": "30"}
        status, _, err = self.machine.run("nodectl", "bootstrap", env=env)
        self.assertEqual(status, 0, err)
        self.assertEqual((self.the_node()["role"], self.the_node()["metadata"]["node_type"]), ("by-env", "vision"))
        self.bootstrap("--role", "by-flag", env=env)
        self.assertEqual(self.the_node()["role"], "by-flag")
        status, _, err = self.machine.run("nodectl", "bootstrap", env={**env, "HEARTBEAT_INTERVAL": "often"})
        self.assertEqual(status, 2, err)

    # A dry run says what would be sent, and nothing is.
    def test_dry_run(self):
        plan = json.loads(self.bootstrap("--dry-run", "--role", "r", "--labels", "x"))
        self.assertEqual((plan["registry_urls"], plan["registration"]["labels"]), ([self.url], ["x"]))
        self.assertEqual(self.nodes(), {})
        self.assertFalse(os.path.exists(self.machine.path("etc/dagi")))


class Troubles(Registry):
    # Who cannot be reached is named, with why and what to look at; the next address is tried.
    def test_unreachable(self):
        dead = f"http://127.0.0.1:{nr.free_port(socket.SOCK_STREAM)}"
        err = self.bootstrap(url=dead, expect=1)
        self.assertIn(f"{dead}: cannot be reached: ", err)
        self.assertIn("does nodehttpd run there", err)
        self.bootstrap("--registry-url", self.url, url=dead)
        self.the_node()

    # Half an answer, one without end, and one that is no node's, are none; who is slow is given up on.
    def test_odd_answers(self):
        half = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"node_id\": \"ha"
        endless = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 300_000
        page = reply("200 OK", b"<html>welcome</html>", "text/html")
        other = reply("200 OK", b'{"node_id": "no id"}', "application/json")
        with Rogue(b"", hold=True) as slow:
            begun = time.monotonic()
            waiting = self.machine.start("nodectl", "bootstrap", "--registry-url", slow.url)
            for answer, words in ((half, "cannot be reached: "), (endless, "its answer is larger"), (page, "names no node"),
                                  (other, "names no node")):
                with Rogue(answer) as rogue:
                    self.assertIn(words, self.bootstrap(url=rogue.url, expect=1))
                    self.bootstrap("--registry-url", self.url, url=rogue.url)
            _, err = waiting.communicate(timeout=60)
            self.assertEqual(waiting.returncode, 1, err)
            self.assertIn("no answer within 10 s", err)
            self.assertLess(time.monotonic() - begun, 30)
        self.the_node()

    # A registry that answers with another node than the one it was told of does not make the machine that one.
    def test_other_node(self):
        with Rogue(reply("200 OK", b'{"node_id": "usurper"}', "application/json")) as rogue:
            self.bootstrap("--node-id", "mine", url=rogue.url, expect=1)
            self.assertFalse(os.path.exists(self.machine.path("etc/dagi/node_id")))
            self.bootstrap("--node-id", "mine")
            self.assertIn("its answer is about another node, usurper, than mine", self.bootstrap(url=rogue.url, expect=1))
            self.bootstrap("--registry-url", self.url, url=rogue.url)
        self.assertEqual(self.machine.read("etc/dagi/node_id"), "mine\n")
        self.assertEqual(self.the_node()["node_id"], "mine")

    # What a registry says cannot steer the terminal.
    def test_escapes(self):
        body = json.dumps({"detail": "\x1b[2Jgone\u202e", "errors": [{"field": "\x1b]0;x\x07", "message": "\r\x9b1m"}]}).encode()
        for status in ("400 Bad Request", "403 Forbidden", "422 Unprocessable", "503 Away"):
            with Rogue(reply(status, body)) as rogue:
                err = self.bootstrap(url=rogue.url, expect=1)
                self.assertNotRegex(err, "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")

    # A refusal says what to do; a redirection is named and not followed; faulty fields are named each.
    def test_refusals(self):
        for status, words in (("401 Unauthorized", "show one with --key FILE"), ("403 Forbidden", "from its own machine only"),
                              ("503 Service Unavailable", "cannot take it now (503)"), ("404 Not Found", "address of a node registry")):
            with Rogue(reply(status, b'{"detail": "detail of it"}')) as rogue:
                self.assertIn(words, self.bootstrap(url=rogue.url, expect=1))
        with Rogue(b"") as target, Rogue(reply("307 Moved", headers=f"Location: {target.url}/x\r\n")) as rogue:
            self.assertIn(f"it points to {target.url}/x", self.bootstrap(url=rogue.url, expect=1))
            self.assertEqual(target.requests, [])
        err = self.bootstrap("--role", "r" * 101, "--ip", "1.2.3", expect=1)
        self.assertIn("\nnodectl:   role: ", err)
        self.assertIn("\nnodectl:   ip: ", err)
        self.assertFalse(os.path.exists(self.machine.path("etc/dagi/node_id")))

    # A key comes from a file and is shown; it never stands on a command line.
    def test_key(self):
        self.machine.write("s3cret\n", "run/key", mode=0o600)
        with Rogue(reply("403 Forbidden")) as rogue:
            self.assertIn("the key does not do", self.bootstrap("--key", "/run/key", url=rogue.url, expect=1))
            self.bootstrap("--key", "-", url=rogue.url, expect=1, stdin="other\n")
            self.assertIn(b"\r\nAuthorization: Bearer s3cret\r\n", rogue.requests[0])
            self.assertIn(b"\r\nAuthorization: Bearer other\r\n", rogue.requests[1])
        self.assertIn("expected a key", self.bootstrap("--key", "/dev/null", expect=1))
        self.assertIn("cannot be read", self.bootstrap("--key", "/nowhere", expect=1))

    # Wrong usage is refused before anything happens; what is missing is named.
    def test_usage(self):
        for flags, words in ((("--interval", "0"), "--interval"), (("--metadata", "x"), "KEY=VALUE"), (("--node-id", "a b"), "--node-id"),
                             (("--token", "/nowhere"), "one of them"), (("--role", ""), "--role"), (("--color",), "unknown option"),
                             (("--registry-url", "ftp://x"), "expected a URL"), (("--registry-url", "http://u:p@x"), "password")):
            self.assertIn(words, self.bootstrap(*flags, expect=2))
        status, _, err = self.machine.run("nodectl", "bootstrap", "--token", "/nowhere")
        self.assertEqual((status, "cannot be read" in err), (1, True), err)
        status, _, err = self.machine.run("nodectl", "bootstrap", "--token", "-", stdin="dagi1-nonsense\n")
        self.assertEqual((status, "this is not a token" in err), (1, True), err)
        status, _, err = self.machine.run("nodectl", "bootstrap", "--token", "-", stdin=self.noded.invite())
        self.assertEqual((status, "not installed here" in err), (1, True), err)
        os.unlink(self.machine.path("run/bin/nodeprobe"))
        self.assertIn("nodeprobe, which looks at this machine, is missing", self.bootstrap(expect=1))


class KeepAlive(Registry):
    def keep(self, *flags, url=None):
        """Starts one in the foreground; `self.log()` is what it says."""
        self.log_path = self.machine.path("keep.log")
        with open(self.log_path, "w", encoding="utf-8") as log:
            words = ["nodectl", "bootstrap", "--keep-alive", "--interval", "1s", "--registry-url", url or self.url, *flags]
            self.keeper = self.machine.start("sh", "-c", 'echo $$ >/run/keeper.pid; exec "$@"', "sh", *words, log=log)
        self.addCleanup(self.keeper.wait)
        self.addCleanup(self.keeper.kill)

    def log(self):
        with open(self.log_path, encoding="utf-8") as f:
            return f.read()

    def signal(self, word):
        self.assertEqual(self.machine.run("kill", f"-{word}", self.machine.read("run/keeper.pid").strip())[0], 0)

    def beats(self, node_id):
        status, beats = self.facade.get(f"/api/v1/nodes/{node_id}/heartbeats")
        return len(beats) if status == 200 else 0

    # It beats at its interval, comes back when it was deleted, and leaves when it is asked to end; a new start brings it back.
    def test_life(self):
        self.keep("--role", "kept", "--labels", "a")
        node_id = nr.wait_for(lambda: next(iter(self.nodes()), None), 20, "being registered")
        nr.wait_for(lambda: self.beats(node_id) >= 4, 20, "heartbeats")
        # Another one on the machine need not wait for this one's end.
        self.bootstrap("--role", "kept")
        self.assertEqual(self.facade.json("DELETE", f"/api/v1/nodes/{node_id}")[0], 204)
        nr.wait_for(lambda: node_id in self.nodes(), 20, "being registered anew")
        nr.wait_for(lambda: "registered anew" in self.log())
        self.signal("TERM")
        self.assertEqual(self.keeper.wait(10), 0, self.log())
        self.assertEqual(self.the_node()["status"], "left")
        self.assertIn("has left", self.log())
        self.keep("--role", "kept")
        nr.wait_for(lambda: self.the_node()["status"] == "online", 20, "coming back")
        self.signal("INT")
        self.assertEqual(self.keeper.wait(10), 0, self.log())
        self.assertEqual((self.the_node()["status"], self.the_node()["node_id"]), ("left", node_id))
        self.assertFalse(nr.sanitizer_findings(self.log()), self.log())

    # A registry that is away at the start, or goes away later, is waited for, and that is said once, not each time; what an
    # operator declared is not overruled by heartbeats.
    def test_away(self):
        port = nr.free_port(socket.SOCK_STREAM)
        facade = self.cluster.facade(self.noded, f"late-{port}", port=port)
        dead = f"http://127.0.0.1:{nr.free_port(socket.SOCK_STREAM)}"
        self.keep("--registry-url", f"http://127.0.0.1:{port}", url=dead)
        nr.wait_for(lambda: "trying on" in self.log(), 20)
        facade.start()
        node_id = nr.wait_for(lambda: next(iter(self.nodes()), None), 20, "being registered")
        nr.wait_for(lambda: "answers" in self.log())
        self.noded.call("declare", node_id=node_id, state="maintenance")
        facade.stop()
        nr.wait_for(lambda: self.log().count("trying on until") == 2, 20)
        time.sleep(3)  # several tries
        self.assertEqual(self.log().count("trying on"), 2, self.log())
        facade.start()
        nr.wait_for(lambda: self.log().count("answers") == 2, 20)
        self.assertNotIn("registered anew", self.log())
        before = self.beats(node_id)
        nr.wait_for(lambda: self.beats(node_id) > before + 1, 20)
        self.assertEqual(self.the_node()["status"], "maintenance")
        facade.stop()
        self.signal("TERM")
        self.assertEqual(self.keeper.wait(10), 0, self.log())
        self.assertIn("was not told that it has left", self.log())

    # What changes about the machine reaches the registry: here a service that comes and goes.
    def test_changes(self):
        port = nr.free_port(socket.SOCK_STREAM)
        self.machine.write(f"[check.web]\ntcp = 127.0.0.1:{port}\ninterval = 1s\n", "etc/dagi/noded.conf")
        self.assertRegex(self.machine.run("nodectl", "describe")[1], r"(?m)^web +down ")
        self.assertNotIn("web", self.machine.run("nodectl", "describe", "--no-checks")[1])
        self.keep()

        def state():
            return [(m["id"], m["status"]) for m in self.the_node()["metadata"]["modules"]]

        nr.wait_for(lambda: state() == [("web", "down")], 20)
        with socket.create_server(("127.0.0.1", port)):
            nr.wait_for(lambda: state() == [("web", "up")], 20)
        nr.wait_for(lambda: state() == [("web", "down")], 20)
        self.assertNotIn("registered anew", self.log())

    # It ends at once too while it waits for an answer that does not come, and when nobody has ever answered.
    def test_ends_while_waiting(self):
        with Rogue(b"", hold=True) as slow:
            self.keep(url=slow.url)
            nr.wait_for(lambda: slow.requests, 20)
            begun = time.monotonic()
            self.signal("TERM")
            self.assertEqual(self.keeper.wait(10), 0, self.log())
            self.assertLess(time.monotonic() - begun, 5)

    # A registry that refuses the first registration ends it: there is nothing to keep alive.
    def test_refused(self):
        with Rogue(reply("403 Forbidden")) as rogue:
            self.keep(url=rogue.url)
            self.assertEqual(self.keeper.wait(20), 1, self.log())


if __name__ == "__main__":
    unittest.main()
