#!/usr/bin/python3
"""Every call of the HTTP API, in both views, against a real peer."""

import re
import time

import msgpack

import nr

TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
FLAT = {"id", "node_id", "hostname", "ip", "role", "labels", "status", "last_heartbeat", "metadata", "created_at", "updated_at"}
FULL = FLAT | {"node_name", "node_role", "node_type", "ip_address", "local_ip", "registered_at"}
PROBLEM = {"type", "title", "status", "detail"}
NODES = "/api/v1/nodes"


def register(http, node_id, **members):
    status, node = http.post(NODES + "/register", {"node_id": node_id, "hostname": node_id + ".example", "role": "worker", **members})
    assert status == 200, (status, node)
    return node


def ids(answer):
    status, nodes = answer
    assert status == 200, answer
    return [n["node_id"] for n in (nodes["nodes"] if isinstance(nodes, dict) else nodes)]


def expect_problem(answer, status, words=""):
    got, problem = answer
    assert got == status and PROBLEM <= set(problem) and problem["status"] == status, answer
    assert words in problem["detail"], answer


def registering(http):
    """The answer is the node; registering again updates it and keeps what does not change."""
    node = register(http, "a", ip="192.0.2.1", labels=["x", "y"], metadata={"zone": 1, "deep": {"b": [1, 2.5, None, True, "ä"]}})
    assert set(node) == FLAT and node["status"] == "online", node
    assert node["ip"] == "192.0.2.1" and node["labels"] == ["x", "y"] and node["hostname"] == "a.example", node
    assert node["metadata"] == {"zone": 1, "deep": {"b": [1, 2.5, None, True, "ä"]}}, node
    assert all(TIME.match(node[k]) for k in ("last_heartbeat", "created_at", "updated_at")), node
    again = register(http, "a", role="test", labels=[])
    assert again["id"] == node["id"] and again["created_at"] == node["created_at"], (node, again)
    assert again["role"] == "test" and again["labels"] == [] and again["updated_at"] >= node["updated_at"], again
    assert http.get(NODES + "/a") == (200, again)
    unnamed = {"hostname": "box", "ip": "192.0.2.9", "role": "worker"}
    status, one = http.post(NODES + "/register", unnamed)
    assert status == 200 and re.match(r"^node-box-[0-9a-f]{8}$", one["node_id"]), one
    assert http.post(NODES + "/register", unnamed)[1]["node_id"] == one["node_id"]
    assert http.json("DELETE", f"{NODES}/{one['node_id']}")[0] == 204
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert http.json("POST", NODES + "/register", b'{"hostname":"f","role":"r","node_id":"form"}', form)[0] == 200
    assert http.json("DELETE", NODES + "/form")[0] == 204


def filters(http):
    """The list is ordered and filtered, paged, and counts what passes."""
    register(http, "b", role="gpu", labels=["x", "z"], metadata={"node_type": "server", "capabilities": {"ollama": True, "gpu": False}})
    register(http, "c", role="gpu", labels=["x"], metadata={"capabilities": {"features": ["inference"]}})
    own = http.noded.info()["node_id"]
    everybody = sorted(["a", "b", "c", own], key=str.encode)
    assert ids(http.get(NODES)) == everybody
    assert ids(http.get("/nodes")) == everybody
    assert ids(http.get("/nodes?role=gpu")) == ["b", "c"]
    assert ids(http.get(NODES + "?role=gpu&label=x&label=z")) == ["b"]
    assert ids(http.get(NODES + "?role=&status=online&label=x")) == ["b", "c"]
    assert ids(http.get(NODES + "?status=left")) == []
    assert ids(http.get(NODES + "?limit=2&offset=1")) == everybody[1:3]
    for path, total in (("?limit=1", 4), ("?offset=100", 4), ("?role=gpu&limit=1", 2)):
        status, headers, _ = http.request("GET", NODES + path)
        assert status == 200 and headers["X-Total-Count"] == str(total), (path, headers)
    for query, field in (("limit=0", "limit"), ("limit=1001", "limit"), ("offset=-1", "offset"), ("status=asleep", "status"),
                         ("role=a&role=b", "role"), ("view=wide", "view")):
        status, problem = http.get(f"{NODES}?{query}")
        assert status == 422 and [e["field"] for e in problem["errors"]] == [field], (query, problem)
    # What was answered from a list that was built before is never older than a change.
    for i in range(20):
        register(http, "b", role="gpu" if i % 2 else "cpu", labels=["x", "z"], metadata={"node_type": "server", "capabilities": {"ollama": True}})
        assert ids(http.get("/nodes?role=gpu")) == (["b", "c"] if i % 2 else ["c"]), i


def views(http):
    """What view=full adds, on each call that has it."""
    full = http.get(NODES + "?view=full")[1]
    assert set(full) == {"nodes", "total"} and full["total"] == len(full["nodes"]) == 4, full
    for status, node in (http.get(NODES + "/b?view=full"), (200, full["nodes"][0]),
                         http.post(NODES + "/register?view=full", {"node_id": "b", "hostname": "b", "role": "gpu"}),
                         (200, http.get(NODES + "/discover?view=full")[1]["nodes"][0])):
        assert status == 200 and set(node) == FULL, node
        assert node["node_role"] == node["role"] and node["ip_address"] == node["ip"], node
        assert node["registered_at"] == node["created_at"], node
    assert set(http.get(NODES + "/b?view=flat")[1]) == FLAT


