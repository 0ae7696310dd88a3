#!/usr/bin/python3
"""Two keys claim one node id, each a daemon on a machine of its own. Which claim is shown follows from the two alone: every peer shows
the same one, the newest, says who else claims it, and nobody else is disturbed."""

import time

import ctl
import netns
import nr
import place

ID = "same"
OTHERS = ("peer-1", "peer-2", "peer-3")
LOOK_S = 15
RECORDS_A_S = 10  # six heartbeats a second are made, by those with one each second


def shown(places):
    """What all show of it, once that is the same on all."""
    nodes = [p.node(ID) for p in places]
    if None in nodes:
        return None
    facts = [(n["metadata"], n["hostname"], n["role"], n["updated_at"]) for n in nodes]
    return all(f == facts[0] for f in facts) and facts[0][0]


def undisturbed(places):
    wrong = [(p.noded.name, name, status) for p in places for name in OTHERS if (status := p.status(name)) != "online"]
    if wrong:
        raise SystemError(f"somebody else suffers: {wrong}")
    return True


with netns.Lab() as lab, nr.Cluster() as cluster:
    trio = place.start(cluster, 3, lab=lab)
    token = trio[0].noded.invite()
    claimants = [place.Place(cluster, number, token=token, there=lab.host(), node_id=ID).start() for number in (4, 5)]
    everybody = [*trio, *claimants]
    place.met(everybody)
    place.same(everybody)
    keys = {c.noded.info()["node_key"].hex() for c in claimants}
    assert len(keys) == 2

    for round_number in range(6):
        claimant = claimants[round_number % 2]
        claimant.register(ID, metadata={"round": round_number, "by": claimant.noded.name})
        nr.wait_for(lambda r=round_number: (shown(everybody) or {}).get("round") == r, 10, f"all showing claim {round_number}")
        assert undisturbed(everybody)
    place.same(everybody)
    last = shown(everybody)

    # Nobody gives way, and nobody says it over and over.
    before = [p.noded.stats()["records_accepted"] for p in trio]
    end = time.monotonic() + LOOK_S
    while time.monotonic() < end:
        assert undisturbed(everybody) and shown(everybody) == last
        assert {p.status(ID) for p in everybody} == {"online"}
        time.sleep(0.2)
    cost = max(p.noded.stats()["records_accepted"] - b for p, b in zip(trio, before)) / LOOK_S
    print(f"with the two, {cost:.1f} records a second came to a peer")
    assert cost < RECORDS_A_S, cost

    for p in everybody:
        signers = ctl.data(p.noded, "node", ID)["explain"]["node_records"]
        assert len(signers) == 2 and all(s["self"] for s in signers), signers
        assert [s["shown"] for s in signers].count(True) == 1, signers
        assert "Also signed by" in ctl.ok(p.noded, "node", ID)
        ctl.ok(p.noded, "verify")

    # Who joins now shows the same.
    late = place.Place(cluster, 6, token=token, there=lab.host()).start()
    everybody.append(late)
    nr.wait_for(lambda: shown(everybody) == last, 20, "the late one showing the same")
    place.same(everybody)
    assert undisturbed(everybody)
