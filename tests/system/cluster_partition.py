#!/usr/bin/python3
"""A peer that is cut off goes on serving its machine; healed, all writes of both sides are on all. A deletion made
meanwhile reaches it. Three machines, one of which loses its cable."""

import time

import netns
import nr
import place

CUT_S = 20  # longer than a path lives without an answer (specification, C.1.4)

with netns.Lab() as lab, nr.Cluster() as cluster:
    one, two, away = places = place.start(cluster, 3, lab=lab)
    one.register("doomed")
    one.register("shared", metadata={"side": "before"})
    place.same(places)

    lab.cut(away.there)
    for number in range(20):
        away.register(f"away-{number}")
        one.register(f"here-{number}")
    away.register("shared", metadata={"side": "away"})
    one.delete("doomed")
    nr.wait_for(lambda: two.node("here-19") and not two.node("doomed"), 10, "the two still connected agreeing")
    assert away.node("away-19") and not away.node("here-0") and away.node("doomed")
    assert not one.node("away-0")
    nr.wait_for(lambda: away.noded.info()["peers"] == 0, CUT_S + 10, "the one cut off noticing it")
    away.register("very-late")

    lab.heal(away.there)
    healed = time.monotonic()
    wanted = {f"{side}-{number}" for side in ("away", "here") for number in range(20)} | {"very-late", "shared"}
    nr.wait_for(lambda: all(wanted <= set(p.nodes()) for p in places), 30, "all writes on all")
    print(f"all writes on all {time.monotonic() - healed:.2f} s after the cable was back")
    nr.wait_for(lambda: not any(p.node("doomed") for p in places), 10, "the deletion reaching the one that was away")
    assert all(p.node("shared")["metadata"] == {"side": "away"} for p in places), "the newer write of the same node wins"
    place.same(places)
