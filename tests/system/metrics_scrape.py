#!/usr/bin/python3
"""GET /metrics of real facades: both forms are right by others' readers, what is documented is there and the other way round, values move
as they should, strangers cannot make series, and without noded its own are absent."""

import os
import re
import subprocess

from prometheus_client.openmetrics.parser import text_string_to_metric_families

import expositions as ex
import nr

NODES = "/api/v1/nodes"
STATUSES = 6
ROLES = 20
# Where a path was quiet for a while; with a peer.
NOT_ALWAYS = {"dagi_noded_peer_rtt_median_seconds", "dagi_noded_peer_rtt_max_seconds"}


def source(path):
    with open(os.path.join(nr.SOURCE, path), encoding="utf-8") as f:
        return f.read()


# Readers that are not ours take both forms; they tell the same samples, but for the names in histograms of a state.
def forms(_, http):
    kind, text = ex.text_of(http)
    assert kind == "text/plain; version=0.0.4; charset=utf-8", kind
    ex.check(text)
    kind, opened = ex.text_of(http, "openmetrics")
    assert kind == "application/openmetrics-text; version=1.0.0; charset=utf-8", kind
    assert opened.endswith("\n# EOF\n") and opened.count("# EOF") == 1
    samples = {(s.name, tuple(sorted(s.labels.items()))) for f in text_string_to_metric_families(opened) for s in f.samples}
    ours = {key for f in ex.parse(text).values() for key in f.samples}
    ours = {(re.sub(r"(age_seconds)_(sum|count)", r"\1_g\2", name), tuple((k, unescape(v)) for k, v in labels)) for name, labels in ours}
    # The scrapes themselves are counted; nothing else may differ.
    assert {key for key in samples ^ ours if "/metrics" not in str(key)} == set(), samples ^ ours
    types = {f.name: f.type for f in text_string_to_metric_families(opened)}
    assert types["dagi_node_heartbeat_age_seconds"] == "gaugehistogram" and types["dagi_noded_heartbeats"] == "counter", types


def unescape(text):
    return re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(m.group(1), m.group(1)), text)


# The command that the page shows works as it stands, and has nothing to say.
def page(_, http):
    (block,) = re.findall(r"<!-- runnable scrape -->\n```sh\n(.*?)```", source("deploy/METRICS.md"), re.S)
    assert "127.0.0.1:9205" in block
    done = subprocess.run(["sh", "-ec", block.replace("127.0.0.1:9205", f"{http.host}:{http.port}")], capture_output=True, text=True,
                          timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), done


