#!/usr/bin/python3
"""What was answered at one of three peers is seen at the two others in less than a second: new nodes, changed ones,
deleted ones and profiles. Prints the times."""

import statistics
import time

import nr
import place

BOUND_S = 1.0
ROUNDS = 20


def took(condition):
    """Seconds until it holds, from now."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < 10, "not seen within 10 s"
        time.sleep(0.002)
    return time.monotonic() - begun


def round_trip(places, number):
    """The time that each kind of change takes to reach both others; written at one after the other."""
    writer = places[number % 3]
    others = [p for p in places if p is not writer]
    node_id = f"node-{number}"

    writer.register(node_id, role="first")
    yield "register", took(lambda: all(p.node(node_id) for p in others))
    writer.register(node_id, role="second")
    yield "change", took(lambda: all(p.node(node_id)["role"] == "second" for p in others))
    writer.delete(node_id)
    yield "delete", took(lambda: not any(p.node(node_id) for p in others))
    status, _ = writer.facade.json("PUT", f"/api/v1/profiles/role-{number}", {"threads": number})
    assert status == 200, status
    yield "profile", took(lambda: all(p.facade.get(f"/api/v1/profiles/role-{number}")[0] == 200 for p in others))


with nr.Cluster() as cluster:
    trio = place.start(cluster, 3)
    times = {}
    for round_number in range(ROUNDS):
        for kind, seconds in round_trip(trio, round_number):
            times.setdefault(kind, []).append(seconds)
    for kind, seconds in times.items():
        print(f"{kind}: median {statistics.median(seconds) * 1000:.0f} ms, most {max(seconds) * 1000:.0f} ms")
    worst = max(max(seconds) for seconds in times.values())
    assert worst < BOUND_S, f"a change took {worst:.2f} s"
