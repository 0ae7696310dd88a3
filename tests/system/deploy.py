#!/usr/bin/python3
"""deploy/deploy.sh, from one machine to two over Debian's own ssh: one boots systemd and is reached as root, the other has none and is
reached as a user with sudo. A host that is down stops it; running it again changes nothing; what was killed is started again."""

import contextlib
import os
import re
import subprocess
import sys
import tempfile

import machine
import netns
import nr

SCRIPT = os.path.join(nr.SOURCE, "deploy", "deploy.sh")
NEEDED = ["openssh-server", "sudo", "nftables", "iproute2", "curl"]
# Process 1 of a machine without systemd: it waits for sshd, and reaps whom others leave behind.
PLAIN = 'hostname two; mount -t proc proc "$0/proc"; chroot "$0" mkdir -p /run/sshd; chroot "$0" /usr/sbin/sshd -D -e & wait'


def prepare(m, name, key, deb):
    """A machine as its administrator hands it over: an sshd, our key for root and for admin, who may use sudo."""
    m.chroot("apt-get", "install", "-y", "-q", "--no-install-recommends", *NEEDED, timeout=180)
    # Away from its mirror later: what the package depends on is brought along, and not installed.
    m.chroot("apt-get", "install", "-y", "-q", "--no-install-recommends", "--download-only", m.put(deb), timeout=180)
    os.unlink(m.path("/srv/" + os.path.basename(deb)))
    m.chroot("useradd", "--create-home", "--shell", "/bin/sh", "admin")
    m.write("/etc/sudoers.d/admin", "admin ALL=(ALL) NOPASSWD: ALL\n", 0o440)
    m.write("/etc/hostname", f"{name}\n")
    m.write("/etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {name}\n")
    for home, user in (("/root", "root"), ("/home/admin", "admin")):
        m.chroot("install", "-d", "-m", "700", "-o", user, home + "/.ssh")
        m.write(home + "/.ssh/authorized_keys", key, 0o644)


class Plain:
    """A machine without systemd, in namespaces of its own on the bridge."""

    def __init__(self, m, lab):
        self.m, self.host = m, lab.host()
        words = ["unshare", "--pid", "--fork", "--kill-child", "--mount", "--uts", "sh", "-euc", PLAIN, m.root]
        self.process = subprocess.Popen(self.host.command(words), stdout=sys.stderr, stderr=sys.stderr, preexec_fn=nr.die_with_parent)

    def run(self, *words):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as children:
            first = children.read().split()[0]
        command = ["nsenter", "-t", first, "-m", "-n", "-p", "--", "chroot", self.m.root, *words]
        return subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=30, check=True).stdout

    def close(self):
        self.process.kill()
        self.process.wait()


