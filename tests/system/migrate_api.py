#!/usr/bin/python3
"""Moves the earlier registry over from its HTTP API, in both forms that it had; and runs the commands of deploy/MIGRATION.md as they stand."""

import http.server
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import urllib.parse

import netns
import nr
import place
import postgres

FOLDER = os.path.join(nr.SOURCE, "tools", "migrate")


class Earlier(http.server.ThreadingHTTPServer):
    """Answers as the earlier service did: nodes in pages of at most 100, whose total is the page's length; in another form a plain array, with
    profiles by role."""

    daemon_threads = True

    def __init__(self, nodes, profiles, plain, host="127.0.0.1"):
        super().__init__((host, 0), Handler)
        self.nodes, self.profiles, self.plain, self.answer = nodes, profiles, plain, None
        self.total = len(nodes)
        self.asked = []
        self.url = f"http://{host}:{self.server_port}"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def say(self, status, value):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path, _, query = self.path.partition("?")
        query = dict(urllib.parse.parse_qsl(query))
        self.server.asked.append((self.path, self.headers.get("Authorization")))
        if self.server.answer:
            self.say(*self.server.answer)
        elif path == "/metrics":
            self.say(200, {"total_nodes": self.server.total})
        elif path == "/api/v1/profiles":  # the registry's own call, where this one stands for it
            self.say(200, [])
        elif path == "/api/v1/nodes":
            begin = int(query["offset"])
            page = self.server.nodes[begin:begin + min(100, int(query["limit"]))]
            self.say(200, page if self.server.plain else {"nodes": page, "total": len(page)})
        else:
            config = self.server.profiles.get(urllib.parse.unquote(path[len("/api/v1/profiles/"):]))
            self.say(*((200, {"role": "x", "config": config}) if config is not None else (404, {"detail": "Not Found"})))

    def do_POST(self):
        self.server.asked.append((self.path, self.headers.get("Authorization")))
        self.rfile.read(int(self.headers["Content-Length"]))
        self.say(200, {})


