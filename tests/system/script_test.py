#!/usr/bin/python3
"""The parser of scenarios: what it makes of each statement, and that it refuses a bad line with file and line."""

import os
import tempfile
import unittest

import nr
import scenario
import script

HEAD = "title t\nnodes 10\nreal 4\n"
SCENARIOS = os.path.join(nr.SOURCE, "tests", "scenarios")


class Parser(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = os.path.join(self.folder.name, "s.scenario")

    def parse(self, text):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(text)
        return script.script_of(self.path)

    def step(self, line, before=""):
        return self.parse(HEAD + before + line + "\n").steps[-1]

    def refused(self, text, line, why):
        with self.assertRaises(script.Fault) as caught:
            self.parse(text)
        self.assertTrue(str(caught.exception).startswith(f"{self.path}:{line}: "), caught.exception)
        self.assertIn(why, str(caught.exception))

    # Every scenario of the repository can be read, and what it names is there in a cluster of the size that it names for each backend.
    def test_all_files(self):
        files = [os.path.join(where, name) for where, _, names in os.walk(SCENARIOS) for name in names if name.endswith(".scenario")]
        self.assertGreater(len(files), 5)
        for path in files:
            with self.subTest(path):
                found = script.script_of(path)
                for size in ("nodes", "real"):
                    if size in found.head:
                        scenario.check_sets(found, script.Sets(found.head[size], found.head.get("seeds", 1), 1))

    # The head is taken whole, comments and blanks are nothing.
    def test_head(self):
        found = self.parse("# c\n\n  title 50/50  split # c\nnodes 9\nreal 3\nseeds 2\nlink delay 300ms jitter 0.1s loss 5%\nheartbeat 10s\n"
                           "lease 96h\nmetrics 0\nheal\n")
        self.assertEqual(found.head, {"title": "50/50 split", "nodes": 9, "real": 3, "seeds": 2, "heartbeat": 10, "lease": 96 * 3600,
                                      "metrics": 0, "link": {"delay": 0.3, "jitter": 0.1, "loss": 0.05}})

    # Statements with their words; a unit counts.
    def test_statements(self):
        sets = "group a first 50%\ngroup b not a\n"
        self.assertEqual(self.step("start all over 10s").over, 10)
        self.assertEqual(self.step("clock 1 -365d").by, -365 * 86400)
        self.assertEqual(self.step("split a | b | 3", sets).sets, ["a", "b", "3"])
        link = self.step("link a to b loss 80% reorder 1% corrupt 0.5% duplicate 5%", sets)
        self.assertEqual((link.set, link.to, link.link), ("a", "b", {"loss": 0.8, "reorder": 0.01, "corrupt": 0.005, "duplicate": 0.05}))
        known = self.step("expect known a by 99.9% within 2.2s", sets)
        self.assertAlmostEqual(known.share, 0.999)
        self.assertEqual((known.set, known.within), ("a", 2.2))
        status = self.step("expect status 1 offline by a within 200ms", sets)
        self.assertEqual((status.set, status.status, status.by, status.within), ("1", "offline", "a", 0.2))
        self.assertEqual(self.step("expect memory <= 32MiB").limit, 32 * 1024 ** 2)
        self.assertEqual(self.step("block a to b 20%", sets).share, 0.2)
        self.assertEqual(self.step("link a to b duplicate 400%", sets).link, {"duplicate": 4})
        write = self.step("write a bytes 3000 over 2s", sets)
        self.assertEqual((write.bytes, write.over, self.step("write 1").bytes), (3000, 2, 0))
        gone = self.step("expect gone sponsored b by a within 1s", sets)
        self.assertEqual((gone.sponsored, gone.set), (True, "b"))
        self.assertEqual(self.step("never a left", sets).status, "left")
        turns = self.step("turns b <= 1 in 1m", sets)
        self.assertEqual((turns.set, turns.limit, getattr(turns, "in")), ("b", 1, 60))

    # What stands between repeat and end is there as often as said.
    def test_repeat(self):
        steps = self.parse(HEAD + "heal\nrepeat 3\nwait 1s\nkill 1\nend\nheal\n").steps
        self.assertEqual([s.verb for s in steps], ["heal", *["wait", "kill"] * 3, "heal"])

    # A bad line is refused with its place, whatever is wrong in it.
    def test_refused(self):
        for line, why in (("begin", "no such word"), ("wait", "duration is missing"), ("wait 5", "no duration"), ("wait -5s", "no duration"),
                          ("wait 5s 6s", "too much"), ("kill some", "no such set"), ("kill", "set is missing"), ("split all", "two sets"),
                          ("split all |", "set is missing"), ("block all all", "expected to"), ("clock 1 60s", "no duration"),
                          ("link 1 to 2", "is missing"), ("link 1 to 2 loss 80", "no share"), ("link 1 to 2 loss 101%", "more than 100%"),
                          ("link 1 to 2 loss 1% loss 2%", "twice"), ("link 1 to 2 lose 1%", "expected delay"),
                          ("expect", "is missing"), ("expect equal", "within is missing"), ("expect status 1 dead by 2 within 1s", "'dead'"),
                          ("expect status 1 offline by some within 1s", "no such set"), ("expect known 1 by all within 1s", "no share"),
                          ("expect memory < 3", "expected <="), ("expect memory <= 3MB", "no limit"), ("never 1 dead", "'dead'"), ("write 1 bytes x", "no bytes"), ("block 1 to 2 101%", "more than 100%"),
                          ("link 1 to 2 duplicate 1001%", "more than 1000%"), ("group over first 1", "no name"), ("start 1 over", "duration is missing"),
                          ("expect known sponsored 1 by 1% within 1s", "expected by"),
                          ("turns 1 <= x in 1m", "no number"), ("declare 1 offline", "'offline'"), ("sponsor 1 0", "less than 1"),
                          ("group all first 1", "no name"), ("group g some 1", "expected first"), ("group g not g", "no such set"),
                          ("group g first 0", "less than 1"), ("end", "no repeat"), ("nodes 5", "belongs to the head")):
            with self.subTest(line):
                self.refused(HEAD + "heal\n" + line + "\n", 5, why)

    # So is a head that lacks something, says it twice or contradicts itself; and a repeat without end.
    def test_refused_whole(self):
        self.refused("nodes 5\nreal 5\n", 3, "title is missing")
        self.refused("title t\nnodes 5\n", 3, "either real or why")
        self.refused("title t\nnodes 5\nreal 5\nwhy so\n", 5, "either real or why")
        self.refused("title t\nnodes 5\nreal 5\n", 4, "nothing happens")
        self.refused("title t\nnodes 5\nreal 6\nheal\n", 5, "more real nodes")
        self.refused("title t\ntitle u\n", 2, "twice")
        self.refused("title t\nnodes many\n", 2, "no number")
        self.refused(HEAD + "seeds 5\nheal\n", 6, "more seeds")
        self.refused(HEAD + "repeat 2\nheal\n", 6, "line 4 has no end")
        self.refused(HEAD + "repeat 2\nrepeat 2\n", 5, "do not nest")
        with self.assertRaises(script.Fault):
            script.script_of(self.path + ".none")


class Sets(unittest.TestCase):
    def made(self, *lines, count=10, seeds=2, seed=1):
        found = script.Script("x")
        sets = script.Sets(count, seeds, seed)
        for number, line in enumerate(lines):
            found.add(number, line)
            sets.define(found.steps[-1])
        return sets

    # first, last, not and shares are what they say, and a share is never nobody.
    def test_named(self):
        sets = self.made("group a first 30%", "group b last 2", "group c not a", "group d first 1%")
        self.assertEqual([sets[n] for n in ("a", "b", "c", "d", "7", "all")],
                         [[0, 1, 2], [8, 9], list(range(3, 10)), [0], [7], list(range(10))])
        for bad in (lambda: sets["10"], lambda: self.made("group a first 11"), lambda: self.made("group a random 9")):
            self.assertRaises(script.Fault, bad)

    # A random set is the same for the same seed, another for another, and has no seed node in it.
    def test_random(self):
        made = [self.made("group r random 40%", seed=s)["r"] for s in (1, 1, 2, 3, 4)]
        self.assertEqual(made[0], made[1])
        self.assertGreater(len({tuple(m) for m in made}), 1)
        self.assertTrue(all(len(m) == 4 and min(m) >= 2 for m in made), made)


if __name__ == "__main__":
    unittest.main()
