#!/usr/bin/python3
"""How nodectl speaks: exit status, help, hints, colour on a terminal only, hostile text, a full disk under standard output."""

import os
import pty
import subprocess

import ctl
import nr

COMMANDS = ("status nodes node peers records verify profile heartbeats log watch invite leave maintenance drain doctor describe bootstrap backup "
            "restore").split()


def on_terminal(noded, *words, env=None):
    """What it prints to a terminal."""
    master, slave = pty.openpty()
    done = subprocess.Popen([nr.program("nodectl"), "--state-dir", noded.state, "--socket", noded.socket, *words], stdout=slave,
                            stderr=subprocess.DEVNULL, env={**os.environ, "DAGI_CONFIG": os.devnull, **(env or {})})
    os.close(slave)
    out = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # Linux says so at the end of a terminal
            break
        if not part:
            break
        out += part
    os.close(master)
    assert done.wait(10) == 0, (words, out)
    return out.decode()


def check_usage(noded):
    assert "did you mean 'status'?" in ctl.fails(noded, 2, "staus")
    for words in [("apikey", "list"), ("keys", "rotate"), ("evict", "n"), ("bootstrap", "x"), ()]:
        ctl.fails(noded, 2, *words)
    for words in [("node",), ("status", "x"), ("nodes", "--status", "forgotten"), ("nodes", "--limit", "many"), ("nodes", "--nope"),
                  ("profile", "get"), ("profile", "drop", "x"), ("profile", "list", "x"), ("maintenance", "maybe"),
                  ("records", "--evidence", "n"), ("log", "--since", "soon"), ("invite", "--seed", "nowhere")]:
        ctl.fails(noded, 2, *words)
    status, _, err = ctl.run(noded, "-o", "xml", "nodes")
    assert status == 2 and "expected table, json or wide" in err, err
    status, _, err = ctl.run(noded, "nodes", "--output=xml")
    assert status == 2 and "expected table, json or wide" in err, err


def check_help(noded):
    out = ctl.ok(noded, "--help")
    for command in COMMANDS:
        assert f"\n  {command} " in out, command
        text = ctl.ok(noded, command, "--help")
        assert text.startswith(f"Usage: nodectl [OPTION]… {command}"), text
        assert max(map(len, text.splitlines())) <= 80, text


def check_global_options_anywhere(noded):
    status, out, _ = nr.run("nodectl", "nodes", "-ojson", "--state-dir", noded.state, f"--socket={noded.socket}")
    assert status == 0 and out.startswith("["), out
    env = {"DAGI_STATE_DIR": noded.state, "DAGI_SOCKET": noded.socket}
    status, out, _ = nr.run("nodectl", "status", "-o", "json", env=env)
    assert status == 0 and '"running":true' in out, out


def check_colour(noded):
    assert "\x1b[32monline\x1b[0m" in on_terminal(noded, "nodes")
    assert "\x1b" not in on_terminal(noded, "nodes", env={"NO_COLOR": "1"})
    assert "\x1b[" in on_terminal(noded, "nodes", env={"NO_COLOR": ""})
    assert "\x1b" not in on_terminal(noded, "nodes", "-o", "json")
    for words in [("records", "--raw"), ("backup", "-")]:
        master, slave = pty.openpty()
        done = subprocess.run([nr.program("nodectl"), "--state-dir", noded.state, *words], stdout=slave, stderr=subprocess.PIPE,
                              check=False, timeout=10, env={**os.environ, "DAGI_CONFIG": os.devnull})
        os.close(slave)
        os.close(master)
        assert done.returncode == 2 and b"not to a terminal" in done.stderr, done


def check_hostile_text(noded):
    noded.call("register", node_id="evil", hostname="a\u202eb\u009b31m", role="r\u200bx", labels=["\u2066l", "名前"],
               metadata={"k\u202e": "\x1b[2J\u009b"})
    for words in [("nodes",), ("nodes", "-o", "wide"), ("node", "evil"), ("records", "evil"), ("log",)]:
        out = ctl.ok(noded, *words)
        assert not set(out) & set("\x1b\u009b\u202e\u200b\u2066\x07"), (words, out)
    out = ctl.ok(noded, "nodes")
    assert "a\\u{202e}b\\u{9b}31m" in out and "名前" in out, out
    for bad in ["\x1b[31m", "\u202e", "\n"]:
        status, _, err = ctl.run(noded, bad)
        assert status == 2 and bad not in err.rstrip("\n"), err
    assert ctl.data(noded, "node", "evil")["hostname"] == "a\u202eb\u009b31m"
    noded.call("delete", node_id="evil")


def check_full_disk(noded):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([nr.program("nodectl"), "--state-dir", noded.state, "nodes"], stdout=full, stderr=subprocess.PIPE,
                              check=False, timeout=10, env={**os.environ, "DAGI_CONFIG": os.devnull})
    assert done.returncode == 1 and b"No space left" in done.stderr, done


def check_socket_alone(noded):
    """The store is then that of the noded behind the socket, never the default one."""
    status, out, err = nr.run("nodectl", "--socket", noded.socket, "-o", "json", "nodes")
    assert status == 0 and '"alpha"' in out, (out, err)
    status, _, err = nr.run("nodectl", "--socket", noded.socket + ".none", "nodes")
    assert status == 1 and "--state-dir names it" in err, err


with nr.Cluster() as cluster:
    a = cluster.noded("a", node_id="alpha").start()
    check_usage(a)
    check_socket_alone(a)
    check_help(a)
    check_global_options_anywhere(a)
    check_colour(a)
    check_hostile_text(a)
    check_full_disk(a)
    status, _, err = nr.run("nodectl", "--state-dir", cluster.path("nothing"), "nodes")
    assert status == 1 and "there is no registry there" in err, err
    status, out, _ = nr.run("nodectl", "--state-dir", cluster.path("nothing"), "--socket", cluster.path("none.sock"), "status")
    assert status == 1 and "not running" in out, out
