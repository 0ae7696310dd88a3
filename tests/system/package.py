#!/usr/bin/python3
"""The Debian packages, on a machine of their own: installed by apt with what they depend on, upgraded with data and configuration kept,
removed with data kept, purged without a trace. Under systemd, which the machine boots with in between."""

import contextlib
import fnmatch
import os
import re
import subprocess
import tempfile

import links
import machine
import nr

NODE = {"node_id": "n-one", "hostname": "h", "role": "worker"}
# What any package leaves: logs, caches, the package manager's and systemd's own books, the copies that sysusers makes, and the
# machine's id.
IGNORED = ("/proc", "/sys", "/dev", "/run", "/tmp", "/srv", "/mnt", "/var/log", "/var/cache", "/var/tmp", "/var/lib/apt", "/var/lib/dpkg",
           "/var/lib/systemd", "/var/lib/private", "/etc/machine-id", "/etc/ld.so.cache", "/etc/passwd", "/etc/group", "/etc/shadow",
           "/etc/gshadow", "/etc/resolv.conf", "/etc/.pwd.lock")


def files(m):
    root, found = m.path("/"), set()
    for path, dirs, names in os.walk(root):
        here = "/" + os.path.relpath(path, root) if path != root else ""
        dirs[:] = [d for d in dirs if f"{here}/{d}" not in IGNORED]
        found.update(f"{here}/{name}" for name in dirs + names)
    return {path for path in found if path.rstrip("-") not in IGNORED}


def apt(where, *words):
    return where("apt-get", "-y", "-q", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0", *words, timeout=180)


def newer(deb, directory):
    """The same package with another default configuration, and its version, a higher one."""
    tree = os.path.join(directory, "newer")
    subprocess.run(["dpkg-deb", "-R", deb, tree], check=True)
    control, conf = os.path.join(tree, "DEBIAN/control"), os.path.join(tree, "etc/dagi/noded.conf")
    with open(control, encoding="utf-8") as f:
        text = f.read()
    version = re.search("^Version: (.*)$", text, re.MULTILINE).group(1) + "+next"
    with open(control, "w", encoding="utf-8") as f:
        f.write(re.sub("^Version: .*$", f"Version: {version}", text, flags=re.MULTILINE))
    with open(conf, "a", encoding="utf-8") as f:
        f.write("# a line that the next version has\n")
    out = os.path.join(directory, "newer.deb")
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "-b", tree, out], check=True, stdout=subprocess.DEVNULL)
    return out, version


def healthy(m):
    nr.wait_for(lambda: m.http("GET", "/health")[0] == 200, 30, "a healthy facade")


# The README's two lines, of which the first is done here by machine.packages: what the second names is the one that is asked for.
def documented(deb):
    with open(os.path.join(nr.SOURCE, "README.md"), encoding="utf-8") as file:
        (block,) = re.findall(r"<!-- run by tests/system/package.py -->\n```sh\n(.*?)```", file.read(), re.S)
    pack, last = (line.split("#")[0].strip() for line in block.strip().splitlines())
    words = last.split()
    assert pack == "(cd build && cpack -G DEB)" and words[:3] == ["sudo", "apt", "install"], block
    assert fnmatch.fnmatch("./build/" + os.path.basename(deb), words[3]), (words, deb)


# Installed where nothing runs, as an image is made: users, directories and configuration are there, the units are enabled.
def check_installed(m, debs):
    before = files(m)
    documented(debs["dagi-registry"])
    apt(m.chroot, "install", m.put(debs["dagi-registry"]))
    apt(m.chroot, "install", m.put(debs["libnr0"]), m.put(debs["libnr-dev"]))
    assert m.chroot("stat", "-c", "%a %U %G", "/var/lib/dagi").split() == ["750", "dagi", "dagi"]
    assert m.chroot("systemctl", "is-enabled", "noded", "nodehttpd", "dagi-agent", check=False)[1].split() == \
        ["enabled", "enabled", "disabled"]
    m.chroot("noded", "--check-config")
    assert m.chroot("dpkg", "--verify") == ""
    for path in ("/usr/include/nr/registry.h", "/usr/share/zsh/vendor-completions/_nodectl", "/usr/share/dagi-registry/deploy/firewall/nft.sh"):
        assert os.path.exists(m.path(path)), path
    links.check(m.path("/usr/share/doc/dagi-registry"))
    return before


