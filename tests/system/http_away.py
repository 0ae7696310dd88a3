#!/usr/bin/python3
"""The facade while noded is away, hangs, or has never been there; and who may write from where."""

import os
import shutil
import signal
import socket
import time

import netns
import nr

BODY = {"hostname": "h", "role": "r", "node_id": "later"}
REGISTER = "/api/v1/nodes/register"


def refused(http, status=503):
    got, headers, data = http.request("POST", REGISTER, BODY)
    assert got == status and headers["Content-Type"] == "application/problem+json", (got, data)
    assert headers["Retry-After"].isdigit(), headers
    return data.decode()


def never_there(cluster):
    """Without a store it starts all the same, says so, and serves as soon as there is one."""
    noded = cluster.noded()
    http = cluster.facade(noded).start(wait=False)
    nr.wait_for(lambda: http.get("/")[0] == 200, 10, "the facade answering without a store")
    assert http.get("/")[1]["node_id"] is None
    status, said = http.get("/api/v1/nodes")
    assert status == 503 and noded.state in said["detail"], said
    status, health = http.get("/health")
    assert status == 503 and health["status"] == "degraded" and health["database"]["connected"] is False, health
    assert health["gossip"]["connected"] is False, health
    refused(http)
    noded.start()
    nr.wait_for(lambda: http.get("/health")[0] == 200, 10, "health after noded's start")
    nr.wait_for(lambda: http.post(REGISTER, BODY)[0] == 200, 10, "a write after noded's start")
    return noded, http


def stopped(noded, http):
    """Reads go on from the store; writes are 503 with Retry-After; when noded is back they work again."""
    before = http.get("/api/v1/nodes/later")
    noded.kill()
    nr.wait_for(lambda: http.get("/health")[0] == 503, 10, "health without noded")
    health = http.get("/health")[1]
    assert health["database"]["connected"] is True and health["gossip"]["connected"] is False, health
    assert http.get("/api/v1/nodes/later")[1]["created_at"] == before[1]["created_at"]
    assert http.request("GET", "/api/v1/nodes/later/records")[0] == 200
    status, standing = http.get("/api/v1/nodes/later/standing")
    assert status == 200 and standing["why"].startswith("heartbeat "), standing
    assert "noded" in refused(http)
    for method, path, body in (("DELETE", "/api/v1/nodes/later", None), ("POST", "/api/v1/nodes/heartbeat", {"node_id": "later"}),
                               ("PUT", "/api/v1/profiles/p", {}), ("DELETE", "/api/v1/profiles/p", None)):
        assert http.json(method, path, body)[0] == 503, (method, path)
    assert b"dagi_noded_up 0" in http.request("GET", "/metrics?format=prometheus")[2]
    noded.start()
    nr.wait_for(lambda: http.post(REGISTER, BODY)[0] == 200, 10, "writes with noded back")


def hanging(noded, http):
    """A noded that does not answer holds up the writes to it, and nothing else."""
    noded.signal(signal.SIGSTOP)
    try:
        with socket.create_connection((http.host, http.port), 20) as waiting:
            waiting.sendall(b'POST /api/v1/nodes/heartbeat HTTP/1.1\r\nHost: h\r\nContent-Length: 19\r\n\r\n{"node_id":"later"}')
            for _ in range(50):
                begun = time.monotonic()
                assert http.get("/api/v1/nodes/later")[0] == 200
                assert time.monotonic() - begun < 1.0
            assert http.get("/health")[0] == 503
            assert waiting.recv(65536).startswith(b"HTTP/1.1 503 ")
    finally:
        noded.signal(signal.SIGCONT)
    nr.wait_for(lambda: http.get("/health")[0] == 200, 10, "health after the pause")


def replaced(noded, http):
    """The store thrown away and made anew under its feet is noticed: no write into the new one is answered from the old."""
    assert "later" in http.request("GET", "/api/v1/nodes")[2].decode()
    noded.stop()
    shutil.rmtree(noded.state)
    noded.start()
    answers = []

    def written():
        answers.append(http.post(REGISTER, BODY | {"node_id": "anew"}))
        return answers[-1][0] == 200

    nr.wait_for(written, 10, "a write into the new store")
    assert not [said for _, said in answers if "does not show" in str(said)], answers
    nr.wait_for(lambda: http.get("/")[1]["node_id"] == noded.info()["node_id"], 10, "the new store's node id")
    nr.wait_for(lambda: http.get("/api/v1/nodes/later")[0] == 404, 10, "the old store's node gone")
    assert "later" not in http.request("GET", "/api/v1/nodes")[2].decode()


def configured(cluster, noded):
    """The configuration's faults end the start with 2; its default view holds; SIGTERM ends it with 0 at once."""
    for flags in (("--listen", "nowhere"), ("--default-view", "wide"), ("--no-such-flag",)):
        status, _, said = nr.run("nodehttpd", *flags)
        assert status == 2 and flags[0].lstrip("-") in said, (flags, said)
    assert nr.run("nodehttpd", "--check-config")[0] == 0
    assert nr.run("nodehttpd", "--version")[0] == 0
    http = cluster.facade(noded, flags=["--default-view", "full"]).start()
    assert "node_name" in http.get("/api/v1/nodes")[1]["nodes"][0]
    assert isinstance(http.get("/api/v1/nodes?view=flat")[1], list)
    taken = cluster.facade(noded, port=http.port)
    taken.spawn()
    assert taken.wait() == 1 and "listen" in taken.log(), taken.log()
    with socket.create_connection((http.host, http.port)) as idle:
        begun = time.monotonic()
        http.signal(signal.SIGHUP)
        assert http.stop() == 0 and time.monotonic() - begun < 5
        idle.settimeout(5)
        assert idle.recv(1) == b""


def from_elsewhere():
    """Reads are open to all who reach the port; writes are taken from the machine itself only."""
    with netns.Lab() as lab, nr.Cluster() as cluster:
        there = lab.host()
        other = lab.host()
        noded = cluster.noded(host=there.address, port=9206, wrap=there.command).start()
        http = cluster.facade(noded, host="0.0.0.0", port=9205, wrap=there.command)
        http.start(wait=False)
        http.host = there.address
        with other.inside():
            nr.wait_for(lambda: http.get("/health")[0] == 200, 10, "the facade answering from elsewhere")
            for method, path, body in (("POST", REGISTER, BODY), ("DELETE", "/api/v1/nodes/x", None), ("PUT", "/api/v1/profiles/p", {}),
                                       ("POST", "/api/v1/nodes/heartbeat", {"node_id": "x"}), ("DELETE", "/api/v1/profiles/p", None)):
                status, said = http.json(method, path, body)
                assert status == 403 and "this machine" in said["detail"], (method, path, said)
            assert http.post("/api/v1/nodes/discover", {})[0] == 200
        http.host = "127.0.0.1"
        with there.inside():
            assert http.post(REGISTER, BODY)[0] == 200


with nr.Cluster() as cluster:
    noded, facade = never_there(cluster)
    for part in (stopped, hanging, replaced):
        part(noded, facade)
        print(f"{part.__name__}: as promised")
    configured(cluster, noded)
    assert facade.running()
if os.geteuid() == 0:
    from_elsewhere()
    print("from_elsewhere: as promised")
