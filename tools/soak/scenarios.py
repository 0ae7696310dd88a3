#!/usr/bin/python3
"""Runs random scenarios in the simulator for a given time, and shrinks what fails to its smallest form.

Each scenario (tests/scenarios/README.md) is made from a seed: a cluster, faults of every kind, writes between them; in the
end all is healed and the nodes must agree. The simulator checks at every step what must hold in every world
(tools/sim/check.h). A failure is written to --keep as a scenario of as few nodes and statements as still fail, with the
command that shows it."""

import argparse
import concurrent.futures
import os
import random
import re
import subprocess
import sys
import tempfile
import time

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RUN_SECONDS = 600  # of real time; a run that takes longer hangs
SHRINK_RUNS = 400  # tries for one failure
LAST_WORDS = ("heal", "thaw all", "clock all +0s", "start all")


def chance(rng, share):
    return rng.random() < share


def duration(rng, low, high):
    """More often short than long."""
    seconds = low * (high / low) ** rng.random()
    return f"{round(seconds * 1000)}ms" if seconds < 10 else f"{round(seconds)}s"


def clock_error(rng):
    """What peers take, or far beyond it."""
    return rng.choice(("2m", "1h", "365d")) if chance(rng, 0.4) else duration(rng, 0.1, 50)


def link_words(rng):
    words = []
    if chance(rng, 0.6):
        words += ["delay", rng.choice(("1ms", "20ms", "100ms", "300ms")), "jitter", rng.choice(("0ms", "10ms", "100ms"))]
    for word, share, most in (("loss", 0.6, 60), ("duplicate", 0.2, 300), ("reorder", 0.2, 50), ("corrupt", 0.2, 5)):
        if chance(rng, share):
            words += [word, f"{rng.randint(1, most)}%"]
    return " ".join(words) or "loss 10%"


class Cast:
    """The head of a scenario and the sets that its statements speak of."""

    def __init__(self, rng):
        self.rng = rng
        self.nodes = rng.choice((2, 3, 4, 5, 6, 8, 8, 12, 12, 16, 20, 24, 32, 48))
        self.head = [f"nodes {self.nodes}", f"seeds {rng.randint(1, min(3, self.nodes))}"]
        if chance(rng, 0.5):
            self.head.append("link " + link_words(random.Random(rng.random())))
        if chance(rng, 0.3):
            self.head.append(f"heartbeat {rng.choice((1, 2, 5, 30))}s")
        if chance(rng, 0.3):
            self.head.append(f"lease {rng.choice(('90s', '300s', '3600s'))}")
        shares = (rng.randint(1, 99), rng.randint(1, 60))
        self.head += [f"group some random {shares[0]}%", "group rest not some", f"group few random {shares[1]}%"]

    def whom(self):
        return self.rng.choice(("all", "some", "rest", "few", "some", "few", str(self.rng.randrange(self.nodes))))


def statement(cast):
    """One thing that happens. What would only undo what must hold in the end is left out."""
    rng, whom = cast.rng, cast.whom
    kinds = {
        "wait": lambda: f"wait {duration(rng, 0.05, 400)}",
        "stay": lambda: f"wait {duration(rng, 1800, 28800)}",  # leases end, verdicts too, and nothing else happens
        "write": lambda: f"write {whom()}" + rng.choice(("", "", " over 5s", " bytes 3000")),
        "sponsor": lambda: f"sponsor {whom()} {rng.randint(1, 5)}",
        "delete": lambda: f"delete {whom()}",
        "declare": lambda: f"declare {whom()} {rng.choice(('online', 'degraded', 'maintenance', 'draining'))}",
        "kill": lambda: f"kill {whom()}",
        "power": lambda: f"power {whom()}",
        "stop": lambda: f"stop {whom()}",
        "leave": lambda: f"leave {whom()}",
        "start": lambda: f"start {whom()}" + rng.choice(("", " over 5s")),
        "freeze": lambda: f"freeze {whom()}",
        "thaw": lambda: f"thaw {whom()}",
        "move": lambda: f"move {rng.choice(('some', 'few'))}",  # not the seeds, which the others are told of
        "clock": lambda: f"clock {whom()} {rng.choice(('+', '-'))}{clock_error(rng)}",
        "split": lambda: "split some | rest",
        "block": lambda: f"block {whom()} to {whom()}" + rng.choice(("", " 30%")),
        "link": lambda: f"link {whom()} to {whom()} {link_words(rng)}",
        "heal": lambda: "heal",
    }
    weights = {"wait": 20, "write": 8, "start": 8, "heal": 6, "thaw": 4, "clock": 2, "leave": 1, "stay": 3}
    kind = rng.choices(list(kinds), [weights.get(k, 3) for k in kinds])[0]
    return kinds[kind]()


