#!/usr/bin/python3
"""Whoever leaves is seen as left in less than 2 s; who is observed by nobody and falls silent is degraded and then offline by
the thresholds; who comes back is online at once. (Who is observed: cluster_standing.)"""

import time

import nr
import place

LEAVE_BOUND_S = 2.0
RETURN_BOUND_S = 2.0
OFFLINE_S = 8
DEGRADED_S = 3
FLAGS = ["--degraded-after", str(DEGRADED_S), "--offline-after", str(OFFLINE_S)]


def seconds_until(condition, limit):
    begun = time.monotonic()
    nr.wait_for(condition, limit)
    return time.monotonic() - begun


with nr.Cluster() as cluster:
    one, two, third = places = place.start(cluster, 3, facade_flags=FLAGS)
    others = (one, two)
    nr.wait_for(lambda: all(p.status("peer-3") == "online" for p in places), 10, "all online")

    # SIGTERM is a leave
    begun = time.monotonic()
    assert third.noded.stop() == 0
    ended = time.monotonic() - begun
    assert ended < 5, f"took {ended:.1f} s to end"
    seconds_until(lambda: all(p.status("peer-3") == "left" for p in others), 10)
    left = time.monotonic() - begun
    print(f"seen as left after {left:.2f} s")
    assert left < LEAVE_BOUND_S, left

    begun = time.monotonic()
    third.noded.start()
    seconds_until(lambda: all(p.status("peer-3") == "online" for p in others), 10)
    back = time.monotonic() - begun
    print(f"online again {back:.2f} s after its start")
    assert back < RETURN_BOUND_S, back

    # A node without noded has no observers: silence alone tells.
    two.register("agent")
    silent = time.monotonic()
    nr.wait_for(lambda: all(p.status("agent") == "online" for p in others), 2, "all see the agent")
    seen = {}
    while "offline" not in seen:
        for p in others:
            seen.setdefault(p.status("agent"), time.monotonic() - silent)
        assert time.monotonic() - silent < OFFLINE_S + 10, seen
        time.sleep(0.05)
    print(", ".join(f"{status} at {at:.1f} s" for status, at in seen.items()))
    assert set(seen) == {"online", "degraded", "offline"}, seen
    assert DEGRADED_S - 0.5 <= seen["degraded"] <= DEGRADED_S + 1.0, seen
    assert OFFLINE_S - 0.5 <= seen["offline"] <= OFFLINE_S + 1.0, seen
    status, standing = one.facade.get("/api/v1/nodes/agent/standing")
    assert status == 200 and standing["why"].endswith(f" s ago, more than {OFFLINE_S} s"), standing
    begun = time.monotonic()
    one.beat("agent")
    seconds_until(lambda: all(p.status("agent") == "online" for p in others), 10)
    assert time.monotonic() - begun < RETURN_BOUND_S

    # nodectl leave is the same as SIGTERM
    begun = time.monotonic()
    status, out, err = nr.run("nodectl", "--socket", third.noded.socket, "leave")
    assert status == 0, (out, err)
    seconds_until(lambda: all(p.status("peer-3") == "left" for p in others), 10)
    assert time.monotonic() - begun < LEAVE_BOUND_S
    assert third.noded.wait() == 0
