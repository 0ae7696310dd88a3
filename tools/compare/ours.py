"""Our side: noded with its shipped defaults, one state directory each. What a node knows is read from its store through libnr, as every
program on its machine reads it; changes are registered through its control socket."""

import os
import time

import libnr
import nr
import sides

READY_S = 20


class Ours(sides.Side):
    name = "ours"
    cost_s = time.thread_time  # nobody but the reader is at work; it may have to wait while a store is made

    def __init__(self, build, describe):
        super().__init__()
        self.library = libnr.Library(os.path.join(build, "src", "nr", "libnr.so"))
        self.describe = describe  # with nodeprobe, which Serf has no counterpart of
        self.token, self.stores, self.unanswered, self.controls = None, {}, [], {}

    def make(self, number):
        name = f"node-{number}"
        env = {"DAGI_NO_DETECT": ""} if self.describe else {}
        noded = nr.Noded(self.directory, name, host=self.address(number), port=self.port, node_id=name, env=env)
        return sides.Member(name, noded.address, noded)

    def start_seed(self, member):
        member.process.start()
        self.token = member.process.invite()

    def start_other(self, member):
        member.process.token = self.token
        member.process.start(wait=False)

    def _store(self, member):
        if member.name not in self.stores:
            store = self.library.open(member.process.state)
            if store is None:
                return None
            self.stores[member.name] = store
        return self.stores[member.name]

    def meet(self, member):
        self._store(member)

    def change(self, member, value):
        node_id, label = f"changed-by-{member.name}", f"change-{value}"
        if member.name not in self.controls:
            self.controls[member.name] = member.process.control()
        control = self.controls[member.name]
        self.unanswered.append((control, control.send("register", node_id=node_id, hostname="change.example", role="worker",
                                                      labels=[label])))
        return node_id, label

    def settle_change(self):
        for control, request in self.unanswered:
            control.reply(request)
        self.unanswered = []

    def ask(self, members, question, argument):
        for member in members:
            store = self._store(member)
            if store:
                with store:
                    yes = getattr(self, "_" + question)(store, argument)
                yield member, yes

    def _complete(self, store, count):
        """From the last to the first: who is not there yet is found soonest among those started last."""
        return all(store.get(m.name) is not None for m in reversed(self.members[:count]))

    @staticmethod
    def _value(store, argument):
        return store.has_label(*argument)

    @staticmethod
    def _dead(store, name):
        node = store.get(name)
        return node is not None and node.status == libnr.OFFLINE

    def dead(self, members):
        for member in members:
            store = self._store(member)
            if store:
                with store:
                    yield member, {m.name for m in self.members if self._dead(store, m.name)}

    def heartbeats(self):
        """(mean length of a heartbeat's record, mean interval in seconds), as the seed has them; None where it has none."""
        with self._store(self.members[0]) as store:
            sizes = store.heartbeat_sizes()
            nodes = (store.get(m.name) for m in self.members)
            intervals = [node.interval_ms / 1000 for node in nodes if node and node.interval_ms]
        return (sum(sizes) / len(sizes), sum(intervals) / len(intervals)) if sizes and intervals else None

    def release(self):
        for store in self.stores.values():
            store.close()
        for control in self.controls.values():
            control.close()
        self.stores, self.controls, self.unanswered = {}, {}, []
