#!/usr/bin/python3
"""What nodeprobe finds: this machine as Python sees it, and tools and servers as good and as bad as they come."""

import json
import os
import platform
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer

import nr
import probing

GIB = 2 ** 30
NO_OLLAMA = ({"ollama": {"available": False}, "services": []}, {})
MODELS = {"models": [{"name": "qwen2:7b", "model": "qwen2:7b", "size": 4431400262, "details": {"family": "qwen2"}},
                     {"name": "llama3:8b", "model": "llama3:8b", "size": 4661224676}]}
DOCKER = {"Platform": {"Name": "Docker Engine - Community"}, "Version": "24.0.7", "ApiVersion": "1.43", "Os": "linux"}


class Handler(BaseHTTPRequestHandler):
    """Answers as Ollama and Docker do, below a path that says how well."""

    def do_GET(self):
        self.server.seen.append(self.path)
        try:
            {"/api/tags": self.tags, "/version": self.version, "/hang/api/tags": self.server.over.wait,
             "/endless/api/tags": self.endless, "/headers/api/tags": self.headers_without_end,
             "/garbage/api/tags": self.garbage, "/large/api/tags": self.large}.get(self.path, self.missing)()
        except (BrokenPipeError, ConnectionResetError):
            pass

    def answer(self, body, status=200):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def tags(self):
        self.answer(json.dumps(MODELS).encode())

    def version(self):
        self.answer(json.dumps(DOCKER).encode())

    def missing(self):
        self.answer(json.dumps(MODELS).encode(), 404)

    def garbage(self):
        self.answer(b"\x00\xff{{{ no JSON")

    # Right, but over the bound.
    def large(self):
        self.answer(json.dumps({**MODELS, "more": "x" * 2 ** 20}).encode())

    def endless(self):
        self.send_response(200)
        self.end_headers()
        while not self.server.over.is_set():
            self.wfile.write(b" " * 65536)

    def headers_without_end(self):
        self.send_response(200)
        while not self.server.over.is_set():
            self.wfile.write(b"X-More: " + b"x" * 8000 + b"\r\n")

    def address_string(self):
        return "local"

    def log_message(self, *_):
        pass


class Serving:
    """Runs in threads until `end`."""
    daemon_threads = True

    def serve(self):
        self.over, self.seen = threading.Event(), []
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def end(self):
        self.over.set()
        self.shutdown()
        self.server_close()


class Server(Serving, ThreadingHTTPServer):
    pass


class UnixServer(Serving, ThreadingHTTPServer):
    address_family = socket.AF_UNIX
    server_name, server_port = "local", 0
    server_bind = HTTPServer.__mro__[1].server_bind  # without looking for a host's name


def look(sources, *, env=None, wrap=None, timeout=20, **plan):
    """(capabilities, metrics) of everything once."""
    with probing.Probe(env, wrap) as probe:
        probe.plan(sources=sources, once=True, **plan)
        report = probe.read(timeout)
        assert report is not None, probe.log()
        return report.get("capabilities", {}), report.get("metrics", {})


def proc(path):
    with open(f"/proc/{path}", encoding="utf-8") as f:
        return f.read()


def memory():
    """(total, available) in bytes."""
    lines = dict(line.split(":") for line in proc("meminfo").splitlines())
    return tuple(int(lines[key].split()[0]) * 1024 for key in ("MemTotal", "MemAvailable"))


def sectors(disk):
    with open(f"/sys/block/{disk}/size", encoding="ascii") as f:
        return int(f.read())


