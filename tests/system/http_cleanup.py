#!/usr/bin/python3
"""POST /api/v1/maintenance/cleanup, as scripts of the earlier registry call it."""

import os

import nr

CLEANUP = "/api/v1/maintenance/cleanup"
SILENT = 600 # more than one batch, and more than two


def refuses_bad_input(http):
    """The parameter is a whole number of minutes from 1 to 60."""
    for query in ("?timeout_minutes=0", "?timeout_minutes=61", "?timeout_minutes=x", "?timeout_minutes=1&timeout_minutes=2"):
        status, problem = http.post(CLEANUP + query, None)
        assert status == 422 and problem["errors"][0]["field"] == "timeout_minutes", (status, problem)
    assert http.get(CLEANUP)[0] == 405


def status_of(http, node_id):
    return http.get(f"/api/v1/nodes/{node_id}")[1]["status"]


def main():
    with nr.Cluster() as cluster:
        # Registered 70 seconds ago, by the clock of that moment.
        shift = {"LD_PRELOAD": os.path.join(os.environ["NR_BUILD"], "tests", "libclock_shift.so"), "CLOCK_SHIFT_S": "-70"}
        noded = cluster.noded("peer", env=shift, node_id="peer").start()
        with noded.control() as control:
            for request in [control.send("register", node_id=f"old-{i}", hostname="h", role="r") for i in range(SILENT)]:
                control.reply(request)
            control.call("register", node_id="resting", hostname="h", role="r")
            control.call("declare", node_id="resting", state="maintenance")
        noded.stop()
        noded.env = {"DAGI_CONFIG": os.devnull}
        noded.start()
        http = cluster.facade(noded).start()
        refuses_bad_input(http)
        assert status_of(http, "old-1") == "online", "90 seconds have not passed"
        assert http.post("/api/v1/nodes/register", {"node_id": "new", "hostname": "h", "role": "r"})[0] == 200
        assert http.post("/api/v1/nodes/heartbeat", {"node_id": "old-0"})[0] == 200

        # Nothing has been silent for the default of five minutes.
        assert http.post(CLEANUP, None) == (200, {"success": True, "nodes_marked_offline": 0, "timeout_minutes": 5})
        # Those silent for a minute are marked, all of them, once; who was heard, rests or speaks for itself is not.
        done = {"success": True, "nodes_marked_offline": SILENT - 1, "timeout_minutes": 1}
        assert http.post(CLEANUP + "?timeout_minutes=1", None) == (200, done)
        assert http.post(CLEANUP + "?timeout_minutes=1", None) == (200, {**done, "nodes_marked_offline": 0})
        assert [status_of(http, n) for n in ("old-1", "old-0", "new", "resting", "peer")] == \
            ["offline", "online", "online", "maintenance", "online"]
        status, listed = http.get("/api/v1/nodes?status=offline")
        assert status == 200 and len(listed) == SILENT - 1

        # Its next sign of life brings a node back.
        assert http.post("/api/v1/nodes/heartbeat", {"node_id": "old-1"})[0] == 200
        assert status_of(http, "old-1") == "online"
        # What was answered is on the disk.
        noded.kill()
        noded.start()
        assert status_of(http, "old-2") == "offline"


if __name__ == "__main__":
    main()
