"""What system tests share: peers and facades as real processes in directories and on ports of their own, a client of the control
socket written from proto/CONTROL.md alone, and waiting for conditions.

    with nr.Cluster() as cluster:
        a = cluster.noded().start()
        b = cluster.noded(token=a.invite()).start()
        a.call("register", hostname="h", role="worker", node_id="n")
        nr.wait_for(lambda: b.info()["fingerprint"] == a.info()["fingerprint"])

Leaving the `with` ends every process, and shows the ends of their logs when an exception passes through. A process dies with the test,
however that ends. `wrap` (as Host.command in netns.py) turns a command line into one that runs elsewhere.
"""

import contextlib
import ctypes
import http.client
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

import msgpack

SOURCE = os.environ.get("NR_SOURCE") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("NR_BUILD") or os.path.join(SOURCE, "build")
# For LD_PRELOAD (clock_shift.c); not built for the sanitizers, which want to come first themselves.
CLOCK_SHIFT = os.path.join(BUILD, "tests", "libclock_shift.so")
BIN = os.environ.get("NR_BIN") or os.path.join(BUILD, "bin")
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def program(name):
    return os.path.join(BIN, name)


def die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@contextlib.contextmanager
def interrupts_wait():
    """What SIGINT or SIGTERM raises waits until this is over: between a fork and the note of it, it would lose the child.
    Yields the signals that were blocked before, which the child is to go back to."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        yield before
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def wait_for(condition, timeout=15.0, what=None):
    """Calls `condition` until it returns something true, and returns that. An exception counts as false until the time is over."""
    end = time.monotonic() + timeout
    pause = 0.01
    while True:
        last = None
        try:
            value = condition()
            if value:
                return value
        except (OSError, ControlError, AssertionError, KeyError, ValueError) as err:
            last = err
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout} s: {what or condition}" + (f" ({last!r})" if last else ""))
        time.sleep(pause)
        pause = min(pause * 1.5, 0.2)


def free_port(kind=socket.SOCK_DGRAM, host="127.0.0.1"):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as s:
        s.bind((host, 0))
        return s.getsockname()[1]


def canonical(value):
    """The value with the keys of its maps in canonical order."""
    if isinstance(value, dict):
        return {k: canonical(value[k]) for k in sorted(value, key=lambda k: k.encode())}
    if isinstance(value, (list, tuple)):
        return [canonical(v) for v in value]
    return value


def pack(value):
    return msgpack.packb(canonical(value), use_bin_type=True)


class ControlError(Exception):
    def __init__(self, reply):
        super().__init__(f"{reply.get('error')}: {reply.get('message')} {reply.get('fields', '')}")
        self.word = reply.get("error")
        self.message = reply.get("message")
        self.fields = {f["field"]: f["message"] for f in reply.get("fields", [])}


class Control:
    """A connection to a control socket. `role` None: no hello is said."""

    def __init__(self, path, role="tool", timeout=10.0):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(timeout)
        self.last_id = 0
        self.kept = {}  # replies that came before they were asked for
        try:
            self.sock.connect(path)
            self.hello = self.call("hello", role=role, version="test") if role else None
        except BaseException:
            self.sock.close()
            raise

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send_frame(self, body):
        self.sock.sendall(struct.pack(">I", len(body)) + body)

    def _exactly(self, count):
        parts = []
        while count:
            part = self.sock.recv(min(count, 65536))
            if not part:
                raise ConnectionError("the other side closed the connection")
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def read_frame(self):
        (length,) = struct.unpack(">I", self._exactly(4))
        return msgpack.unpackb(self._exactly(length), raw=False, strict_map_key=False)

    def send(self, op, **members):
        """Sends a request and returns its id; several may be on their way."""
        self.last_id += 1
        self.send_frame(pack({"id": self.last_id, "op": op, **members}))
        return self.last_id

    def reply(self, request):
        while request not in self.kept:
            got = self.read_frame()
            self.kept[got["id"]] = got
        got = self.kept.pop(request)
        if not got["ok"]:
            raise ControlError(got)
        return got

    def call(self, op, **members):
        return self.reply(self.send(op, **members))


class Process:
    """A program that logs into a file."""

    def __init__(self, name, words, log, wrap=None, env=None):
        self.name, self.words, self.log_path, self.env = name, words, log, env
        self.wrap = wrap or (lambda w: w)
        self.process = None

    def spawn(self, stdin=None):
        with open(self.log_path, "ab") as log, interrupts_wait() as blocked:
            def in_child():
                signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
                die_with_parent()

            self.process = subprocess.Popen(self.wrap(self.words), stdout=log, stderr=log,
                                            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
                                            env={**os.environ, **(self.env or {})}, preexec_fn=in_child)
        if stdin is not None:
            self.process.stdin.write(stdin)
            self.process.stdin.close()

    def running(self):
        return self.process is not None and self.process.poll() is None

    def wait(self, timeout=10.0):
        return self.process.wait(timeout)

    def signal(self, number):
        """To the program itself, also where a wrapper stands before it (nsenter and the like become it)."""
        self.process.send_signal(number)

    def stop(self, timeout=10.0):
        """SIGTERM; returns the exit status."""
        if self.running():
            self.signal(signal.SIGTERM)
        return self.wait(timeout)

    def kill(self):
        if self.running():
            self.signal(signal.SIGKILL)
        return self.wait()

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def check_running(self):
        if self.process.poll() is not None:
            raise SystemError(f"{self.name} ended with status {self.process.returncode}:\n{self.log()[-4000:]}")


class Noded(Process):
    def __init__(self, directory, name, *, host="127.0.0.1", port=None, token=None, join=(), node_id=None, flags=(), wrap=None,
                 env=None):
        self.state = os.path.join(directory, name)
        self.socket = os.path.join(directory, name + ".sock")
        self.host, self.port = host, port or free_port(host=host)
        self.address = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"
        self.token = token
        self.first = True
        self.flags = ["--state-dir", self.state, "--socket", self.socket, "--bind", self.address]
        for seed in join:
            self.flags += ["--join", seed]
        if node_id:
            self.flags += ["--node-id", node_id]
        self.flags += list(flags)
        # What a peer finds out about its machine is not the matter of most tests: noded_describe.py switches it on.
        env = {"DAGI_CONFIG": os.devnull, "DAGI_NO_DETECT": "all", **(env or {})}
        super().__init__(name, [program("noded"), *self.flags], os.path.join(directory, name + ".log"), wrap, env)

    def start(self, wait=True):
        """Starts it, with the token the first time, and waits until it answers."""
        self.words = [program("noded"), *self.flags]
        stdin = None
        if self.token and self.first:
            self.words += ["--token", "-"]
            stdin = self.token.encode() + b"\n"
        self.spawn(stdin)
        self.first = False
        if wait:
            self.ready()
        return self

    def ready(self, timeout=20.0):
        def answers():
            self.check_running()
            return self.call("info")
        wait_for(answers, timeout, f"{self.name} answering")
        return self

    def control(self, role="tool"):
        return Control(self.socket, role)

    def call(self, op, **members):
        with self.control() as control:
            return control.call(op, **members)

    def info(self):
        return self.call("info")

    def stats(self):
        return self.call("stats")["counters"]

    def invite(self, **members):
        return self.call("invite", **members)["token"]

    def peers(self):
        return self.call("peers")["peers"]


class Facade(Process):
    def __init__(self, directory, name, noded, *, host="127.0.0.1", port=None, flags=(), wrap=None, env=None):
        self.noded = noded
        self.host, self.port = host, port or free_port(socket.SOCK_STREAM, host)
        listen = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"
        words = [program("nodehttpd"), "--state-dir", noded.state, "--socket", noded.socket, "--listen", listen, *flags]
        env = {"DAGI_CONFIG": os.devnull, **(env or {})}
        super().__init__(name, words, os.path.join(directory, name + ".log"), wrap, env)

    def start(self, wait=True, stdin=None):
        self.spawn(stdin)
        if wait:
            self.ready()
        return self

    def ready(self, timeout=20.0):
        def answers():
            self.check_running()
            return self.get("/health")[0] == 200
        wait_for(answers, timeout, f"{self.name} answering")
        return self

    def request(self, method, path, body=None, headers=None, timeout=10.0):
        """Returns (status, headers, bytes). A body that is no bytes is sent as JSON."""
        headers = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def json(self, method, path, body=None, headers=None):
        """Returns (status, what the JSON says or None)."""
        status, _, data = self.request(method, path, body, headers)
        return status, json.loads(data) if data else None

    def get(self, path, headers=None):
        return self.json("GET", path, None, headers)

    def post(self, path, body, headers=None):
        return self.json("POST", path, body, headers)


class Cluster:
    """A directory and the processes in it."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="nr-")
        self.processes = []

    def __enter__(self):
        return self

    def add(self, process):
        self.processes.append(process)
        return process

    def path(self, *parts):
        return os.path.join(self.directory, *parts)

    def noded(self, name=None, **options):
        return self.add(Noded(self.directory, name or f"noded-{len(self.processes) + 1}", **options))

    def facade(self, noded, name=None, **options):
        return self.add(Facade(self.directory, name or f"http-{len(self.processes) + 1}", noded, **options))

    def peers(self, count, **options):
        """So many started peers of one cluster, each of which has paths to all others."""
        first = self.noded(**options).start()
        token = first.invite()
        rest = [self.noded(token=token, **options).start() for _ in range(count - 1)]
        peers = [first, *rest]
        wait_for(lambda: all(p.info()["peers"] == count - 1 for p in peers), 30, f"{count} peers with paths to each other")
        return peers

    def __exit__(self, kind, *_):
        faults = []
        try:
            if kind is None:
                faults = self.end()
            if kind is not None or faults:
                for p in self.processes:
                    print(f"--- the end of {p.name}'s log\n{p.log()[-3000:]}", file=sys.stderr)
        finally:
            for p in self.processes:
                if p.running():
                    p.kill()
            shutil.rmtree(self.directory, ignore_errors=True)
        assert not faults, faults

    def end(self):
        """Ends what still runs, gracefully; returns what went wrong in that or stands in a log: each sanitizer speaks there, and
        an assertion that failed."""
        running = [p for p in self.processes if p.running()]
        for p in running:
            p.signal(signal.SIGCONT)
            p.signal(signal.SIGTERM)
        faults = [f"{p.name} ended with status {status}" for p in running if (status := p.wait(20)) != 0]
        for p in self.processes:
            faults += [f"{p.name}: {line}" for line in sanitizer_findings(p.log())]
        return faults


def run(name, *flags, stdin=None, env=None, timeout=20.0):
    """Runs a program to its end: (status, stdout, stderr)."""
    done = subprocess.run([program(name), *flags], input=stdin, capture_output=True, text=True, timeout=timeout, check=False,
                          env={**os.environ, "DAGI_CONFIG": os.devnull, **(env or {})})
    return done.returncode, done.stdout, done.stderr


def sanitizer_findings(text):
    """Lines in which a sanitizer or an assertion complains."""
    return re.findall(r"^.*(?:runtime error|(?:ERROR|WARNING): \w+Sanitizer|assertion failed).*$", text, re.MULTILINE)
