#!/usr/bin/python3
"""nodeprobe's checks, on real servers, sockets and commands, as good and as bad as they come."""

import os
import socket
import tempfile
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import nr
import probing


class Handler(BaseHTTPRequestHandler):
    """/CODE answers with that; other paths behave badly."""

    def do_GET(self):
        name = self.path.strip("/")
        self.server.seen.append(self.path)
        if name.isdigit():
            self.send_response(int(name))
            self.send_header("Content-Length", "0")
            if name == "302":
                self.send_header("Location", "/200")
            self.end_headers()
            return
        try:
            getattr(self, name)()
        except (BrokenPipeError, ConnectionResetError):
            pass

    def hang(self):
        self.server.over.wait()

    def drip(self):
        self.send_response(200)
        self.end_headers()
        while not self.server.over.wait(0.05):
            self.wfile.write(b"x")

    def flood(self):
        self.send_response(200)
        self.end_headers()
        while not self.server.over.is_set():
            self.wfile.write(b"x" * 65536)

    def garbage(self):
        self.wfile.write(b"\x00\xff no HTTP at all\r\n\r\n")

    def cut(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"x")

    def switch(self):
        self.send_response(self.server.code)
        self.end_headers()

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.over = threading.Event()
        self.seen = []
        self.code = 200
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self.server_port}/{path}"

    def end(self):
        self.over.set()
        self.shutdown()
        self.server_close()


