"""Running nodectl on a peer of nr.Cluster."""

import json

import nr


def run(noded, *words, stdin=None, env=None):
    status, out, err = nr.run("nodectl", "--state-dir", noded.state, "--socket", noded.socket, *words, stdin=stdin, env=env)
    assert not nr.sanitizer_findings(err), err
    return status, out, err


def ok(noded, *words, stdin=None, env=None):
    """What it printed; it must have ended with 0."""
    status, out, err = run(noded, *words, stdin=stdin, env=env)
    assert status == 0, (words, status, out, err)
    return out


def data(noded, *words, stdin=None):
    """What its JSON says."""
    return json.loads(ok(noded, "-o", "json", *words, stdin=stdin))


def fails(noded, expected, *words, stdin=None, env=None):
    """What it said on standard error; it must have ended with `expected`."""
    status, out, err = run(noded, *words, stdin=stdin, env=env)
    assert status == expected, (words, status, out, err)
    assert err.startswith("nodectl: ") or err.startswith("--"), (words, err)
    return err
