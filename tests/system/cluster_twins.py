#!/usr/bin/python3
"""One key on two machines, as where a state directory was copied: both stay up, every other node is online and the others agree; two
records under one stamp are shown wherever an operator looks, and ending one of the two is the cure."""

import json
import re
import shutil
import time

import ctl
import netns
import nr
import place

OTHERS = ("peer-1", "peer-2", "peer-3")
LOOK_S = 15
# Heartbeats are a second apart here, and a path that has to be made anew takes longer than the three that readers bear: at the ten seconds
# that a cluster has by default they bear half a minute. Verdicts, which know nothing of heartbeats, count as ever.
PATIENT = ("--missed-heartbeats", "10")
RECORDS_A_S = 20  # that the two may cost another peer; five heartbeats are among them
PAIRS = re.compile(r"^dagi_store_evidence_pairs (\d+)$", re.M)
OWN_NEWER = re.compile(r"^dagi_noded_own_newer_met_total (\d+)$", re.M)


def metric(at, pattern):
    status, _, text = at.facade.request("GET", "/metrics?format=prometheus")
    assert status == 200, status
    return int(pattern.search(text.decode())[1])


def not_online(places):
    return [(p.noded.name, name, status) for p in places for name in OTHERS if (status := p.status(name)) != "online"]


def undisturbed(places):
    """None of the others is ever shown as anything but online."""
    if wrong := not_online(places):
        raise SystemError(f"somebody else suffers: {wrong}")
    return True


def start_both(origin, twins):
    """A start reserves stamps for some seconds ahead; of one that was killed at once both copies go on behind these: under the same
    stamps, each with an address of its own to tell. Returns False where this machine was too slow for that."""
    for twin in twins:
        if twin.noded.running():
            twin.noded.kill()
        shutil.rmtree(twin.noded.state, ignore_errors=True)
    origin.noded.start()
    origin.noded.kill()
    for twin in twins:
        shutil.copytree(origin.noded.state, twin.noded.state)
        twin.noded.start(wait=False)
    for twin in twins:
        twin.noded.ready()
    return len({twin.noded.info()["incarnation"] for twin in twins}) == 1


def have_evidence(places):
    return [p for p in places if metric(p, PAIRS) > 0]


def check_evidence(at):
    """At one who holds a pair."""
    shown = ctl.data(at.noded, "records", "--evidence")
    assert len(shown) >= 2 and len(shown) % 2 == 0, shown
    for a, b in zip(shown[::2], shown[1::2]):
        assert (a["stamp"], a["signer"], a["subject"]) == (b["stamp"], b["signer"], "peer-4") and a["hex"] != b["hex"], (a, b)
        assert a["check"] == b["check"] == "ok", (a, b)
    assert "Conflicts" in ctl.ok(at.noded, "status")
    status, out, _ = ctl.run(at.noded, "-o", "json", "doctor")
    found = {(c["check"], c["result"]) for c in json.loads(out)["checks"]}
    assert status == 1 and ("conflicts", "broken") in found, found
    ctl.ok(at.noded, "verify")
    assert "two records under one stamp" in at.noded.log()


with netns.Lab() as lab, nr.Cluster() as cluster:
    *trio, origin = place.start(cluster, 4, lab=lab, facade_flags=PATIENT)
    twins = first, second = [place.Place(cluster, number, there=lab.host(), node_id="peer-4", facade_flags=PATIENT) for number in (5, 6)]
    nr.wait_for(lambda: all(p.status(name) == "online" for p in trio for name in OTHERS), 20, "all online")
    origin.noded.kill()
    nr.wait_for(lambda: start_both(origin, twins), 60, "both going on under the same stamps")
    for twin in twins:
        twin.facade.start()
    holder = nr.wait_for(lambda: undisturbed(trio) and have_evidence([*trio, *twins]), 30, "evidence at somebody")[0]
    check_evidence(holder)

    # Started at another moment, as a copy mostly is, it has paths beside those of the other one.
    assert second.noded.stop() == 0
    second.noded.start()
    wanted = {twin.noded.address for twin in twins}
    nr.wait_for(lambda: all(wanted <= {peer["address"] for peer in p.noded.peers()} for p in trio), 60, "paths to both at all others")
    nr.wait_for(lambda: undisturbed(trio) and not not_online(twins), 30, "all others online at the two")
    before = [p.noded.stats()["records_accepted"] for p in trio]
    end = time.monotonic() + LOOK_S
    while time.monotonic() < end:
        assert undisturbed([*trio, *twins])
        time.sleep(0.2)
    cost = max(p.noded.stats()["records_accepted"] - b for p, b in zip(trio, before)) / LOOK_S
    print(f"the two cost others {cost:.1f} records a second; they met newer ones of their own "
          f"{' and '.join(str(metric(p, OWN_NEWER)) for p in twins)} times; evidence at {len(have_evidence([*trio, *twins]))} of 5")
    assert cost < RECORDS_A_S, cost
    assert all(metric(p, OWN_NEWER) > 0 for p in twins), "neither of the two has noticed"
    trio[0].register("meanwhile")
    nr.wait_for(lambda: all(p.node("meanwhile") for p in (*trio, *twins)), 10, "a write on all, on both of the two as well")
    place.same(trio)

    assert second.noded.stop() == 0
    first.register("peer-4", metadata={"side": "kept"})
    nr.wait_for(lambda: all((node := p.node("peer-4"))["metadata"] == {"side": "kept"} and node["status"] == "online" for p in trio), 20,
                "who is left being shown")
    place.same([*trio, first])
    assert undisturbed(trio)
