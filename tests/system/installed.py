"""Hosts with the project installed: each has a root of its own (this machine's, with a layer of memory over it), its own
processes and a network namespace on the lab's bridge. What is documented with the default paths and ports is run there as
it stands.

    with netns.Lab() as lab, Installed(lab) as a:
        a.start("noded")
        a.shell("nodectl status")

All its processes end with it.
"""

import os
import shutil
import signal
import subprocess
import tempfile

import nr
from netns import die_with_parent

# Nothing of ours that this machine may have is there.
SETUP = """
set -eu
mount --make-rprivate /
mount -t tmpfs -o mode=755 layer "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay root -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount -t proc proc "$1/root/proc"
mount --rbind /dev "$1/root/dev"
mount -t tmpfs -o mode=755 run "$1/root/run"
mount -t tmpfs -o mode=1777 tmp "$1/root/tmp"
rm -rf "$1/root/etc/dagi" "$1/root/var/lib/dagi"
hostname "$2"
echo ready
sleep 3600 & # waited for, so that the first process reaps what others leave behind
wait $!
"""


class Installed:
    def __init__(self, lab, name="host"):
        self.host, self.name = lab.host(), name
        self.address = self.host.address
        self.mounted = tempfile.mkdtemp(prefix="nr-installed-")
        self.holder = subprocess.Popen(
            self.host.command(["unshare", "--mount", "--pid", "--uts", "--fork", "--kill-child", "--", "sh", "-c", SETUP, "sh",
                               self.mounted, name]), stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent)
        assert self.holder.stdout.readline() == "ready\n", "the machine's root could not be made"
        with open(f"/proc/{self.holder.pid}/task/{self.holder.pid}/children", encoding="ascii") as file:
            self.first = int(file.read())
        self.root = f"/proc/{self.first}/root{self.mounted}/root"
        self._install()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()
        os.rmdir(self.mounted)

    def _install(self):
        build = os.environ["NR_BUILD"]
        done = subprocess.run(["cmake", "--install", build, "--prefix", "/usr"], env={**os.environ, "DESTDIR": self.root}, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        assert done.returncode == 0, done.stdout

    def command(self, words):
        return ["nsenter", "--target", str(self.first), "--mount", "--pid", "--uts", "--net", "--", "chroot",
                f"{self.mounted}/root", *words]

    def spawn(self, *words):
        """A program in the background, its words in /tmp/<its name>.log there."""
        with open(f"{self.root}/tmp/{os.path.basename(words[0])}.log", "ab") as log:
            return subprocess.Popen(self.command(list(words)), stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def start(self, *words):
        """noded or nodehttpd, until it answers."""
        process = self.spawn(*words)
        question = "nodectl status" if words[0] == "noded" else "curl -fsS http://localhost:9205/health"
        nr.wait_for(lambda: self.ask(question).returncode == 0, 20, f"{words[0]} answering on {self.name}")
        return process

    def stop(self, name):
        """SIGTERM, until it has ended."""
        self.shell(f"pkill -TERM -x {name}; while pgrep -x {name} >/dev/null; do sleep 0.05; done")

    def ask(self, text, timeout=60):
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8", "TERM": "dumb"}
        return subprocess.run(self.command(["bash", "-euo", "pipefail", "-c", text]), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=timeout, env=environment, check=False)

    def shell(self, text, timeout=60):
        """What it prints; an exit status other than 0 is a failure."""
        done = self.ask(text, timeout)
        assert done.returncode == 0, f"{text}\nended with {done.returncode} on {self.name}:\n{done.stdout}"
        return done.stdout

    def path(self, name):
        """A file there, as seen from here."""
        return self.root + name
