#!/usr/bin/python3
"""Runs scenarios (tests/scenarios/README.md) on real processes in network namespaces, looked at through their facades.

    scenario.py [--seed N] [--nodes N] [--verbose] FILE...

--seed N    of the sets made by `random`, and of the network's chance (default 1)
--nodes N   as many nodes instead of those that `real` names
--verbose   the programs log all, and the ends of their logs are shown where something fails

Prints each statement with the second at which it was begun, and with each expectation how long it took to come true. Exit
status: 0 all held; 1 something did not; 2 wrong usage or a faulty file; 77 nothing was run (no root, no `real`, no clock to set).
"""

import argparse
import http.client
import math
import subprocess
import sys
import time

import machines
import netns
import nr
import script
import watching
import wire

POLL_S = 0.05
NODES_MAX = 64  # of wire.c
USUAL = {"delay": 0.02, "jitter": 0.01}
# What has no meaning here: the head's, and expectations that ask for counters of the simulator.
HEAD_LEFT_OUT = ("metrics",)
COUNTED = {*script.FIGURES} - {"memory"}
TRANSIENT = (OSError, ValueError, http.client.HTTPException, AssertionError, nr.ControlError)
# What a process did that ends a scenario: it hung, or would not start.
FATAL = (*TRANSIENT, subprocess.SubprocessError, RuntimeError, SystemError)


class Failure(Exception):
    pass


class Run:
    """One scenario. `play` raises Failure where something does not hold."""

    def __init__(self, path, found, nodes, net, sets):
        self.path, self.found, self.nodes, self.net, self.sets = path, found, nodes, net, sets
        self.watch = watching.Watch(nodes)
        self.rules = wire.Rules(net, sets.random)
        self.begun = time.monotonic()

    def say(self, text):
        print(f"{time.monotonic() - self.begun:7.2f} s  {text}", flush=True)

    def play(self):
        self.watch.start()
        try:
            for step in self.found.steps:
                self.say(step.text)
                try:
                    getattr(self, "do_" + step.verb)(step)
                except script.Fault:
                    raise
                except FATAL as err:
                    raise Failure(f"{self.where(step)}: {err}") from err
                self.check_watch()
        finally:
            self.watch.end()
        self.check_watch()

    def check_watch(self):
        if self.watch.fault:
            raise Failure(self.watch.fault)

    def sleep(self, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, POLL_S))
            self.check_watch()

    def where(self, step):
        return f"line {step.line}: {step.text}"

    def do_group(self, step):
        self.sets.define(step)
        self.say(f"  {step.name}: {' '.join(map(str, self.sets[step.name]))}")

    def do_start(self, step):
        self.nodes.start(self.sets[step.set], step.over)

    def do_power(self, step):
        self.say("  without what a power cut does to the disk")
        self.nodes.kill(self.sets[step.set])

    def do_sponsor(self, step):
        self.nodes.sponsor(self.sets[step.set], step.count, step.over)

    def do_declare(self, step):
        self.nodes.declare(self.sets[step.set], step.state)

    def do_clock(self, step):
        self.nodes.set_clock(self.sets[step.set], step.by)

    def do_write(self, step):
        self.nodes.write(self.sets[step.set], step.bytes, step.over)

    def do_split(self, step):
        self.rules.split([self.sets[name] for name in step.sets])

    def do_block(self, step):
        self.rules.block(self.sets[step.set], self.sets[step.to], step.share)

    def do_link(self, step):
        self.rules.link(self.sets[step.set], self.sets[step.to], wire.Link(**{**vars(self.net.usual), **step.link}))

    def do_heal(self, _):
        self.rules.heal()

    def do_wait(self, step):
        self.sleep(step.time)

    def do_measure(self, _):
        self.say("  nothing is counted here: left out")

    def do_fault(self, _):
        self.say("  only the simulator has an insider, and disks that fail: left out")

    do_forge = do_replay = do_fault

    def do_never(self, step):
        self.watch.never(self.sets[step.set], step.status, self.where(step))

    def do_may(self, step):
        self.watch.may(self.sets[step.set], step.status)

    def do_turns(self, step):
        self.watch.turns(self.sets[step.set], step.limit, getattr(step, "in"), self.where(step))

    def do_expect(self, step):
        if step.what in COUNTED:
            self.say("  nothing is counted here: left out")
            return
        if step.what == "memory":
            most = max((n.memory() for n in self.nodes.readers()), default=0)
            if most > step.limit:
                raise Failure(f"{self.where(step)}: {most / 2 ** 20:.1f} MiB")
            self.say(f"  {most / 2 ** 20:.1f} MiB")
            return
        self.come_true(step, getattr(self, "lacks_" + step.what))

    def come_true(self, step, lacks):
        """`lacks` says what is not so yet, or nothing. A look that began in time counts."""
        begun = time.monotonic()
        while True:
            at = time.monotonic() - begun
            try:
                why = lacks(step)
            except TRANSIENT as err:
                why = repr(err)
            if at <= step.within and not why:
                self.say(f"  after {at:.2f} s")
                return
            if at > step.within:
                raise Failure(f"{self.where(step)}: {why or f'only after {at:.2f} s'}")
            self.sleep(min(POLL_S, max(0.0, step.within - at)))

    def readers(self, name):
        found = self.nodes.readers(set(self.sets[name]))
        if not found:
            raise Failure(f"no node of the set {name} runs, to be looked through")
        return found

    def lacks_equal(self, _):
        held = {}
        readers = self.readers("all")
        for reader in readers:
            held.setdefault(reader.holds(readers), []).append(reader.id)
        return "" if len(held) == 1 else "differ: " + " | ".join(" ".join(ids) for ids in held.values())

    def subjects(self, step):
        nodes = [self.nodes.all[n] for n in self.sets[step.set] if n in self.nodes.all]
        found = [node_id for node in nodes for node_id in node.subjects(step.sponsored)]
        if not found:
            raise Failure(f"{self.where(step)}: there is no such node to look at")
        return found

    def lacks_status(self, step):
        wrong = []
        for reader in self.readers(step.by):
            seen = reader.seen()
            for node_id in self.subjects(step):
                status = seen.get(node_id, {}).get("status", "not shown")
                if status != step.status:
                    wrong.append(f"{node_id} is {status} for {reader.id}")
        return ", ".join(wrong[:8])

    def lacks_known(self, step):
        views = {reader.number: reader.seen() for reader in self.readers("all")}
        wanted = math.ceil(step.share * len(views) - 1e-9)
        nodes = [self.nodes.all[n] for n in self.sets[step.set] if n in self.nodes.all]
        if not nodes:
            raise Failure(f"{self.where(step)}: none of them was ever started")
        counts = {node.id: sum(node.known_to(seen, views.get(node.number)) for seen in views.values()) for node in nodes}
        return ", ".join(f"{i}: on {count} of {len(views)}" for i, count in counts.items() if count < wanted)

    def lacks_gone(self, step):
        subjects = set(self.subjects(step))
        shown = [f"{node_id}: shown by {reader.id}" for reader in self.readers(step.by) for node_id in sorted(subjects & reader.seen().keys())]
        return ", ".join(shown[:8])


