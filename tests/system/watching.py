"""`never` and `turns` of a scenario: all facades are asked, four times a second, what is shown.

    watch = watching.Watch(nodes); watch.start()
    watch.never([1, 2], "offline", "line 4"); watch.turns([3], 1, 60, "line 5"); watch.may([1], "offline")
    watch.fault                                # what was seen that must not be, or None
    watch.end()
"""

import http.client
import threading
import time

PERIOD_S = 0.25


class Watch(threading.Thread):
    def __init__(self, nodes):
        super().__init__(daemon=True)
        self.nodes = nodes
        self.lock = threading.Lock()
        self.forbidden = {}  # (node, status): the statement
        self.limits = []     # (nodes, limit, seconds, the statement, when the turns were: (reader, node, what it did) -> list)
        self.gone = set()    # (reader, node): what was offline when last looked
        self.fault = None
        self.ending = threading.Event()

    def never(self, numbers, status, where):
        with self.lock:
            self.forbidden.update({(number, status): where for number in numbers})

    def may(self, numbers, status):
        with self.lock:
            for number in numbers:
                self.forbidden.pop((number, status), None)

    def turns(self, numbers, limit, seconds, where):
        with self.lock:
            self.limits.append((set(numbers), limit, seconds, where, {}))

    def run(self):
        while not self.ending.wait(PERIOD_S):
            self.look()

    def look(self):
        """Asks each reader. One that was stopped meanwhile was none."""
        for reader in self.nodes.readers():
            try:
                seen = reader.seen()
            except (OSError, ValueError, http.client.HTTPException, AssertionError):
                continue
            if reader.reads():
                with self.lock:
                    self.judge(reader.id, seen, time.monotonic())

    def judge(self, reader, seen, now):
        for number, node in list(self.nodes.all.items()):
            status = seen.get(node.id, {}).get("status")
            if (number, status) in self.forbidden:
                self.blame(f"n{number} is {status} for {reader}", self.forbidden[number, status])
            pair = (reader, number)
            if (status == "offline") != (pair in self.gone):
                self.turn(pair, "went offline" if status == "offline" else "came back", now)
            (self.gone.add if status == "offline" else self.gone.discard)(pair)

    def turn(self, pair, way, now):
        for numbers, limit, seconds, where, turns in self.limits:
            if pair[1] in numbers:
                recent = turns[*pair, way] = [t for t in turns.get((*pair, way), []) if t > now - seconds] + [now]
                if len(recent) > limit:
                    self.blame(f"n{pair[1]} {way} {len(recent)} times for {pair[0]}", where)

    def blame(self, what, where):
        if not self.fault:
            self.fault = f"{what}: {where}"

    def end(self):
        """Looks once more, so that what is last seen counts, too."""
        self.ending.set()
        self.join()
        self.look()