# A scraper's Accept chooses; who names no text form gets the JSON object, member by member as the API has it.
def negotiation(_, http):
    def kind(accept):
        headers = http.request("GET", "/metrics", headers={"Accept": accept})[1]
        assert headers["Vary"] == "Accept", headers
        return headers["Content-Type"].split(";")[0]
    assert kind("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                "text/plain;version=0.0.4;q=0.5,*/*;q=0.1") == "application/openmetrics-text"
    assert kind("text/plain;version=0.0.4") == "text/plain"
    assert kind("*/*") == kind("text/html") == "application/json"
    status, figures = http.get("/metrics")
    assert status == 200 and set(figures) == {"service", "uptime_seconds", "total_nodes", "active_nodes", "online_nodes",
                                              "offline_nodes", "uptime_percentage", "timestamp"}, figures
    status, problem = http.get("/metrics?format=xml")
    assert status == 422 and problem["errors"][0]["field"] == "format", problem


# The page lists exactly what there is, each with its type, labels and the words of its HELP.
def documented(_, http):
    rows = re.findall(r"^\| `([a-z0-9_]+)` \| (\w+) \| (.*?) \| (.*) \|$", source("deploy/METRICS.md"), re.M)
    told = {name: (kind, set(re.findall(r"`(\w+)`", labels)), text) for name, kind, labels, text in rows}
    assert len(told) == len(rows) > 80, "a metric is listed twice"
    families = ex.read(http)
    for name, family in families.items():
        kind = "gaugehistogram" if name == "dagi_node_heartbeat_age_seconds" else family.type
        assert told.get(name) == (kind, family.label_names(), family.help), (name, told.get(name), family.type, family.help)
    assert set(told) - set(families) <= NOT_ALWAYS, set(told) - set(families)


# No figure of noded is forgotten: a new one needs its row in prometheus_families.c and in METRICS.md.
def all_figures(noded, _):
    stats = noded.call("stats")
    shown = source("src/nodehttpd/prometheus_families.c") + source("src/nodehttpd/prometheus_noded.c")
    figures = {*stats["counters"], *stats["gauges"], *stats["histograms"]} - {"records_accepted"}  # told by kind and origin
    assert not (missing := {name for name in figures if f'"{name}"' not in shown}), missing


# What happens is counted, once, in the right place, here and at the other peer.
def values(noded, http, there):
    def deltas(act, wait_there=None):
        before, before_there = ex.read(http), ex.read(there)
        act()
        if wait_there:
            nr.wait_for(lambda: wait_there(ex.read(there), before_there), 20, "the other peer's count")
        after, after_there = ex.read(http), ex.read(there)
        return (lambda name, **labels: ex.value(after, name, **labels) - ex.value(before, name, **labels),
                lambda name, **labels: ex.value(after_there, name, **labels) - ex.value(before_there, name, **labels))

    def arrived(name, **labels):
        return lambda now, before: ex.value(now, name, **labels) > ex.value(before, name, **labels)
    assert http.post(NODES + "/register", {"node_id": "warm", "hostname": "h", "role": "counted"})[0] == 200  # its series are there
    assert http.post(NODES + "/register", {})[0] == 422
    assert http.post(NODES + "/heartbeat", {"node_id": "warm"})[0] == 200
    nr.wait_for(lambda: ex.value(ex.read(there), "dagi_nodes", role="counted") == 1, 20, "the first node at the other peer")
    here, other = deltas(lambda: http.post(NODES + "/register", {"node_id": "one", "hostname": "h", "role": "counted"}),
                         lambda now, _: ex.value(now, "dagi_nodes", role="counted") == 2)
    assert here("dagi_noded_registrations_total", origin="sponsored") == 1
    assert here("dagi_noded_registrations_total", origin="self") == here("dagi_noded_registrations_total", origin="gossip") == 0
    assert here("dagi_noded_records_accepted_total", kind="node", origin="self") == here("dagi_noded_records", kind="node") == 1
    assert here("dagi_nodes", role="counted", status="online") == here("dagi_nodes") == here("dagi_store_entries", table="nodes") == 1
    assert here("dagi_http_requests_total", route=NODES + "/register", code="200", method="POST") == 1
    assert here("dagi_http_request_duration_seconds_count", route=NODES + "/register", code="200") == 1
    assert here("dagi_http_requests_total", code="422") == 0
    assert here("dagi_noded_store_commits_total", half="registry") >= 1
    assert here("dagi_noded_store_commit_duration_seconds_count", half="registry") >= 1
    assert other("dagi_noded_registrations_total", origin="gossip") == 1 and other("dagi_nodes", role="counted") == 1
    here, other = deltas(lambda: http.post(NODES + "/heartbeat", {"node_id": "one", "metrics": {"load": 1}}),
                         arrived("dagi_noded_heartbeats_total", origin="gossip"))
    assert here("dagi_noded_heartbeats_total", origin="sponsored") == 1 and here("dagi_noded_registrations_total", origin="sponsored") == 0
    assert other("dagi_noded_heartbeats_total", origin="gossip") >= 1
    assert other("dagi_noded_udp_bytes_total", direction="in") > 100
    here, _ = deltas(lambda: http.post(NODES + "/register", {}))
    assert here("dagi_http_requests_total", route=NODES + "/register", code="422") == 1 and here("dagi_nodes") == 0
    here, _ = deltas(lambda: noded.call("declare", state="maintenance"))
    assert here("dagi_nodes", status="maintenance") == 1 and here("dagi_nodes") == 0
    noded.call("declare", state="online")
    here, other = deltas(lambda: http.json("DELETE", NODES + "/one"), lambda now, _: ex.value(now, "dagi_nodes", role="counted") == 1)
    assert here("dagi_nodes", role="counted") == -1 and other("dagi_noded_registrations_total", origin="gossip") == 0
    # By now the other peer has caught up: its heartbeats of others say how long they took.
    nr.wait_for(lambda: ex.value(ex.read(there), "dagi_noded_heartbeat_spread_seconds_count") > 0, 30, "a heartbeat that spread")
    families = ex.read(http)
    assert ex.value(families, "dagi_noded_peers") == 1 and ex.value(families, "dagi_http_requests_in_flight") == 1
    ages = ex.value(families, "dagi_node_heartbeat_age_seconds_bucket", le="+Inf")
    assert ages == ex.value(families, "dagi_nodes") == ex.value(families, "dagi_node_heartbeat_age_seconds_count")
    for prefix in ("process_", "dagi_noded_process_"):
        assert ex.value(families, prefix + "resident_memory_bytes") > 1e6 and ex.value(families, prefix + "cpu_seconds_total") > 0
        assert 5 < ex.value(families, prefix + "open_fds") < ex.value(families, prefix + "max_fds")
        assert ex.value(families, prefix + "start_time_seconds") > 1.7e9


# Roles, paths and methods that strangers make up do not become series, and no node is lost from the sum.
def bounded(noded, http):
    http.get("/made-up")
    http.request("BREW", NODES)
    http.get(NODES + "/made-up")
    before = ex.read(http)
    with noded.control() as control:
        for request in [control.send("register", node_id=f"hostile-{i}", hostname="h", role=f'r{i}"}} 1 \\ é') for i in range(300)]:
            control.reply(request)
    for i in range(100):
        assert http.get(f"/made-up/{i}")[0] == 404 and http.get(f"{NODES}/made-up-{i}")[0] == 404
        assert http.request("BREW" + chr(65 + i % 26), NODES)[0] == 405
    nr.wait_for(lambda: ex.value(ex.read(http), "dagi_roles") >= 301, 10, "all the roles")
    ex.check(ex.text_of(http)[1])
    families = ex.read(http)
    nodes = families["dagi_nodes"].samples
    assert len(nodes) == (ROLES + 1) * STATUSES, len(nodes)
    assert sum(nodes.values()) == len(http.get(NODES)[1]), nodes
    assert ex.value(families, "dagi_nodes", role="other") >= 300 - ROLES
    def other_series(of):
        return {key for name, f in of.items() if name != "dagi_nodes" for key in f.samples if 'route", "/metrics"' not in str(key)}
    assert other_series(families) == other_series(before), other_series(families) ^ other_series(before)
    list(text_string_to_metric_families(ex.text_of(http, "openmetrics")[1]))


# Without noded the rest is told as before, in both forms, and noded's own series are absent rather than 0.
def away(noded, http):
    nodes = ex.value(ex.read(http), "dagi_nodes")
    noded.kill()
    nr.wait_for(lambda: ex.value(ex.read(http), "dagi_noded_up") == 0, 10, "noded found away")
    families = ex.read(http)
    assert [name for name in families if name.startswith("dagi_noded_")] == ["dagi_noded_up"], list(families)
    assert ex.value(families, "dagi_nodes") == nodes and ex.value(families, "dagi_store_up") == 1
    assert ex.value(families, "dagi_http_requests_total", route="/metrics") > 0
    ex.check(ex.text_of(http)[1])
    list(text_string_to_metric_families(ex.text_of(http, "openmetrics")[1]))
    noded.start()
    nr.wait_for(lambda: ex.value(ex.read(http), "dagi_noded_up") == 1, 10, "noded back")


with nr.Cluster() as cluster:
    first, second = cluster.peers(2, flags=["--heartbeat-interval", "2"])
    facade, beyond = cluster.facade(first).start(), cluster.facade(second).start()
    values(first, facade, beyond)
    for part in (forms, page, negotiation, documented, all_figures, bounded, away):
        part(first, facade)
