#!/usr/bin/python3
"""The report of what is promised (tools/sim/report): with the real simulator, and with one that misses on purpose.

    report_test.py SIMULATE
"""

import json
import os
import stat
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
REPORT = os.path.join(SOURCE, "tools/sim/report")
SIMULATE = os.path.abspath(sys.argv.pop())

# Writes what it is told to have found to the file behind --json, whatever is run.
FAKE = """#!/usr/bin/python3
import json, sys
sys.stderr.write("\\r     3.500 s  60 of 60 up")
found = json.loads('''%s''')
result = {"nodes": 60, "passed": all(e["found"] <= e["limit"] for e in found), "failure": "it is too much", "virtual_seconds": 4,
          "cpu_seconds": 0, "expectations": found}
json.dump(result, open(sys.argv[sys.argv.index("--json") + 1], "w"))
sys.exit(0 if result["passed"] else 1)
"""


def report(*flags):
    done = subprocess.run([REPORT, *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=280, check=False)
    return done.returncode, done.stdout, done.stderr


def expectation(text, found, limit):
    return {"line": 1, "text": text, "found": found, "limit": limit, "unit": "", "times": 1, "held": found <= limit}


class Report(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def fake(self, *found):
        path = self.path("simulate")
        with open(path, "w", encoding="utf-8") as file:
            file.write(FAKE % json.dumps(found))
        os.chmod(path, stat.S_IRWXU)
        return path

    # Everything that is promised holds in the small versions, and each line says so, with the command that shows it.
    def test_quick(self):
        path = self.path("rows.json")
        status, table, said = report("--quick", "--simulate", SIMULATE, "--json", path)
        self.assertEqual(status, 0, table + said)
        with open(path, encoding="utf-8") as file:
            written = json.load(file)
        self.assertGreaterEqual(len(written["rows"]), 25)
        for row in written["rows"]:
            self.assertTrue(row["met"], row)
            self.assertRegex(table, rf"(?m)^{row['line']} .* met +({SIMULATE} .*(tests/scenarios/|--scenario )|tools/bench/noded_memory)")
        bytes_100 = next(row for row in written["rows"] if row["run"] == "bytes-100")
        self.assertTrue(1000 < bytes_100["found"] < 60000, bytes_100)
        self.assertEqual(written["runs"]["bytes-100"]["nodes"], 100)
        self.assertRegex(said, r"\[1/\d+\] quick-copies: passed; \d+\.\d virtual seconds, \d:\d\d, CPU \d+ s")

    # A figure above its bound is missed, though its scenario asks no more of a small cluster; and so is one that was not reached.
    def test_missed(self):
        known = expectation("expect known writer by 99.9% within 2.2s", 0.5, 2.2)
        simulate = self.fake(expectation("expect copies <= 1.2", 1.5, 1.2), known)
        status, table, said = report("--only", "copies", "--simulate", simulate)
        self.assertEqual(status, 1, said)
        self.assertRegex(table, r"copies of a heartbeat received, 60 nodes, 5 % loss +≤ 1\.2 +1\.500 +MISSED +\S+simulate tests/")
        self.assertRegex(table, r"a registration on 99\.9 % .* met ")
        self.assertIn("copies: at 4.000 s: it is too much", table)
        status, table, said = report("--only", "copies", "--simulate", self.fake(known))
        self.assertEqual(status, 1, said)
        self.assertRegex(table, r"copies of a heartbeat received.* not reached +MISSED")

    # What a small cluster's scenario allows it is its bound in the small version.
    def test_small_bound(self):
        found = [expectation("expect equal within 10s", 1, 10), expectation("expect equal within 10s", 2, 10),
                 expectation("expect overhead <= 1.4", 1.3, 1.4)]
        for name, met in (("quick-halves", 0), ("halves", 1)):
            status, table, said = report("--only", name, "--simulate", self.fake(*found))
            self.assertEqual(status, met, table + said)

    # A run that fails in what no line is about is a row of its own.
    def test_the_rest(self):
        found = [expectation("expect copies <= 1.2", 1, 1.2), expectation("expect known a by 99% within 2s", 1, 2),
                 expectation("expect gone 0 by all within 2s", 3, 2)]
        status, table, said = report("--only", "copies", "--simulate", self.fake(*found))
        self.assertEqual(status, 1, table + said)
        self.assertRegex(table, r"the rest of copies +holds +does not +MISSED")

    # What it cannot run is wrong usage, not a bound that was missed.
    def test_usage(self):
        for flags, word in ((("--simulate", "/nowhere/simulate"), "build it first"), (("--only", "nonsense"), "no such run"),
                            (("--only", "copies", "--simulate", "/bin/false"), "exit status 1")):
            status, table, said = report(*flags)
            self.assertEqual((status, table), (2, ""), said)
            self.assertIn(word, said)
        self.assertIn("copies-10000", report("--list")[1])

    # What an expectation found is written also where it did not hold, with what was wrong and how to see it again.
    def test_result_of_a_failure(self):
        path, scenario = self.path("result.json"), self.path("some.scenario")
        with open(scenario, "w", encoding="utf-8") as file:
            file.write("title t\nnodes 8\nreal 8\nstart all over 1s\nexpect equal within 10s\nmeasure\nwait 12s\nexpect bytes <= 1\n")
        done = subprocess.run([SIMULATE, scenario, "--json", path], capture_output=True, timeout=100, check=False)
        self.assertEqual(done.returncode, 1)
        with open(path, encoding="utf-8") as file:
            result = json.load(file)
        equal, sent = result["expectations"]
        self.assertTrue(equal["held"] and 0 < equal["found"] < 10 and equal["unit"] == "s", equal)
        self.assertTrue(not sent["held"] and sent["found"] > 100 and sent["limit"] == 1, sent)
        self.assertFalse(result["passed"])
        self.assertRegex(result["failure"], r":8: expect bytes <= 1: it is \d+")
        self.assertIn(scenario, result["reproduce"])


if __name__ == "__main__":
    unittest.main()
