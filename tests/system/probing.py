"""nodeprobe as its starter sees it: a process with a socket, plans in, reports out, in frames written from proto/CONTROL.md and
src/probe/plan.h alone.

    with probing.Probe() as probe:
        probe.plan(checks=[probing.check("web", http="http://127.0.0.1:80/")])
        probe.wait_modules({"web": "up"})

Leaving the `with` closes the socket and demands that nodeprobe ends by itself with status 0 and leaves no process behind.
"""

import os
import socket
import struct
import subprocess
import tempfile
import time

import msgpack

import nr

SOURCES = ["system", "disks", "gpu", "docker", "ollama", "load"]


def check(name, *, interval_ms=1000, timeout_ms=1000, port=0, **target):
    """A check of a plan; the target is one of http, tcp and exec."""
    return {"id": name, "interval_ms": interval_ms, "timeout_ms": timeout_ms, "port": port, **target}


def children(pid):
    """The processes below one: (pid, what it runs)."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as f:
                name, rest = f.read().rsplit(")", 1)
        except (OSError, ValueError):
            continue
        if entry.isdigit() and int(rest.split()[1]) == pid and rest.split()[0] != "Z":
            found += [(int(entry), name.split("(", 1)[1]), *children(int(entry))]
    return found


def gone(pid):
    """Whether a process has ended (a zombie has)."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


class Probe:
    def __init__(self, env=None, wrap=None):
        """`env`: more of its environment; `wrap`: as in nr.py."""
        self.sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen((wrap or list)([nr.program("nodeprobe")]), stdin=theirs, stdout=theirs, stderr=self.errors,
                                        env={**os.environ, **(env or {})}, preexec_fn=nr.die_with_parent)
        theirs.close()
        self.received = b""
        self.capabilities, self.modules, self.metrics = None, None, None
        self.reports = 0
        self.history = []  # every state of the modules that was told

    def __enter__(self):
        return self

    def send(self, body):
        self.sock.sendall(struct.pack(">I", len(body)) + body)

    def plan(self, *, checks=(), sources=(), load_ms=0, once=False, ollama="", log="debug"):
        """A new plan; of the sources all are off but those named."""
        self.send(nr.pack({"checks": list(checks), "load_ms": load_ms, "log": log, "off": [s for s in SOURCES if s not in sources],
                           "ollama": ollama, "once": once}))

    def read(self, timeout):
        """The next report, or None when none comes in time. ConnectionError at the end."""
        end = time.monotonic() + timeout
        while True:
            if len(self.received) >= 4:
                size = struct.unpack(">I", self.received[:4])[0]
                if len(self.received) >= 4 + size:
                    frame, self.received = self.received[4:4 + size], self.received[4 + size:]
                    return self.take(frame)
            left = end - time.monotonic()
            if left <= 0:
                return None
            self.sock.settimeout(left)
            try:
                part = self.sock.recv(65536)
            except TimeoutError:
                return None
            if not part:
                raise ConnectionError("nodeprobe closed its socket")
            self.received += part

    def take(self, frame):
        report = msgpack.unpackb(frame, raw=False, strict_map_key=True)
        assert nr.pack(report) == frame, "not canonical"
        assert not set(report) - {"capabilities", "metrics", "modules"}, report
        self.reports += 1
        self.capabilities = report.get("capabilities", self.capabilities)
        self.metrics = report.get("metrics", self.metrics)
        if "modules" in report:
            self.modules = report["modules"]
            ids = [m["id"] for m in self.modules]
            assert ids == sorted(ids), ids
            self.history.append(self.statuses())
        return report

    def statuses(self):
        return {m["id"]: m["status"] for m in self.modules or []}

    def wait(self, condition, timeout=15.0):
        """Reads reports until the condition holds."""
        end = time.monotonic() + timeout
        while not condition():
            left = end - time.monotonic()
            if left <= 0 or self.read(left) is None:
                raise AssertionError(f"not within {timeout} s: {self.modules} {self.capabilities} {self.metrics}\n{self.log()}")

    def wait_modules(self, wanted, timeout=15.0):
        self.wait(lambda: self.modules is not None and self.statuses() == wanted, timeout)

    def log(self):
        self.errors.seek(0)
        return self.errors.read().decode("utf-8", "replace")

    def end(self):
        """Closes the socket; returns the exit status when nodeprobe has ended, and all below it."""
        below = children(self.process.pid)
        self.sock.close()
        status = self.process.wait(10)
        nr.wait_for(lambda: all(gone(pid) for pid, _ in below), 5, f"the end of {below}")
        return status

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                status = self.end()
                assert status == 0, (status, self.log())
                assert not nr.sanitizer_findings(self.log()), self.log()
        finally:
            self.sock.close()
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.errors.close()
