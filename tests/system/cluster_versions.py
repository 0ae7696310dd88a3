#!/usr/bin/python3
"""A peer of a later version takes part: a datagram with messages and flags that nobody here knows, records of unknown kinds in each
plane, and known ones with unknown members. They are passed on whole: every other peer gives them out byte for byte, with their
signature, also who comes late, and after a restart."""

import json
import os
import struct
import sys
import time

import msgpack
import nacl.bindings

import ctl
import nr
import place

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "reader"))

from join_token import decode_token  # noqa: E402
from peer import Peer, make_path  # noqa: E402
from record import HEARTBEAT, NODE, Record  # noqa: E402

SUBJECT = "from-tomorrow"
COLD, HOT, BRIEF, LARGE = 50, 90, 120, 51
PONG, PUSH, ANNOUNCE, PIECE = 4, 6, 7, 9
LATER_MESSAGE, LATER_FLAGS = 200, 0x80
PIECE_SIZE = 1024
NODE_BODY = {"hostname": "tomorrow.example", "role": "worker", "metadata": {"known": True}, "tint": 7, "zone": {"of": ["a later", "version"]}}
BODIES = {COLD: {"zone": "of a later version", "blob": b"\x00\xff"}, HOT: {"pulse": 1.5}, BRIEF: {"heard": [1, 2, None]},
          LARGE: {"blob": "x" * 3000}, NODE: NODE_BODY, HEARTBEAT: {"interval": 60000, "mood": "good", "metrics": {"cpu": 1}}}
LASTING = {COLD, LARGE, NODE}  # cold: repaired, and told to who comes late


def make_record(peer, kind, body):
    unsigned = msgpack.packb([1, kind, peer.public, SUBJECT, int(time.time() * 1000) << 16, 3600, nr.canonical(body), b""], use_bin_type=True)
    signed = unsigned[:-2]  # without the empty signature
    signature = nacl.bindings.crypto_sign(b"dagi-registry record v1\0" + signed, peer.secret)[:64]
    return Record(signed + b"\xc4\x40" + signature)


def tell(peer, record):
    """Pushes it, behind a message of a later version."""
    peer.send_all((LATER_MESSAGE, b"later"), (PUSH, b"\x00" + record.raw), flags=LATER_FLAGS)


def tell_large(peer, large):
    """It does not fit into a datagram: who asks is given the pieces."""
    name = struct.pack(">Q", large.id)
    peer.ask(lambda m: m["name"] == "want" and name.hex() in m["ids"], lambda: peer.send(ANNOUNCE, name))
    for index in range(0, len(large.raw), PIECE_SIZE):
        peer.send(PIECE, name + struct.pack(">HB", len(large.raw), index // PIECE_SIZE) + large.raw[index:index + PIECE_SIZE])


class Beats:
    """Hot records are asked for while they are new, and for a lost one the next makes up: said anew each second, like heartbeats."""

    def __init__(self, peer, made):
        self.peer, self.made, self.at = peer, made, 0

    def __call__(self):
        for message in self.peer.receive():
            if message["name"] == "ping":
                self.peer.send(PONG, bytes.fromhex(message["nonce"]))
        if time.monotonic() >= self.at:
            self.at = time.monotonic() + 1
            for kind in (HOT, HEARTBEAT):
                self.made[kind].append(make_record(self.peer, kind, BODIES[kind]))
                tell(self.peer, self.made[kind][-1])
        return True


def whole(at, made, kinds):
    """Whether it gives out one that was made of each of the kinds: nodectl with its signature checked, the facade among the node's."""
    status, out, err = ctl.run(at.noded, "-o", "json", "records", SUBJECT)
    assert status == 0, (status, out, err)
    shown = {r["kind"]: r for r in json.loads(out)}
    status, _, body = at.facade.request("GET", f"/api/v1/nodes/{SUBJECT}/records")
    assert status == 200, status
    return all(shown[k]["check"] == "ok" and shown[k]["hex"] in {r.raw.hex() for r in made[k]} for k in kinds) and all(
        any(r.raw in body for r in made[k]) for k in kinds)


with nr.Cluster() as cluster:
    first, *rest = places = place.start(cluster, 4)
    token = first.noded.invite()
    address, port = first.noded.address.rsplit(":", 1)
    insider = Peer(decode_token(token)["keys"][0], (address, int(port)))
    make_path(insider, first.noded.info()["node_key"].hex())
    made = {kind: [make_record(insider, kind, body)] for kind, body in BODIES.items()}
    for number in (NODE, COLD, BRIEF):
        tell(insider, made[number][0])
    tell_large(insider, made[LARGE][0])

    beats = Beats(insider, made)
    nr.wait_for(lambda: beats() and all(whole(p, made, made.keys()) for p in places), 60, "all records on all, whole")
    place.same(places)
    for p in places:
        node = p.node(SUBJECT)
        assert (node["hostname"], node["metadata"], node["status"]) == ("tomorrow.example", {"known": True}, "online"), node
        stats = p.noded.call("stats")
        assert stats["records"]["other"]["held"] == 4, stats["records"]
        assert all(stats["counters"][c] == 0 for c in ("records_malformed", "records_bad_signature", "datagrams_malformed")), stats["counters"]
        ctl.ok(p.noded, "verify")
    assert first.noded.call("stats")["messages"]["unknown"]["in"] >= len(made) - 1

    late = place.Place(cluster, 5, token=token).start()
    nr.wait_for(lambda: beats() and whole(late, made, LASTING | {HOT, HEARTBEAT}), 60, "the late one having them, whole")
    rest[0].noded.kill()
    rest[0].noded.start()
    assert whole(rest[0], made, LASTING)
    place.met([*places, late])
    place.same([*places, late])
