"""What both sides of the comparison share: so many processes on loopback addresses of their own, asked by one sweep after another.

A side says how a member is started, how a value is changed through one, and what a member knows:
    complete N          it sees so many members alive
    value (KEY, VALUE)  it has the change
    dead NAME           it calls that member dead
"""

import atexit
import contextlib
import os
import random
import resource
import shutil
import signal
import socket
import sys
import tempfile
import time

import nr

PRIORITY = -10
PAUSE_S = 0.005  # between two sweeps, at least
SHARE = 3  # … and so many times what the sweep cost, by the side's clock: polling takes at most a quarter of a core, on both sides


_left = []  # removed when all is over: ext4 steps over each inode freed a moment ago, and whoever makes files next would pay for that


@atexit.register
def _remove_directories():
    for directory in _left:
        shutil.rmtree(directory, ignore_errors=True)


class Member:
    def __init__(self, name, address, process):
        self.name, self.address, self.process = name, address, process
        self.stopped = self.once_stopped = False

    @property
    def pid(self):
        return self.process.process.pid

    def alive(self):
        return self.process.running()

    def signal(self, number):
        self.process.signal(number)
        if number in (signal.SIGSTOP, signal.SIGCONT):
            self.stopped = number == signal.SIGSTOP
            self.once_stopped = True


class Gate:
    """Holds programs back in the moment before they begin, and lets all go at once: what it takes to make so many processes, one after
    the other, is no part of what they need. A shell that is to become each opens a fifo, and sleeps until somebody writes to it."""

    def __init__(self, directory):
        self.path = os.path.join(directory, "gate")
        os.mkfifo(self.path)

    def before(self, words):
        return ["/bin/sh", "-c", ': < "$0" && exec "$@"', self.path, *words]

    @staticmethod
    def _holds(process):
        process.check_running()
        with open(f"/proc/{process.process.pid}/stat", encoding="ascii") as f:
            return "(sh) S " in f.read()

    def open(self, processes):
        """When all stand before it; returns the moment before they go."""
        for process in processes:
            nr.wait_for(lambda p=process: self._holds(p), 20, f"{process.name} at the gate")
        begun = time.monotonic()
        os.close(os.open(self.path, os.O_WRONLY))  # who was asleep goes, though nobody writes
        return begun


class Side:
    """`with side: side.start(n)`: leaving the `with` kills every process; the directory goes when the program ends."""

    name = "?"
    cost_s = time.monotonic  # what asking costs: who is asked is at work as long as it takes

    def __init__(self):
        self.members, self.directory = [], None
        self.port = 0

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="nr-compare-")
        self.members = []
        self.port = free_port()
        return self

    def __exit__(self, *_):
        self.release()
        for member in self.members:
            if member.alive():
                member.signal(signal.SIGKILL)
        for member in self.members:
            if member.process.process is not None:
                member.process.wait()
        _left.append(self.directory)

    def address(self, number):
        return f"127.88.{number // 250}.{number % 250 + 1}"

    def start(self, count):
        """Starts the seed, waits until it answers, then starts the others at once; returns the moment before these."""
        self.members = [self.make(i) for i in range(count)]
        seed, *others = self.members
        self.start_seed(seed)
        gate = Gate(self.directory)
        for member in others:
            member.process.wrap = gate.before
            self.start_other(member)
        return gate.open([m.process for m in others])

    def running(self):
        return [m for m in self.members if m.alive() and not m.stopped]

    def check(self):
        for member in self.members:
            member.process.check_running()

    # What a side says:
    def make(self, number):
        raise NotImplementedError

    def start_seed(self, member):
        raise NotImplementedError

    def start_other(self, member):
        raise NotImplementedError

    def change(self, member, value):
        """Makes a change through the member without waiting for it; returns the argument of `value`."""
        raise NotImplementedError

    def ask(self, members, question, argument):
        """One sweep: yields (member, yes) as each is read. A member that does not answer is left out."""
        raise NotImplementedError

    def meet(self, member):
        """Makes what is needed to ask it, if that can be made by now."""
        raise NotImplementedError

    def dead(self, members):
        """One sweep: yields (member, names that it calls dead)."""
        raise NotImplementedError

    def settle_change(self):
        """Takes in what `change` left unread."""

    def release(self):
        """Lets go of whatever holds memory or connections of the members; the next question opens them anew."""


def free_port():
    """A port that is free for UDP and TCP on every loopback address."""
    for _ in range(100):
        port = random.randrange(20000, 30000)
        try:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with socket.socket(socket.AF_INET, kind) as s:
                    s.bind(("0.0.0.0", port))
            return port
        except OSError:
            continue
    raise SystemExit("serf.py: no free port between 20000 and 30000")


def room_for_files():
    """A store takes six descriptors, a connection one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Seen:
    """When each member was first read to know, late by at most `gap_s`."""

    def __init__(self):
        self.at, self.gap_s, self.missing = {}, 0.0, set()

    def first(self):
        return min(self.at.values()) if self.at else float("inf")

    def last(self):
        return float("inf") if self.missing else max(self.at.values())


@contextlib.contextmanager
def first_served():
    """Who asks is not kept waiting by those whom it asks, where it may see to that (root): an answer is read when it is there."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
    except PermissionError:
        yield
        return
    try:
        yield
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, 0)


@first_served()
def until_seen(side, members, question, argument, begun, limit_s):
    """Asks all in sweeps until each has said yes, or the limit is over. Times count from `begun`, and are those at which the answer was
    read: late by at most `gap_s`."""
    seen, pending = Seen(), {m.name: m for m in members}
    last = time.monotonic()
    while pending and time.monotonic() - begun < limit_s:
        sweep, cost = time.monotonic(), side.cost_s()
        for member, yes in side.ask(list(pending.values()), question, argument):
            if yes:
                seen.at[member.name] = time.monotonic() - begun
                del pending[member.name]
        now = time.monotonic()
        seen.gap_s = max(seen.gap_s, now - last)
        last = sweep
        time.sleep(max(PAUSE_S, SHARE * (side.cost_s() - cost)))
    seen.missing = set(pending)
    return seen


@first_served()
def until_all(side, members, question, argument, begun, limit_s):
    """The same where only the last matters: one is asked until it says yes, then all the others, then one of those who said no. Meanwhile
    the others are met, so that they can be asked at once. `gap_s` is the time since somebody was asked who said no: all did not know then."""
    seen, pending, unmet = Seen(), {m.name: m for m in members}, list(members)
    group, said_no = 1, begun
    while pending and time.monotonic() - begun < limit_s:
        sweep, cost = time.monotonic(), side.cost_s()
        asked = list(pending.values())[:group]
        for member, yes in side.ask(asked, question, argument):
            if yes:
                seen.at[member.name] = time.monotonic() - begun
                del pending[member.name]
        if all(m.name not in pending for m in asked):
            group = len(pending)
            continue
        group, said_no = 1, sweep
        if unmet:
            side.meet(unmet.pop())
        time.sleep(max(PAUSE_S, SHARE * (side.cost_s() - cost)))
    seen.gap_s = time.monotonic() - said_no
    seen.missing = set(pending)
    return seen


def need(program, package):
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    if not path:
        print(f"serf.py: {program} is missing: apt-get install {package}", file=sys.stderr)
        raise SystemExit(1)
    return path


def process(name, words, directory, env=None):
    return nr.Process(name, words, os.path.join(directory, name + ".log"), env=env)
