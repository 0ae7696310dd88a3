#!/usr/bin/python3
"""nodectl watch and log --follow: a line a change as it happens, turns of status by silence too, until Ctrl-C."""

import signal

import ctl
import follower
import nr


with nr.Cluster() as cluster:
    a = cluster.noded("a", node_id="alpha").start()
    a.call("register", node_id="old", hostname="h", role="r")

    # A change of the store after it has begun is what shows that it follows.
    watch = follower.Follower(a, "watch", "--degraded-after", "1", "--offline-after", "3")

    def begun():
        a.call("profile_put", role="probe", config={})
        a.call("profile_delete", role="probe")
        return not watch.lines.empty()
    nr.wait_for(begun, 10, "watch following")

    a.call("register", node_id="new", hostname="h", role="r")
    line = watch.expect(what="added", of="node", subject="new")
    assert line["signer_node_id"] == "alpha" and line["stamp"] > 0, line
    assert all(line["subject"] != "old" or line["what"] == "status" for line in watch.seen), watch.seen
    watch.expect(what="status", subject="new", to="online")
    a.call("declare", node_id="new", state="draining")
    watch.expect(what="state", subject="new")
    watch.expect(what="status", subject="new", **{"from": "online", "to": "draining"})
    a.call("declare", node_id="new", state="online")
    watch.expect(what="status", subject="new", to="online")

    # Nothing more is said for the node: its status turns by silence alone.
    watch.expect(what="status", subject="new", to="degraded")
    watch.expect(what="status", subject="new", to="offline")
    a.call("delete", node_id="new")
    watch.expect(what="deleted", subject="new")
    watch.expect(what="status", subject="new", to=None)
    watch.end(signal.SIGINT)

    follow = follower.Follower(a, "log", "--follow", "--limit", "0")
    follow.expect(what="added", subject="alpha")
    follow.expect(what="added", subject="old")
    a.call("register", node_id="later", hostname="h", role="r")
    follow.expect(what="added", subject="later")
    assert all(line["what"] != "status" for line in follow.seen), follow.seen

    # It goes on over a stop and a start of noded.
    assert a.stop() == 0
    follow.expect(what="state", subject="alpha")
    a.start()
    a.call("register", node_id="after", hostname="h", role="r")
    follow.expect(what="added", subject="after")
    follow.end(signal.SIGTERM)

    assert ctl.data(a, "log", "--limit", "1")[0]["subject"] == "after"
