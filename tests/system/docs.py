#!/usr/bin/python3
"""README.md and deploy/OPERATING.md, followed as they stand on two installed machines: each marked block is run where it says, in its
order. And the examples of the manual pages."""

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
    "nodectl doctor\nnodectl verify": ["peers        1,", "sound: "],
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
            at = machines[step["at"]]
            at.start(step["program"])
            nr.wait_for(lambda at=at: re.search(r"ok +peers +[1-9]", at.ask("nodectl doctor").stdout), 30, "the peers being found, and in sync")
    return steps


def page_of(name):
    with open(os.path.join(nr.SOURCE, name), encoding="utf-8") as file:
        return file.read()


# The examples of a manual page, as a reader sees them.
def examples(page):
    section = page_of(f"deploy/man/{page}").partition("\n.SH EXAMPLES\n")[2].partition("\n.SH ")[0]
    return [text.replace("\\-", "-").replace("\\(aq", "'").replace("\\e\n", "\\\n")
            for text in re.findall(r"^\.(?:nf|EX)\n(.*?)^\.(?:fi|EE)$", section, re.S | re.M)]


# They run as they stand; ssh leads to the machine itself, whose cluster is that of the token, and an editor leaves the file as it is.
def manuals(machine):
    shim = "ssh() { shift; \"$@\"; }; editor() { test -s $1; }; cd /tmp; mkdir -p /var/backups\n"
    machine.shell("echo '{\"labels\": [\"x\"]}' | nodectl profile set worker -")
    said = [machine.shell(shim + text) for text in examples("nodectl.1") if "--keep-alive" not in text]  # that: nodectl_bootstrap.py
    assert len(said) == 4 and "set" in said[2] and "written" in said[3], said
    (text,) = examples("nodehttpd.8")
    said = machine.shell(text)
    assert '"hostname":"test"' in said and '"healthy"' in said, said


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
        manuals(one)
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
