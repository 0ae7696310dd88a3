#!/usr/bin/python3
"""Stands in for nodeprobe where a test decides what is found: copied as `nodeprobe` beside a copy of noded.

In its own directory it appends each plan that it is given to `plans` (a JSON object a line), and its process id to `pids`. It does
what the lines of `say` say, those that stand there already and those that are appended later: a report as a JSON object, {"exit":
status}, {"raw": hex} (bytes as they are), {"flap": [report, report]} (one after the other, ten times a second, from then on). Where
the plan asks for load, it reports {"cpu_percent": 1, 2, ...} at its pace.
"""

import json
import os
import select
import socket
import struct
import sys
import time

import msgpack

HERE = os.path.dirname(os.path.abspath(__file__))
TURN_S = 0.05


def canonical(value):
    if isinstance(value, dict):
        return {k: canonical(value[k]) for k in sorted(value, key=lambda k: k.encode())}
    return [canonical(v) for v in value] if isinstance(value, list) else value


class Fake:
    def __init__(self):
        self.sock = socket.socket(fileno=0)
        self.said, self.taken, self.count = 0, b"", 0
        self.plan, self.load_at, self.flap = None, 0, None
        self.note("pids", str(os.getpid()))

    @staticmethod
    def note(name, line):
        with open(os.path.join(HERE, name), "a", encoding="utf-8") as f:
            f.write(line + "\n")

    def send(self, report):
        body = msgpack.packb(canonical(report), use_bin_type=True)
        self.sock.sendall(struct.pack(">I", len(body)) + body)

    def take_plan(self):
        part = self.sock.recv(65536)
        if not part:
            sys.exit(0)
        self.taken += part
        while len(self.taken) >= 4 and len(self.taken) >= 4 + (length := struct.unpack(">I", self.taken[:4])[0]):
            self.plan = msgpack.unpackb(self.taken[4:4 + length], raw=False)
            self.taken = self.taken[4 + length:]
            self.note("plans", json.dumps(self.plan))

    def obey(self):
        try:
            with open(os.path.join(HERE, "say"), encoding="utf-8") as f:
                f.seek(self.said)
                lines = f.read()
        except FileNotFoundError:
            return
        whole = lines[:lines.rfind("\n") + 1]
        self.said += len(whole.encode())
        for line in whole.splitlines():
            order = json.loads(line)
            if "exit" in order:
                sys.exit(order["exit"])
            if "raw" in order:
                self.sock.sendall(bytes.fromhex(order["raw"]))
            elif "flap" in order:
                self.flap = order["flap"]
            else:
                self.send(order)

    def turn(self):
        readable, _, _ = select.select([self.sock], [], [], TURN_S)
        if readable:
            self.take_plan()
        if self.plan is None:
            return
        self.obey()
        self.count += 1
        if self.flap:
            self.send(self.flap[self.count // 2 % len(self.flap)])
        if "load" not in self.plan["off"] and time.monotonic() >= self.load_at:
            self.load_at = time.monotonic() + self.plan["load_ms"] / 1000
            self.send({"metrics": {"cpu_percent": self.count}})


def main():
    fake = Fake()
    while True:
        fake.turn()


if __name__ == "__main__":
    try:
        main()
    except (BrokenPipeError, ConnectionResetError):
        sys.exit(0)
