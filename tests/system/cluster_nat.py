#!/usr/bin/python3
"""A peer behind NAT, which nobody can reach first, takes part like every other: its writes reach all, and all writes reach it,
also after the router has got another address."""

import time

import netns
import nr
import place

with netns.Lab() as lab, nr.Cluster() as cluster:
    one, two = place.start(cluster, 2, lab=lab)
    inner = place.Place(cluster, 3, token=one.noded.invite(), there=lab.behind_nat()).start()
    places = [one, two, inner]
    place.met(places)

    inner.register("from-inside")
    nr.wait_for(lambda: one.node("from-inside") and two.node("from-inside"), 5, "a write from inside reaching all")
    two.register("from-outside")
    nr.wait_for(lambda: inner.node("from-outside"), 5, "a write from outside reaching the inside")
    addresses = {p["address"] for p in two.noded.peers()}
    assert any(a.startswith(inner.there.router.address + ":") for a in addresses), f"known by its router's address: {addresses}"

    lab.renumber(inner.there.router)
    begun = time.monotonic()
    two.register("after-the-change")
    nr.wait_for(lambda: inner.node("after-the-change"), 60, "finding the way again")
    print(f"found the way again after {time.monotonic() - begun:.1f} s")
    place.same(places)