def heartbeats(http):
    """A heartbeat is taken and kept with its metrics; a declared status shows at once."""
    status, answer = http.post(NODES + "/heartbeat", {"node_id": "a", "metrics": {"cpu": 1.5, "n": 3, "timestamp": "now"}})
    assert status == 200 and answer["success"] is True and answer["node_id"] == "a" and TIME.match(answer["timestamp"]), answer
    assert isinstance(answer["message"], str)
    time.sleep(0.01)  # so that the two have different times
    http.post(NODES + "/heartbeat", {"node_id": "a", "status": "online"})

    def history():
        status, beats = http.get(NODES + "/a/heartbeats")
        assert status == 200, beats
        return beats if len(beats) >= 2 else None
    beats = nr.wait_for(history, 10, "two heartbeats in the history")
    assert all(TIME.match(b["timestamp"]) for b in beats) and [b["timestamp"] for b in beats] == sorted((b["timestamp"] for b in beats), reverse=True)
    assert beats[0]["status"] == "online" and beats[1]["metrics"] == {"cpu": 1.5, "n": 3, "timestamp": "now"}, beats
    assert len(http.get(NODES + "/a/heartbeats?limit=1")[1]) == 1
    assert http.get(f"{NODES}/a/heartbeats?since={beats[0]['timestamp']}")[1] == beats[:1]
    assert http.get(NODES + "/a/heartbeats?since=2999-01-01T00:00:00Z")[1] == []
    for query in ("limit=0", "since=yesterday"):
        assert http.get(f"{NODES}/a/heartbeats?{query}")[0] == 422
    for status in ("maintenance", "draining", "degraded", "left", "online"):
        assert http.post(NODES + "/heartbeat", {"node_id": "a", "status": status})[0] == 200
        nr.wait_for(lambda: http.get(NODES + "/a")[1]["status"] == status, 5, status)
    expect_problem(http.post(NODES + "/heartbeat", {"node_id": "nobody"}), 404)
    expect_problem(http.get(NODES + "/nobody/heartbeats"), 404)
    faults = http.post(NODES + "/heartbeat", {"status": "offline", "metrics": []})[1]["errors"]
    assert [e["field"] for e in faults] == ["node_id", "status", "metrics"], faults


def discovery(http):
    """By body and by query, alike; online unless another status is asked for."""
    register(http, "b", role="gpu", labels=["x", "z"], metadata={"node_type": "server", "capabilities": {"ollama": True, "gpu": False}})
    cases = [({}, "", 4), ({"role": "gpu"}, "role=gpu", 2), ({"labels": ["x", "z"]}, "labels=x&label=z", 1),
             ({"type": "server"}, "type=server", 1), ({"capability": "ollama"}, "capability=ollama", 1),
             ({"capability": "gpu"}, "capability=gpu", 0), ({"capability": "inference"}, "capability=inference", 1),
             ({"status": "left"}, "status=left", 0), ({"role": "gpu", "status": None, "x": 1}, "role=gpu&x=1", 2)]
    for body, query, count in cases:
        posted, got = http.post(NODES + "/discover", body), http.get(f"{NODES}/discover?{query}")
        assert posted[0] == got[0] == 200 and set(posted[1]) == {"nodes", "query", "total"}, posted
        assert posted[1] == got[1] and got[1]["total"] == len(got[1]["nodes"]) == count, (body, got)
        assert got[1]["query"]["status"] == (body.get("status") or "online")
    assert http.json("POST", NODES + "/discover")[0] == 200
    assert {e["field"] for e in http.post(NODES + "/discover", {"role": 1, "labels": "x", "status": "up"})[1]["errors"]} == {"role", "labels", "status"}


def records(http):
    """The records' own bytes: an array of arrays, each with the node as its subject."""
    status, headers, data = http.request("GET", NODES + "/b/records")
    assert status == 200 and headers["Content-Type"] == "application/msgpack", headers
    got = msgpack.unpackb(data, raw=False)
    assert {r[1] for r in got} <= {1, 64} and all(len(r) == 8 and r[3] == "b" and len(r[7]) == 64 for r in got), got
    expect_problem(http.get(NODES + "/nobody/records"), 404)


def standing(http):
    """Why a node has its status: one sentence, and every member that the API names, known or null."""
    status, answer = http.get(NODES + "/b/standing")
    assert status == 200 and answer["node_id"] == "b" and answer["status"] == http.get(NODES + "/b")[1]["status"], answer
    assert answer["status"] != "online" or answer["why"].startswith("heartbeat "), answer
    assert (answer["observers"], answer["quorum"], answer["against"], answer["heard_directly"]) == ([], None, 0, None), answer
    assert set(answer) == {"node_id", "status", "why", "last_heartbeat", "interval", "heard_directly", "heard_through",
                           "clock_offset_ms", "observers", "quorum", "against"}, answer
    expect_problem(http.get(NODES + "/nobody/standing"), 404)
    expect_problem(http.get(NODES + "/%2e%2e/standing"), 404)


