"""nodectl that goes on printing, as watch and log --follow do."""

import json
import os
import queue
import subprocess
import threading

import nr


class Follower:
    """nodectl in the background, and the lines that it prints."""

    def __init__(self, noded, *words):
        self.process = subprocess.Popen([nr.program("nodectl"), "--state-dir", noded.state, "-o", "json", *words],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=nr.die_with_parent,
                                        env={**os.environ, "DAGI_CONFIG": os.devnull})
        self.lines = queue.Queue()
        self.seen = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))

    def expect(self, timeout=15, **members):
        """The next line with these members."""
        while True:
            try:
                line = self.lines.get(timeout=timeout)
            except queue.Empty:
                raise AssertionError(f"no line with {members}; seen: {self.seen}") from None
            self.seen.append(line)
            if all(line.get(k) == v for k, v in members.items()):
                return line

    def end(self, number):
        self.process.send_signal(number)
        assert self.process.wait(5) == 0, self.process.stderr.read()
