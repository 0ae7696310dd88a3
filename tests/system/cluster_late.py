#!/usr/bin/python3
"""A peer that joins late has everything: all nodes as the others have them, profiles, and the newest heartbeats."""

import nr
import place

NODES = 300


def has_metrics(at):
    status, beats = at.facade.get("/api/v1/nodes/n001/heartbeats?limit=1")
    return status == 200 and beats and beats[0].get("metrics") == {"cpu_percent": 12.5}


with nr.Cluster() as cluster:
    pair = place.start(cluster, 2)
    for number in range(NODES):
        pair[number % 2].register(f"n{number:03}", labels=[f"l{number % 7}"], metadata={"number": number})
    for number in range(0, NODES, 10):
        pair[0].delete(f"n{number:03}")
    big = {"blob": "x" * 7000}
    pair[0].register("big", metadata=big)
    assert pair[1].facade.json("PUT", "/api/v1/profiles/worker", {"threads": 4})[0] == 200
    pair[0].beat("n001", metrics={"cpu_percent": 12.5})
    place.same(pair)

    late = place.Place(cluster, 3, token=pair[1].noded.invite()).start()
    place.met([*pair, late])
    place.same([*pair, late])
    expected = place.timeless(pair[0].nodes())
    assert len(expected) == NODES - NODES // 10 + 1, len(expected)
    nr.wait_for(lambda: place.timeless(late.nodes()) == expected, 15, "the late one having the same nodes")
    assert late.node("big")["metadata"] == big
    assert late.node("n000") is None
    assert late.facade.get("/api/v1/profiles/worker")[1]["config"] == {"threads": 4}
    nr.wait_for(lambda: has_metrics(late), 15, "the newest heartbeat reaching the late one")