def write_script(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write("#!/bin/sh\n" + text)
    os.chmod(path, 0o755)


class Detect(unittest.TestCase):
    def setUp(self):
        self.server = Server(("127.0.0.1", 0), Handler).serve()
        self.addCleanup(self.server.end)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.path = {"PATH": self.folder}  # no tool of this machine's is found

    # The system is what this machine says of itself elsewhere.
    def test_system(self):
        system = look(["system"])[0]["system"]
        uname = os.uname()
        self.assertEqual([system[key] for key in ("hostname", "platform", "platform_version", "architecture", "cpu_count", "os")],
                         [socket.gethostname(), uname.sysname, uname.release, uname.machine, os.cpu_count(),
                          platform.freedesktop_os_release()["PRETTY_NAME"]])
        self.assertEqual(system["memory_total_gb"], round(memory()[0] / GIB, 2))
        root = os.statvfs("/")
        self.assertAlmostEqual(system["disk_total_gb"], root.f_blocks * root.f_frsize / GIB, delta=0.006)
        self.assertIn(system["local_ip"], [*system["addresses"], "127.0.0.1"])
        self.assertNotIn("127.0.0.1", system["addresses"])

    # Disks are those below /sys/block that have a size and are made of nothing else.
    def test_disks(self):
        disks = {disk["name"]: disk for disk in look(["disks"])[0].get("disks", [])}
        for name, disk in disks.items():
            self.assertEqual(disk["size_gb"], round(sectors(name) * 512 / GIB, 2))
        there = [n for n in os.listdir("/sys/block") if n.startswith(("vd", "sd", "nvme")) and sectors(n) > 0]
        self.assertLessEqual(set(there), set(disks))
        self.assertFalse([n for n in disks if n.startswith(("loop", "ram", "zram", "dm-", "md"))])

    # Load is as /proc and statvfs tell it; the CPU's is at its top while all CPUs are busy.
    def test_load(self):
        before = [float(v) for v in proc("loadavg").split()[:3]]
        metrics = look(["load"])[1]
        after = [float(v) for v in proc("loadavg").split()[:3]]
        for key, low, high in zip(("load_1", "load_5", "load_15"), before, after):
            self.assertTrue(min(low, high) - 0.01 <= metrics[key] <= max(low, high) + 0.01, (key, metrics[key], low, high))
        total, available = memory()
        self.assertAlmostEqual(metrics["memory_available_gb"], available / GIB, delta=2)
        self.assertAlmostEqual(metrics["memory_percent"], 100 * (total - available) / total, delta=10)
        root = os.statvfs("/")
        used = root.f_blocks - root.f_bfree
        self.assertAlmostEqual(metrics["disk_percent"], 100 * used / (used + root.f_bavail), delta=1)
        self.assertAlmostEqual(metrics["disk_free_gb"], root.f_bavail * root.f_frsize / GIB, delta=1)
        self.assertTrue(0 <= metrics["cpu_percent"] <= 100, metrics)

    # From the second time on the CPU's share is that since the time before: busy CPUs show.
    def test_busy_cpu(self):
        busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"], preexec_fn=nr.die_with_parent)
                for _ in range(os.cpu_count())]
        try:
            with probing.Probe() as probe:
                probe.plan(sources=["load"], load_ms=500)
                probe.wait(lambda: probe.metrics and probe.metrics["cpu_percent"] > 90, 30)
        finally:
            for process in busy:
                process.kill()
                process.wait()

    # Each source that is off leaves out its own; all that are off say nothing.
    def test_switched_off(self):
        own = {"system": {"system"}, "disks": {"disks"}, "ollama": {"ollama", "services"}, "gpu": {"gpu", "features"},
               "load": set(), "docker": set()}
        write_script(f"{self.folder}/nvidia-smi", "echo 'NVIDIA X, 1024, 256, 50'\n")
        for off in own:
            on = [name for name in own if name != off]
            found, metrics = look(on, ollama=self.url, env=self.path)
            self.assertEqual(own[off] & set(found) - {"features"}, set(), off)
            self.assertLessEqual({"system", "gpu", "ollama"} - own[off], set(found))
            self.assertEqual(bool(metrics), off != "load")
            self.assertEqual("gpu_percent" in metrics, off not in ("load", "gpu"))

    # NVIDIA's tool is found on $PATH and asked once for facts, once for load.
    def test_nvidia(self):
        write_script(f"{self.folder}/nvidia-smi",
                     f"echo \"$@\" >> {self.folder}/asked\necho 'NVIDIA A, 24576, 6144, 40'\necho 'NVIDIA B, 8192, 2048, 60'\n")
        found, metrics = look(["gpu", "load"], env=self.path)
        self.assertEqual(found["features"], ["gpu"])
        self.assertEqual([g["name"] for g in found["gpu"]["devices"]][:2], ["NVIDIA A", "NVIDIA B"])
        self.assertEqual(found["gpu"]["gpus"][:2], ["NVIDIA A", "NVIDIA B"])
        self.assertEqual(found["gpu"]["devices"][0], {"name": "NVIDIA A", "vendor": "NVIDIA", "memory_gb": 24})
        if found["gpu"]["count"] == 2:
            self.assertEqual((metrics["gpu_percent"], metrics["gpu_memory_percent"]), (50, 25))
        with open(f"{self.folder}/asked", encoding="ascii") as f:
            self.assertEqual(set(f), {"--query-gpu=name,memory.total,memory.used,utilization.gpu "
                                      "--format=csv,noheader,nounits\n"})

    # A tool that hangs, with a child, and a server that hangs are given up, and gone; all else is reported.
    def test_hanging(self):
        pids = f"{self.folder}/pids"
        write_script(f"{self.folder}/nvidia-smi", f"trap '' TERM\n/bin/sleep 1000 &\necho $$ $! >> {pids}\nwait\n")
        begun = time.monotonic()
        found, metrics = look(["system", "gpu", "load", "ollama"], ollama=f"{self.url}/hang", env=self.path)
        self.assertLess(time.monotonic() - begun, 15)
        self.assertIn("system", found)
        self.assertIn("cpu_percent", metrics)
        self.assertNotIn("ollama", found)
        self.assertNotIn("gpu_percent", metrics)
        with open(pids, encoding="ascii") as f:
            started = [int(pid) for pid in f.read().split()]
        self.assertEqual(len(started), 4)
        nr.wait_for(lambda: all(probing.gone(pid) for pid in started), 5)

    # An Ollama's models, by name; a slash at the end of its URL does not matter, nor does a proxy.
    def test_ollama(self):
        env = {"http_proxy": f"http://127.0.0.1:{nr.free_port(socket.SOCK_STREAM)}"}
        found, _ = look(["ollama"], ollama=self.url + "/", env=env)
        self.assertEqual(found, {"services": ["ollama"],
                                 "ollama": {"available": True, "count": 2, "models": ["llama3:8b", "qwen2:7b"]}})

    # What is no Ollama is none, which is said where it is plain: another page, nobody. Garbage, too much and what has no end say nothing.
    def test_no_ollama(self):
        for path in ("garbage", "no-such", "large", "endless", "headers"):
            begun = time.monotonic()
            self.assertEqual(look(["ollama"], ollama=f"{self.url}/{path}"), NO_OLLAMA if path == "no-such" else ({}, {}), path)
            self.assertLess(time.monotonic() - begun, 8)
            self.assertIn(f"/{path}/api/tags", self.server.seen)
        self.assertEqual(look(["ollama"], ollama=f"http://127.0.0.1:{nr.free_port(socket.SOCK_STREAM)}"), NO_OLLAMA)


