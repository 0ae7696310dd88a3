"""A small second peer, made from the text of proto/README.md: it makes a path (C.1), and sends and asks what it is told."""

import os
import socket
import struct
import time

import nacl.bindings

from datagram import decode_datagram, key_number, proof_holds


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
        self.send_all((kind, body))

    def send_all(self, *messages, flags=0):
        """In one datagram."""
        self.number += 1
        header = self.public[:8] + struct.pack(">QQQB", self.incarnation, self.number, 0, flags)
        bodies = b"".join(struct.pack(">BH", kind, len(body)) + body for kind, body in messages)
        datagram = seal(header + bodies, self.cluster_key)
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
