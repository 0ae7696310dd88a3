#!/usr/bin/python3
"""A client that posts what today's DAGI agent posts runs unchanged and is online on all peers all the time; one that reads
?view=full finds what today's web pages read.

    cluster_agent.py [SECONDS]
"""

import datetime
import sys
import time

import nr
import place

BEAT_S = 2.0
REGISTRATION = {
    "node_id": "macbook-agent", "node_name": "MacBook", "node_role": "development", "node_type": "laptop", "hostname": "macbook.local",
    "ip_address": None, "local_ip": "192.168.1.23",
    "capabilities": {
        "system": {"os": "Darwin", "cpu_count": 16, "memory_total_gb": 64.0},
        "services": ["node-agent", "ollama"], "features": ["inference"],
        "gpu": {"available": True, "model": "M4 Max", "cores": 40},
        "ollama": {"available": True, "models": ["qwen2.5-coder:32b"]},
    },
}


def beat(where):
    metrics = {"cpu_percent": 12.5, "memory_percent": 61.2, "disk_percent": 40.0,
               "timestamp": datetime.datetime.now().isoformat()}
    status, answer = where.facade.post("/api/v1/nodes/heartbeat", {"node_id": "macbook-agent", "status": "online", "metrics": metrics})
    assert status == 200 and answer["success"] is True and answer["node_id"] == "macbook-agent", (status, answer)


def check_pages(where):
    """What the pages read, from this place."""
    status, page = where.facade.get("/api/v1/nodes?view=full")
    assert status == 200 and page["total"] == len(page["nodes"]), page
    node = next(n for n in page["nodes"] if n["node_id"] == "macbook-agent")
    for member in ("node_name", "node_role", "node_type", "local_ip"):
        assert node[member] == REGISTRATION[member], (member, node)
    assert node["status"] == "online" and node["last_heartbeat"], node
    assert "ip_address" in node and "registered_at" in node, node
    assert node["metadata"]["capabilities"] == REGISTRATION["capabilities"], node


seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
with nr.Cluster() as cluster:
    places = place.start(cluster, 3)
    status, node = places[0].facade.post("/api/v1/nodes/register", REGISTRATION)
    assert status == 200 and node["node_id"] == "macbook-agent" and node["role"] == "development", (status, node)
    nr.wait_for(lambda: all(p.node("macbook-agent") for p in places), 5, "the agent's node on all")

    begun = time.monotonic()
    beats = looks = 0
    while time.monotonic() - begun < seconds:
        if time.monotonic() - begun >= beats * BEAT_S:
            beat(places[0])
            beats += 1
        for p in places:
            status = p.status("macbook-agent")
            assert status == "online", f"{status} at {p.noded.name} after {time.monotonic() - begun:.1f} s"
            looks += 1
        time.sleep(0.05)
    for p in places:
        nr.wait_for(lambda: check_pages(p) is None, 5, "the pages finding what they read")

    def history():
        answer, beats_seen = places[2].facade.get("/api/v1/nodes/macbook-agent/heartbeats")
        return answer == 200 and beats_seen[0]["metrics"]["cpu_percent"] == 12.5
    nr.wait_for(history, 5, "the beats in the history of another peer")
    print(f"{beats} beats in {seconds:.0f} s, {looks} looks at three peers, always online")