def migrate(*words, expect=0):
    done = subprocess.run([sys.executable, "-B", FOLDER, *words], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == expect and "Traceback" not in done.stderr, (words, done.returncode, done.stdout[-1500:], done.stderr[-1500:])
    return done.stdout, done.stderr


def full(number, **members):
    return {"id": str(number), "node_id": f"f-{number:03}", "node_name": f"Name {number}", "node_role": "production", "node_type": "router",
            "ip_address": "192.0.2.1", "local_ip": None, "hostname": None, "status": "online", "last_heartbeat": "2025-01-17T14:30:00",
            "registered_at": "2025-01-17T14:30:00.123456+00:00", "updated_at": "2025-01-17T14:30:00", "metadata": {"capabilities": {"n": number}}, **members}


# {"nodes", "total"}, page by page, although each page's total says that it is all; nothing is asked of profiles that are not there.
def in_pages(here, to):
    nodes = [full(n) for n in range(250)]
    with Earlier(nodes, {}, False) as earlier:
        out = json.loads(migrate("--from-url", earlier.url, *to, "--json")[0])
        assert out["summary"]["nodes"]["written"] == 250 and out["summary"]["heartbeats"]["source"] is None, out["summary"]
        node = here.node("f-249")
        assert node["metadata"] == {"capabilities": {"n": 249}, "node_name": "Name 249", "node_type": "router", "registered_at": "2025-01-17T14:30:00.123Z"}
        assert node["hostname"] == "Name 249" and node["role"] == "production" and node["ip"] == "192.0.2.1", node
        out = json.loads(migrate("--from-url", earlier.url, *to, "--json")[0])
        assert out["summary"]["nodes"]["same"] == 250, out["summary"]
        earlier.total = 251  # one was in no page
        _, err = migrate("--from-url", earlier.url, *to, "--dry-run", expect=1)
        assert "counts 251 nodes, and lists 250" in err, err


# A plain array, with labels and the profiles of the roles that nodes have or that are named.
def plain_array(here, to):
    nodes = [{"id": "1", "node_id": "p-1", "hostname": "p", "ip": None, "role": "heavy-vision-node", "labels": ["gpu", "a, b"], "status": "maintenance",
              "last_heartbeat": None, "metadata": {"x": [1]}, "created_at": None, "updated_at": None}]
    with Earlier(nodes, {"heavy-vision-node": {"models": ["v"]}, "a / b": {"n": 1}}, True) as earlier:
        out = json.loads(migrate("--from-url", earlier.url, *to, "--json", "--role", "a / b", "--role", "none")[0])
        assert out["summary"]["profiles"]["written"] == 2, out["summary"]
    node = here.node("p-1")
    assert (node["labels"], node["status"], node["metadata"]) == (["a, b", "gpu"], "maintenance", {"x": [1]}) or sorted(node["labels"]) == ["a, b", "gpu"], node
    assert here.facade.get("/api/v1/profiles/a%20%2F%20b")[1]["config"] == {"n": 1}


# What is no registry is told from one; and who is asked with a key gets it in a header, and nobody else does.
def wrong(here, to):
    with Earlier([], {}, True) as earlier, tempfile.TemporaryDirectory() as where:
        for answer, words in (((500, {"detail": "broken"}), "status 500"), ((200, b"<html>"), "no JSON"), ((200, {"nodes": "x"}), "no list of nodes"),
                              ((200, [{"hostname": "x"}]), "is no node"), ((200, [{"node_id": "x", "labels": "gpu"}]), "labels is no array"),
                              ((200, b"[" * 100000), "no JSON")):
            earlier.answer = answer
            out, err = migrate("--from-url", earlier.url, *to, expect=1)
            assert out == "" and words in err, (answer, err)
        earlier.answer = None
        key = os.path.join(where, "key")
        with open(key, "w", encoding="ascii") as file:
            file.write("the-key\n")
        earlier.asked.clear()
        with Earlier([full(1)], {}, True) as source:
            out, err = migrate("--from-url", source.url, "--to", earlier.url, "--key", key, "--json", expect=1)
            assert all(authorization is None for _, authorization in source.asked), source.asked
        assert earlier.asked and all(authorization == "Bearer the-key" for _, authorization in earlier.asked), earlier.asked
        assert "the-key" not in out + err and "/api/v1/nodes/register" in dict(earlier.asked), earlier.asked
        assert "read back with another absence" in out, out  # it said 200, and has no such node
        for flags in (("--key", where + "/none"), ("--key", os.devnull), ("--to", "ftp://x"), ("--from-dump", "x"), ("--no-such-flag",)):
            migrate("--from-url", earlier.url, *flags, expect=2)
        migrate(expect=2)
    assert "refused" in migrate("--from-url", f"http://127.0.0.1:{nr.free_port()}", *to, expect=1)[1]


def odd_text(chance, most):
    letters = "abcXYZ019._- /\\'\"\t\n\x00\x01\x7f\x85\u200b\u2028їß漢🚀\ud800"
    return "".join(chance.choice(letters) for _ in range(chance.randrange(most)))


def odd_value(chance, depth):
    kind = chance.randrange(10 if depth else 7)
    if kind < 7:
        return [None, True, chance.choice([0, -1, 127, 128, -33, 1 << 31, -(1 << 63), 1 << 63, 1 << 64, 10 ** 30, 10 ** 400]), chance.uniform(-1, 1) * 10 ** chance.randrange(-300, 300),
                odd_text(chance, 30), odd_text(chance, 400), ""][kind]
    if kind < 9:
        return {odd_text(chance, 12): odd_value(chance, depth - 1) for _ in range(chance.randrange(20))}
    return [odd_value(chance, depth - 1) for _ in range(chance.randrange(20))]


def nested(depth):
    value = 1
    for level in range(depth):
        value = [value] if level % 2 else {"k": value}
    return value


# Whatever a source holds, what the rules have made of it is taken by the registry, and is there afterwards.
def always_fits(here, to):
    chance, nodes = random.Random(20250117), []
    for number in range(120):
        node = {"id": str(number), "node_id": f"z{number}" + chance.choice(["", odd_text(chance, 300)]), "hostname": odd_text(chance, 300), "role": odd_text(chance, 150),
                "ip": chance.choice([None, "::1%lo", "192.0.2.1/33", "::ffff:192.0.2.1", "2001:DB8:0::1", "fe80::1/64", " 192.0.2.1", "01.2.3.4", odd_text(chance, 20)]),
                "labels": [chance.choice([odd_text(chance, 130), chance.randrange(9), None]) for _ in range(chance.randrange(90))],
                "metadata": odd_value(chance, 4), "node_name": odd_text(chance, 400), "modules": odd_value(chance, 2), "status": chance.choice(["left", "online", "x"])}
        nodes.append(node)
    nodes += [{"node_id": f"deep-{depth}", "hostname": "h", "role": "r", "metadata": nested(depth), "gpu": nested(depth)} for depth in [*range(26, 36), 400, 900, 960]]
    nodes.append({"node_id": "nul", "hostname": "h", "role": "r", "metadata": {"a\0": 1, "a\ufffd": 2, "b": {"\0": 3, "\ud800": 4, "?": 5}}})
    # Metadata of every size around the bound.
    nodes += [{"node_id": f"size-{n}", "hostname": "h", "role": "r", "metadata": {"a": "x" * n}} for n in range(8170, 8200)]
    with Earlier(nodes, {}, True) as earlier:
        out = json.loads(migrate("--from-url", earlier.url, *to, "--json")[0])
        assert out["summary"]["nodes"]["written"] == len(nodes), [i for i in out["nodes"] if i["action"] != "written"][:5]
        kept = here.node("nul")["metadata"]
        assert sorted(kept["b"].values()) == [3, 4, 5] and len(kept) == 3 and kept["a\ufffd"] == 2, kept
        fitting = [i["name"] for i in out["nodes"] if i["name"].startswith("size-") and not i["left_out"]]
        assert fitting[-1] == "size-8186", fitting  # a map of one: 1 byte, the key 2, the text's head 3


# A registry whose noded is away refuses; that is said, and the next run makes up for it.
def registry_away(here, to):
    with Earlier([full(900)], {}, False) as earlier:
        here.facade.kill()
        assert "refused" in migrate("--from-url", earlier.url, *to, expect=1)[1]
        here.facade.start()
        here.register("self")
        assert json.loads(migrate("--from-url", earlier.url, *to, "--json")[0])["summary"]["nodes"]["written"] == 1


def guide():
    """The commands of the guide, in their order: default port, real PostgreSQL. docker is only the word before the command there."""
    with open(os.path.join(nr.SOURCE, "deploy", "MIGRATION.md"), encoding="utf-8") as file:
        blocks = re.findall(r"^ *```sh\n(.*?)^ *```", file.read(), re.S | re.M)
    assert len(blocks) == 6, len(blocks)
    with netns.Lab() as lab, nr.Cluster() as cluster, postgres.Server() as server:
        there = lab.host()
        noded = cluster.noded(host=there.address, port=9206, wrap=there.command).start()
        with there.inside():
            cluster.facade(noded, port=9205, wrap=there.command).start()
            server.database("node_registry", postgres.LATE + postgres.LATE_ROWS)
            server.sql("node_registry", "DELETE FROM node_profiles WHERE role = 'huge'")  # so that nothing is skipped
            earlier = Earlier([full(1)], {}, False, "127.0.0.1")
        os.symlink(os.path.join(nr.SOURCE, "tools"), cluster.path("tools"))
        said = []
        with earlier:
            for block in blocks:
                text = block.replace("http://node-registry:9205", earlier.url)
                shim = "docker() { test $1 = exec; shift 2; \"$@\"; }\n"
                done = subprocess.run(there.command(["bash", "-e", "-o", "pipefail", "-c", shim + text]), cwd=cluster.directory, capture_output=True,
                                      text=True, timeout=60, check=False, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **server.env})
                assert done.returncode == 0, (text, done.stdout, done.stderr)
                said.append(done.stdout)
        assert "would be written" in said[1] and "would be written" in said[2] and "Nothing was written." in said[2], said
        assert re.search(r"^nodes +4 +4 ", said[3], re.M) and os.path.exists(cluster.path("leftovers.json")), said[3]
        assert all(re.search(rf"^l-{n}\t(online|draining)\t2", said[4], re.M) for n in (1, 2, 3, 4)), said[4]
        assert {n["node_id"] for n in json.loads(said[5])["nodes"]} >= {"l-1", "l-2", "l-3", "l-4"}, said[5]


with nr.Cluster() as outer:
    peer = place.start(outer, 1)[0]
    for part in (in_pages, plain_array, always_fits, wrong, registry_away):
        part(peer, ["--to", f"http://{peer.facade.host}:{peer.facade.port}"])
        print(f"{part.__name__}: as promised")
if os.geteuid() == 0:
    guide()
    print("guide: as promised")
