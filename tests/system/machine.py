"""A Debian machine of a test: a root made by mmdebstrap, with systemd as process 1 in namespaces of its own.

    with machine.Machine() as m:
        m.chroot("apt-get", "install", "-y", m.put("x.deb"))    # before it is booted, with the host's network
        m.boot()                                                 # from here on with loopback alone
        m.run("systemctl", "start", "x")

The root is made once for a build directory and never written to: each machine is an overlay over it, whose writable half is in memory.
All of it, the processes too, is gone when the test ends, however that ends.

Needs root: without, the test is skipped, and fails where CI is set. It is skipped, too, where the kernel has no second version of control
groups, or no Debian mirror answers and no root was made before."""

import contextlib
import ctypes
import fcntl
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import nr

SKIPPED = 77
BUILD = os.environ["NR_BUILD"]
CLONE_NEWNS, CLONE_NEWNET = 0x20000, 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8", "HOME": "/root"}

# As process 1 of its PID namespace: into a control group of its own, which the namespace made next takes for its root; then what
# a container manager mounts, and systemd. It says so on the pipe that is its standard output.
BOOT = r"""
set -eu
root=$1 group=$2
echo 0 >"$group/cgroup.procs"
exec unshare --cgroup -- sh -euc '
    root=$1
    hostname machine
    ip link set lo up
    mount -t proc proc "$root/proc"
    mount -t sysfs -o ro sysfs "$root/sys"
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
    mount -t tmpfs -o mode=755 tmpfs "$root/run"
    mount -t tmpfs -o mode=755 tmpfs "$root/dev"
    for node in null zero full random urandom tty; do
        touch "$root/dev/$node"
        mount --bind "/dev/$node" "$root/dev/$node"
    done
    mkdir "$root/dev/pts" "$root/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
    ln -s pts/ptmx "$root/dev/ptmx"
    ln -s /proc/self/fd "$root/dev/fd"
    cd "$root"
    mkdir -p mnt/host
    pivot_root . mnt/host
    umount -l /mnt/host
    rmdir /mnt/host
    echo booting
    exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --unit=multi-user.target </dev/null
' sh "$root"
"""


def skip(why, always=False):
    print(f"skipped: {why}", file=sys.stderr)
    raise SystemExit(1 if os.environ.get("CI") and not always else SKIPPED)


def sources():
    """Where the host gets its packages from, as arguments of mmdebstrap, and how."""
    found = [path for path in ("/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list") if os.path.exists(path)]
    dump = subprocess.run(["apt-config", "dump"], stdout=subprocess.PIPE, text=True, check=True).stdout
    how = re.findall(r'^(Acquire::(?:https?|Check|Retries)\S* ".+");$', dump, re.MULTILINE)
    return found[:1], [f"--aptopt={option}" for option in how]


