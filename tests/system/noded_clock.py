#!/usr/bin/python3
"""A lone noded that starts without knowing the time keeps its registry, shows it, says what is amiss, and has it back when its
clock is set; one that starts a year ahead loses nothing either."""

import mmap
import struct

import ctl
import nr

YEAR = 365 * 86400


class Clock:
    """What libclock_shift.so reads."""

    def __init__(self, cluster):
        path = cluster.path("clock")
        with open(path, "wb+") as file:
            file.write(bytes(8))
            file.flush()
            self.shift = mmap.mmap(file.fileno(), 8)
        self.env = {"LD_PRELOAD": nr.CLOCK_SHIFT, "CLOCK_SHIFT_FILE": path}

    def set(self, seconds):
        self.shift[:] = struct.pack("=q", seconds * 1000)


def shown(http):
    status, nodes = http.get("/api/v1/nodes")
    assert status == 200, (status, nodes)
    return {n["node_id"] for n in (nodes["nodes"] if isinstance(nodes, dict) else nodes)}


def profile(http):
    return http.get("/api/v1/profiles/gpu")[0]


def doctor(noded):
    status, out, err = ctl.run(noded, "doctor", env=noded.env)
    assert status in (0, 1), (status, out, err)
    return out


def started_behind(noded, http, clock):
    cold = noded.info()["records_cold"]
    noded.kill()
    clock.set(-10 * YEAR)
    noded.start()
    info = noded.info()
    assert info["records_aside"] >= 2 and info["clock_behind_ms"] > 9 * YEAR * 1000 and not info["clock_confirmed"], info
    assert {"guest", "alpha"} <= shown(http) and profile(http) == 200, "readers still see what is kept"
    assert "behind records that are stored here" in doctor(noded)
    nr.wait_for(lambda: http.get("/health")[1]["gossip"].get("clock_behind_ms", 0) > 0, 10, "/health says it")
    assert http.get("/health")[1]["gossip"]["records_aside"] >= 2
    with noded.control() as c:
        c.call("register", node_id="late", hostname="h", role="r")
    clock.set(0)
    nr.wait_for(lambda: noded.info()["records_cold"] == cold + 1, 10, "the records back")
    assert noded.info()["clock_behind_ms"] == 0, noded.info()
    nr.wait_for(lambda: shown(http) == {"alpha", "guest", "late"}, 10, "readers see them")
    assert "behind records" not in doctor(noded)
    assert noded.stats()["clock_steps"] == 1


def started_ahead(noded, http, clock):
    cold = noded.info()["records_cold"]
    noded.kill()
    clock.set(2 * YEAR)
    noded.start()
    assert noded.info()["records_cold"] == 1 and shown(http) == {"alpha"} and profile(http) == 404, noded.info()
    clock.set(0)
    nr.wait_for(lambda: noded.info()["records_cold"] == cold, 10, "the records back")
    nr.wait_for(lambda: shown(http) == {"alpha", "guest", "late"} and profile(http) == 200, 10, "readers see them")


with nr.Cluster() as cluster:
    clock = Clock(cluster)
    noded = cluster.noded("a", node_id="alpha", env=clock.env).start()
    http = cluster.facade(noded, env=clock.env).start()
    status, answer = http.json("PUT", "/api/v1/profiles/gpu", {"a": 1})
    assert status == 200, (status, answer)
    with noded.control() as c:
        c.call("register", node_id="guest", hostname="h", role="r")
    started_behind(noded, http, clock)
    started_ahead(noded, http, clock)
