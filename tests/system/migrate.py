#!/usr/bin/python3
"""Moves the earlier registry over from dumps that PostgreSQL's own programs made of its tables, in each schema and each form, and compares."""

import dataclasses
import json
import os
import subprocess
import sys
import tempfile

import nr
import place
import postgres

FOLDER = os.path.join(nr.SOURCE, "tools", "migrate")
sys.path.insert(0, FOLDER)

import dump  # noqa: E402  pylint: disable=import-error,wrong-import-position

FORMS = {
    "copy.sql": [], "inserts.sql": ["--inserts"], "columns.sql": ["--column-inserts"], "rows.sql": ["--rows-per-insert=3"],
    "quoted.sql": ["--quote-all-identifiers"], "clean.sql": ["--clean", "--if-exists", "--create"], "data.sql": ["--data-only"],
    "packed.gz": ["--compress=5"], "custom.dump": ["--format=custom"], "tar.dump": ["--format=tar"], "folder.dump": ["--format=directory"],
}


def migrate(*words, stdin=None, expect=0):
    """(standard output, standard error)"""
    done = subprocess.run([sys.executable, "-B", FOLDER, *words], input=stdin, capture_output=True, timeout=60, check=False)
    out, err = done.stdout.decode(), done.stderr.decode()
    assert done.returncode == expect and "Traceback" not in err, (words, done.returncode, out[-1500:], err[-1500:])
    return out, err


def moved(facade, *words, expect=0):
    """What it says as JSON, with each node and profile by name."""
    out = json.loads(migrate("--to", f"http://{facade.host}:{facade.port}", "--json", *words, expect=expect)[0])
    return out, {i["name"]: i for i in out["nodes"]}, {i["name"]: i for i in out["profiles"]}


def dumps(server, database):
    """The database in each form, by the form's name."""
    made = {}
    for form, flags in FORMS.items():
        made[form] = os.path.join(server.directory, f"{database}-{form}")
        server.run("pg_dump", *flags, "--file", made[form], database)
    return made


# Every row of the source is there afterwards: names, addresses, labels and metadata as they were, and what had to be mended by its rule.
def early(server, here):
    made = dumps(server, "early")
    out, nodes, profiles = moved(here.facade, "--from-dump", made["copy.sql"], expect=1)  # the orphan was skipped
    assert out["summary"] == {"nodes": {"source": 4, "written": 4, "same": 0, "kept": 0, "skipped": 0, "failed": 0},
                              "profiles": {"source": 4, "written": 0, "same": 0, "kept": 0, "skipped": 1, "failed": 0, "in_nodes": 3},
                              "heartbeats": {"source": 50}}, out["summary"]
    assert profiles["orphan"]["action"] == "skipped" and "no node" in profiles["orphan"]["why"], profiles
    rows, there = {r["node_id"]: r for r in server.rows("early", "nodes")}, here.nodes()
    one = there["node-1"]
    assert (one["hostname"], one["ip"], one["role"], one["labels"]) == ("gateway.example", "192.0.2.1", "production", []), one
    assert one["metadata"] == {**rows["node-1"]["metadata"], "node_name": 'Hetzner "GEX44"', "node_type": "router", "registered_at": "2025-01-17T12:30:00.500Z",
                               "profiles": {'llm "main"': {"type": "llm", "enabled": True, "config": {"model": "a'b", "n": [1]}},
                                            "off": {"type": "service", "enabled": False, "config": {}}}}, one
    assert nodes["node-1"]["last_heard"] == "2025-02-01T00:25:00.000Z" and nodes["node-1"]["notes"] == [], nodes["node-1"]
    two = there["node-2"]
    assert two["status"] == "maintenance" and two["ip"] is None and two["hostname"] == rows["node-2"]["node_name"].replace("\t", " "), two
    assert two["metadata"]["local_ip"] == "192.168.1.244" and two["metadata"]["profiles"]['llm "main"']["enabled"] is True, two
    assert any("without a hostname" in n for n in nodes["node-2"]["notes"]), nodes["node-2"]
    third = next(n for name, n in there.items() if name.startswith("node-3-"))
    assert third["metadata"]["earlier_node_id"] == "node 3/ü" and third["metadata"]["value"] == [1, 2] and third["ip"] == "10.0.0.7", third
    assert third["metadata"]["local_ip"] == "2001:db8::1/64" and third["metadata"]["node_name"] == "Третя" and third["node_id"][-9] == "-", third
    four = there["node-4"]
    assert four["ip"] == "2001:db8::4" and four["metadata"]["small"] == 1 and four["metadata"]["node_name"] == "four" and "huge" not in four["metadata"]
    assert four["metadata"]["long"] == "123456789012345678901234567890" and four["metadata"]["large"] == 1e300, four
    assert nodes["node-4"]["left_out"] == ["metadata.huge", "metadata.node_name"] and nodes["node-4"]["action"] == "written", nodes["node-4"]
    every_form(here, made, 1)


