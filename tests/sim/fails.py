#!/usr/bin/python3
"""What does not hold makes a scenario fail, with the statement, what was seen, and the command that shows it again.

    fails.py SIMULATE
"""

import pathlib
import re
import subprocess
import sys
import tempfile

UP = "title t\nnodes 8\nreal 8\nstart all over 1s\nexpect equal within 10s\nwait 12s\n"

# What is appended to a cluster that is up, and what its failure must say. The statement is in line 7 or later.
CASES = [
    ("split 0 | 1\nwrite 0\nexpect known 0 by 100% within 0s", r":9: expect known .*: the last word of node-00000 is at 1 of 8 nodes"),
    ("group left first 50%\ngroup right not left\nsplit left | right\nwrite all\nwait 1s\nexpect equal within 3s",
     r":12: the nodes do not agree within 3000 ms"),
    ("kill 7\nexpect status 7 online by 0 within 0s\nexpect status 7 online by 0 within 30s\nexpect status 7 left by 0 within 5s",
     r":10: expect status 7 left .*: node-00000 sees node-00007 offline, since \d+\.\d+ s at least"),
    ("never 7 offline\nkill 7\nwait 30s", r"node-0000\d sees node-00007 offline, which was never to be"),
    ("turns 7 <= 0 in 1m\nkill 7\nwait 30s", r"node-0000\d has seen node-00007 go offline 1 times within 60 s"),
    ("turns 7 <= 1 in 10m\nkill 7\nwait 30s\nstart 7\nwait 20s\nkill 7\nwait 30s", r"node-0000\d has seen node-00007 go offline 2 times within 600 s"),
    ("turns 7 <= 1 in 20s\nkill 7\nwait 30s\nstart 7\nwait 4s\nkill 7\nwait 6s\nstart 7\nwait 5s",
     r"node-0000\d has seen node-00007 come back 2 times within 20 s"),
    ("never 7 maintenance\ndeclare 7 maintenance\nwait 5s", r"node-0000\d sees node-00007 maintenance, which was never to be"),
    ("never 7 offline\nmay 7 offline\nkill 7\nwait 30s\nexpect status 7 online by 0 within 1s", r":11: expect status 7 online"),
    ("sponsor 2 2\nexpect gone sponsored 2 by all within 2s", r":8: expect gone .*: node-0000\d sees thing-00002-\d online"),
    ("expect status 0 online by 7 within 1s\nkill 7\nexpect status 0 online by 7 within 1s", r":9: expect status 0"),
    ("measure\nwait 12s\nexpect bytes <= 1", r":9: expect bytes <= 1: it is \d+\.\d+"),
    ("measure\nwait 12s\nexpect copies <= 0.5", r":9: expect copies <= 0\.5: it is 1\.\d+"),
    ("expect memory <= 1KiB", r":7: expect memory <= 1KiB: it is \d+"),
]


def main():
    bad = []
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "some.scenario"
        for body, wanted in CASES:
            path.write_text(UP + body + "\n")
            run = subprocess.run([sys.argv[1], path], capture_output=True, text=True, timeout=100)
            command = f"reproduce: {sys.argv[1]} {path} --seed 1"
            if run.returncode != 1 or not re.search(wanted, run.stdout) or command not in run.stdout:
                bad.append(f"{body!r}: wanted {wanted!r}, exit {run.returncode}:\n{run.stdout[:400]}{run.stderr[:200]}")
        path.write_text(UP + "dance\n")
        run = subprocess.run([sys.argv[1], path], capture_output=True, text=True, timeout=100)
        if run.returncode != 2 or "some.scenario:7: expected a statement" not in run.stderr:
            bad.append(f"no scenario: exit {run.returncode}: {run.stderr}")
    assert not bad, "\n".join(bad)


main()
