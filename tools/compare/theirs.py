"""Serf's side: `serf agent` with its LAN profile. What a member knows is asked of its agent over a kept connection of its RPC (msgpack,
a header and then a body; https://github.com/hashicorp/serf documents it), all members of a sweep at once; changes are tags."""

import socket

import msgpack
import nr
import sides

ANSWER_S = 2.0


class Rpc:
    """A connection to an agent's RPC. Requests are answered in their order."""

    def __init__(self, address, port):
        self.socket = socket.create_connection((address, port), ANSWER_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.unpacker = msgpack.Unpacker(raw=True)
        self.last = 0
        self.answer(self.send("handshake", {"Version": 1}), False)

    def send(self, command, body=None):
        self.last += 1
        data = msgpack.packb({"Command": command, "Seq": self.last}, use_bin_type=False)
        if body is not None:
            data += msgpack.packb(body, use_bin_type=False)
        self.socket.sendall(data)
        return self.last

    def _next(self):
        while True:
            try:
                return next(self.unpacker)
            except StopIteration:
                data = self.socket.recv(65536)
                if not data:
                    raise ConnectionError("the agent closed the connection") from None
                self.unpacker.feed(data)

    def answer(self, number, has_body=True):
        header = self._next()
        body = self._next() if has_body and not header[b"Error"] else None
        if header[b"Seq"] != number or header[b"Error"]:
            raise ConnectionError(f"the agent answered {header}")
        return body

    def close(self):
        self.socket.close()


class Serf(sides.Side):
    name = "serf"

    def __init__(self):
        super().__init__()
        self.program = sides.need("serf", "serf")
        self.rpcs, self.unanswered, self.rpc_port = {}, [], 0

    def __enter__(self):
        super().__enter__()
        self.rpc_port = sides.free_port()
        return self

    def make(self, number):
        name, address = f"node-{number}", self.address(number)
        words = [self.program, "agent", f"-node={name}", f"-bind={address}:{self.port}", "-profile=lan",
                 f"-rpc-addr={address}:{self.rpc_port}"]
        return sides.Member(name, address, sides.process(name, words, self.directory))

    def start_seed(self, member):
        member.process.spawn()
        nr.wait_for(lambda: member.process.check_running() or self._rpc(member), 20, "the seed's RPC")

    def start_other(self, member):
        member.process.words.append(f"-retry-join={self.members[0].address}:{self.port}")
        member.process.spawn()

    def _rpc(self, member, purpose="ask"):
        key = (member.name, purpose)
        if key not in self.rpcs:
            self.rpcs[key] = Rpc(member.address, self.rpc_port)
        return self.rpcs[key]

    def meet(self, member):
        try:
            self._rpc(member)
        except OSError:
            self._drop(member)

    def _drop(self, member):
        rpc = self.rpcs.pop((member.name, "ask"), None)
        if rpc:
            rpc.close()

    def change(self, member, value):
        rpc = self._rpc(member, "change")  # the agent answers when its broadcast is out: not where it is asked
        self.unanswered.append((rpc, rpc.send("tags", {"Tags": {"change": str(value)}, "DeleteTags": []})))
        return member.name, str(value)

    def settle_change(self):
        for rpc, request in self.unanswered:
            rpc.socket.settimeout(10)  # its own limit is 5 s
            rpc.answer(request, False)
        self.unanswered = []

    def _sweep(self, members, command, body):
        """Asks all, then reads all."""
        asked = []
        for member in members:
            try:
                rpc = self._rpc(member)
                asked.append((member, rpc, rpc.send(command, body)))
            except OSError:
                self._drop(member)
        for member, rpc, number in asked:
            try:
                yield member, rpc.answer(number)
            except OSError:
                self._drop(member)

    def ask(self, members, question, argument):
        if question == "complete":
            for member, body in self._sweep(members, "stats", None):
                facts = {k: int(body[b"serf"][k]) for k in (b"members", b"failed", b"left")}
                yield member, facts[b"members"] - facts[b"failed"] - facts[b"left"] == argument
            return
        name = argument if question == "dead" else argument[0]
        for member, body in self._sweep(members, "members-filtered", {"Tags": {}, "Status": "", "Name": name}):
            found = body[b"Members"]
            if question == "dead":
                yield member, bool(found) and found[0][b"Status"] == b"failed"
            else:
                yield member, bool(found) and found[0][b"Tags"].get(b"change") == argument[1].encode()

    def dead(self, members):
        for member, body in self._sweep(members, "members-filtered", {"Tags": {}, "Status": "failed", "Name": ""}):
            yield member, {found[b"Name"].decode() for found in body[b"Members"]}

    def release(self):
        for rpc in self.rpcs.values():
            rpc.close()
        self.rpcs, self.unanswered = {}, []
