#!/usr/bin/python3
"""nodectl verify and records find what somebody, or a disk, has changed in the store."""

import json
import os
import shutil

import ctl
import nr


class Copy:
    """A copy of a stopped peer's state directory, to be damaged."""

    def __init__(self, cluster, noded, name):
        self.state, self.socket = cluster.path(name), cluster.path("none.sock")
        shutil.copytree(noded.state, self.state)
        self.file = os.path.join(self.state, "registry", "data.mdb")

    def change(self, old, new, keep=()):
        """Replaces `old` wherever it stands, but in the runs of bytes in `keep`."""
        assert len(old) == len(new)
        with open(self.file, "rb") as f:
            data = f.read()
        for number, run in enumerate(keep):
            data = data.replace(run, bytes([number]) * len(run))
        assert old in data, old
        data = data.replace(old, new)
        for number, run in enumerate(keep):
            data = data.replace(bytes([number]) * len(run), run)
        with open(self.file, "wb") as f:
            f.write(data)


def raw(noded, node_id):
    done = ctl.data(noded, "records", node_id)
    return [bytes.fromhex(r["hex"]) for r in done if r["kind_name"] == "node"][0]


def faults(copy):
    status, out, err = ctl.run(copy, "verify")
    assert status == 1 and "faults found" in err and "damaged" in out, (status, out, err)
    status, out, _ = ctl.run(copy, "-o", "json", "verify")
    report = json.loads(out)
    assert status == 1 and report["ok"] is False, out
    return {(f["check"], f["subject"]) for f in report["faults"]}


with nr.Cluster() as cluster:
    a = cluster.noded("a", node_id="alpha").start()
    for number in range(20):
        a.call("register", node_id=f"n{number:02}", hostname=f"hostname-of-{number:02}", role="db" if number % 2 else "web",
               labels=[f"label-{number % 3}"])
    a.call("profile_put", role="db", config={"word": "configured"})
    a.stop()
    sound = ctl.data(a, "verify")
    assert sound["ok"] and sound["nodes"] == 21 and sound["profiles"] == 1, sound

    # A byte of a signature.
    record = raw(a, "n07")
    copy = Copy(cluster, a, "signature")
    copy.change(record, record[:-1] + bytes([record[-1] ^ 1]))
    assert ("signature", "n07") in faults(copy)
    status, out, err = ctl.run(copy, "records", "n07")
    assert status == 1 and "bad" in out and "1 of" in err, (out, err)
    assert ctl.run(copy, "records", "n08")[0] == 0

    # A byte of what was signed: the record's own words are no longer what its signer said, and not what readers see.
    copy = Copy(cluster, a, "content")
    copy.change(record, record.replace(b"hostname-of-07", b"hostname-of-7x"))
    found = faults(copy)
    assert ("signature", "n07") in found and ("view", "n07") in found, found

    # A record that is no longer one.
    copy = Copy(cluster, a, "form")
    copy.change(record, b"\x97" + record[1:])
    assert any(check == "record" for check, _ in faults(copy)), faults(copy)

    # A view that says something else than its record, which is whole.
    copy = Copy(cluster, a, "view")
    copy.change(b"hostname-of-07", b"hostname-of-7x", keep=[record])
    found = faults(copy)
    assert ("view", "n07") in found and ("signature", "n07") not in found, found

    # An index entry that leads to another node than the one that has the label, or to none.
    for number, wrong in enumerate((b"n08", b"n0:")):
        copy = Copy(cluster, a, f"index-{number}")
        copy.change(b"label-1\0n07", b"label-1\0" + wrong)
        found = faults(copy)
        assert ("index", "label-1") in found and ("view", "n07") not in found, found

    # A file cut short is a failure in words, not a crash.
    copy = Copy(cluster, a, "short")
    os.truncate(copy.file, os.path.getsize(copy.file) // 2)
    assert "damaged" in ctl.fails(copy, 1, "verify")

    assert ctl.data(a, "verify") == sound
