#!/usr/bin/python3
"""Every command of nodectl, in every format, with noded running; then those that read, with noded stopped."""

import json
import os
import re

import ctl
import nr

READING = [("status",), ("nodes",), ("nodes", "--role", "db", "--label", "x", "--status", "online"), ("node", "n1"), ("records",),
           ("records", "n1"), ("records", "--evidence"), ("verify",), ("profile", "list"), ("profile", "get", "db"),
           ("heartbeats", "n1"), ("log",)]
ASKING = [("peers",)]


def check_every_format(noded, commands):
    for words in commands:
        for form in ("table", "json", "wide"):
            out = ctl.ok(noded, "-o", form, *words)
            assert out.endswith("\n") and "\x1b" not in out, (form, words, out)
        ctl.data(noded, *words)


def check_nodes(noded):
    nodes = ctl.data(noded, "nodes")
    assert [n["node_id"] for n in nodes] == ["alpha", "beta", "n1", "n2"], nodes
    n1 = nodes[2]
    assert (n1["hostname"], n1["ip"], n1["role"], n1["labels"]) == ("host-1", "192.0.2.7", "db", ["x", "y"])
    assert n1["metadata"] == {"rack": 7, "tags": ["ssd"]}
    for words, expected in [(("--role", "db"), ["n1", "n2"]), (("--label", "x", "--label", "y"), ["n1"]),
                            (("--status", "maintenance"), []), (("--limit", "2"), ["alpha", "beta"]),
                            (("--offset", "3"), ["n2"]), (("--limit", "0"), []), (("--limit=1", "--offset=2"), ["n1"])]:
        assert [n["node_id"] for n in ctl.data(noded, "nodes", *words)] == expected, words
    table = ctl.ok(noded, "nodes", "--role", "db").splitlines()
    assert len(table) == 3 and table[0].startswith("NODE  STATUS"), table
    column = table[0].index("HOSTNAME")
    assert table[1][column:].startswith("host-1") and table[2][column:].startswith("host-2"), table


def check_node(noded):
    node = ctl.data(noded, "node", "n1")
    explain = node["explain"]
    assert node["status"] == "online" and explain["self"] is False and explain["signer_node_id"] == "alpha", node
    standing = node["standing"]
    assert standing["status"] == "online" and standing["why"] == explain["reason"], node
    assert standing["why"].startswith("heartbeat ") and standing["observers"] == [] and standing["against"] == 0, node
    assert len(explain["node_records"]) == 1 and explain["node_records"][0]["shown"], explain
    own = ctl.data(noded, "node", "alpha")["explain"]
    assert own["self"] is True and own["interval_ms"] == 10000 and own["degraded_after_ms"] == 30000, own
    assert own["lease_ends_at"] >= own["turns_at"], own
    text = ctl.ok(noded, "node", "n1")
    assert '"rack": 7' in text and "a sponsor" in text, text
    assert re.search(r"^Status +online: heartbeat \d+ s ago$", text, re.M), text
    assert re.search(r"^Observers +none: it runs no noded$", text, re.M), text
    assert "no such node" in ctl.fails(noded, 1, "node", "nobody")


def check_records(noded):
    records = ctl.data(noded, "records", "n1")
    kinds = sorted(r["kind_name"] for r in records)
    assert kinds == ["heartbeat", "node"], kinds
    assert all(r["check"] == "ok" and len(r["hex"]) == 2 * r["size"] for r in records), records
    assert [r["body"]["hostname"] for r in records if r["kind_name"] == "node"] == ["host-1"]
    assert "no records" in ctl.fails(noded, 1, "records", "nobody")
    assert len(ctl.data(noded, "records")) > len(records)


def check_profiles(noded):
    assert ctl.data(noded, "profile", "get", "db")["config"] == {"threads": 4, "z": None}
    assert [p["role"] for p in ctl.data(noded, "profile", "list")] == ["db"]
    assert "no profile" in ctl.fails(noded, 1, "profile", "get", "nobody")


def check_heartbeats(noded):
    beats = ctl.data(noded, "heartbeats", "n1")
    assert [b["metrics"] for b in beats[:2]] == [{"load": 2}, {"load": 1}], beats
    assert beats[0]["timestamp"] >= beats[1]["timestamp"] and beats[0]["signer_node_id"] == "alpha", beats
    assert len(ctl.data(noded, "heartbeats", "n1", "--limit", "1")) == 1
    assert ctl.data(noded, "heartbeats", "n1", "--limit", "0") == []
    assert ctl.data(noded, "heartbeats", "n1", "--since", "2100-01-01") == []
    assert len(ctl.data(noded, "heartbeats", "n1", "--since", "1h")) >= 2


def check_log(noded):
    log = ctl.data(noded, "log", "--limit", "0")
    assert [c["seq"] for c in log] == list(range(log[0]["seq"], log[0]["seq"] + len(log))), log
    assert {"added", "deleted"} <= {c["what"] for c in log}, log
    gone = [c for c in log if c["what"] == "deleted"]
    assert [(c["of"], c["subject"], c["signer_node_id"]) for c in gone] == \
        [("node", "n3", "alpha"), ("profile", "gone", "alpha")], gone
    assert ctl.data(noded, "log", "--limit", "2") == log[-2:]
    assert ctl.data(noded, "log", "--since", "2100-01-01") == []


def check_status(noded, running):
    status = ctl.data(noded, "status")
    assert status["node_id"] == "alpha" and status["noded"]["running"] is running, status
    assert status["registry"]["total_nodes"] == 4 and status["store"]["readable"], status
    text = ctl.ok(noded, "status")
    assert ("not running" in text) is not running, text


