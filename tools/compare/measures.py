"""What is measured of a cluster. Each function takes a running side and adds samples to a Results."""

import random
import signal
import time

import nr
import sides

CLOCK_OF_PROCESS = 2  # the kernel's CPUCLOCK_SCHED: all threads of a process, in nanoseconds
SWEEP_S = 1.0  # between two looks at who is called dead
PUSH_BYTES = 79  # what a heartbeat's record costs beside itself when it is pushed: PUSH, header and envelope (proto/README.md B)
MEMORY = {"Rss:": "rss_mib", "Pss:": "pss_mib"}


class Results:
    """Samples by measure; `gaps` says by how much each may be late."""

    def __init__(self):
        self.samples, self.gaps, self.notes = {}, {}, []

    def add(self, measure, value, gap=0.0):
        self.samples.setdefault(measure, []).append(value)
        self.gaps.setdefault(measure, []).append(gap)

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)


def join(side, count, limit_s, results):
    """All but the seed start at once and know only the seed: until each sees all. Returns whether that came to pass."""
    begun = side.start(count)
    seen = sides.until_all(side, side.members, "complete", count, begun, limit_s)
    side.check()
    results.add("join", seen.last(), seen.gap_s)
    if seen.missing:
        results.note(f"{side.name}: {len(seen.missing)} of {count} did not see all within {limit_s} s of the start")
    return not seen.missing


def changes(side, times, limit_s, results):
    """A value is changed through one member after another: until every member has it."""
    for k in range(times):
        time.sleep(random.uniform(0.3, 0.8))  # no phase in common with anybody's ticks
        member = side.members[k % len(side.members)]
        begun = time.monotonic()
        argument = side.change(member, k + 1)
        seen = sides.until_seen(side, side.running(), "value", argument, begun, limit_s)
        side.settle_change()
        results.add("change", seen.last(), seen.gap_s)


def failure(side, limit_s, results):
    """kill -9 of one that is not the seed: until all others call it dead. It is none that was stopped before: ours calls the same process
    dead at most once a minute."""
    victim = random.choice([m for m in side.members[1:] if not m.once_stopped] or side.members[1:])
    others = [m for m in side.running() if m is not victim]
    begun = time.monotonic()
    victim.process.kill()
    seen = sides.until_seen(side, others, "dead", victim.name, begun, limit_s)
    results.add("failure_first", seen.first(), seen.gap_s)
    results.add("failure", seen.last(), seen.gap_s)


def _cpu_s(pids):
    return sum(time.clock_gettime((~pid << 3) | CLOCK_OF_PROCESS) for pid in pids)


def _children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(word) for word in f.read().split()]


def _memory(pids, prefix, results):
    totals = dict.fromkeys(MEMORY, 0)
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
            for line in f:
                words = line.split()
                if words[0] in totals:
                    totals[words[0]] += int(words[1])
    for key, name in MEMORY.items():
        results.add(prefix + name, totals[key] / 1024 / len(pids))


def idle(side, seconds, traffic, results):
    """Nobody does anything: bytes, packets, CPU and memory of a member. Nothing is asked meanwhile, and no store is open here: a page
    that two processes map would count half in each one's PSS."""
    side.release()
    pids = [m.pid for m in side.running()]
    helpers = [child for pid in pids for child in _children(pid)]
    before = traffic.counts() if traffic else None
    cpu, helper_cpu, begun = _cpu_s(pids), _cpu_s(helpers), time.monotonic()
    time.sleep(seconds)
    took, nodes = time.monotonic() - begun, len(pids)
    results.add("cpu_percent", (_cpu_s(pids) - cpu) / took / nodes * 100)
    if traffic:
        counts = traffic.counts() - before
        results.add("udp_payload", counts.udp_payload() / took / nodes)
        results.add("udp_packets", counts.udp_packets / took / nodes)
        results.add("ip_payload", counts.ip_payload() / took / nodes)
    _memory(pids, "", results)
    if helpers:
        results.add("helper_cpu_percent", (_cpu_s(helpers) - helper_cpu) / took / nodes * 100)
        _memory(helpers, "helper_", results)
    side.check()


def heartbeats(side, results):
    """What N signed heartbeats weigh, in bytes a second for each node that hears them all."""
    found = side.heartbeats()
    if found:
        size, interval_s = found
        results.add("heartbeat_bytes", size)
        results.add("allowance", len(side.members) * (size + PUSH_BYTES) / interval_s)


def watch(side, healthy, seconds, tally):
    """Looks once a second at whom each running member calls dead. Counted are those of `healthy` only: a new pair (who says it, of whom) as
    an observation, and a node that anybody calls dead while nobody did at the look before as an episode."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sweep = time.monotonic()
        now = {}
        for member, names in side.dead(side.running()):
            now[member.name] = {(member.name, name) for name in names & healthy}
        pairs = set().union(*now.values()) | {p for p in tally["pairs"] if p[0] not in now}
        tally["observations"] += len(pairs - tally["pairs"])
        nodes, before = {p[1] for p in pairs}, {p[1] for p in tally["pairs"]}
        tally["episodes"] += len(nodes - before)
        tally["pairs"] = pairs
        time.sleep(max(0.0, SWEEP_S - (time.monotonic() - sweep)))


def tally_of(side, healthy):
    """Whoever is called dead already is not counted until that has ended."""
    pairs = {(member.name, name) for member, names in side.dead(side.running()) for name in names & healthy}
    return {"episodes": 0, "observations": 0, "pairs": pairs}


def _add_tally(results, measure, tally):
    results.add(measure, tally["episodes"])
    results.add(measure + "_observations", tally["observations"])


def stopped(side, seconds, results):
    """One in ten stands still, and goes on: whom of those that never stood still does anybody call dead, meanwhile and as long after?"""
    frozen = random.sample(side.members[1:], max(1, len(side.members) // 10))
    healthy = {m.name for m in side.running() if m not in frozen}
    tally = tally_of(side, healthy)
    try:
        for member in frozen:
            member.signal(signal.SIGSTOP)
        watch(side, healthy, seconds, tally)
    finally:
        for member in frozen:
            member.signal(signal.SIGCONT)
    watch(side, healthy, seconds, tally)
    _add_tally(results, "stopped", tally)


def recovered(side, limit_s, results):
    """Waits until nobody who lives is called dead any more."""
    end = time.monotonic() + limit_s
    alive = {m.name for m in side.running()}
    while any(names & alive for _, names in side.dead(side.running())):
        if time.monotonic() > end:
            results.note(f"{side.name}: some who live were still called dead {limit_s} s after the disturbance")
            return
        time.sleep(SWEEP_S)


def loss(side, percent, seconds, traffic, results):
    """So many of a hundred packets are lost: whom does anybody call dead?"""
    healthy = {m.name for m in side.running()}
    tally = tally_of(side, healthy)
    traffic.lose(percent)
    try:
        watch(side, healthy, seconds, tally)
    finally:
        traffic.lose(0)
    _add_tally(results, "loss", tally)


def faults(side):
    """What a sanitizer or an assertion says in our logs."""
    return [f"{m.name}: {line}" for m in side.members for line in nr.sanitizer_findings(m.process.log())]
