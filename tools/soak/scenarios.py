#!/usr/bin/python3
"""Runs random scenarios in the simulator for a given time, and shrinks what fails to its smallest form.

Each scenario (tests/scenarios/README.md) is made from a seed: a cluster, faults of every kind, an insider in some, writes
between them, and in most a time of hours in which it stands; in the end all is healed, and the nodes must agree, be online,
and stay so. The simulator checks at every step what must hold in every world (tools/sim/check.h). A failure is written to
--keep as a scenario of as few nodes and statements, and as short and of as small a seed as still fail, with the command that
shows it. It ends after --time, --count or --node-hours, whichever comes first; --json says how far it is, at any time."""

import argparse
import concurrent.futures
import json
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
SEEDS = 20  # the least ones, tried for what has failed
LAST_WORDS = ("heal", "thaw all", "clock all +0s", "start all")
UNITS = {"ms": 1, "s": 1000, "m": 60000, "h": 3600000, "d": 86400000}


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
        self.insider = chance(rng, 0.3)
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
        "stay": lambda: f"wait {duration(rng, 1800, 28800 if cast.nodes <= 16 else 3600)}",  # leases end, verdicts too, and nothing else happens
        "forge": lambda: f"forge {whom()}",
        "replay": lambda: f"replay {whom()}",
        "fault": lambda: f"fault {whom()}",
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
    weights = {"wait": 20, "write": 8, "start": 8, "heal": 6, "thaw": 4, "clock": 2, "leave": 1, "stay": 3, "fault": 1,
               **dict.fromkeys(("forge", "replay"), 4 if cast.insider else 0)}
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
    if chance(rng, 0.6):  # most of the hours: weeks of renewed leases where an hour of all is cheap
        hours = 1000 if cast.nodes <= 6 else 240 if cast.nodes <= 8 else 16 if cast.nodes <= 16 else 2
        if re.search("heartbeat [125]s|lease 90s", "\n".join(cast.head)):
            hours = 2
        steps.insert(rng.randint(1, len(steps)), f"wait {rng.randint(hours // 2, hours)}h")
    return cast.head, steps


def loss_of(head):
    lost = re.search(r"^link .*loss (\d+)%", "\n".join(head), re.M)
    return int(lost[1]) if lost else 0


def last_words(head, steps):
    """All is healed. Beyond half of all datagrams lost, a repair takes minutes, and new records come in while it lasts; and a beat
    that is lost too often is late for a while, so that only where less is lost all must be online, and stay so."""
    patience = "600s" if loss_of(head) > 45 else "120s"
    words = [*LAST_WORDS, f"expect equal within {patience}", f"expect known all by 100% within {patience}"]
    if loss_of(head) > (30 if int(head[0].split()[1]) > 2 else 0):
        return words
    # A state that was declared stays so: a word of their own takes it back, and a beat comes with it. Who moved a moment ago is missed
    # yet where it was.
    words += ["declare all online", "wait 30s", "expect status all online by all within 60s", "never all offline"]
    # What was said by a clock far ahead and lost with its maker, uncommitted, others hold aside, and no deletion reaches it yet.
    ahead = any(re.match(r"clock .*\+\d+(m|h|d)$", step) for step in steps)
    if not ahead and any(step.startswith("sponsor") for step in steps):
        words += ["delete all", "expect gone sponsored all by all within 60s"]
    return words + ["wait 180s", "expect equal within 60s"]


def text_of(seed, head, steps):
    return "\n".join([f"title random scenario {seed}", "why made for the simulator", *head, *steps, *last_words(head, steps)]) + "\n"


