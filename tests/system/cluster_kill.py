#!/usr/bin/python3
"""No write that was answered is lost by kill -9 of any process at any moment.

    cluster_kill.py [KILLS] [SEED]

Half of the kills hit a lone peer and its facade, where only its own disk can remember; half hit three peers and their facades.
Writers register, change and delete nodes all the while and note what was answered. After each kill the restarted peer
must hold what it has answered; in the end, after all peers were killed at once, all three must.
"""

import random
import sys
import threading
import time

import nr
import place

NODES = 20  # each writer's
PAUSE_S = 0.004
GONE = None


class Writer(threading.Thread):
    """Writes to nodes of its own through one place. `possible` holds, for each node, the states that it may be in: after an
    answer only the one that was answered; after a failure also the one that was asked for."""

    def __init__(self, where, seed):
        super().__init__(daemon=True)
        self.where, self.random = where, random.Random(seed)
        self.possible = {f"{where.noded.name}-w{n}": {GONE} for n in range(NODES)}
        self.lock = threading.Lock()
        self.ending = False
        self.count = self.answered = 0
        self.fault = None

    def run(self):
        try:
            while not self.ending:
                with self.lock:
                    self.step()
                time.sleep(PAUSE_S)
        except AssertionError as fault:
            self.fault = fault

    def step(self):
        node_id = self.random.choice(list(self.possible))
        self.count += 1
        state = GONE if self.random.random() < 0.15 else self.count
        before = set(self.possible[node_id])
        self.possible[node_id] = before | {state}
        try:
            status = self.ask(node_id, state)
        except (OSError, nr.http.client.HTTPException):
            return
        if status == 404 and state is GONE:
            assert GONE in before, f"{node_id} was {before}, and is not there"
        elif status not in (200, 204):
            assert status in (502, 503, 504), f"{node_id}: answered {status}"
            return
        self.answered += 1
        self.possible[node_id] = {state}

    def ask(self, node_id, state):
        if state is GONE:
            return self.where.facade.request("DELETE", f"/api/v1/nodes/{node_id}", timeout=3)[0]
        body = {"node_id": node_id, "hostname": "h", "role": "worker", "metadata": {"state": state}}
        return self.where.facade.request("POST", "/api/v1/nodes/register", body, timeout=3)[0]

    def holds(self, at):
        """What `at` holds that was not answered so; nothing is right."""
        nodes = at.nodes()
        states = {i: nodes[i]["metadata"]["state"] if i in nodes else GONE for i in self.possible}
        return {i: (state, self.possible[i]) for i, state in states.items() if state not in self.possible[i]}


def kill_one(chance, places, writers):
    """Kills one process, starts it again, and looks at what its peer remembers."""
    where = chance.choice(places)
    victim = chance.choice([where.noded, where.noded, where.facade])
    time.sleep(chance.uniform(0, 0.12))
    victim.kill()
    time.sleep(chance.choice([0, 0, 0.05]))
    if victim is where.noded:
        victim.start()
        where.facade.ready()
    else:
        victim.start()
    for writer in writers:
        assert writer.fault is None, writer.fault
        if writer.where is where:
            with writer.lock:
                wrong = writer.holds(where)
            assert not wrong, f"{victim.name} was killed, and then: {wrong}"


def play(places, kills, chance):
    writers = [Writer(p, chance.random()) for p in places]
    for writer in writers:
        writer.start()
    for _ in range(kills):
        kill_one(chance, places, writers)
    for p in places:
        p.noded.kill()
    for writer in writers:
        writer.ending = True
        writer.join()
        assert writer.fault is None, writer.fault
    for p in places:
        p.noded.start()
        p.facade.ready()
    if len(places) > 1:
        place.met(places, 60)
        place.same(places, 60)
    for writer in writers:
        for p in places:
            nr.wait_for(lambda: not writer.holds(p), 15, f"{p.noded.name} holding the writes of {writer.where.noded.name}")
    for p in places:
        status, out, err = nr.run("nodectl", "--state-dir", p.noded.state, "verify", timeout=60)
        assert status == 0, (out, err)
    answered = sum(w.answered for w in writers)
    assert answered > kills, f"only {answered} writes were answered: the test tests nothing"
    print(f"{len(places)} peers: {kills} kills, {answered} writes answered, none lost")


def main():
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    with nr.Cluster() as cluster:
        play(place.start(cluster, 1), kills // 2, chance)
    with nr.Cluster() as cluster:
        play(place.start(cluster, 3), kills - kills // 2, chance)


main()
