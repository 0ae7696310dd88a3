"""A real Prometheus for a test: Debian's, on a free port of 127.0.0.1, with its data in the test's directory. It knows nothing of the
Prometheus that the machine may run."""

import json
import os
import re
import socket
import urllib.error
import urllib.parse
import urllib.request

import yaml

import nr

DEPLOY = os.path.join(nr.SOURCE, "deploy")
DASHBOARD = os.path.join(DEPLOY, "grafana", "dagi-registry.json")


def dashboard():
    with open(DASHBOARD, encoding="utf-8") as f:
        return json.load(f)


def expressions(board):
    """(panel, expression) of every query of the dashboard, as Grafana would send it with all clusters and instances chosen."""
    found = [(panel["title"], target["expr"]) for panel in board["panels"] for target in panel.get("targets", [])]
    found += [(note["name"], note["expr"]) for note in board["annotations"]["list"] if "expr" in note]
    found = [(title, expr.replace("$__rate_interval", "10s").replace("$cluster", ".*").replace("$instance", ".*")) for title, expr in found]
    assert not any("$" in expr for _, expr in found), "a variable that the dashboard does not have"
    return found


def rules(name):
    with open(os.path.join(DEPLOY, "prometheus", name), encoding="utf-8") as f:
        return [rule for group in yaml.safe_load(f)["groups"] for rule in group["rules"]]


def selectors(expr):
    """The metrics that an expression reads."""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', expr)
    return set(re.findall(r"\b(?:dagi|process)_[a-z0-9_]+|\b[a-z_]+:[a-z0-9_]+:[a-z0-9_]+", bare))


class Prometheus(nr.Process):
    """Scrapes the facades each second, by the shipped configuration with only targets and times changed."""

    def __init__(self, directory, facades):
        with open(os.path.join(DEPLOY, "prometheus", "prometheus.yml"), encoding="utf-8") as f:
            config = yaml.safe_load(f)
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        config["rule_files"] = [os.path.join(DEPLOY, "prometheus", name) for name in config["rule_files"]]
        (job,) = config["scrape_configs"]
        job["static_configs"][0]["targets"] = [f"{f.host}:{f.port}" for f in facades]
        path = os.path.join(directory, "prometheus.yml")
        with open(path, "w", encoding="utf-8") as f:
            yaml.dump(config, f)
        self.port = nr.free_port(socket.SOCK_STREAM)
        super().__init__("prometheus", ["prometheus", "--config.file", path, "--storage.tsdb.path", os.path.join(directory, "tsdb"),
                                        "--web.listen-address", f"127.0.0.1:{self.port}", "--log.level", "warn"],
                         os.path.join(directory, "prometheus.log"))

    def start(self):
        self.spawn()
        nr.wait_for(self._ready, 30, "Prometheus answering")
        return self

    def _ready(self):
        self.check_running()
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5) as response:
            return response.status == 200

    def api(self, path, **parameters):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?" + urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(url, timeout=10) as response:
                answer = json.load(response)
        except urllib.error.HTTPError as err:
            raise AssertionError((path, parameters, err.read())) from err
        assert answer["status"] == "success" and not answer.get("warnings"), answer
        return answer["data"]

    def query(self, expr):
        """Labels and number of each series; a scalar is one without labels."""
        data = self.api("query", query=expr)
        if data["resultType"] == "scalar":
            return [({}, float(data["result"][1]))]
        return [(series["metric"], float(series["value"][1])) for series in data["result"]]

    def value(self, expr):
        found = self.query(expr)
        assert len(found) == 1, (expr, found)
        return found[0][1]