class Outcome:
    def __init__(self, status, said):
        self.failed = status != 0
        self.said = said
        found = re.search(r"^virtual seconds +([\d.]+)", said, re.M)
        self.seconds = float(found[1]) if found else 0.0
        found = re.search(r"^node-hours +([\d.]+)", said, re.M)
        self.node_hours = float(found[1]) if found else 0.0

    def first(self):
        found = re.search(r"^  at [\d.]+ s: .*$", self.said, re.M)
        return found[0].strip() if found else self.said[-200:].strip()

    def kind(self):
        """What went wrong, without the numbers and names of this run: a smaller run must fail for the same reason."""
        found = re.search(r"^  at [\d.]+ s: (.*)$", self.said, re.M) or re.search(r"(Assertion|assert|Sanitizer|hangs).*", self.said)
        return re.sub(r"^\S+:\d+: ('[^']*': )?|[0-9a-f]{8,}|\d+", "#", found[0 if found.re.groups == 0 else 1])[:60] if found else self.said[-60:]


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


def halved(word):
    """A duration, share or count of half the size; the word itself where it cannot be less."""
    found = re.fullmatch(r"([+-]?)(\d+)(ms|s|m|h|d|%|)", word)
    if not found or int(found[2]) < 2:
        return word
    sign, value, unit = found[1], int(found[2]), found[3]
    if unit in UNITS:
        ms = value * UNITS[unit] // 2
        if ms < 10:
            return word
        best = next(u for u in ("d", "h", "m", "s", "ms") if ms % UNITS[u] == 0)
        return f"{sign}{ms // UNITS[best]}{best}"
    return f"{sign}{value // 2}{unit}"


class Shrinker:
    """Leaves out what the failure does not need: runs of statements, halves first, then lines of the head, then nodes; then halves
    every number, and takes the least seed with which it fails for the same reason."""

    def __init__(self, program, seed, head, steps, kind):
        self.program, self.seed, self.kind, self.runs = program, seed, kind, 0
        self.head, self.steps = head, steps

    def fails(self, head, steps, seed=None):
        if self.runs >= SHRINK_RUNS:
            return False
        self.runs += 1
        seed = self.seed if seed is None else seed
        outcome = simulate(self.program, text_of(seed, head, steps), seed)
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

    def smaller(self, lines, fails):
        """Each number of each line, halved while it still fails. A number that names a node, behind a verb, is none of these."""
        lines = list(lines)
        for at, line in enumerate(lines):
            for place in range(len(line.split())):
                while True:
                    words = lines[at].split()
                    less = halved(words[place])
                    plain = re.fullmatch(r"\d+", words[place])
                    if less == words[place] or (plain and words[place - 1] not in ("bytes", "seeds") and not (words[0] == "sponsor" and place == 2)):
                        break
                    tried = [*lines[:at], " ".join([*words[:place], less, *words[place + 1:]]), *lines[at + 1:]]
                    if not fails(tried):
                        break
                    lines = tried
        return lines

    def least_seed(self):
        for seed in range(1, min(self.seed, SEEDS + 1)):
            if self.fails(self.head, self.steps, seed):
                self.seed = seed
                return

    def shrink(self):
        self.steps = self.cut(self.steps, lambda less: self.fails(self.head, less))
        self.fewer_nodes()
        fixed, loose = self.head[:1], self.head[1:]
        self.head = fixed + self.cut(loose, lambda less: self.fails(fixed + less, self.steps))
        self.steps = self.cut(self.steps, lambda less: self.fails(self.head, less))
        self.steps = self.smaller(self.steps, lambda less: self.fails(self.head, less))
        self.head = self.smaller(self.head, lambda less: self.fails(less, self.steps))
        self.least_seed()
        return text_of(self.seed, self.head, self.steps)


def report(arguments, seed, outcome, head, steps):
    """Returns what is to be said of a failure."""
    print(f"\nseed {seed} fails: {outcome.kind()}; making it smaller", flush=True)
    shrinker = Shrinker(arguments.simulate, seed, head, steps, outcome.kind())
    small = shrinker.shrink()
    os.makedirs(arguments.keep, exist_ok=True)
    path = os.path.join(arguments.keep, f"random-{seed}.scenario")
    with open(path, "w", encoding="utf-8") as file:
        file.write(small)
    command = f"{arguments.simulate} --seed {shrinker.seed} {path}"
    print(f"{small}\n{simulate(arguments.simulate, small, shrinker.seed).said}\nshow it again: {command}", flush=True)
    return {"seed": seed, "says": outcome.first(), "smallest_seed": shrinker.seed, "command": command}


