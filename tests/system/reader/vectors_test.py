#!/usr/bin/python3
"""Holds the independent reader against the golden vectors: vectors_test.py DIR."""

import json
import os
import subprocess
import sys

from canonical import Refused
from datagram import decode_datagram, decode_message, key_number, proof_holds
from join_token import decode_token
from reader import described
from record import Record, h8, node_uuid

HERE = os.path.dirname(os.path.abspath(__file__))


def vectors(name):
    with open(os.path.join(sys.argv[1], name + ".json"), encoding="utf-8") as f:
        loaded = json.load(f)["vectors"]
    assert loaded, name
    return loaded


def must_refuse(name, function, *arguments):
    try:
        function(*arguments)
    except Refused:
        return
    raise AssertionError(f"{name}: was taken")


def check_records():
    for vector in vectors("records"):
        raw = bytes.fromhex(vector["hex"])
        shown = described(Record(raw))
        for key, value in shown.items():
            assert value == vector[key], (vector["name"], key, value, vector[key])
        # Whatever bit is changed: another record at the least, and its signature does not hold.
        for bit in range(0, 8 * len(raw), 97):
            changed = bytearray(raw)
            changed[bit // 8] ^= 1 << bit % 8
            must_refuse(f"{vector['name']}, bit {bit}", Record, changed)
    for vector in vectors("records_refused"):
        must_refuse(vector["name"], Record, bytes.fromhex(vector["hex"]))


def check_datagrams():
    verifier = bytes.fromhex("8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394")  # of the seed 02 x 32
    seen = set()
    for vector in vectors("datagrams"):
        decoded = decode_datagram(bytes.fromhex(vector["hex"]), [bytes.fromhex(vector["key"])])
        assert "malformed" not in decoded, vector["name"]
        for key, value in decoded.items():
            assert value == vector[key], (vector["name"], key, value, vector[key])
        for message in decoded["messages"]:
            seen.add(message["type"])
            if message["name"] == "proof":
                assert proof_holds(message, verifier)
                assert not proof_holds(message, bytes(32))
    assert seen == set(range(1, 18)) | {200}, seen
    for vector in vectors("datagrams_refused"):
        must_refuse(vector["name"], decode_datagram, bytes.fromhex(vector["hex"]), [bytes.fromhex(vector["key"])])
    for vector in vectors("messages_refused"):
        must_refuse(vector["name"], decode_message, vector["type"], bytes.fromhex(vector["body"]))


def check_tokens():
    for vector in vectors("tokens"):
        token = decode_token(vector["text"])
        assert token["authority"].hex() == vector["authority"], vector["name"]
        assert b"".join(token["keys"]).hex() == vector["keys"], vector["name"]
        assert token["seeds"] == vector["seeds"], vector["name"]
        assert token.get("expires_at", 0) == vector["expires_at"], vector["name"]
    for vector in vectors("tokens_refused"):
        must_refuse(vector["name"], decode_token, vector["text"])


def check_hashes():
    for vector in vectors("hashes"):
        if vector["name"] == "key number":
            assert key_number(bytes.fromhex(vector["key"])) == vector["number"]
        elif vector["name"] == "uuid":
            assert node_uuid(vector["node_id"]) == vector["uuid"]
        else:
            assert f"{h8(bytes.fromhex(vector['hex'])):016x}" == vector["h8"]


def run_reader(arguments, data):
    return subprocess.run([sys.executable, "-B", os.path.join(HERE, "reader.py"), *arguments], input=data,
                          capture_output=True, check=False)


def check_command():
    """The command shows a run of records, and says no to one bad among them."""
    good = [bytes.fromhex(vector["hex"]) for vector in vectors("records")]
    run = run_reader(["records", "-"], b"".join(good))
    assert run.returncode == 0, run.stderr
    assert len(run.stdout.splitlines()) == len(good)
    run = run_reader(["records", "-"], bytes([0x92]) + good[0] + good[1])
    assert run.returncode == 0 and len(run.stdout.splitlines()) == 2, run
    run = run_reader(["records", "-"], bytes([0x93]) + good[0] + good[1])
    assert run.returncode == 1, run
    run = run_reader(["records", "-"], good[0] + good[1][:-1] + b"\xff")
    assert run.returncode == 1 and b"signature" in run.stderr, run
    vector = vectors("datagrams")[0]
    run = run_reader(["datagram", "--key", "00" * 32, "--key", vector["key"]], bytes.fromhex(vector["hex"]))
    assert run.returncode == 0 and json.loads(run.stdout)["messages"] == vector["messages"], run
    run = run_reader(["datagram", "--key", "00" * 32], bytes.fromhex(vector["hex"]))
    assert run.returncode == 1, run
    run = run_reader(["token"], vectors("tokens")[0]["text"].encode() + b"\n")
    assert run.returncode == 0 and json.loads(run.stdout)["keys"] == 2, run


if __name__ == "__main__":
    check_records()
    check_datagrams()
    check_tokens()
    check_hashes()
    check_command()
    print("the reader treats every vector as stated")
