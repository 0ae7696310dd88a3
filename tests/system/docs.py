#!/usr/bin/python3
"""README.md and deploy/OPERATING.md, followed as they stand on two installed machines: each marked block is run where it says, in its
order."""

import os
import re
import shutil
import subprocess

import netns
import nr
from installed import Installed

STEP = re.compile(r"<!-- (?:runnable on (?P<where>\w+) -->\n```sh\n(?P<text>.*?)```"
                  r"|copy (?P<path>\S+) from (?P<source>\w+) to (?P<target>\w+) -->"
                  r"|start (?P<program>\w+) on (?P<at>\w+) -->)", re.S)
# What a reader is to see, by words of the block.
SEES = {
    "nodectl status\nnodectl nodes": ["Status      online", "ok       store"],
    "nodectl bootstrap --role worker": ["gpu", "node-one-", "node-two-"],
    "nodectl describe": ["router", "Memory"],
    "nodectl log --limit": ["node-two-"],
    "nodectl maintenance on": ["Status      maintenance"],
    "nodectl profile set": ["inference"],
    "nodectl doctor\nnodectl verify": ["ok       peers"],
}


def follow(page, machines):
    steps = 0
    for step in STEP.finditer(page):
        steps += 1
        if step["where"]:
            said = machines[step["where"]].shell(step["text"])
            for words, seen in SEES.items():
                if words in step["text"]:
                    assert all(s in said for s in seen), f"{step['text']}\nshows no {seen}:\n{said}"
        elif step["path"]:
            shutil.copy(machines[step["source"]].path(step["path"]), machines[step["target"]].path(step["path"]))
        else:
            machines[step["at"]].start(step["program"])
    return steps


def page_of(name):
    with open(os.path.join(nr.SOURCE, name), encoding="utf-8") as file:
        return file.read()


def readme(lab):
    with Installed(lab, "one") as one, Installed(lab, "two") as two:
        assert follow(page_of("README.md"), {"one": one, "two": two}) == 4
        for machine in (one, two):
            machine.stop("noded")


def operating(lab):
    page = page_of("deploy/OPERATING.md")
    assert all(words in page + page_of("README.md") for words in SEES), "a block that this test looks at is gone"
    with Installed(lab, "one") as one, Installed(lab, "two") as two:
        one.start("noded")
        one.start("nodehttpd")
        assert follow(page, {"one": one, "two": two}) >= 12
        assert not one.shell("ls -d /var/lib/dagi-backup.* || true").startswith("/"), "a backup leaves nothing beside it"
        # What was removed came back from the peers, and both agree.
        nr.wait_for(lambda: "node-two-" in one.shell("nodectl nodes --status online"), 20, "the other node, after the restore")
        for machine in (one, two):
            machine.stop("noded")


if __name__ == "__main__":
    try:
        with netns.Lab() as the_lab:
            readme(the_lab)
            operating(the_lab)
    except subprocess.TimeoutExpired as late:
        raise AssertionError(f"a block does not end: {late}") from late
