#!/usr/bin/python3
"""nodectl doctor on a node without peers says which way is shut: nothing comes back, others come in unanswered, or what comes opens with
another key only; and is well once the way opens."""

import json
import os

import ctl
import netns
import nr

SHUT = """table bridge ways {{
    chain passing {{
        type filter hook forward priority 0
        {way} ip protocol udp drop
    }}
}}"""


def finding(noded):
    """What it says of the peers: (result, found, advice)."""
    _, out, err = ctl.run(noded, "-o", "json", "doctor")
    found = [c for c in json.loads(out)["checks"] if c["check"] == "peers"]
    assert len(found) == 1, (out, err)
    return found[0]["result"], found[0]["found"], found[0]["advice"]


def says(noded, words, advice):
    def said():
        result, found, what = finding(noded)
        assert result == "broken", found
        return words in found and advice in what
    nr.wait_for(said, 30, f"doctor saying '{words}'; it says {finding(noded)}")


def shut(lab, way):
    netns.run(*lab.hub.command(["nft", "-f", "-"]), stdin=SHUT.format(way=way))


def open_again(lab, *nodes):
    netns.run(*lab.hub.command(["nft", "delete", "table", "bridge", "ways"]))
    nr.wait_for(lambda: all(finding(n)[0] == "ok" for n in nodes), 30, "all well again")


with netns.Lab() as lab, nr.Cluster() as cluster:
    here, there = lab.host(), lab.host()
    a = cluster.noded("a", host=here.address, port=9206, wrap=here.command).start()
    assert finding(a)[0] == "ok", "who founds a cluster has no peers yet, and is well"
    b = cluster.noded("b", host=there.address, port=9206, wrap=there.command, token=a.invite())

    # Its HELLOs arrive, from its first start on; the answers do not.
    shut(lab, f'oifname "{there.port}"')
    b.start()
    says(b, "nothing came back", "and back in")
    assert a.call("stats")["messages"]["hello"]["in"] > 0 and not a.peers()
    open_again(lab, a, b)

    # It is known by now, and looked for: those HELLOs arrive, and none of its own.
    shut(lab, f'iifname "{there.port}"')
    b.kill()
    b.start()
    says(b, "others are heard, and do not answer", "out of this machine")
    open_again(lab, a, b)

    # Another cluster's key. Killed, as who ends well has left and is not looked for.
    path = os.path.join(b.state, "cluster.keys")
    with open(path, encoding="ascii") as file:
        kept = file.read()
    b.kill()
    with open(path, "w", encoding="ascii") as file:
        file.write(os.urandom(32).hex() + "\n")
    b.start()
    says(b, "opens none of them", "cluster.keys")
    assert b.stop() == 0
    with open(path, "w", encoding="ascii") as file:
        file.write(kept)
    b.start()
    nr.wait_for(lambda: finding(b)[0] == "ok", 30, "well with the right key")

    # It had peers, and has lost them.
    a.kill()
    nr.wait_for(lambda: not b.peers(), 60, "the path given up")
    result, found, _ = finding(b)
    assert (result, found) == ("broken", "none, though there are seeds"), found