def check_reading(noded, running):
    check_every_format(noded, READING)
    check_nodes(noded)
    check_node(noded)
    check_records(noded)
    check_profiles(noded)
    check_heartbeats(noded)
    check_log(noded)
    check_status(noded, running)
    verify = ctl.data(noded, "verify")
    assert verify["ok"] and verify["faults"] == [] and verify["nodes"] == 4 and verify["profiles"] == 1, verify


def check_manual(noded):
    """Each member of the JSON output stands in the manual page's section on it."""
    with open(os.path.join(nr.SOURCE, "deploy", "man", "nodectl.1"), encoding="utf-8") as f:
        words = set(re.findall(r"[a-z_]+", f.read().split(".SH JSON")[1].split(".SH ")[0]))
    status = ctl.data(noded, "status")
    objects = [status, status["noded"], ctl.data(noded, "node", "n1")["explain"], ctl.data(noded, "peers")[0],
               ctl.data(noded, "records")[0], ctl.data(noded, "heartbeats", "n1")[0], ctl.data(noded, "log")[0],
               ctl.data(noded, "verify"), ctl.data(noded, "profile", "get", "db")]
    for members in objects:
        assert set(members) <= words, set(members) - words


def check_declaring(a, b):
    ctl.ok(a, "maintenance", "on")
    assert ctl.data(a, "node", "alpha")["status"] == "maintenance"
    nr.wait_for(lambda: ctl.data(b, "node", "alpha")["status"] == "maintenance", 10, "maintenance at the other peer")
    ctl.ok(a, "drain")
    assert ctl.data(a, "nodes", "--status", "draining")[0]["node_id"] == "alpha"
    ctl.ok(a, "drain", "off")
    assert ctl.data(a, "node", "alpha")["status"] == "online"
    ctl.ok(a, "maintenance", "on", "--node", "n2")
    assert "a sponsor" in ctl.ok(a, "node", "n2") and ctl.data(a, "node", "n2")["status"] == "maintenance"
    ctl.ok(a, "maintenance", "off", "--node", "n2")
    ctl.fails(a, 1, "maintenance", "on", "--node", "nobody")
    ctl.fails(a, 1, "maintenance", "on", "--node", "beta")


def check_peers(a, b):
    peers = ctl.data(a, "peers")
    assert len(peers) == 1 and peers[0]["node_id"] == "beta" and peers[0]["address"] == b.address, peers
    assert peers[0]["in_sync"] is True and abs(peers[0]["clock_offset_ms"]) < 1000, peers


def newest_metrics(noded):
    status, out, _ = ctl.run(noded, "-o", "json", "heartbeats", "n1", "--limit", "1")
    beats = json.loads(out) if status == 0 else []
    return beats[0]["metrics"] if beats else None


with nr.Cluster() as cluster:
    a = cluster.noded("a", node_id="alpha").start()
    token = ctl.ok(a, "invite")
    assert re.fullmatch(r"dagi1\.[\w-]+\.[0-9a-f]{8}\n", token), token
    status, out, err = ctl.run(a, "invite", "--seed", a.address, "-o", "json")
    assert status == 0 and "password" in err and "dagi1" not in err, err
    b = cluster.noded("b", node_id="beta", token=token).start()

    a.call("register", node_id="n1", hostname="host-1", ip="192.0.2.7", role="db", labels=["x", "y"],
           metadata={"rack": 7, "tags": ["ssd"]})
    a.call("register", node_id="n2", hostname="host-2", role="db", labels=["y"])
    a.call("register", node_id="n3", hostname="host-3", role="db")
    a.call("delete", node_id="n3")
    # A sponsor passes on one heartbeat a window (proto/README.md C.8.3): the second is made when the first has come.
    for load in (1, 2):
        a.call("heartbeat", node_id="n1", metrics={"load": load})
        nr.wait_for(lambda: newest_metrics(b) == {"load": load}, 10, "heartbeats at the other peer")
    ctl.ok(a, "profile", "set", "db", "-", stdin='{"z": null, "threads": 4}')
    ctl.ok(a, "profile", "set", "gone", "-", stdin="{}")
    ctl.ok(a, "profile", "delete", "gone")
    assert "duplicate" in ctl.fails(a, 1, "profile", "set", "db", "-", stdin='{"a": 1, "a": 2}')
    assert "not an object" in ctl.fails(a, 1, "profile", "set", "db", "-", stdin="[]")
    check_declaring(a, b)
    nr.wait_for(lambda: a.info()["fingerprint"] == b.info()["fingerprint"] and a.peers()[0]["in_sync"], 10, "peers in sync")

    check_every_format(a, ASKING)
    check_peers(a, b)
    check_reading(a, True)
    check_manual(a)
    nr.wait_for(lambda: ctl.data(b, "verify")["fingerprint"] == ctl.data(a, "verify")["fingerprint"], 10, "equal fingerprints")

    # `leave` ends noded, and the other peer sees it.
    ctl.ok(a, "leave")
    assert a.wait() == 0
    nr.wait_for(lambda: ctl.data(b, "node", "alpha")["status"] == "left", 5, "left at the other peer")
    check_reading(a, False)
    for words in [("peers",), ("invite",), ("leave",), ("maintenance", "on"), ("drain",), ("profile", "delete", "db")]:
        assert "is it running?" in ctl.fails(a, 1, *words), words
    assert ctl.data(b, "verify")["ok"]