def deletion(http):
    """Gone at once; a second time there is nothing to delete; registering anew brings it back."""
    assert http.request("DELETE", NODES + "/c")[::2] == (204, b"")
    expect_problem(http.get(NODES + "/c"), 404, "c")
    expect_problem(http.json("DELETE", NODES + "/c"), 404)
    expect_problem(http.post(NODES + "/heartbeat", {"node_id": "c"}), 404)
    assert "c" not in ids(http.get(NODES))
    register(http, "c")
    assert http.json("DELETE", NODES + "/c")[0] == 204


def profiles(http):
    assert http.get("/api/v1/profiles") == (200, [])
    config = {"interval": 10, "list": [1, {"ä": None}], "on": True}
    status, profile = http.json("PUT", "/api/v1/profiles/a%20role", config)
    assert status == 200 and profile["role"] == "a role" and profile["config"] == config, profile
    assert set(profile) == {"role", "config", "created_at", "updated_at"} and TIME.match(profile["created_at"]), profile
    again = http.json("PUT", "/api/v1/profiles/a%20role", {})[1]
    assert again["config"] == {} and again["created_at"] == profile["created_at"], again
    assert http.get("/api/v1/profiles/a%20role") == (200, again)
    assert http.get("/api/v1/profiles") == (200, [again])
    assert http.json("PUT", "/api/v1/profiles/a%20role", {"k": "x" * 16000})[1]["errors"][0]["field"] == "config"
    assert http.json("DELETE", "/api/v1/profiles/a%20role")[0] == 204
    expect_problem(http.get("/api/v1/profiles/a%20role"), 404)
    expect_problem(http.json("DELETE", "/api/v1/profiles/a%20role"), 404)


def about(http):
    """Index, health and metrics."""
    index = http.get("/")[1]
    assert index["service"] == "node-registry" and index["node_id"] == http.noded.info()["node_id"] and index["version"], index
    assert {"method": "GET", "path": "/health"}.items() <= next(e for e in index["endpoints"] if e["path"] == "/health").items()
    status, health = http.get("/health")
    assert status == 200 and health["status"] == "healthy" and health["service"] == "node-registry", health
    assert health["database"]["connected"] is True and health["database"]["engine"] == "lmdb" and health["gossip"]["connected"] is True
    assert set(health["network_stats"]) == {"total_nodes", "online_nodes", "offline_nodes", "uptime_percentage"}, health
    assert health["network_stats"] == {"total_nodes": 3, "online_nodes": 3, "offline_nodes": 0, "uptime_percentage": 100}, health
    figures = http.get("/metrics")[1]
    assert set(figures) == {"service", "uptime_seconds", "total_nodes", "active_nodes", "online_nodes", "offline_nodes",
                            "uptime_percentage", "timestamp"}, figures
    browser = http.request("GET", "/metrics", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert browser[1]["Content-Type"] == "application/json"


def exposition(http):
    """Each sample belongs to a family with HELP and TYPE before it, and is a number."""
    scraper = {"Accept": "application/openmetrics-text;version=1.0.0;q=0.3,text/plain;version=0.0.4;q=0.5"}
    for path, headers in (("/metrics", scraper), ("/metrics?format=prometheus", {}), ("/metrics", {"Accept": "text/plain"})):
        status, got, text = http.request("GET", path, headers=headers)
        assert status == 200 and got["Content-Type"].startswith("text/plain; version=0.0.4"), got
    families, helped = {}, set()
    for line in text.decode().splitlines():
        words = line.split(" ")
        if line.startswith("# HELP "):
            assert words[2] not in helped, line
            helped.add(words[2])
        elif line.startswith("# TYPE "):
            families[words[2]] = words[3]
        else:
            name = line.split("{")[0].split(" ")[0]
            family = re.sub(r"_(bucket|sum|count)$", "", name)
            family = family if families.get(family) == "histogram" else name
            assert family in families and family in helped, line
            assert families[family] != "counter" or name.endswith("_total"), line
            float(words[-1])
    text = text.decode()
    for sample in ('dagi_nodes{role="worker",status="online"} ', "dagi_noded_up 1", "dagi_store_up 1",
                   'dagi_noded_datagrams_total{direction="in"} ', 'dagi_http_requests_total{method="GET",route="/health",code="200"}',
                   'dagi_http_request_duration_seconds_bucket{method="GET",route="/health",code="200",le="+Inf"}'):
        assert sample in text, (sample, text)


with nr.Cluster() as cluster:
    noded = cluster.noded().start()
    facade = cluster.facade(noded).start()
    for part in (registering, filters, views, heartbeats, discovery, records, standing, deletion, profiles, about, exposition):
        part(facade)
        print(f"{part.__name__}: as promised")
    assert facade.stop() == 0
    assert noded.stop() == 0
