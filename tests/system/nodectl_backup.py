#!/usr/bin/python3
"""nodectl backup and restore: while noded runs, on a lost disk, against a running noded, a filled directory and damaged files."""

import glob
import os
import shutil
import stat
import subprocess

import ctl
import nr

KEYS = ("node.key", "cluster.keys", "authority.key", "authority.pub")


def contents(state, names):
    return {name: open(os.path.join(state, name), "rb").read() for name in names}


def stamps(noded):
    return {(r["kind_name"], r["subject"]): r["stamp"] for r in ctl.data(noded, "records") if r["signer_node_id"] == "alpha"}


def check_damaged(cluster, a, file):
    """Nothing is made of a file that is not whole."""
    with open(file, "rb") as f:
        data = f.read()
    target = cluster.path("never")
    for number, bad in enumerate([b"", data[:20], data[:-1], data + b"x", data[:100] + bytes([data[100] ^ 4]) + data[101:],
                                  b"dagi-backup 2\n" + data[14:]]):
        name = cluster.path(f"bad-{number}")
        with open(name, "wb") as f:
            f.write(bad)
        status, _, err = nr.run("nodectl", "--state-dir", target, "restore", name)
        assert status == 1 and err.startswith("nodectl: "), (number, err)
        assert not os.path.exists(target), number
    ctl.fails(a, 1, "restore", cluster.path("no-such-file"))
    ctl.fails(a, 1, "restore", cluster.directory)


with nr.Cluster() as cluster:
    a = cluster.noded("a", node_id="alpha").start()
    b = cluster.noded("b", node_id="beta", token=a.invite()).start()
    for number in range(50):
        a.call("register", node_id=f"n{number:02}", hostname="h", role="r", metadata={"filler": "x" * 500})
    a.call("profile_put", role="r", config={"a": 1})
    before = contents(a.state, KEYS)
    file = cluster.path("backup")
    said = ctl.run(a, "backup", file)
    assert said[0] == 0 and said[1] == "" and "keys" in said[2], said
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    assert sorted(glob.glob(file + "*")) == [file], glob.glob(file + "*")
    check_damaged(cluster, a, file)

    # To standard output, the same form.
    with open(cluster.path("piped"), "wb") as f:
        subprocess.run([nr.program("nodectl"), "--state-dir", a.state, "backup", "-"], stdout=f, stderr=subprocess.DEVNULL, check=True,
                       timeout=20, env={**os.environ, "DAGI_CONFIG": os.devnull})
    assert open(cluster.path("piped"), "rb").read(14) == b"dagi-backup 1\n"

    # What is said after the backup is newer than what it holds; the peer has it.
    a.call("register", node_id="n00", hostname="changed", role="r")
    a.call("register", node_id="late", hostname="h", role="r")
    nr.wait_for(lambda: a.info()["fingerprint"] == b.info()["fingerprint"], 15, "the peer having all")
    last = stamps(a)

    # Not under a running noded, with force neither.
    assert "stop it first" in ctl.fails(a, 1, "restore", file)
    assert "stop it first" in ctl.fails(a, 1, "restore", "--force", file)
    a.kill()

    # Not over what is there, but with force; then it is moved aside and nothing of it is lost.
    assert "not empty" in ctl.fails(a, 1, "restore", file)
    assert contents(a.state, KEYS) == before
    ctl.ok(a, "restore", "--force", file)
    aside = glob.glob(a.state + ".old-*")
    assert len(aside) == 1 and contents(aside[0], KEYS) == before, aside
    assert contents(a.state, KEYS) == before
    for name in ("node.key", "cluster.keys", "authority.key"):
        assert stat.S_IMODE(os.stat(os.path.join(a.state, name)).st_mode) == 0o600, name
    assert stat.S_IMODE(os.stat(os.path.join(a.state, "node_id")).st_mode) == 0o644
    assert not os.path.exists(os.path.join(a.state, "pulse")) and not os.path.exists(os.path.join(a.state, "restore.tmp"))

    # A lost disk: the restored node is who it was, meets what it had said at its peer, and speaks with newer stamps.
    shutil.rmtree(a.state)
    ctl.ok(a, "restore", cluster.path("piped"))
    a.start()
    assert a.info()["node_id"] == "alpha"
    nr.wait_for(lambda: ctl.data(a, "node", "n00")["hostname"] == "changed", 20, "what came after the backup, from the peer")
    nr.wait_for(lambda: a.info()["fingerprint"] == b.info()["fingerprint"], 20, "peers equal again")
    a.call("register", node_id="n00", hostname="again", role="r")
    a.call("register", node_id="late", hostname="again", role="r")
    now = stamps(a)
    for key in [("node", "n00"), ("node", "late")]:
        assert now[key] > last[key], (key, now[key], last[key])
    nr.wait_for(lambda: ctl.data(b, "node", "late")["hostname"] == "again", 15, "the peer taking what the restored node says")
    assert ctl.data(a, "verify")["ok"] and ctl.data(b, "verify")["ok"]
    assert ctl.data(a, "status")["store"]["evidence"] == 0

    # Into an empty directory that is there, with its mode kept.
    os.makedirs(cluster.path("empty", "lost+found"))
    os.chmod(cluster.path("empty"), 0o700)
    status, _, err = nr.run("nodectl", "--state-dir", cluster.path("empty"), "restore", file)
    assert status == 0, err
    assert stat.S_IMODE(os.stat(cluster.path("empty")).st_mode) == 0o700
    status, _, err = nr.run("nodectl", "--state-dir", cluster.path("empty"), "verify")
    assert status == 1 and "when noded starts" in err, err
