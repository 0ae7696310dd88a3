#!/usr/bin/python3
"""A small second peer, made from the text of proto/README.md, speaks with a noded over UDP and checks whatever comes back:
the path (C.1), the records on asking (C.3, C.4, C.5), every signature and every form. Exit status 0: all held."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import nr  # noqa: E402
from join_token import decode_token  # noqa: E402
from peer import Peer, make_path  # noqa: E402
from record import HEARTBEAT, NODE, Record  # noqa: E402


def collect(peer, wanted, send):
    """Records that are pushed, by (kind, subject), until `wanted` is among them."""
    records = {}

    def found(message):
        if message["name"] == "push":
            record = Record(bytes.fromhex(message["record"]))
            records[record.kind, record.subject] = record
        return wanted in records

    peer.ask(found, send)
    return records


def check(cluster):
    noded = cluster.noded(flags=["--heartbeat-interval", "1"]).start()
    token = decode_token(noded.invite())
    host, port = token["seeds"][0].rsplit(":", 1)
    info = noded.info()
    noded.call("register", hostname="h", role="worker", node_id="second", labels=["a", "b"], metadata={"x": [1.5, None, -7]})
    peer = Peer(token["keys"][0], (host, int(port)))
    make_path(peer, info["node_key"].hex())
    # An empty LIST of the range of all: whatever the other has, it pushes (C.5.5).
    records = collect(peer, (NODE, "second"), lambda: peer.send(12, bytes(9)))
    node = records[NODE, "second"]
    assert node.signer == info["node_key"] and "self" not in node.body
    assert node.body["labels"] == ["a", "b"] and node.body["metadata"] == {"x": [1.5, None, -7]}
    # A walk names the hot records, and who wants one gets it (C.4, C.3.3).
    page = peer.ask(lambda m: m["name"] == "page" and m["ids"], lambda: peer.send(13, bytes(8)))
    want = b"".join(bytes.fromhex(number) for number in page["ids"])
    beats = collect(peer, (HEARTBEAT, info["node_id"]), lambda: peer.send(8, want))
    assert beats[HEARTBEAT, info["node_id"]].body.get("interval") == 1000
    print(f"{len(records)} cold and {len(beats)} hot records hold, {peer.sizes[1]} bytes read")


if __name__ == "__main__":
    with nr.Cluster() as all_of_it:
        check(all_of_it)