# What a set alone says, the nodes do themselves.
for verb in ("stop", "kill", "leave", "freeze", "thaw", "delete", "move"):
    setattr(Run, "do_" + verb, lambda self, step: getattr(self.nodes, step.verb)(self.sets[step.set]))


def arguments():
    parser = argparse.ArgumentParser(usage="%(prog)s [--seed N] [--nodes N] [--verbose] FILE...", add_help=False)
    parser.add_argument("--help", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--nodes", type=int)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("files", nargs="*")
    args = parser.parse_args()
    if args.help:
        print(__doc__.strip())
        raise SystemExit(0)
    if not args.files or args.seed < 0 or args.nodes is not None and not 1 <= args.nodes <= NODES_MAX:
        parser.error(f"a file, a seed of 0 or more, and 1 to {NODES_MAX} nodes")
    return args


def unable(found):
    """Why the scenario cannot be run here, or None."""
    if "real" not in found.head:
        return "on the simulator only: " + found.head["why"]
    if "lease" in found.head:
        return "on the simulator only: the lease is the core's here"
    if any(s.verb == "clock" for s in found.steps) and not machines.have_clocks():
        return "this build has no clock to set (a sanitizer)"
    return None


def check_sets(found, sets):
    """Before anything is started: that each set is one of this cluster's."""
    for step in found.steps:
        try:
            if step.verb == "group":
                sets.define(step)
            names = [getattr(step, key, None) for key in ("set", "to", "by", "other")] + getattr(step, "sets", [])
            for name in filter(lambda n: isinstance(n, str), names):
                sets[name]
        except script.Fault as fault:
            raise script.Fault(f"{found.path}:{step.line}: {fault}") from None


def faults_of(cluster, verbose, failed):
    faults = [] if failed else cluster.end()
    if verbose and (failed or faults):
        for process in cluster.processes:
            print(f"--- the end of {process.name}'s log\n{process.log()[-3000:]}", file=sys.stderr)
    return [*faults, *(cluster.end() if failed else [])]


def run(path, args):
    """Returns the exit status."""
    found = script.script_of(path)
    print(f"{path}: {found.head['title']}", flush=True)
    why = unable(found)
    if why:
        print(f"skipped: {why}")
        return netns.SKIPPED
    count, seeds = args.nodes or found.head["real"], found.head.get("seeds", 1)
    if not seeds <= count <= NODES_MAX:
        raise script.Fault(f"{path}: {count} nodes, of which {seeds} are seeds; there can be {NODES_MAX} here")
    check_sets(found, script.Sets(count, seeds, args.seed))
    for key in set(HEAD_LEFT_OUT) & found.head.keys():
        print(f"without `{key}`, which real processes do not have")
    usual = wire.Link(**{**USUAL, **found.head.get("link", {})})
    clock = any(s.verb == "clock" for s in found.steps)
    with wire.Net(count, usual, args.seed) as net, nr.Cluster() as cluster:
        nodes = machines.Nodes(net, cluster, seeds=seeds, heartbeat=found.head.get("heartbeat", 10.0), clock=clock,
                               log_level="debug" if args.verbose else "info")
        scene = Run(path, found, nodes, net, script.Sets(count, seeds, args.seed))
        failed = None
        try:
            scene.play()
        except Failure as failure:
            failed = str(failure)
        net.heal()
        problems = ([failed] if failed else []) + faults_of(cluster, args.verbose, failed)
        scene.say("".join(f"FAILED: {path}: {p}\n" for p in problems).strip() or f"held; {count} nodes, seed {args.seed}")
        return 1 if problems else 0


def main():
    args = arguments()
    statuses = []
    for path in args.files:
        try:
            statuses.append(run(path, args))
        except script.Fault as fault:
            print(f"scenario: {fault}", file=sys.stderr)
            statuses.append(2)
    ran = [s for s in statuses if s != netns.SKIPPED]
    return max(ran) if ran else netns.SKIPPED


if __name__ == "__main__":
    sys.exit(main())