def compose(seed):
    rng = random.Random(seed)
    cast = Cast(rng)
    steps = ["start all" + rng.choice(("", " over 1s", " over 30s"))]
    for _ in range(rng.randint(4, 40)):
        steps.append(statement(cast))
        if chance(rng, 0.4):
            steps.append(f"wait {duration(rng, 0.2, 120)}")
    return cast.head, steps


def patience(head):
    """Beyond half of all datagrams lost, a repair takes minutes, and new records come in while it lasts."""
    lost = re.search(r"^link .*loss (\d+)%", "\n".join(head), re.M)
    return "600s" if lost and int(lost[1]) > 45 else "120s"


def text_of(seed, head, steps):
    last = (*LAST_WORDS, f"expect equal within {patience(head)}")
    return "\n".join([f"title random scenario {seed}", "why made for the simulator", *head, *steps, *last]) + "\n"


class Outcome:
    def __init__(self, status, said):
        self.failed = status != 0
        self.said = said
        found = re.search(r"^virtual seconds +([\d.]+)", said, re.M)
        self.seconds = float(found[1]) if found else 0.0
        found = re.search(r", (\d+) nodes, seed", said)
        self.node_hours = self.seconds * int(found[1]) / 3600 if found else 0.0

    def kind(self):
        """What went wrong, without the numbers and names of this run: a smaller run must fail for the same reason."""
        found = re.search(r"^  at [\d.]+ s: (.*)$", self.said, re.M) or re.search(r"(Assertion|assert|Sanitizer|hangs).*", self.said)
        return re.sub(r"^\S+:\d+: '[^']*': |[0-9a-f]{8,}|\d+", "#", found[0 if found.re.groups == 0 else 1])[:60] if found else self.said[-60:]


