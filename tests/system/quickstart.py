#!/usr/bin/python3
"""What a newcomer does: runs the README's marked blocks in a fresh copy of the tree, and the quickstart again and again. In a
namespace of its own, as the ports are the real ones."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile

import netns
import nr

BLOCK = re.compile(r"<!-- runnable -->\n```sh\n(.*?)```", re.S)


def fresh_copy(folder):
    """The tracked files as they are now, and nothing else."""
    listed = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "-z"], cwd=nr.SOURCE, stdout=subprocess.PIPE, check=True)
    for name in listed.stdout.decode().split("\0"):
        if name and os.path.exists(os.path.join(nr.SOURCE, name)):
            target = os.path.join(folder, name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy2(os.path.join(nr.SOURCE, name), target)


class Newcomer:
    def __init__(self, there, folder):
        self.there, self.folder = there, folder

    def shell(self, text, expect=0, timeout=400):
        """Runs shell text in the copy and returns what it prints."""
        done = subprocess.run(self.there.command(["bash", "-euo", "pipefail", "-c", text]), cwd=self.folder, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, check=False)
        assert done.returncode == expect, f"{text}\nended with {done.returncode}:\n{done.stdout}"
        return done.stdout

    def quickstart(self, flags="", expect=0):
        return self.shell(f"tools/quickstart.sh {flags}", expect)

    def processes(self):
        """Pids whose program is one of the copy's."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{pid}/exe").startswith(os.path.join(self.folder, "build", "bin")):
                    found.append(int(pid))
            except OSError:
                pass
        return found


def readme(newcomer):
    """The README's blocks one after the other; what they print holds what it promises."""
    with open(os.path.join(newcomer.folder, "README.md"), encoding="utf-8") as file:
        start, try_it, stop = BLOCK.findall(file.read())
    said = newcomer.shell(start)
    assert "Running. Things to try" in said and "demo" in said, said
    assert len(newcomer.processes()) == 4
    said = newcomer.shell(try_it)
    for part in ("test-node", '"status": "online"', '"healthy"', "demo", "peer-1", "peer-2", "127.0.0.1:9206"):
        assert part in said, f"{part} is not in:\n{said}"
    assert "4 of 4" in newcomer.shell(stop)
    assert not newcomer.processes()


def again(newcomer):
    """Running it again finds the data; running it while it runs says so; what was killed is started again."""
    newcomer.quickstart("--detach")
    ask = "build/bin/nodectl --state-dir build/quickstart/{} -o json nodes"
    nr.wait_for(lambda: all("test-node" in newcomer.shell(ask.format(i)) for i in (1, 2, 3)), 15, "the earlier run's node on all")
    assert "already running" in newcomer.quickstart("--detach")
    os.kill(newcomer.processes()[0], signal.SIGKILL)
    said = newcomer.quickstart("--detach")
    assert "Running. Things to try" in said and len(newcomer.processes()) == 4, said
    newcomer.quickstart("--stop")
    assert "0 of 4" in newcomer.quickstart("--stop")
    newcomer.quickstart("--clean --detach")
    assert "test-node" not in newcomer.shell(ask.format(1))
    newcomer.quickstart("--stop")


def port_in_use(newcomer):
    with newcomer.there.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 9216))
        said = newcomer.quickstart("--detach", expect=1)
        assert "port 9216 (UDP) is in use" in said, said
        newcomer.quickstart("--detach --ports 19205")
        newcomer.shell("curl -fsS http://localhost:19205/health")
        newcomer.quickstart("--stop")


def foreground(newcomer):
    """Ctrl-C stops all four."""
    with open(os.path.join(newcomer.folder, "said"), "w+", encoding="utf-8") as said:
        script = subprocess.Popen(newcomer.there.command(["tools/quickstart.sh"]), cwd=newcomer.folder, stdin=subprocess.DEVNULL,
                                  stdout=said, stderr=said, preexec_fn=nr.die_with_parent)

        def words():
            with open(said.name, encoding="utf-8") as file:
                return file.read()
        nr.wait_for(lambda: "Ctrl-C stops" in words(), 60, "the quickstart staying in the foreground")
        assert len(newcomer.processes()) == 4
        script.send_signal(signal.SIGINT)
        assert script.wait(20) == 0, words()
    assert not newcomer.processes()


def main():
    folder = tempfile.mkdtemp(prefix="nr-newcomer-")
    with netns.Lab() as lab:
        newcomer = Newcomer(lab.host(), folder)
        try:
            fresh_copy(folder)
            for part in (readme, again, port_in_use, foreground):
                part(newcomer)
                print(f"{part.__name__}: as promised")
        finally:
            subprocess.run(["tools/quickstart.sh", "--stop"], cwd=folder, stdout=subprocess.DEVNULL, check=False)
            shutil.rmtree(folder, ignore_errors=True)


main()