def seconds_of(text):
    found = re.fullmatch(r"(\d+)([smh]?)", text)
    if not found:
        raise argparse.ArgumentTypeError(f"wanted a time such as 90s, 10m or 2h: {text!r}")
    return int(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]]


def arguments_of():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--time", type=seconds_of, default=600, help="how long: 90s, 10m, 2h (default 10m)")
    parser.add_argument("--count", type=int, default=0, help="end after so many scenarios; 0: by --time alone")
    parser.add_argument("--node-hours", type=float, default=0, metavar="N", help="end after so many simulated node-hours; 0: by --time alone")
    parser.add_argument("--json", metavar="FILE", help="a summary, written anew after each scenario")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the first scenario; the next has the next (default: the time)")
    parser.add_argument("--jobs", type=int, default=1, help="how many at once (default 1)")
    parser.add_argument("--keep", default="soak-findings", metavar="DIR", help="where failures go (default soak-findings)")
    parser.add_argument("--simulate", default=os.path.join(SOURCE, "build-release/bin/simulate"), metavar="PROGRAM")
    parser.add_argument("--show", type=int, metavar="SEED", help="print the scenario of this seed, and end")
    return parser.parse_args()


class Tally:
    """What was done so far."""

    def __init__(self, arguments):
        self.arguments, self.begun, self.next = arguments, time.monotonic(), arguments.seed
        self.done, self.hours, self.failures = 0, 0.0, []

    def more(self):
        a = self.arguments
        return not (time.monotonic() - self.begun >= a.time or (a.count and self.next - a.seed >= a.count) or
                    (a.node_hours and self.hours >= a.node_hours))

    def write(self, ended=False):
        """The file is whole at any time."""
        if not self.arguments.json:
            return
        said = {"first_seed": self.arguments.seed, "next_seed": self.next, "scenarios": self.done, "node_hours": round(self.hours, 1),
                "seconds": round(time.monotonic() - self.begun, 1), "failed": len(self.failures), "failures": self.failures, "ended": ended}
        with open(self.arguments.json + ".new", "w", encoding="utf-8") as file:
            file.write(json.dumps(said, indent=2) + "\n")
        os.replace(self.arguments.json + ".new", self.arguments.json)

    def show(self):
        if sys.stderr.isatty():
            wanted = f" of {self.arguments.node_hours:,.0f}" if self.arguments.node_hours else ""
            print(f"\r{self.done} scenarios, {self.hours:,.0f}{wanted} node-hours, {len(self.failures)} failed ", end="", file=sys.stderr, flush=True)


def soak(arguments):
    tally = Tally(arguments)
    tally.write()
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        running = {}
        while True:
            if len(running) < arguments.jobs and tally.more():
                seed, tally.next = tally.next, tally.next + 1
                made = compose(seed)
                running[pool.submit(simulate, arguments.simulate, text_of(seed, *made), seed)] = (seed, made)
                continue
            if not running:
                tally.write(ended=True)
                return tally
            for future in concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED).done:
                which, made = running.pop(future)
                outcome = future.result()
                tally.done, tally.hours = tally.done + 1, tally.hours + outcome.node_hours
                if outcome.failed:
                    tally.failures.append(report(arguments, which, outcome, *made))
            tally.write()
            tally.show()


def main():
    arguments = arguments_of()
    if arguments.show is not None:
        print(text_of(arguments.show, *compose(arguments.show)), end="")
        return 0
    if not os.access(arguments.simulate, os.X_OK):
        print(f"{arguments.simulate}: not there; build it first (cmake --preset release && cmake --build --preset release)", file=sys.stderr)
        return 2
    tally = soak(arguments)
    print(f"{tally.done} scenarios from seed {arguments.seed}: {tally.hours:,.1f} simulated node-hours, {len(tally.failures)} failed")
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