class Administrator:
    """Who runs deploy.sh, from a machine on the bridge."""

    def __init__(self, lab, folder):
        self.host, self.folder = lab.host(), folder
        self.config, self.key = os.path.join(folder, "ssh_config"), os.path.join(folder, "key")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.key], check=True)

    def public_key(self):
        with open(self.key + ".pub", encoding="utf-8") as file:
            return file.read()

    def knows(self, hosts):
        """hosts: {name: (user, address)}"""
        with open(self.config, "w", encoding="utf-8") as file:
            for name, (user, address) in hosts.items():
                file.write(f"Host {name}\n  HostName {address}\n  User {user}\n")
            file.write(f"Host *\n  IdentityFile {self.key}\n  IdentitiesOnly yes\n  StrictHostKeyChecking accept-new\n"
                       f"  UserKnownHostsFile {self.folder}/known_hosts\n  LogLevel ERROR\n")

    def deploy(self, *words, expect=0):
        command = [SCRIPT, "--ssh-config", self.config, "--build-dir", nr_build(), *words]
        done = subprocess.run(self.host.command(command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=150, check=False)
        print(done.stdout)
        assert done.returncode == expect, f"{words} ended with {done.returncode}"
        return done.stdout


def nr_build():
    return os.environ["NR_BUILD"]


def pids(one, two):
    return one.unit("noded", "MainPID"), one.unit("nodehttpd", "MainPID"), two.run("cat", "/run/dagi/noded.pid", "/run/dagi/nodehttpd.pid")


def state(where):
    """What a run that changes nothing leaves as it is."""
    return where.run("stat", "-c", "%n %Y %i", "/etc/dagi/noded.conf", "/usr/sbin/noded", "/var/lib/dagi/node.key", "/var/lib/dagi/cluster.keys")


def documented():
    """The options that DEPLOY.md shows for two hosts."""
    with open(os.path.join(nr.SOURCE, "deploy", "DEPLOY.md"), encoding="utf-8") as file:
        (line,) = re.findall(r"<!-- runnable -->\n```sh\ndeploy/deploy.sh (.*)\n```", file.read())
    return line.split()


def dry_run(admin):
    said = admin.deploy("--dry-run", *documented())
    assert re.findall(r"^\[(\d)/7\]", said, re.M) == list("1234567") and "nothing was done" in said
    for wrong in ([], ["--role"], ["--open", "one"], ["--firewall", "nft", "one"], ["--label", "a'b", "one"], ["one/two"], ["--", "-oProxyCommand=x"]):
        admin.deploy(*wrong, expect=2)


def host_down(admin, one):
    """It stops at the first step, says which host, and nothing is done anywhere."""
    said = admin.deploy("one", "down", expect=1)
    assert "step 1/7" in said and "at down" in said and "run the same command again" in said, said
    assert one.run("sh", "-c", "test ! -e /etc/dagi && echo nothing").strip() == "nothing"


def first_run(admin, one, two):
    said = admin.deploy(*documented())
    assert re.findall(r"^\[(\d)/7\]", said, re.M) == list("1234567"), said
    assert said.count("installed, ") == 2 and said.count("healthy, sees all 2") == 2 and "Deployed, in the cluster of one: one two" in said, said
    token = max(one.run("nodectl", "invite").split(), key=len)
    assert len(token) > 100 and token[:10] not in said, "no token is printed"
    for where in (one, two):
        where.run("sh", "-c", "test ! -e /etc/dagi/token")
        nodes = where.run("nodectl", "-o", "json", "nodes")
        assert nodes.count('"labels":["gpu"]') == 2 and nodes.count('"role":"inference"') + nodes.count('"role": "inference"') == 2, nodes
        assert "table inet dagi" in where.run("nft", "list", "ruleset")
    assert one.unit("dagi-firewall", "UnitFileState") == "enabled"
    assert two.run("stat", "-c", "%U", "/var/lib/dagi/node.key").strip() == "dagi"


def second_run(admin, one, two):
    """Nothing changes."""
    before = pids(one, two), state(one), state(two)
    said = admin.deploy(*documented())
    assert said.count("installed already, running") == 2 and said.count("as it was") == 2 and said.count("has it") == 2, said
    assert (pids(one, two), state(one), state(two)) == before


def third_run(admin, one, two):
    """What was killed runs again as the same node, what runs is left alone, and a changed role arrives."""
    before = pids(one, two)
    key = two.run("cat", "/var/lib/dagi/node_id")
    two.run("sh", "-c", "kill -9 $(cat /run/dagi/noded.pid)")
    said = admin.deploy(*documented())
    assert "installed already, running" in said and "installed already, started" in said, said
    assert pids(one, two)[:2] == before[:2] and two.run("cat", "/var/lib/dagi/node_id") == key
    two.run("sh", "-c", "echo '# by hand' >/etc/dagi/noded.conf")
    assert "somebody else" in admin.deploy("--first", "one", "two", expect=1)
    two.run("rm", "/etc/dagi/noded.conf")
    first = state(one)
    assert "left as it is" in admin.deploy("--role", "router", "--first", "one", "two")
    assert state(one) == first and pids(one, two)[:2] == before[:2], "the first host was not named"
    nr.wait_for(lambda: "router" in one.run("nodectl", "node", key.strip()), 15, "the changed role arriving")


def newer(deb, folder):
    """The same package with a higher version."""
    tree, out = os.path.join(folder, "newer"), os.path.join(folder, "newer.deb")
    subprocess.run(["dpkg-deb", "-R", deb, tree], check=True)
    subprocess.run(["sed", "-i", "s/^Version: .*/&+next/", os.path.join(tree, "DEBIAN", "control")], check=True)
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "-b", tree, out], check=True, stdout=subprocess.DEVNULL)
    return out


def upgrade(admin, one, two, deb):
    """A newer package is installed, and both daemons run anew, with the configuration and the node that were there."""
    before, keys = pids(one, two), [where.run("cat", "/var/lib/dagi/node_id", "/etc/dagi/noded.conf") for where in (one, two)]
    said = admin.deploy("--package", newer(deb, admin.folder), "--keep-config", "one", "two")
    assert said.count("copied") == 2 and said.count("kept") == 2 and said.count("installed, ") == 2, said
    after = pids(one, two)
    assert after[0] != before[0] and after[1] != before[1], (before, after)
    assert not set(after[2].split()) & set(before[2].split()), (before, after)
    for where, key in zip((one, two), keys):
        assert where.run("dpkg-query", "-W", "-f", "${Version}", "dagi-registry").endswith("+next")
        assert where.run("cat", "/var/lib/dagi/node_id", "/etc/dagi/noded.conf") == key


def main():
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="nr-deploy-"))
        lab = stack.enter_context(netns.Lab())
        deb = machine.packages(os.path.join(folder, "packages"))["dagi-registry"]
        admin = Administrator(lab, folder)
        one, other = stack.enter_context(machine.Machine()), stack.enter_context(machine.Machine())
        prepare(one, "one", admin.public_key(), deb)
        prepare(other, "two", admin.public_key(), deb)
        one.boot()
        first = lab.attach(one.pid1)
        two = stack.enter_context(contextlib.closing(Plain(other, lab)))
        admin.knows({"one": ("root", first.address), "two": ("admin", two.host.address), "down": ("root", "192.0.2.250")})
        dry_run(admin)
        host_down(admin, one)
        first_run(admin, one, two)
        second_run(admin, one, two)
        third_run(admin, one, two)
        upgrade(admin, one, two, deb)


main()