class Checks(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.end)

    def results(self, checks, wanted, **plan):
        """Whether so named checks come to stand as wanted."""
        with probing.Probe() as probe:
            probe.plan(checks=checks, **plan)
            probe.wait_modules(wanted)

    # What a server answers, or fails to, has its status; a redirect is not followed.
    def test_http(self):
        wanted = {"200": "up", "204": "up", "302": "down", "404": "down", "429": "degraded", "500": "down", "503": "degraded",
                  "hang": "down", "drip": "down", "flood": "up", "garbage": "down", "cut": "down"}
        checks = [probing.check(name, http=self.server.url(name), interval_ms=60000,
                                timeout_ms=1500 if name in ("hang", "drip") else 10000) for name in wanted]
        free = nr.free_port(socket.SOCK_STREAM)
        checks.append(probing.check("refused", http=f"http://127.0.0.1:{free}/", interval_ms=60000))
        checks.append(probing.check("no-name", http="http://no.such.host.invalid/", interval_ms=60000))
        checks.append(probing.check("no-tls", http=self.server.url("200").replace("http:", "https:"), interval_ms=60000))
        self.results(checks, {**wanted, "refused": "down", "no-name": "down", "no-tls": "down"})
        self.assertEqual(self.server.seen.count("/200"), 1)

    # A proxy that the environment names is not asked.
    def test_no_proxy(self):
        os.environ["http_proxy"] = f"http://127.0.0.1:{nr.free_port(socket.SOCK_STREAM)}"
        self.addCleanup(os.environ.pop, "http_proxy")
        self.results([probing.check("web", http=self.server.url("200"))], {"web": "up"})

    # A port that takes connections is up, by number and by name; one that does not is down, and so is one that says nothing.
    def test_tcp(self):
        with socket.socket() as full:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            held = []
            self.addCleanup(lambda: [s.close() for s in held])
            for _ in range(4):  # the queue is full then: who comes next gets no answer
                held.append(socket.socket())
                held[-1].setblocking(False)
                held[-1].connect_ex(full.getsockname())
            checks = [probing.check("open", tcp=f"127.0.0.1:{self.server.server_port}", port=self.server.server_port),
                      probing.check("named", tcp=f"localhost:{self.server.server_port}"),
                      probing.check("closed", tcp=f"127.0.0.1:{nr.free_port(socket.SOCK_STREAM)}"),
                      probing.check("silent", tcp=f"127.0.0.1:{full.getsockname()[1]}", timeout_ms=500),
                      probing.check("no-name", tcp="no.such.host.invalid:1")]
            with probing.Probe() as probe:
                probe.plan(checks=checks)
                probe.wait_modules({"open": "up", "named": "up", "closed": "down", "silent": "down", "no-name": "down"})
                self.assertEqual([m.get("port") for m in probe.modules if m["id"] == "open"], [self.server.server_port])
                self.assertTrue(all("port" not in m for m in probe.modules if m["id"] != "open"))

    # A command's status is its check's; one that dies is down, one that cannot be started unknown.
    def test_exec(self):
        wanted = {"0": "up", "1": "degraded", "2": "down", "127": "down"}
        checks = [probing.check(name, exec=f"/bin/sh -c 'exit {name}'") for name in wanted]
        checks += [probing.check("killed", exec="/bin/sh -c 'kill -9 $$'"),
                   probing.check("missing", exec="/no/such/program"),
                   probing.check("no-program", exec="/etc/passwd"),
                   probing.check("by-path", exec="true"),
                   probing.check("loud", exec="/bin/sh -c 'head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2'"),
                   probing.check("surroundings", exec="/bin/sh -c 'test \"$(pwd)\" = / && ! read x && exec ls -l /proc/self/fd'")]
        with probing.Probe() as probe:
            probe.plan(checks=checks)
            probe.wait_modules({**wanted, "killed": "down", "missing": "unknown", "no-program": "unknown", "by-path": "up",
                                "loud": "up", "surroundings": "up"})

    # A command's first line stands in the log; nothing of its descriptors but its own three is there.
    def test_exec_output(self):
        with probing.Probe() as probe:
            probe.plan(checks=[probing.check("says", exec="/bin/sh -c 'echo one; echo two'"),
                               probing.check("fds", exec="/bin/sh -c 'for f in 0 1 2 3 4 5 6 7 8 9; do test -e /proc/$$/fd/$f && printf $f; done'")])
            probe.wait_modules({"says": "up", "fds": "degraded"})
            self.assertRegex(probe.log(), r"check: up: status 0: one id=says")
            self.assertNotIn("two", probe.log())
            self.assertRegex(probe.log(), r"check: degraded: status 1: 012 id=fds")

    # A command that hangs is down at its timeout and killed with all that it has started; others are looked at meanwhile.
    def test_hanging_command(self):
        with tempfile.TemporaryDirectory() as folder:
            pids = os.path.join(folder, "pids")
            hanging = f"/bin/sh -c 'trap \"\" TERM; sleep 1000 & echo $$ $! >> {pids}; wait; sleep 1000'"
            with probing.Probe() as probe:
                probe.plan(checks=[probing.check("hangs", exec=hanging, timeout_ms=1000, interval_ms=60000),
                                   probing.check("web", http=self.server.url("200"), interval_ms=1000)])
                probe.wait_modules({"hangs": "down", "web": "up"})
                with open(pids, encoding="ascii") as f:
                    started = [int(pid) for pid in f.read().split()]
                self.assertEqual(len(started), 2)
                nr.wait_for(lambda: all(probing.gone(pid) for pid in started), 5)
                seen = len(self.server.seen)
                nr.wait_for(lambda: len(self.server.seen) > seen)

    # A report comes when something has changed, and not otherwise.
    def test_changes(self):
        with probing.Probe() as probe:
            probe.plan(checks=[probing.check("web", http=self.server.url("switch"))])
            probe.wait_modules({"web": "up"})
            seen = len(self.server.seen)
            nr.wait_for(lambda: len(self.server.seen) >= seen + 2)
            self.server.code = 503
            probe.wait_modules({"web": "degraded"})
            self.server.code = 500
            probe.wait_modules({"web": "down"})
            self.server.code = 200
            probe.wait_modules({"web": "up"})
            self.assertEqual([h["web"] for h in probe.history], ["up", "degraded", "down", "up"])

    # Where nothing changes for 30 s an empty report says that it lives: here by a clock that runs twenty times as fast, and is looked
    # at as often as the check is due.
    @unittest.skipUnless(os.path.exists(nr.CLOCK_SHIFT), "built for a sanitizer")
    def test_sign_of_life(self):
        with probing.Probe(env={"LD_PRELOAD": nr.CLOCK_SHIFT, "CLOCK_RATE": "20"}) as probe:
            probe.plan(checks=[probing.check("open", tcp=f"127.0.0.1:{self.server.server_port}", timeout_ms=60000)])
            probe.wait_modules({"open": "up"})
            began = time.monotonic()
            self.assertEqual(probe.read(15), {})
            self.assertGreater(time.monotonic() - began, 1)

    # What has no result after a while is told as unknown, and does not keep back the others.
    def test_unknown_at_first(self):
        with probing.Probe() as probe:
            probe.plan(checks=[probing.check("slow", http=self.server.url("hang"), timeout_ms=6000, interval_ms=60000),
                               probing.check("web", http=self.server.url("200"))])
            probe.wait_modules({"slow": "unknown", "web": "up"}, 5.8)
            probe.wait_modules({"slow": "down", "web": "up"})

    # Many that hang do not keep the others from being looked at for long: they are given up one after the other.
    def test_many_hanging(self):
        checks = [probing.check(f"hangs-{i:02}", http=self.server.url("hang"), timeout_ms=500, interval_ms=60000)
                  for i in range(40)]
        checks += [probing.check(f"web-{i:02}", http=self.server.url("200"), timeout_ms=10000, interval_ms=60000)
                   for i in range(24)]
        self.results(checks, {c["id"]: "down" if c["id"].startswith("hangs") else "up" for c in checks})

    # A new plan replaces the one before: its checks are looked at, the others are gone, one that stayed keeps its status.
    def test_new_plan(self):
        hanging = probing.check("hangs", exec="/bin/sleep 1000", timeout_ms=60000, interval_ms=60000)
        web = probing.check("web", http=self.server.url("200"), timeout_ms=10000, interval_ms=60000)
        with probing.Probe() as probe:
            probe.plan(checks=[web, hanging])
            probe.wait_modules({"web": "up", "hangs": "unknown"})
            below = probing.children(probe.process.pid)
            self.assertIn("sleep", [name for _, name in below])
            probe.plan(checks=[web, probing.check("port", tcp=f"127.0.0.1:{self.server.server_port}")])
            probe.wait_modules({"web": "up", "port": "up"})
            self.assertNotIn("unknown", [h.get("web") for h in probe.history])
            nr.wait_for(lambda: all(probing.gone(pid) for pid, _ in below))
            probe.plan()
            probe.wait_modules({})
            self.assertEqual(probe.modules, [])

    # When its socket is closed nodeprobe ends at once, and all that it has started with it.
    def test_end(self):
        with probing.Probe() as probe:
            probe.plan(checks=[probing.check("a", exec="/bin/sh -c 'sleep 1000 & wait'", timeout_ms=60000, interval_ms=60000),
                               probing.check("b", http=self.server.url("hang"), timeout_ms=60000, interval_ms=60000)])
            nr.wait_for(lambda: "sleep" in [n for _, n in probing.children(probe.process.pid)] and "/hang" in self.server.seen)
            begun = time.monotonic()
            self.assertEqual(probe.end(), 0)
            self.assertLess(time.monotonic() - begun, 5)

    # Killed, it leaves nothing behind either: its tasks and their commands die with it.
    def test_killed(self):
        probe = probing.Probe()
        self.addCleanup(probe.__exit__, Exception)
        probe.plan(checks=[probing.check("a", exec="/bin/sleep 1000", timeout_ms=60000, interval_ms=60000)])
        nr.wait_for(lambda: "sleep" in [n for _, n in probing.children(probe.process.pid)])
        below = probing.children(probe.process.pid)
        probe.process.kill()
        probe.process.wait()
        nr.wait_for(lambda: all(probing.gone(pid) for pid, _ in below))

    # Asked for everything once, it answers in one frame, and ends.
    def test_once(self):
        with probing.Probe() as probe:
            probe.plan(once=True, checks=[probing.check("web", http=self.server.url("200"), timeout_ms=10000),
                                          probing.check("hangs", exec="/bin/sleep 1000", timeout_ms=500)])
            probe.wait_modules({"web": "up", "hangs": "down"})
            self.assertEqual(probe.reports, 1)
            with self.assertRaises(ConnectionError):
                probe.read(5)
            self.assertEqual(probe.process.wait(5), 0)

    # Asked for nothing, it says so.
    def test_nothing_once(self):
        with probing.Probe() as probe:
            probe.plan(once=True)
            self.assertEqual(probe.read(10), {})

    # What is no plan ends it, and it says why; so does a frame that is none.
    def test_bad_plans(self):
        for body in (b"\xc1", b"\x80\x80", nr.pack({"checks": [{"id": "a"}]}), nr.pack({"checks": 1})):
            with probing.Probe() as probe:
                probe.send(body)
                with self.assertRaises(ConnectionError):
                    probe.read(5)
                self.assertIn("plan refused", probe.log())
        with probing.Probe() as probe:
            probe.sock.sendall(b"\xff\xff\xff\xff")
            with self.assertRaises(ConnectionError):
                probe.read(5)


class Words(unittest.TestCase):
    # Started by hand it says what it is for.
    def test_by_hand(self):
        status, _, err = nr.run("nodeprobe", stdin="")
        self.assertEqual(status, 2)
        self.assertIn("noded", err)
        status, out, _ = nr.run("nodeprobe", "--version")
        self.assertEqual((status, out.split()[0]), (0, "nodeprobe"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