def simulate(program, text, seed):
    with tempfile.NamedTemporaryFile("w", suffix=".scenario") as file:
        file.write(text)
        file.flush()
        try:
            done = subprocess.run([program, "--seed", str(seed), file.name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  errors="replace", timeout=RUN_SECONDS, check=False)
            return Outcome(done.returncode, done.stdout)
        except subprocess.TimeoutExpired:
            return Outcome(1, f"hangs: no end after {RUN_SECONDS} s")


class Shrinker:
    """Leaves out what the failure does not need: runs of statements, halves first, then lines of the head, then nodes."""

    def __init__(self, program, seed, head, steps, kind):
        self.program, self.seed, self.kind, self.runs = program, seed, kind, 0
        self.head, self.steps = head, steps

    def fails(self, head, steps):
        self.runs += 1
        outcome = simulate(self.program, text_of(self.seed, head, steps), self.seed)
        return outcome.failed and outcome.kind() == self.kind

    def cut(self, lines, fails):
        size = len(lines) // 2
        while size and self.runs < SHRINK_RUNS:
            at = 0
            while at < len(lines) and self.runs < SHRINK_RUNS:
                less = lines[:at] + lines[at + size:]
                if fails(less):
                    lines = less
                else:
                    at += size
            size //= 2
        return lines

    def fewer_nodes(self):
        for nodes in (2, 3, 4, 5, 6, 8, 12, 16, 24, 32):
            less = [re.sub(r"^nodes \d+", f"nodes {nodes}", line) for line in self.head]
            if less == self.head or self.runs >= SHRINK_RUNS:
                return
            if self.fails(less, self.steps):
                self.head = less
                return

    def shrink(self):
        self.steps = self.cut(self.steps, lambda less: self.fails(self.head, less))
        self.fewer_nodes()
        fixed, loose = self.head[:1], self.head[1:]
        self.head = fixed + self.cut(loose, lambda less: self.fails(fixed + less, self.steps))
        self.steps = self.cut(self.steps, lambda less: self.fails(self.head, less))
        return text_of(self.seed, self.head, self.steps)


def report(arguments, seed, outcome, head, steps):
    print(f"\nseed {seed} fails: {outcome.kind()}; making it smaller", flush=True)
    small = Shrinker(arguments.simulate, seed, head, steps, outcome.kind()).shrink()
    os.makedirs(arguments.keep, exist_ok=True)
    path = os.path.join(arguments.keep, f"random-{seed}.scenario")
    with open(path, "w", encoding="utf-8") as file:
        file.write(small)
    print(f"{small}\n{simulate(arguments.simulate, small, seed).said}\nshow it again: {arguments.simulate} --seed {seed} {path}", flush=True)


def seconds_of(text):
    found = re.fullmatch(r"(\d+)([smh]?)", text)
    if not found:
        raise argparse.ArgumentTypeError(f"wanted a time such as 90s, 10m or 2h: {text!r}")
    return int(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]]


def arguments_of():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--time", type=seconds_of, default=600, help="how long: 90s, 10m, 2h (default 10m)")
    parser.add_argument("--count", type=int, default=0, help="end after so many scenarios; 0: by --time alone")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the first scenario; the next has the next (default: the time)")
    parser.add_argument("--jobs", type=int, default=1, help="how many at once (default 1)")
    parser.add_argument("--keep", default="soak-findings", metavar="DIR", help="where failures go (default soak-findings)")
    parser.add_argument("--simulate", default=os.path.join(SOURCE, "build-release/bin/simulate"), metavar="PROGRAM")
    parser.add_argument("--show", type=int, metavar="SEED", help="print the scenario of this seed, and end")
    return parser.parse_args()


def soak(arguments):
    end = time.monotonic() + arguments.time
    done = failures = 0
    hours = 0.0
    seed = arguments.seed
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        running = {}
        while True:
            more = time.monotonic() < end and not (arguments.count and seed - arguments.seed >= arguments.count)
            if more and len(running) < arguments.jobs:
                made = compose(seed)
                running[pool.submit(simulate, arguments.simulate, text_of(seed, *made), seed)] = (seed, made)
                seed += 1
                continue
            if not running:
                return done, hours, failures
            for future in concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED).done:
                which, made = running.pop(future)
                outcome = future.result()
                done, hours = done + 1, hours + outcome.node_hours
                if outcome.failed:
                    failures += 1
                    report(arguments, which, outcome, *made)
            if sys.stderr.isatty():
                print(f"\r{done} scenarios, {hours:,.0f} node-hours, {failures} failed ", end="", file=sys.stderr, flush=True)


def main():
    arguments = arguments_of()
    if arguments.show is not None:
        print(text_of(arguments.show, *compose(arguments.show)), end="")
        return 0
    if not os.access(arguments.simulate, os.X_OK):
        print(f"{arguments.simulate}: not there; build it first (cmake --preset release && cmake --build --preset release)", file=sys.stderr)
        return 2
    done, hours, failures = soak(arguments)
    print(f"{done} scenarios from seed {arguments.seed}: {hours:,.1f} simulated node-hours, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
