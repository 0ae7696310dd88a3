#!/usr/bin/python3
"""The soak of random scenarios (tools/soak/scenarios.py): with the real simulator, and with one that fails on purpose."""

import os
import stat
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SOAK = os.path.join(SOURCE, "tools/soak/scenarios.py")
SIMULATE = sys.argv.pop()

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
    # Random scenarios run in the simulator as it is, pass, and their hours are counted. (These eight are quick ones.)
    def test_the_simulator(self):
        with tempfile.TemporaryDirectory() as keep:
            status, said = soak("--simulate", SIMULATE, "--seed", "169", "--count", "8", "--keep", keep)
        self.assertEqual(status, 0, said)
        self.assertRegex(said, r"^8 scenarios from seed 169: [\d.]*[1-9][\d.]* simulated node-hours, 0 failed$")

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
                self.assertEqual(sorted(line.split()[0] for line in lines[2:-5]), ["nodes", "split", "write"], lines)
                self.assertIn("nodes 2", lines)
                self.assertIn(f"--seed {name[len('random-'):-len('.scenario')]} {keep}/{name}", said)

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