def models(server, here):
    made = dumps(server, "models")
    _, nodes, _ = moved(here.facade, "--from-dump", made["inserts.sql"])
    one = here.node("m-1")
    assert one["labels"] == ["a, b", "core", "gpu"] or sorted(one["labels"]) == ["a, b", "core", "gpu"], one
    assert one["ip"] is None and one["metadata"]["earlier_ip"] == "not an address" and any("no address" in n for n in nodes["m-1"]["notes"])
    row = next(r for r in server.rows("models", "nodes") if r["node_id"] == "m-1")
    assert all(one["metadata"][name] == row[name] for name in ("roles", "gpu", "modules", "version", "node_name", "node_type", "local_ip")), one
    assert one["metadata"]["capabilities"] == {"features": ["docker"]}
    assert set(here.node("m-2")["metadata"]) == {"node_name", "node_type", "registered_at"}, here.node("m-2")
    every_form(here, made, 0)


def late(server, here):
    made = dumps(server, "late")
    leftovers = os.path.join(server.directory, "leftovers.json")
    out, nodes, profiles = moved(here.facade, "--from-dump", made["custom.dump"], "--leftovers", leftovers, expect=1)  # a profile is too large
    assert out["summary"]["profiles"] == {"source": 4, "written": 3, "same": 0, "kept": 0, "skipped": 1, "failed": 0, "in_nodes": 0}
    rows, there = {r["node_id"]: r for r in server.rows("late", "nodes")}, here.nodes()
    one = there["l-1"]
    assert sorted(one["labels"]) == sorted(rows["l-1"]["labels"]) and "NULL" in one["labels"] and len(one["labels"]) == 6, one
    assert one["metadata"] == {**rows["l-1"]["metadata"], "registered_at": "2025-01-01T00:00:00.000Z"} and one["ip"] == "192.0.2.11", one
    assert nodes["l-1"]["last_heard"] > "2025-03-01T10:00:00.000Z" and nodes["l-1"]["notes"] == []
    assert there["l-2"]["role"] == "роль" and there["l-2"]["labels"] == [] and there["l-2"]["ip"] is None
    assert there["l-3"]["labels"] == ["ok"] and there["l-3"]["status"] == "draining" and there["l-3"]["metadata"]["earlier_ip"] == "192.0.2.300"
    four = there["l-4"]
    assert len(four["labels"]) == 64 and four["hostname"] == "ctl host" and four["role"].startswith("їїї") and four["role"][-9] == "~", four
    with open(leftovers, encoding="utf-8") as file:
        left = json.load(file)
    assert left["left_out_of_nodes"]["l-4"]["labels"] == [f"label-{n}" for n in range(65, 71)] and os.stat(leftovers).st_mode & 0o777 == 0o600
    assert left["left_out_of_nodes"]["l-4"]["role"] == "ї" * 100 and left["left_out_of_nodes"]["l-4"]["hostname"] == "ctl\x01host"
    assert len(left["skipped_profiles"]) == 1 and left["skipped_profiles"][0]["role"] == "huge", left["skipped_profiles"]
    config = {p["role"]: p["config"] for p in here.facade.get("/api/v1/profiles")[1]}
    wanted = {r["role"]: r["config"] for r in server.rows("late", "node_profiles") if r["role"] not in ("huge", "list")}
    assert config == {**wanted, "list": {"value": [1, 2]}} and profiles["list"]["notes"], config
    every_form(here, made, 1)


def every_form(here, made, expect):
    """Each form says the same, so nothing is left to do, and nothing is done."""
    before = here.noded.info()["fingerprint"]
    sources = {form: dataclasses.replace(dump.read(path), name="") for form, path in made.items()}
    assert all(source == sources["copy.sql"] for source in sources.values()), [f for f, s in sources.items() if s != sources["copy.sql"]]
    for form in ("copy.sql", "packed.gz", "custom.dump"):
        with open(made[form], "rb") as file:
            out = json.loads(migrate("--to", f"http://{here.facade.host}:{here.facade.port}", "--json", "--from-dump", "-", stdin=file.read(),
                                     expect=expect)[0])
        row = out["summary"]["nodes"]
        assert row["same"] == row["source"] > 0 and all(i["action"] in ("same", "skipped") for i in out["profiles"]), (form, out)
    assert here.noded.info()["fingerprint"] == before