# Booted, both daemons run, each as its user, and a node is registered; its id is where other programs look for it.
def check_running(m):
    m.boot()
    healthy(m)
    for unit, user in (("noded", "dagi"), ("nodehttpd", "dagi-http")):
        assert m.run("stat", "-c", "%U:%G", f"/proc/{m.unit(unit, 'MainPID')}").strip() == f"{user}:dagi"
    status, node = m.http("POST", "/api/v1/nodes/register", NODE)
    assert status == 200, (status, node)
    own = m.http("GET", "/")[1]["node_id"]
    assert m.read("/etc/dagi/node_id").strip() == own
    return own


# An upgrade starts the daemons anew with the data and the changed configuration they had.
def check_upgraded(m, deb, version, own):
    mine = m.read("/etc/dagi/noded.conf").replace("role = worker", "role = gateway")
    m.write("/etc/dagi/noded.conf", mine)
    pid = m.unit("noded", "MainPID")
    apt(m.run, "-o", "Dpkg::Options::=--force-confold", "install", m.put(deb))
    assert m.run("dpkg-query", "-W", "-f", "${Version}", "dagi-registry") == version
    healthy(m)
    assert m.unit("noded", "MainPID") not in ("0", pid)
    assert m.read("/etc/dagi/noded.conf") == mine
    assert m.http("GET", "/api/v1/nodes/n-one")[1]["role"] == "worker"
    assert m.http("GET", f"/api/v1/nodes/{own}")[1]["role"] == "gateway"


# What the administrator switched off stays off through an upgrade.
def check_disabled(m, deb):
    m.run("systemctl", "disable", "--now", "nodehttpd")
    apt(m.run, "-o", "Dpkg::Options::=--force-confold", "install", "--reinstall", deb)
    assert m.unit("nodehttpd", "ActiveState", "UnitFileState") == ["inactive", "disabled"]
    m.run("systemctl", "enable", "--now", "nodehttpd")


# Removed, nothing runs and the data stays; installed again, the daemons are started and it is the same node. What pip leaves in the
# client's folder goes along.
def check_removed(m, deb, own):
    m.run("mkdir", "/usr/share/dagi-registry/tools/clients/python/build")
    apt(m.run, "remove", "dagi-registry")
    assert not os.path.exists(m.path("/usr/share/dagi-registry"))
    assert "node" not in m.run("sh", "-c", "cat /proc/[0-9]*/comm")
    assert m.run("systemctl", "is-enabled", "noded", "nodehttpd", "dagi-agent", check=False)[1].split() == 3 * ["masked"]
    assert m.read("/var/lib/dagi/node_id").strip() == own and "gateway" in m.read("/etc/dagi/noded.conf")
    assert not os.path.exists(m.path("/usr/sbin/noded"))
    apt(m.run, "-o", "Dpkg::Options::=--force-confold", "install", deb)
    healthy(m)
    assert m.http("GET", "/")[1]["node_id"] == own and m.http("GET", "/api/v1/nodes/n-one")[0] == 200


# Purged, with what came along with it, nothing is left but the two users.
def check_purged(m, before):
    apt(m.run, "purge", "--autoremove", "dagi-registry", "libnr0", "libnr-dev")
    after = files(m)
    assert after == before, sorted(after ^ before)
    m.run("id", "dagi")
    assert m.run("systemctl", "--failed", "--no-legend", "--plain") == ""


with contextlib.ExitStack() as stack:
    m = stack.enter_context(machine.Machine())
    directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="nr-package-"))
    debs = machine.packages(directory)
    assert set(debs) == {"dagi-registry", "libnr0", "libnr-dev"}, debs
    before = check_installed(m, debs)
    own = check_running(m)
    next_deb, version = newer(debs["dagi-registry"], directory)
    check_upgraded(m, next_deb, version, own)
    check_disabled(m, "/srv/newer.deb")
    check_removed(m, "/srv/newer.deb", own)
    check_purged(m, before)
