#!/usr/bin/python3
"""noded beside Serf, on this machine: one table for each number of nodes.

usage: serf.py [options]

Method. Clusters of both sides run one after the other, never at once, and take turns at being first; every process has a loopback
address of its own (127.88.a.b). Serf runs with its LAN profile, noded with its shipped defaults; both log into files. Rounds are
interleaved, so that a busy minute of the machine meets both. What nodeprobe finds out about a machine has no counterpart in Serf: it is
off unless --describe is given, and then told apart. In each round and for each side:

  join     the seed is up; all others start at once (their processes are there, held at a gate) and know only the seed: until each sees all
  idle     after a pause (--settle), nobody asks anything: UDP payload and packets, IP payload (UDP and TCP), CPU time (user and system), RSS and
           PSS, of an average node; bytes are counted by nftables where packets arrive on lo
  change   a tag set through one agent, a registration through one noded, each time another: until every member has it
  stop     1 in 10 gets SIGSTOP, and later SIGCONT: how many of the others does anybody call dead, meanwhile and as long after?
  loss     so many of a hundred packets of the gossip port, UDP and TCP, are lost on arrival: how many does anybody call dead?
  fail     kill -9 of one: until all others call it dead (Serf: failed; ours: offline)

What a member knows is asked in sweeps over all members that do not know it yet: Serf over kept connections of its RPC, all members of
a sweep at once; ours by reading each node's store through libnr. In a join one member is asked until it sees all, then the others are.
The pause between sweeps is 5 ms or three times what the sweep cost, whichever is longer (Serf: how long it took; ours: the reader's CPU
time, as nobody else has any work with it), so that asking takes at most a quarter of a core on either side. A time is the moment at which
the last answer was read: late by at most what stands beside it (±), the longest time between two sweeps, or in a join the time since
somebody was asked who did not see all. A goal counts as met only where our median as read meets it against Serf's median less that error.

"healthy called dead" counts episodes (a node that somebody calls dead while nobody did a second before) over all rounds, in brackets
pairs (who says it, of whom). Only nodes that were neither stopped nor killed count.

Serf must be there (apt-get install serf): nothing is installed. Bytes and loss take root and nft; without, they are left out. All else
runs as any user. Each step is bounded in time. Processes, files and rules are gone at the end, also after an interrupt.
"""

import argparse
import json
import math
import os
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
STEPS = ["join", "idle", "change", "stop", "loss", "fail"]


def arguments():
    words = __doc__.split("\n\nusage: serf.py [options]\n\n")
    p = argparse.ArgumentParser(description=words[0], epilog=words[1], formatter_class=argparse.RawDescriptionHelpFormatter,
                                usage="serf.py [options]", allow_abbrev=False)
    p.add_argument("--build", metavar="DIR", default="build-release", help="where noded is built (build-release)")
    p.add_argument("--nodes", metavar="N,…", default="8,32,64", help="how many nodes (8,32,64)")
    p.add_argument("--rounds", metavar="N", type=int, default=3, help="of all steps, for each number of nodes (3)")
    p.add_argument("--side", choices=["both", "ours", "serf"], default="both", help="one side alone (both)")
    p.add_argument("--only", metavar="STEP,…", default=",".join(STEPS), help=f"these steps beside join ({','.join(STEPS)})")
    p.add_argument("--changes", metavar="N", type=int, default=10, help="a round (10)")
    p.add_argument("--idle", metavar="SEC", type=float, default=60, help="how long bytes and CPU are counted (60)")
    p.add_argument("--settle", metavar="SEC", type=float, default=15, help="between join and what follows (15)")
    p.add_argument("--stop", metavar="SEC", type=float, default=20, help="how long 1 in 10 stands still (20)")
    p.add_argument("--loss", metavar="PERCENT", type=int, default=30, help="of packets (30)")
    p.add_argument("--loss-time", metavar="SEC", type=float, default=180, help="how long packets are lost (180)")
    p.add_argument("--limit", metavar="SEC", type=float, default=120, help="a join, a change, a failure is given up after it (120)")
    p.add_argument("--describe", action="store_true", help="ours with nodeprobe, which describes the machine; Serf has no such part")
    p.add_argument("--quick", action="store_true", help="other defaults, seconds instead of minutes: to see that it runs; its figures say little")
    p.add_argument("--json", metavar="FILE", help="all samples and rows, too")
    if "--quick" in sys.argv:
        p.set_defaults(changes=3, idle=1.5, settle=0.5, stop=1, loss_time=2, limit=15)
    o = p.parse_args()
    try:
        o.nodes = [int(n) for n in o.nodes.split(",")]
    except ValueError:
        p.error("--nodes: numbers with commas between them")
    o.only = o.only.split(",")
    if min(o.nodes) < 2 or max(o.nodes) > 1000:
        p.error("--nodes: 2 to 1000")
    if set(o.only) - set(STEPS):
        p.error(f"--only: of {','.join(STEPS)}")
    if o.rounds < 1 or not 0 < o.loss < 100:
        p.error("--rounds is at least 1, --loss between 1 and 99")
    o.build = os.path.abspath(o.build)
    if o.side != "serf" and not os.access(os.path.join(o.build, "bin", "noded"), os.X_OK):
        p.error(f"no noded in {o.build}/bin: build it, or say --build")
    return o


