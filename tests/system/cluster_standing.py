#!/usr/bin/python3
"""A peer that is killed is offline everywhere within seconds, long before its silence says so; every facade and nodectl say who no longer
hears it and since when, with noded stopped from the store; once it is back it is online at once."""

import json
import re
import signal
import time

import follower
import nr
import place

GONE_BOUND_S = 8.0  # 1.5 s between probes, a quarter more, 1 s of doubt, spreading, commit; the rest is for a busy machine
RETURN_BOUND_S = 2.0
SENTENCE = re.compile(r"^2( of 2)? observers have not heard it since (\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d UTC$")


def standing(where, node_id="peer-3"):
    status, answer = where.facade.get(f"/api/v1/nodes/{node_id}/standing")
    assert status == 200, (status, answer)
    return answer


def nodectl(noded, *words):
    status, out, err = nr.run("nodectl", "--state-dir", noded.state, "--socket", noded.socket, *words)
    assert status == 0, (out, err)
    return out


def until_all(places, status, bound):
    begun = time.monotonic()
    nr.wait_for(lambda: all(p.status("peer-3") == status for p in places), 30, f"all see peer-3 as {status}")
    took = time.monotonic() - begun
    print(f"{status} everywhere after {took:.2f} s")
    assert took < bound, took


def is_well():
    """While it is well: this peer hears it directly, and both observe it. One fact comes after the other: with the NODE record, a path
    and its first PROBE, the first heartbeat that somebody brings."""
    well = standing(places[0])
    assert {o["node_id"] for o in well["observers"]} == {"peer-1", "peer-2"} and (well["quorum"], well["against"]) == (2, 0), well
    assert [o["says"] for o in well["observers"] if o["node_id"] == "peer-1"] == ["hears"], well
    assert None not in (well["heard_directly"], well["clock_offset_ms"]), well
    assert well["heard_directly"] < 5 and abs(well["clock_offset_ms"]) < 1000, well
    assert re.match(r"^heartbeat \d+ s ago$", well["why"]) and well["heard_through"] in ("peer-2", "peer-3"), well
    return True


with nr.Cluster() as cluster:
    one, two, third = places = place.start(cluster, 3)
    others = (one, two)
    nr.wait_for(lambda: all(p.status("peer-3") == "online" for p in places), 10, "all online")

    nr.wait_for(is_well, 15, "peer-1 hears peer-3")

    watch = follower.Follower(one.noded, "watch")

    def begun():
        one.facade.json("PUT", "/api/v1/profiles/probe", {"n": time.monotonic()})
        return not watch.lines.empty()
    nr.wait_for(begun, 10, "watch following")

    third.noded.kill()
    until_all(others, "offline", GONE_BOUND_S)
    for p in others:
        gone = nr.wait_for(lambda p=p: (s := standing(p))["against"] == 2 and s, 5, "both verdicts")
        assert gone["status"] == "offline" and SENTENCE.match(gone["why"]), gone
        assert {(o["node_id"], o["says"]) for o in gone["observers"]} == {("peer-1", "gone"), ("peer-2", "gone")}, gone
        assert [o["rank"] for o in gone["observers"]] == [1, 2] and all(o["since"] for o in gone["observers"]), gone
    watch.expect(what="status", subject="peer-3", to="offline")
    status, health = one.facade.get("/health")
    assert status == 200 and health["network_stats"]["offline_nodes"] == 1, health
    assert list(one.nodes("&status=offline")) == ["peer-3"] and "peer-3" not in two.nodes("&status=online")
    text = nodectl(one.noded, "node", "peer-3")
    assert re.search(r"^Status +offline: 2 of 2 observers have not heard it since ", text, re.M), text
    assert len(re.findall(r"^Observer \d +peer-[12]: has not heard it since ", text, re.M)) == 2, text

    # It cannot be asked who is stopped: the store tells. What only noded knows is null.
    two.noded.kill()
    alone = json.loads(nodectl(two.noded, "-o", "json", "node", "peer-3"))["standing"]
    for answer in (alone, standing(two)):
        assert answer["status"] == "offline" and SENTENCE.match(answer["why"]), answer
        assert {o["node_id"] for o in answer["observers"]} == {"peer-1", "peer-2"} and answer["against"] == 2, answer
        assert answer["heard_directly"] is answer["quorum"] is answer["clock_offset_ms"] is None, answer
    assert "not known: noded does not answer" in nodectl(two.noded, "node", "peer-3")
    two.noded.start()
    # A start judges anew from what it finds in its store.
    assert two.status("peer-3") == "offline", standing(two)

    third.noded.start()
    until_all(others, "online", RETURN_BOUND_S)
    watch.expect(what="status", subject="peer-3", to="online")
    watch.end(signal.SIGINT)
    back = nr.wait_for(lambda: (s := standing(one))["against"] == 0 and s, 5, "the verdicts are overruled")
    assert back["why"].startswith("heartbeat "), back
