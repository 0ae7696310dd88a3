"""The language of tests/scenarios/README.md: reads a file into statements, and knows what a set is.

    script = script_of(path)          # Fault, worded FILE:LINE: why, where it is none
    script.head["nodes"], script.title, script.why
    for s in script.steps: s.verb, s.line, s.text, and what the verb has (a SimpleNamespace)

Which backend can do what is not said here. Sets stay words until `Sets` resolves them, as their size is the backend's.
"""

import random
import re
import types

SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
BYTES = {"": 1, "KiB": 1024, "MiB": 1024 ** 2}
LINK = ("delay", "jitter", "loss", "duplicate", "reorder", "corrupt")
STATUSES = ("online", "degraded", "offline", "maintenance", "draining", "left")
DECLARED = ("online", "degraded", "maintenance", "draining")
HEAD = {"title", "nodes", "real", "why", "seeds", "link", "heartbeat", "lease", "metrics"}
FIGURES = ("copies", "cold-copies", "bytes", "memory", "repair", "overhead", "trips")
TAKEN = {"all", "not", "first", "last", "random", "sponsored", "to", "by", "over", "within", "in", *LINK}
REPEAT_MAX = 10000


class Fault(Exception):
    pass


def need(true, why):
    if not true:
        raise Fault(why)


class Words:
    """What is left of a line."""

    def __init__(self, words):
        self.words = words

    def take(self, what):
        need(self.words, f"{what} is missing")
        return self.words.pop(0)

    def keyword(self, *those):
        word = self.take(" or ".join(those))
        need(word in those, f"expected {' or '.join(those)}: '{word}'")
        return word

    def next_is(self, word):
        if self.words[:1] != [word]:
            return False
        self.words.pop(0)
        return True

    def matched(self, pattern, what):
        word = self.take(what)
        found = re.fullmatch(pattern, word)
        need(found, f"no {what}: '{word}'")
        return found

    def number(self, what="number", least=0):
        value = int(self.matched(r"\d{1,9}", what)[0])
        need(value >= least, f"{what} is less than {least}: '{value}'")
        return value

    def duration(self, pattern=r"(\d{1,9}(?:\.\d+)?)(ms|s|m|h|d)"):
        found = self.matched(pattern, "duration")
        return float(found[1]) * SECONDS[found[2]]

    def share(self, most=100):
        value = float(self.matched(r"(\d{1,4}(?:\.\d+)?)%", "share")[1])
        need(value <= most, f"a share is more than {most}%")
        return value / 100

    def size(self):
        found = self.matched(r"(\d{1,12}(?:\.\d+)?)(KiB|MiB|)", "limit")
        return float(found[1]) * BYTES[found[2]]

    def set(self):
        word = self.take("set")
        need(re.fullmatch(r"\d{1,9}|[a-z][a-z0-9-]*", word), f"no set: '{word}'")
        return word

    def link(self):
        values = {}
        while self.words:
            key = self.keyword(*LINK)
            need(key not in values, f"{key} stands twice")
            values[key] = self.duration() if key in ("delay", "jitter") else self.share(1000 if key == "duplicate" else 100)
        need(values, "delay, jitter, loss, duplicate, reorder or corrupt is missing")
        return values

    def within(self):
        self.keyword("within")
        return self.duration()

    def over(self):
        return self.duration() if self.next_is("over") else 0.0

    def ended(self):
        need(not self.words, f"too much: '{' '.join(self.words)}'")


def parse_group(w):
    name = w.take("name")
    need(re.fullmatch(r"[a-z][a-z0-9-]*", name) and name not in TAKEN, f"no name of a set: '{name}'")
    how = w.keyword("first", "last", "random", "not")
    if how == "not":
        return {"name": name, "how": how, "other": w.set()}
    share = bool(w.words) and w.words[0].endswith("%")
    return {"name": name, "how": how, "share": w.share() if share else None, "count": None if share else w.number("count", 1)}


def parse_split(w):
    sets = [w.set()]
    while w.next_is("|"):
        sets.append(w.set())
    need(len(sets) > 1, "a split takes two sets or more, with | between them")
    return {"sets": sets}


def parse_to(w):
    first = w.set()
    w.keyword("to")
    return {"set": first, "to": w.set()}


def parse_block(w):
    return {**parse_to(w), "share": w.share() if w.words else 1.0}


def parse_write(w):
    found = {"set": w.set(), "bytes": w.number("bytes") if w.next_is("bytes") else 0}
    return {**found, "over": w.over()}


def parse_limit(w):
    w.keyword("<=")
    return {"limit": w.size()}


def parse_expect(w):
    what = w.keyword("equal", "status", "known", "gone", *FIGURES)
    found = {"what": what}
    if what in FIGURES:
        return {**found, **parse_limit(w)}
    if what != "equal":
        found["sponsored"] = what != "known" and w.next_is("sponsored")
        found["set"] = w.set()
        if what == "status":
            found["status"] = w.keyword(*STATUSES)
        w.keyword("by")
        found.update({"share": w.share()} if what == "known" else {"by": w.set()})
    return {**found, "within": w.within()}


def parse_turns(w):
    found = {"set": w.set()}
    w.keyword("<=")
    found["limit"] = w.number()
    w.keyword("in")
    return {**found, "in": w.duration()}