class Progress:
    """One line that is written over on a terminal; elsewhere a line a step."""

    def __init__(self):
        self.begun, self.terminal = time.monotonic(), sys.stderr.isatty()

    def say(self, text):
        took = int(time.monotonic() - self.begun)
        line = f"{took // 60:3d}:{took % 60:02d} {text}"
        print(f"\r\033[K{line}" if self.terminal else line, end="" if self.terminal else "\n", file=sys.stderr, flush=True)

    def clear(self):
        if self.terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def one_round(o, side, count, results, say, rules):
    """A cluster's life."""
    limit = o.limit
    say("join")
    if not measures.join(side, count, limit, results):
        return
    if o.only != ["join"]:
        say(f"settling for {o.settle:g} s")
        time.sleep(o.settle)
    if "idle" in o.only:
        say(f"idle for {o.idle:g} s")
        measures.idle(side, o.idle, rules, results)
        if side.name == "ours":
            measures.heartbeats(side, results)
    if "change" in o.only:
        say(f"{o.changes} changes")
        measures.changes(side, o.changes, limit, results)
    if "stop" in o.only:
        say(f"1 in 10 stopped for {o.stop:g} s")
        measures.stopped(side, o.stop, results)
        measures.recovered(side, limit, results)
    if "loss" in o.only and rules:
        say(f"{o.loss} % loss for {o.loss_time:g} s")
        measures.loss(side, o.loss, o.loss_time, rules, results)
        measures.recovered(side, limit, results)
    if "fail" in o.only:
        say("kill -9")
        measures.failure(side, limit, results)


def run_side(o, side, count, results, say):
    with side:
        if traffic.why_not():
            one_round(o, side, count, results, say, None)
        else:
            with traffic.Traffic(side.port) as rules:
                one_round(o, side, count, results, say, rules)
        if side.name == "ours":
            for line in measures.faults(side):
                results.note(line)


def compare(o, count, made, progress):
    """Fills {side's name: Results} round by round."""
    names = [o.side] if o.side != "both" else ["ours", "serf"]
    for name in names:
        made[name] = measures.Results()
    for k in range(o.rounds):
        for name in names if k % 2 == 0 else reversed(names):
            side = ours.Ours(o.build, o.describe) if name == "ours" else theirs.Serf()
            head = f"N={count} round {k + 1} of {o.rounds}, {name}: "
            run_side(o, side, count, made[name], lambda text, head=head: progress.say(head + text))


def settings(o):
    return {"rounds": o.rounds, "idle_s": o.idle, "loss": o.loss, "loss_s": f"{o.loss_time:g}", "stop_s": f"{o.stop:g}",
            "limits": dict.fromkeys(("join", "change", "failure", "failure_first"), f"{o.limit:g}"), "describe": o.describe,
            "bytes_and_loss": traffic.why_not() or "measured"}


def finite(value):
    """JSON has no infinity: what did not come to pass is null."""
    if isinstance(value, dict):
        return {k: finite(v) for k, v in value.items()}
    if isinstance(value, list):
        return [finite(v) for v in value]
    return None if isinstance(value, float) and math.isinf(value) else value


def report(o, count, made, file_parts):
    shown = table.rows((made.get("ours"), made.get("serf")), settings(o))
    print(f"\nN = {count}, {o.rounds} rounds")
    table.show(shown, sys.stdout)
    notes = [note for results in made.values() for note in results.notes]
    for note in notes:
        print(f"note: {note}")
    sys.stdout.flush()
    file_parts[str(count)] = {"rows": shown, "notes": notes, "samples": {name: r.samples for name, r in made.items()},
                              "late_by_at_most_s": {name: r.gaps for name, r in made.items()}}


def write_json(o, parts):
    if not o.json:
        return
    with open(o.json, "w", encoding="utf-8") as f:
        json.dump(finite({"settings": settings(o), "nodes": parts}), f, indent=1, allow_nan=False)
        f.write("\n")


def main(o):
    progress, parts, made, count = Progress(), {}, {}, 0
    if o.side != "ours":
        sides.need("serf", "serf")
    sides.room_for_files()
    missing = traffic.why_not()
    if missing:
        print(f"serf.py: idle bytes and loss are left out: {missing}", file=sys.stderr)
    else:
        traffic.remove_stale()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        for count in o.nodes:
            made = {}
            compare(o, count, made, progress)
            progress.clear()
            report(o, count, made, parts)
    except KeyboardInterrupt:
        progress.clear()
        print("serf.py: interrupted; what was measured until then:", file=sys.stderr)
        report(o, count, made, parts)
        return 1
    finally:
        write_json(o, parts)
    return 0


if __name__ == "__main__":
    OPTIONS = arguments()
    os.environ["NR_BIN"] = os.path.join(OPTIONS.build, "bin")
    os.environ["NR_SOURCE"] = SOURCE
    sys.path[:0] = [HERE, os.path.join(SOURCE, "tests", "system")]
    import measures
    import ours
    import sides
    import table
    import theirs
    import traffic
    sys.exit(main(OPTIONS))