# A dry run writes nothing; what the registry has otherwise stays unless it is to be overwritten; a deleted node comes back.
def again(server, here):
    dump = os.path.join(server.directory, "models-copy.sql")
    here.delete("m-2")
    here.register("m-1", role="newer")
    before = here.noded.info()["fingerprint"]
    _, nodes, _ = moved(here.facade, "--from-dump", dump, "--dry-run")
    assert nodes["m-1"]["action"] == "kept" and "role" in nodes["m-1"]["differs"] and nodes["m-2"]["action"] == "written", nodes
    table = migrate("--to", f"http://{here.facade.host}:{here.facade.port}", "--from-dump", dump, "--dry-run")[0]
    assert "would be written" in table and "Nothing was written." in table and here.noded.info()["fingerprint"] == before, table
    _, nodes, _ = moved(here.facade, "--from-dump", dump)
    assert nodes["m-1"]["action"] == "kept" and here.node("m-1")["role"] == "newer" and here.node("m-2")
    _, nodes, _ = moved(here.facade, "--from-dump", dump, "--overwrite")
    assert nodes["m-1"]["action"] == "written" and nodes["m-2"]["action"] == "same" and here.node("m-1")["role"] == "production"


# What is no whole dump of the registry is refused with its place, and nothing is written.
def hostile(server, here):
    to = ["--to", f"http://{here.facade.host}:{here.facade.port}"]
    before = here.noded.info()["fingerprint"]
    with open(os.path.join(server.directory, "late-copy.sql"), "rb") as file:
        good = file.read()
    with open(os.path.join(server.directory, "late-custom.dump"), "rb") as file:
        custom = file.read()
    header = b"COPY public.nodes (id, node_id, hostname, role, metadata) FROM stdin;\n"
    cases = [
        (b"", "no table nodes"), (b"\x00\x01\x02", "binary"), (b"\xff\xfe hello", "no UTF-8"), (b"SELECT 1;\n", "no table nodes"),
        (b"PGDMP" + b"\xff" * 50, "pg_restore cannot read it"),
        (custom[:len(custom) // 2], ""), (custom[:len(custom) * 9 // 10], ""), (b"\x1f\x8b" + b"\x08" * 50, "cannot be read"),
        (header + b"1\tn\th\tr\n\\.\n", "4 values for the 5 columns"), (header + b"1\tn\th\tr\t{\n\\.\n", "no JSON"),
        (header + b"1\tn\th\tr\t" + b"[" * 100000 + b"\n\\.\n", "no JSON"), (header + b"1\tn\th\tr\t{}\n", "cut off in the COPY"),
        (header + b"x" * (17 << 20), "longer than 16 MiB"), (header.replace(b"node_id", b"name") + b"\\.\n", "no column node_id"),
        (header + b"\\.\n" + header.replace(b"public", b"other") + b"\\.\n", "two tables nodes"),
        (b"INSERT INTO nodes VALUES ('a');\n", "not named"), (b"INSERT INTO nodes (node_id) VALUES (now());\n", "does not write"),
        (b"INSERT INTO nodes (node_id) VALUES ('a", "cut off in the statement"), (b"SET client_encoding = 'LATIN1';\n", "--encoding=UTF8"),
        (b"COPY nodes FROM '/etc/passwd';\n", "does not write"), (good[:-200].rsplit(b"--", 2)[0], "cut off"),
        (b"-- \n" * 3 + b"INSERT INTO nodes (" + b"node_id," * 1000 + b") VALUES (" + b"(" * 5000 + b");", "does not write"),
    ]
    for data, words in cases:
        out, err = migrate(*to, "--from-dump", "-", stdin=data, expect=1)
        assert out == "" and words in err and err.count("\n") == 1, (data[:60], words, err)
    assert "No such file" in migrate(*to, "--from-dump", "/nowhere", expect=1)[1]
    end = good.index(b"-- PostgreSQL database dump complete")
    for cut in [*range(0, end, max(1, end // 100)), end]:
        with tempfile.NamedTemporaryFile(dir=server.directory) as file:
            file.write(good[:cut])
            file.flush()
            try:
                dump.read(file.name)
                raise AssertionError(f"a dump that ends after {cut} bytes was taken")
            except dump.SourceError:
                pass
    assert here.noded.info()["fingerprint"] == before


with nr.Cluster() as cluster, postgres.Server() as pg:
    peer = place.start(cluster, 1)[0]
    for name, schema, content in (("early", postgres.EARLY, postgres.EARLY_ROWS), ("models", postgres.MODELS, postgres.MODELS_ROWS),
                                  ("late", postgres.LATE, postgres.LATE_ROWS)):
        pg.database(name, schema + content)
    for part in (early, models, late, again, hostile):
        part(pg, peer)
        print(f"{part.__name__}: as promised")