def parse_status(w):
    return {"set": w.set(), "status": w.keyword(*STATUSES)}


def parse_clock(w):
    return {"set": w.set(), "by": w.duration(r"([+-]\d{1,9}(?:\.\d+)?)(ms|s|m|h|d)")}


def parse_set(w):
    return {"set": w.set()}


VERBS = {
    "group": parse_group,
    "start": lambda w: {"set": w.set(), "over": w.over()},
    **dict.fromkeys(("stop", "kill", "power", "leave", "freeze", "thaw", "delete", "move", "forge", "replay", "fault"), parse_set),
    "write": parse_write,
    "sponsor": lambda w: {"set": w.set(), "count": w.number("count", 1), "over": w.over()},
    "declare": lambda w: {"set": w.set(), "state": w.keyword(*DECLARED)},
    "clock": parse_clock, "split": parse_split, "block": parse_block,
    "link": lambda w: {**parse_to(w), "link": w.link()},
    "heal": lambda w: {}, "measure": lambda w: {},
    "wait": lambda w: {"time": w.duration()},
    "expect": parse_expect, "never": parse_status, "may": parse_status, "turns": parse_turns,
}


def parse_head(key, w):
    if key in ("title", "why"):
        need(w.words, f"{key} says nothing")
        text, w.words = " ".join(w.words), []
        return text
    if key in ("heartbeat", "lease"):
        return w.duration()
    return w.link() if key == "link" else w.number(least=0 if key == "metrics" else 1)


class Script:
    def __init__(self, path):
        self.path, self.head, self.steps = path, {}, []
        self.names = {"all"}
        self.repeat = None  # (times, where its steps begin)

    def add(self, number, line):
        w = Words(line.split("#", 1)[0].split())
        if not w.words:
            return
        verb = w.words.pop(0)
        # `link delay …` is of the head, `link SET to …` a statement.
        if verb in HEAD and not (verb == "link" and "to" in w.words):
            need(not self.steps and self.repeat is None, f"{verb} belongs to the head, before all statements")
            need(verb not in self.head, f"{verb} stands twice")
            self.head[verb] = parse_head(verb, w)
        elif verb == "repeat":
            need(self.repeat is None, "repeats do not nest")
            self.repeat = (w.number("count", 1), len(self.steps), number)
            need(self.repeat[0] <= REPEAT_MAX, f"more often than {REPEAT_MAX} times")
        elif verb == "end":
            need(self.repeat is not None, "no repeat ends here")
            self.steps += self.steps[self.repeat[1]:] * (self.repeat[0] - 1)
            self.repeat = None
        else:
            need(verb in VERBS, f"no such word: '{verb}'")
            self.steps.append(types.SimpleNamespace(verb=verb, line=number, text=" ".join([verb, *w.words]), **VERBS[verb](w)))
            self.check_sets(self.steps[-1])
        w.ended()

    def check_sets(self, step):
        for name in [getattr(step, key, None) for key in ("set", "to", "other")] + getattr(step, "sets", []):
            need(name is None or name.isdigit() or name in self.names, f"no such set: '{name}'")
        if step.verb == "expect" and hasattr(step, "by"):
            need(step.by.isdigit() or step.by in self.names, f"no such set: '{step.by}'")
        if step.verb == "group":
            self.names.add(step.name)

    def ended(self):
        need(self.repeat is None, f"the repeat of line {self.repeat[2] if self.repeat else 0} has no end")
        for key in ("title", "nodes"):
            need(key in self.head, f"{key} is missing")
        need(("real" in self.head) != ("why" in self.head), "either real or why")
        need(self.steps, "nothing happens in it")
        need(self.head.get("real", 1) <= self.head["nodes"], "more real nodes than nodes")
        need(self.head.get("seeds", 1) <= min(self.head["nodes"], self.head.get("real", self.head["nodes"])), "more seeds than nodes")


def script_of(path):
    """Reads the file; raises Fault with the first thing that is wrong in it."""
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().split("\n")
    except (OSError, UnicodeDecodeError) as err:
        raise Fault(f"{path}: {err}") from err
    script, number = Script(path), 0
    try:
        for number, line in enumerate(lines, 1):
            script.add(number, line)
        script.ended()
    except Fault as fault:
        raise Fault(f"{path}:{number}: {fault}") from None
    return script


class Sets:
    """The sets of a cluster of so many nodes, of which the first are seeds: lists of numbers, ascending."""

    def __init__(self, count, seeds, seed):
        self.count, self.seeds = count, seeds
        self.random = random.Random(seed)
        self.named = {"all": list(range(count))}

    def define(self, step):
        nodes = list(range(self.count))
        if step.how == "not":
            other = set(self[step.other])
            self.named[step.name] = [n for n in nodes if n not in other]
            return
        # A share of a small cluster still has a node in it.
        wanted = max(1, round(step.share * self.count)) if step.count is None else step.count
        if step.how == "random":
            nodes = nodes[self.seeds:]
            self.random.shuffle(nodes)
        need(wanted <= len(nodes), f"there are no {wanted} nodes for the set {step.name}")
        self.named[step.name] = sorted(nodes[-wanted:] if step.how == "last" else nodes[:wanted])

    def __getitem__(self, name):
        if name.isdigit():
            need(int(name) < self.count, f"there is no node {name}: the cluster has {self.count}")
            return [int(name)]
        return self.named[name]
