#!/usr/bin/python3
"""nodectl doctor: well on a healthy peer; names what is wrong with a sick one, says what to do, and ends with 1."""

import json
import os

import ctl
import nr


def findings(noded, expected):
    status, out, err = ctl.run(noded, "-o", "json", "doctor")
    assert status == expected, (status, out, err)
    report = json.loads(out)
    assert report["ok"] is (expected == 0), report
    assert all(c["advice"] for c in report["checks"] if c["result"] == "broken"), report
    return {(c["check"], c["result"]) for c in report["checks"]}


with nr.Cluster() as cluster:
    a = cluster.noded("a", node_id="alpha").start()
    b = cluster.noded("b", node_id="beta", token=a.invite()).start()
    nr.wait_for(lambda: a.peers() and a.peers()[0]["in_sync"] and b.peers() and b.peers()[0]["in_sync"], 15, "peers in sync")
    for noded in (a, b):
        found = findings(noded, 0)
        assert {("state-dir", "ok"), ("keys", "ok"), ("noded", "ok"), ("store", "ok"), ("conflicts", "ok"), ("clock", "ok"),
                ("peers", "ok"), ("counters", "ok")} <= found, found
    assert ctl.ok(a, "doctor").count("\nok") >= 8

    key = os.path.join(a.state, "node.key")
    os.chmod(key, 0o644)
    assert ("keys", "broken") in findings(a, 1)
    status, out, _ = ctl.run(a, "doctor")
    assert status == 1 and "mode 0644, expected 0600" in out and "chmod 0600" in out, out
    os.chmod(key, 0o600)
    os.rename(key, key + ".away")
    assert ("keys", "broken") in findings(a, 1)
    os.rename(key + ".away", key)
    os.chmod(a.state, 0o770)
    assert ("state-dir", "broken") in findings(a, 1)
    os.chmod(a.state, 0o750)
    findings(a, 0)

    # Seeds, but nobody there.
    a.kill()
    nr.wait_for(lambda: not b.peers(), 40, "the path to the dead peer given up")
    assert ("peers", "broken") in findings(b, 1)

    # noded is away; the store can be read all the same.
    found = findings(a, 1)
    assert ("noded", "broken") in found and ("store", "ok") in found, found

    # Nothing there at all.
    nobody = cluster.noded("nobody")
    found = findings(nobody, 1)
    assert {("state-dir", "broken"), ("noded", "broken"), ("store", "broken")} <= found, found

    # A socket of one node with the state directory of another.
    b.state = a.state
    assert ("noded", "warning") in findings(b, 0)
