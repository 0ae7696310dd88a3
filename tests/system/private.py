"""A machine by half, for programs that write where only one of them is at home: /etc, /run, /var/lib and the processes are private,
the network is shared.

    with Machine() as m:
        m.run("nodectl", "bootstrap", …)           # (status, stdout, stderr)
        m.path("etc/dagi/node_id")                 # where the test finds its files

Needs root: without, the test is skipped, and fails where CI is set. All that runs there dies with it, and it with the test.
"""

import os
import shutil
import subprocess
import sys
import tempfile

import nr

SKIPPED = 77
PRIVATE = {"etc": "/etc", "run": "/run", "lib": "/var/lib"}
ETC = ("group", "hosts", "ld.so.cache", "localtime", "nsswitch.conf", "passwd", "resolv.conf")
ENV = {"HOME": "/run/home", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "no_proxy": "*", "LC_ALL": "C.UTF-8"}


class Machine:
    def __init__(self, programs=("nodectl", "nodeprobe")):
        """`programs` stand in a directory of their own, first on PATH: what is not among them is not installed."""
        if os.geteuid() != 0:
            print("a machine of its own takes root: run this test as root", file=sys.stderr)
            raise SystemExit(1 if os.environ.get("CI") else SKIPPED)
        self.directory = tempfile.mkdtemp(prefix="nr-machine-")
        for name in (*PRIVATE, "run/bin", "run/home"):
            os.makedirs(self.path(name))
        os.chmod(self.directory, 0o755)
        os.chmod(self.path("run/home"), 0o777)
        for name in ETC:
            if os.path.exists(f"/etc/{name}"):
                shutil.copy(f"/etc/{name}", self.path("etc"))
        for name in programs:
            self.install(name)
        mounts = "; ".join(f"mount --bind {self.path(name)} {place}" for name, place in PRIVATE.items())
        self.holder = subprocess.Popen(["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--", "sh", "-ec",
                                        f"{mounts}; echo ready; sleep 3600 & wait"], stdout=subprocess.PIPE,
                                       preexec_fn=nr.die_with_parent)
        assert self.holder.stdout.readline() == b"ready\n"
        with open(f"/proc/{self.holder.pid}/task/{self.holder.pid}/children", encoding="ascii") as f:
            self.init = int(f.read().split()[0])
        self.env = {**ENV, "PATH": f"/run/bin:{ENV['PATH']}"}

    def path(self, *parts):
        return os.path.join(self.directory, *parts)

    def install(self, name):
        shutil.copy(nr.program(name), self.path("run/bin", name))

    def command(self, words, user=None):
        """A command line that runs `words` there."""
        become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--"] if user else []
        return ["nsenter", f"--target={self.init}", "--mount", "--pid", "--", *become, *words]

    def start(self, *words, user=None, env=None, log=None, **options):
        out = {"stdout": log, "stderr": log} if log else {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        keep = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
        return subprocess.Popen(self.command(words, user), text=True, env={**keep, **self.env, **(env or {})},
                                preexec_fn=nr.die_with_parent, **out, **options)

    def run(self, *words, stdin="", user=None, env=None, timeout=60):
        """Runs a program to its end: (status, stdout, stderr)."""
        process = self.start(*words, user=user, env=env, stdin=subprocess.PIPE)
        out, err = process.communicate(stdin, timeout)
        assert not nr.sanitizer_findings(err), err
        return process.returncode, out, err

    def read(self, *parts):
        with open(self.path(*parts), encoding="utf-8") as f:
            return f.read()

    def write(self, text, *parts, mode=0o644):
        os.makedirs(os.path.dirname(self.path(*parts)), exist_ok=True)
        with open(self.path(*parts), "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(self.path(*parts), mode)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()
        shutil.rmtree(self.directory, ignore_errors=True)
