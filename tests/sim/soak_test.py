#!/usr/bin/python3
"""The soak of random scenarios (tools/soak/scenarios.py): with the real simulator, and with one that fails on purpose."""

import json
import os
import re
import stat
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SOAK = os.path.join(SOURCE, "tools/soak/scenarios.py")
SIMULATE = sys.argv.pop()
sys.path.insert(0, os.path.dirname(SOAK))
import scenarios  # noqa: E402

# Fails where the scenario splits the nodes and heals nothing but at its end, as a bug would that these two make.
FAILS = r"""#!/bin/sh
grep -q '^split' "$3" && grep -q '^write' "$3" || { echo 'scenario x, 4 nodes, seed 1: passed'; exit 0; }
echo "scenario x, 4 nodes, seed $2: FAILED"
echo "  at $(wc -l <"$3").5 s: node-0000$2 has lost $(wc -c <"$3") records"
exit 1
"""


def soak(*flags):
    done = subprocess.run([SOAK, *flags], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=240, check=False)
    return done.returncode, done.stdout


class Soak(unittest.TestCase):
    # Random scenarios run in the simulator as it is, pass, and their hours are counted. (These are quick ones.)
    def test_the_simulator(self):
        with tempfile.TemporaryDirectory() as keep:
            status, said = soak("--simulate", SIMULATE, "--seed", "1820", "--count", "5", "--keep", keep)
        self.assertEqual(status, 0, said)
        self.assertRegex(said, r"^5 scenarios from seed 1820: [\d.]*[1-9][\d.]* simulated node-hours, 0 failed$")

    # A failure is kept as a scenario of nothing but what it takes, and the command that shows it again is said.
    def test_a_failure_is_made_small(self):
        with tempfile.TemporaryDirectory() as keep:
            program = os.path.join(keep, "simulate")
            with open(program, "w", encoding="utf-8") as file:
                file.write(FAILS)
            os.chmod(program, stat.S_IRWXU)
            status, said = soak("--simulate", program, "--seed", "1", "--count", "10", "--keep", keep)
            kept = [name for name in os.listdir(keep) if name.endswith(".scenario")]
            self.assertEqual(status, 1, said)
            self.assertTrue(kept, said)
            for name in kept:
                with open(os.path.join(keep, name), encoding="utf-8") as file:
                    lines = file.read().splitlines()
                made = lines[2:len(lines) - lines[::-1].index("heal") - 1]
                self.assertEqual(sorted(line.split()[0] for line in made), ["nodes", "split", "write"], lines)
                self.assertIn("nodes 2", lines)
                self.assertIn(f"--seed 1 {keep}/{name}", said)  # it fails with any

    # Times, shares and counts become as small as the failure allows, and nodes' names stay; the least seed is taken that still fails.
    def test_numbers_and_seed(self):
        def simulate(_, text, seed):
            made = text.split("\nheal\n")[0]
            waited = sum(scenarios.UNITS[unit] * int(ms) for ms, unit in re.findall(r"^wait (\d+)(ms|s|m|h)$", made, re.M))
            fails = "split" in text and "write 5" in text and waited >= 1000 and "sponsor" in text and seed % 3 == 0
            return scenarios.Outcome(int(fails), f"  at {waited}.5 s: x.scenario:{len(text)}: node-{seed} is lost\n" if fails else "")

        head = ["nodes 6", "link delay 200ms", "group some random 99%", "group rest not some"]
        steps = ["start all", "wait 3h", "split some | rest", "sponsor 5 4", "write 5 over 5s", "wait 7s", "kill 3"]
        real, scenarios.simulate = scenarios.simulate, simulate
        try:
            kind = simulate("", scenarios.text_of(99, head, steps), 99).kind()
            shrinker = scenarios.Shrinker("", 99, head, steps, kind)
            shrinker.shrink()
        finally:
            scenarios.simulate = real
        self.assertEqual(shrinker.seed, 3)
        self.assertEqual(shrinker.head, ["nodes 2"])
        self.assertEqual(shrinker.steps, ["split some | rest", "sponsor 5 1", "write 5 over 19ms", "wait 1750ms"])

    # The summary says how far it is, and --node-hours ends it.
    def test_the_summary(self):
        with tempfile.TemporaryDirectory() as keep:
            path = os.path.join(keep, "summary.json")
            status, said = soak("--simulate", SIMULATE, "--seed", "1820", "--node-hours", "0.01", "--json", path, "--keep", keep)
            with open(path, encoding="utf-8") as file:
                summary = json.load(file)
        self.assertEqual(status, 0, said)
        self.assertEqual((summary["scenarios"], summary["failed"], summary["ended"]), (1, 0, True))
        self.assertGreater(summary["node_hours"], 0.01)

    # The same seed is the same scenario.
    def test_seeds(self):
        self.assertEqual(soak("--show", "7"), soak("--show", "7"))
        self.assertNotEqual(soak("--show", "7"), soak("--show", "8"))

    # A program that is not there is said, not counted as a failure.
    def test_no_simulator(self):
        status, said = soak("--simulate", "/nowhere/simulate", "--count", "1")
        self.assertEqual(status, 2)
        self.assertIn("build it first", said)


if __name__ == "__main__":
    unittest.main()
