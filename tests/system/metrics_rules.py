#!/usr/bin/python3
"""What is shipped for Prometheus and Grafana, without running them: promtool's word on configuration and rules, the unit tests of the
rules, an alert without words or without a test, a dashboard that cannot be imported."""

import os
import re
import subprocess

import yaml

import nr
import promserver

CASES = os.path.join(nr.SOURCE, "tests", "system", "prometheus", "alerts_test.yml")


def promtool(*words):
    done = subprocess.run(["promtool", *words], capture_output=True, text=True, timeout=60, check=False, cwd=nr.SOURCE)
    assert done.returncode == 0 and "FAILED" not in done.stdout, (words, done.stdout, done.stderr)


# The commands that the page shows work as they stand, in the source tree.
def page():
    with open(os.path.join(promserver.DEPLOY, "METRICS.md"), encoding="utf-8") as f:
        (block,) = re.findall(r"<!-- runnable check -->\n```sh\n(.*?)```", f.read(), re.S)
    assert block.count("promtool") == 2, block
    for line in block.splitlines():
        promtool(*line.split()[1:])


# Rules are well-formed, and no record has the name of another.
def rules():
    promtool("check", "rules", "deploy/prometheus/rules.yml", "deploy/prometheus/alerts.yml")
    names = [rule.get("record") or rule["alert"] for name in ("rules.yml", "alerts.yml") for rule in promserver.rules(name)]
    assert len(set(names)) == len(names), names


# Each alert says how bad it is, what is wrong and what to do; and fires in a case of the unit tests.
def alerts():
    with open(CASES, encoding="utf-8") as f:
        tests = yaml.safe_load(f)["tests"]
    fired = {name for test in tests for part in test["promql_expr_test"] for sample in part["exp_samples"] or []
             for name in re.findall(r'alertname="(\w+)"', sample["labels"])}
    for alert in promserver.rules("alerts.yml"):
        assert alert["labels"]["severity"] in ("critical", "warning", "info"), alert
        assert len(alert["annotations"]["summary"]) > 20 and len(alert["annotations"]["runbook"]) > 40, alert
        assert alert["alert"] in fired, alert["alert"]


# The dashboard has what Grafana needs to import it, panels that do not lie on each other, and one data source, the chosen one.
def dashboard():
    board = promserver.dashboard()
    assert board["id"] is None and board["uid"] and board["title"] and board["schemaVersion"] >= 37
    variables = {v["name"]: v for v in board["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource" and variables["datasource"]["query"] == "prometheus"
    assert list(variables) == ["datasource", "cluster", "instance"], "a variable before what it depends on"
    ids, taken = set(), set()
    for panel in board["panels"]:
        assert panel["id"] not in ids
        ids.add(panel["id"])
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells
        if panel["type"] == "row":
            continue
        assert panel["type"] in ("stat", "timeseries", "heatmap") and panel["targets"], panel["title"]
        assert len({t["refId"] for t in panel["targets"]}) == len(panel["targets"]), panel["title"]
        for holder in (panel, *panel["targets"]):
            assert holder["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, panel["title"]
        assert all('cluster=~"$cluster"' in t["expr"] for t in panel["targets"]), panel["title"]
        if panel["type"] == "heatmap":
            assert all(t["format"] == "heatmap" and t["legendFormat"] == "{{le}}" for t in panel["targets"]), panel["title"]


for part in (page, rules, alerts, dashboard):
    part()