@unittest.skipUnless(os.geteuid() == 0, "a /run of its own takes root")
class Docker(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.run, self.bin = f"{folder.name}/run", f"{folder.name}/bin"
        os.mkdir(self.run)
        os.mkdir(self.bin)

    def found(self):
        """What is found with that /run and those programs."""
        inside = ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", f"/bin/mount --bind {self.run} /run && exec \"$0\""]
        return look(["docker"], env={"PATH": self.bin}, wrap=lambda words: [*inside, *words])[0]

    # The version comes from Docker's socket.
    def test_version(self):
        server = UnixServer(f"{self.run}/docker.sock", Handler).serve()
        self.addCleanup(server.end)
        self.assertEqual(self.found(), {"features": ["docker"], "docker": {"version": "24.0.7", "api_version": "1.43"}})
        self.assertEqual(server.seen, ["/version"])

    # A socket that nobody answers on, or the program alone, is a Docker without a version; nothing is none.
    def test_without_version(self):
        self.assertEqual(self.found(), {"features": []})
        write_script(f"{self.bin}/docker", "exit 0\n")
        self.assertEqual(self.found(), {"features": ["docker"]})
        os.unlink(f"{self.bin}/docker")
        with socket.socket(socket.AF_UNIX) as silent:
            silent.bind(f"{self.run}/docker.sock")
            self.assertEqual(self.found(), {"features": ["docker"]})
            silent.listen(8)  # takes the connection and says nothing
            self.assertEqual(self.found(), {"features": ["docker"]})


if __name__ == "__main__":
    unittest.main(verbosity=2)
