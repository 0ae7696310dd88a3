#!/usr/bin/python3
"""A small second peer, made from the text of proto/README.md, speaks with a noded over UDP and checks whatever comes back:
the path (C.1), the records on asking (C.3, C.4, C.5), every signature and every form. Exit status 0: all held."""

import os
import socket
import struct
import sys
import time

import nacl.bindings

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import nr  # noqa: E402
from datagram import decode_datagram, key_number, proof_holds  # noqa: E402
from join_token import decode_token  # noqa: E402
from record import HEARTBEAT, NODE, Record  # noqa: E402


def seal(plaintext, key):
    head = bytes([1, key_number(key)])
    nonce = os.urandom(24)
    return head + nonce + nacl.bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, head, nonce, key)


class Peer:
    """What it needs of a peer: a key, an incarnation, numbers, a socket."""

    def __init__(self, cluster_key, noded):
        self.cluster_key = cluster_key
        self.noded = noded
        self.public, self.secret = nacl.bindings.crypto_sign_seed_keypair(os.urandom(32))
        self.incarnation = int(time.time() * 1000) << 16
        self.number = 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.2)
        self.sizes = [0, 0]

    def address(self):
        return "%s:%d" % self.socket.getsockname()

    def send(self, kind, body):
        self.number += 1
        header = self.public[:8] + struct.pack(">QQQB", self.incarnation, self.number, 0, 0)
        datagram = seal(header + struct.pack(">BH", kind, len(body)) + body, self.cluster_key)
        self.sizes[0] += len(datagram)
        self.socket.sendto(datagram, self.noded)

    def receive(self):
        """The messages of the next datagram, or none when none comes; each datagram must hold."""
        try:
            data, _ = self.socket.recvfrom(2048)
        except TimeoutError:
            return []
        self.sizes[1] += len(data)
        decoded = decode_datagram(data, [self.cluster_key])
        assert "malformed" not in decoded, decoded
        for message in decoded["messages"]:
            message["sender"] = decoded["sender"]
        return decoded["messages"]

    def hello(self, cookie):
        body = self.public + cookie + struct.pack(">Q", int(time.time() * 1000))
        self.send(1, body.ljust(139, b"\0"))

    def prove(self, proof):
        """Echoes the other's cookie (C.1.3)."""
        echo = bytes.fromhex(proof["cookie"])
        signed = b"dagi-registry path v1\0" + echo + self.public + bytes.fromhex(proof["key"])
        signature = nacl.bindings.crypto_sign(signed, self.secret)[:64]
        observed = b"\x04" + socket.inet_aton(self.noded[0]) + bytes(12) + struct.pack(">H", self.noded[1])
        self.send(2, self.public + echo + signature + bytes(8) + struct.pack(">Q", int(time.time() * 1000)) + observed)

    def ask(self, found, send):
        """Sends and collects until `found` of a message is true; PINGs are answered meanwhile."""
        end = time.monotonic() + 15
        again = 0
        while time.monotonic() < end:
            if time.monotonic() >= again:
                send()
                again = time.monotonic() + 1
            for message in self.receive():
                if message["name"] == "ping":
                    self.send(4, bytes.fromhex(message["nonce"]))
                if found(message):
                    return message
        raise AssertionError("no answer that holds came within 15 s")


def make_path(peer, node_key):
    cookie = os.urandom(8)
    proof = peer.ask(lambda m: m["name"] == "proof" and m["echo"] == cookie.hex(), lambda: peer.hello(cookie))
    assert peer.sizes[1] <= peer.sizes[0], "more bytes than came from an address that has proven nothing"
    assert proof_holds(proof, peer.public)
    assert proof["key"] == node_key and proof["sender"] == node_key[:16]
    assert proof["observed"] == peer.address()
    peer.prove(proof)


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