def base():
    """The root that all machines of this build directory share; made when it is not there yet."""
    where = os.path.join(BUILD, "machine")
    root, unfinished = os.path.join(where, "root"), os.path.join(where, "unfinished")
    os.makedirs(where, exist_ok=True)
    with open(os.path.join(where, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.isdir(root):
            return root
        shutil.rmtree(unfinished, ignore_errors=True)
        mirrors, how = sources()
        made = subprocess.run(
            ["mmdebstrap", "--quiet", "--mode=root", "--variant=apt", "--include=systemd", "--skip=cleanup/apt/lists",
             "--dpkgopt=force-unsafe-io", *how, "bookworm", unfinished, *mirrors],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=240)
        if made.returncode:
            skip(f"mmdebstrap could not make a root: {made.stdout[-2000:]}")
        os.rename(unfinished, root)
    return root


def cgroup2():
    with open("/proc/mounts", encoding="utf-8") as mounts:
        for line in mounts:
            if line.split()[2] == "cgroup2":
                return line.split()[1]
    return None


class Machine:
    """Not booted yet. `root` is its root directory as the test sees it, until it is booted."""

    def __init__(self):
        if os.geteuid() != 0:
            skip("a machine of its own takes root")
        if not cgroup2():
            skip("there is no mounted hierarchy of control groups v2", always=True)
        self.lower = base()
        self.pid1 = self.process = None
        self.directory = tempfile.mkdtemp(prefix="nr-machine-")
        self.root = os.path.join(self.directory, "root")
        self.group = os.path.join(cgroup2(), os.path.basename(self.directory))
        # This process, too, sees the mounts of the machine, and nobody else does.
        if _libc.unshare(CLONE_NEWNS):
            raise OSError(ctypes.get_errno(), "unshare")
        self._host("mount", "--make-rprivate", "/")
        self._host("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", self.directory)
        for name in ("root", "upper", "work"):
            os.mkdir(os.path.join(self.directory, name))
        layers = f"lowerdir={self.lower},upperdir={self.directory}/upper,workdir={self.directory}/work"
        self._host("mount", "-t", "overlay", "-o", layers, "overlay", self.root)
        self._host("mount", "-t", "proc", "proc", os.path.join(self.root, "proc"))

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None and self.pid1:
            print(self.run("journalctl", "--no-pager", "-o", "short-precise", "-n", "60", check=False)[1], file=sys.stderr)
        if self.process:
            self.process.kill()
            self.process.wait()
            nr.wait_for(self._forget_group, 10, "the machine's control groups being empty")
        subprocess.run(["umount", "-R", self.directory], check=False)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _forget_group(self):
        for path, _, _ in os.walk(self.group, topdown=False):
            os.rmdir(path)
        return True

    @staticmethod
    def _host(*words):
        subprocess.run(words, check=True)

    def put(self, path, name=None):
        """Copies a file into /srv there; returns its path there."""
        there = "/srv/" + (name or os.path.basename(path))
        shutil.copy(path, self.path(there))
        return there

    def path(self, path):
        """A path of the machine as the test sees it."""
        return (f"/proc/{self.pid1}/root" if self.pid1 else self.root) + path

    def read(self, path):
        with open(self.path(path), encoding="utf-8") as f:
            return f.read()

    def write(self, path, text, mode=0o644):
        with open(self.path(path), "w", encoding="utf-8") as f:
            f.write(text)
            os.fchmod(f.fileno(), mode)

    @staticmethod
    def _run(words, check, stdin, timeout):
        done = subprocess.run(words, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                              timeout=timeout, env={**ENVIRONMENT, **{k: v for k, v in os.environ.items() if k.endswith("_proxy")}})
        if check:
            assert done.returncode == 0, f"{' '.join(words)}: {done.returncode}\n{done.stdout[-4000:]}"
            return done.stdout
        return done.returncode, done.stdout

    def chroot(self, *words, check=True, stdin=None, timeout=120):
        """Runs a command there before it is booted. Returns what it says; without check, (status, that)."""
        return self._run(["chroot", self.root, *words], check, stdin, timeout)

    def run(self, *words, check=True, stdin=None, timeout=60):
        """The same in the booted machine."""
        return self._run(["nsenter", "-t", str(self.pid1), "-m", "-u", "-i", "-n", "-p", "-C", "--", *words], check, stdin, timeout)

    def boot(self):
        """Starts systemd and waits until it has started what it was to start."""
        os.mkdir(self.group)
        self.process = subprocess.Popen(
            ["unshare", "--pid", "--fork", "--kill-child", "--mount", "--uts", "--ipc", "--net", "--propagation", "private", "--",
             "sh", "-c", BOOT, "sh", self.root, self.group], stdout=subprocess.PIPE, preexec_fn=nr.die_with_parent)
        assert self.process.stdout.readline() == b"booting\n", "the machine does not boot"
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as children:
            self.pid1 = int(children.read().split()[0])
        nr.wait_for(lambda: self.run("systemctl", "is-system-running", check=False)[1].strip() in ("running", "degraded"), 60,
                    "the machine being up")
        return self

    def unit(self, name, *properties):
        """Properties of a unit: one as text, several as a list."""
        said = dict(line.split("=", 1) for line in
                    self.run("systemctl", "show", "-p", ",".join(properties), name).splitlines() if "=" in line)
        return said[properties[0]] if len(properties) == 1 else [said[p] for p in properties]

    @contextlib.contextmanager
    def network(self):
        """The calling thread is in its network namespace: sockets made here are its."""
        with open("/proc/thread-self/ns/net", "rb") as back, open(f"/proc/{self.pid1}/ns/net", "rb") as there:
            assert _libc.setns(there.fileno(), CLONE_NEWNET) == 0
            try:
                yield
            finally:
                assert _libc.setns(back.fileno(), CLONE_NEWNET) == 0

    def http(self, method, path, body=None, port=9205):
        """(status, what the JSON says or None) of the facade there."""
        with self.network():
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            try:
                connection.request(method, path, json.dumps(body) if body is not None else None)
                response = connection.getresponse()
                data = response.read()
            finally:
                connection.close()
        return response.status, json.loads(data) if data else None

    def signal(self, unit, number):
        """To a unit's main process, whose number there is returned."""
        pid = self.unit(unit, "MainPID")
        self.run("sh", "-c", f"kill -{int(number)} {pid}")
        return pid

    def kill(self, unit):
        """SIGKILL to a unit's main process; returns when systemd has started another."""
        before = self.signal(unit, signal.SIGKILL)
        nr.wait_for(lambda: self.unit(unit, "ActiveState") == "active" and self.unit(unit, "MainPID") not in ("0", before), 30,
                    f"{unit} being started anew")


def packages(directory):
    """The packages of this build, made by cpack into the directory: path by name."""
    done = subprocess.run(["cpack", "-G", "DEB", "-B", directory], cwd=BUILD, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout
    return {name.split("_")[0]: os.path.join(directory, name) for name in os.listdir(directory) if name.endswith(".deb")}
