#!/usr/bin/python3
"""The shell examples of the earlier service, as they stand: default port, curl and jq. In a namespace of its own, as the port is
the real one."""

import json
import subprocess

import netns
import nr

REGISTER = """curl -X POST http://localhost:9205/api/v1/nodes/register -H "Content-Type: application/json" -d '{"hostname": "test", "ip": "192.168.1.1", "role": "test-node", "labels": ["test"]}'"""
LIST = """curl http://localhost:9205/api/v1/nodes | jq '.[] | {node_id, status, last_heartbeat}'"""
HEALTH = "curl http://localhost:9205/health"

with netns.Lab() as lab, nr.Cluster() as cluster:
    there = lab.host()

    def shell(text):
        done = subprocess.run(there.command(["bash", "-o", "pipefail", "-c", text]), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=30, check=False)
        assert done.returncode == 0, (text, done.stdout, done.stderr)
        return done.stdout

    noded = cluster.noded(host=there.address, port=9206, wrap=there.command).start()
    facade = cluster.facade(noded, port=9205, wrap=there.command)
    facade.start(wait=False)
    nr.wait_for(lambda: json.loads(shell(HEALTH))["status"] == "healthy", 15, "the facade answering")
    node = json.loads(shell(REGISTER))
    assert node["hostname"] == "test" and node["ip"] == "192.168.1.1" and node["role"] == "test-node" and node["labels"] == ["test"], node
    again = json.loads(shell(REGISTER))
    assert again["node_id"] == node["node_id"], (node, again)
    listed = shell(LIST)
    assert f'"node_id": "{node["node_id"]}"' in listed and '"status": "online"' in listed and '"last_heartbeat": "2' in listed, listed
    assert json.loads(shell(HEALTH))["network_stats"]["total_nodes"] == 2
    print("three examples: as promised")
