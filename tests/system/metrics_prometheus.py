#!/usr/bin/python3
"""Debian's Prometheus scrapes two real facades by the shipped configuration: it takes all that they tell, every rule and every query of
the dashboard is answered, with series wherever there must be some, and what happens in the registry shows."""

import nr
import promserver

REGISTER = "/api/v1/nodes/register"
EMPTY = {"Alerts", "noded started"}  # panels that show nothing where all is well


# Both facades are scraped without a complaint, in OpenMetrics, which Prometheus prefers.
def scraped(prometheus):
    def all_up():
        targets = prometheus.api("targets", state="active")["activeTargets"]
        return len(targets) == 2 and all(t["health"] == "up" and t["lastError"] == "" for t in targets)
    nr.wait_for(all_up, 30, "both targets scraped")
    (age,) = prometheus.api("metadata", metric="dagi_node_heartbeat_age_seconds")["dagi_node_heartbeat_age_seconds"]
    assert age["type"] == "gaugehistogram" and age["help"], age
    told = prometheus.api("metadata")
    assert all(entry["help"] for name, entries in told.items() if name.startswith(("dagi_", "process_")) for entry in entries)
    assert prometheus.value('scrape_samples_post_metric_relabeling{instance="%s"}' % prometheus.instances[0]) > 200


# Rules evaluate without an error, and read no metric that there is not.
def rules(prometheus):
    groups = prometheus.api("rules")["groups"]
    found = {rule["name"]: rule for group in groups for rule in group["rules"]}
    nr.wait_for(lambda: all(rule["health"] == "ok" for group in prometheus.api("rules")["groups"] for rule in group["rules"]), 30,
                "all rules evaluated")
    shipped = promserver.rules("rules.yml") + promserver.rules("alerts.yml")
    assert len(found) == len(shipped), set(found)
    for rule in shipped:
        prometheus.query(rule["expr"])
        for metric in promserver.selectors(rule["expr"]):
            nr.wait_for(lambda m=metric: prometheus.query(f"count({m})"), 20, f"{metric}, which a rule reads")


# Every query of the dashboard is answered, and shows something.
def dashboard(prometheus):
    for title, expr in promserver.expressions(promserver.dashboard()):
        if title in EMPTY:
            prometheus.query(expr)
        else:
            assert nr.wait_for(lambda e=expr: prometheus.query(e), 20, f"series for {title}: {expr}")
    labels = {name for series, _ in prometheus.query("dagi_build_info") for name in series}  # the dashboard's variables read it
    assert {"cluster", "instance", "version"} <= labels, labels


# Nodes of two facades are counted once, a registration is one more, and the quantiles of both histograms are plausible.
def moves(prometheus, http):
    all_nodes, taken = "sum(cluster_status:dagi_nodes:max)", 'sum(dagi_noded_registrations_total{origin="sponsored"})'
    nr.wait_for(lambda: prometheus.value(all_nodes) == 2, 20, "the two peers' own nodes")
    assert prometheus.value(taken) == 0
    for i in range(3):
        assert http.post(REGISTER, {"hostname": f"h{i}", "role": "seen"})[0] == 200
    nr.wait_for(lambda: prometheus.value(all_nodes) == 5 and prometheus.value(taken) == 3, 20, "three more nodes")
    nr.wait_for(lambda: [v for _, v in prometheus.query('sum by (instance) (dagi_nodes{role="seen",status="online"})')] == [3, 3], 20,
                "them at both facades")
    spread = "histogram_quantile(0.5, sum by (le) (rate(dagi_noded_heartbeat_spread_seconds_bucket[10s])))"
    nr.wait_for(lambda: 0 < prometheus.value(spread) < 1, 20, "a quantile of the spread")
    age = "histogram_quantile(0.5, max by (le) (dagi_node_heartbeat_age_seconds_bucket))"
    assert 0 < prometheus.value(age) < 60
    assert not prometheus.query('ALERTS{alertstate="firing"}'), prometheus.query("ALERTS")


# noded away: its alert is pending at once, and the facade goes on telling the nodes.
def away(prometheus, noded):
    noded.kill()
    nr.wait_for(lambda: prometheus.query('ALERTS{alertname="DagiNodedAway",instance="%s"}' % prometheus.instances[0]), 20, "the alert")
    assert not prometheus.query('dagi_noded_peers{instance="%s"}' % prometheus.instances[0])
    assert prometheus.query('dagi_nodes{instance="%s"}' % prometheus.instances[0])
    noded.start()


with nr.Cluster() as cluster:
    peers = cluster.peers(2, flags=["--heartbeat-interval", "1"])
    facades = [cluster.facade(peer).start() for peer in peers]
    server = cluster.add(promserver.Prometheus(cluster.directory, facades)).start()
    server.instances = [f"{f.host}:{f.port}" for f in facades]
    scraped(server)
    moves(server, facades[0])
    for facade in facades:
        facade.get("/api/v1/nodes")
        facade.get("/api/v1/nodes")
    rules(server)
    dashboard(server)
    away(server, peers[0])
