#!/usr/bin/python3
"""Every row of the table of bad input, by raw sockets, and requests that are only odd."""

import json
import socket
import threading
import time

import nr

HOST = b"Host: h\r\n"
REGISTER = "/api/v1/nodes/register"


class Raw:
    """A connection that says exactly what it is told."""

    def __init__(self, http, timeout=30.0):
        self.sock = socket.create_connection((http.host, http.port), timeout)
        self.kept = b""

    def send(self, data):
        self.sock.sendall(data)
        return self

    def until(self, mark):
        while mark not in self.kept:
            part = self.sock.recv(65536)
            if not part:
                raise ConnectionError(f"closed after {self.kept!r}")
            self.kept += part
        at = self.kept.index(mark) + len(mark)
        got, self.kept = self.kept[:at], self.kept[at:]
        return got

    def answer(self):
        """(status, header fields in lower case, body)."""
        lines = self.until(b"\r\n\r\n").decode().split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
        body = b""
        length = int(fields.get("content-length", 0))
        while len(self.kept) < length:
            self.kept += self.sock.recv(65536)
        body, self.kept = self.kept[:length], self.kept[length:]
        return int(lines[0].split(" ")[1]), fields, body

    def at_end(self):
        try:
            return self.sock.recv(1) == b""
        except ConnectionResetError:
            return True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()


def post(path, body, *fields):
    return b"POST %s HTTP/1.1\r\n%s%sContent-Length: %d\r\n\r\n%s" % (path.encode(), HOST, b"".join(f + b"\r\n" for f in fields), len(body), body)


def problem(http, request, status, words="", closes=False):
    with Raw(http) as raw:
        got, fields, body = raw.send(request).answer()
        assert got == status, (request[:80], got, body)
        assert fields["content-type"] == "application/problem+json", fields
        said = json.loads(body)
        assert said["status"] == status and said["title"] and said["type"] and words in said["detail"], said
        if closes:
            assert fields["connection"] == "close", fields
            raw.sock.shutdown(socket.SHUT_WR)
            assert raw.at_end()
        return said, fields


def not_json(http):
    """400, with the place."""
    for body in (b"", b"{", b'{"a":1}x', b'{"a":1}{"a":1}', b'{"hostname":"a","hostname":"b","role":"r"}', b'{"hostname":"\xff"}',
                 b'{"hostname":"\xed\xa0\x80"}', b"{'a':1}", b'{"a":NaN}', b'{"hostname":"\xc3"}', b'\x00'):
        said, _ = problem(http, post(REGISTER, body), 400)
        assert not body or "line 1, column" in said["detail"], said
    problem(http, post(REGISTER, b'{\n"a":1,\n"a":2}'), 400, "line 3")


def wrong_fields(http):
    """422, every fault named at once."""
    body = {"hostname": "", "role": "r" * 101, "node_id": "no spaces", "ip": "300.1.1.1", "labels": [""], "metadata": "x"}
    said, _ = problem(http, post(REGISTER, json.dumps(body).encode()), 422)
    assert {e["field"] for e in said["errors"]} == set(body) and all(e["message"] for e in said["errors"]), said
    said, _ = problem(http, post(REGISTER, b"{}"), 422)
    assert [e["field"] for e in said["errors"]] == ["hostname", "role"], said
    for body in (b"[]", b"5", b'"x"', b"null"):
        problem(http, post(REGISTER, body), 422, "object")
    for metadata in ({"k": "x" * 8192}, json.loads("[" * 40 + "]" * 40)):
        said, _ = problem(http, post(REGISTER, json.dumps({"hostname": "h", "role": "r", "metadata": {"m": metadata}}).encode()), 422)
        assert [e["field"] for e in said["errors"]] == ["metadata"], said
    problem(http, post(REGISTER, b'{"hostname":"a\\u0000b","role":"r"}'), 422, "control characters")
    problem(http, post(REGISTER, b'{"hostname":"a","role":"r","metadata":{"n":1e999}}'), 422)


def too_large(http):
    """413, 431 and 414, and what is just within the bounds is taken."""
    problem(http, post(REGISTER, b" " * 65537), 413, "65536", closes=True)
    problem(http, post(REGISTER, b" " * 1000000), 413, closes=True)
    problem(http, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 99999999999999999999\r\n\r\n", 413)
    problem(http, post(REGISTER, b" " * 65536), 400)
    chunks = b"".join(b"1000\r\n" + b" " * 4096 + b"\r\n" for _ in range(17))
    problem(http, b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks, 413)
    problem(http, b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 16384 + b"\r\n\r\n", 431, closes=True)
    problem(http, b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n" * 101 + b"\r\n", 431)
    problem(http, b"GET /" + b"a" * 8192 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414, closes=True)
    problem(http, b"GET /" + b"a" * 100000, 414)
    problem(http, b"GET /" + b"a" * 8191 + b" HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 16000 + b"\r\n\r\n", 404)


def paths_and_methods(http):
    """405 with Allow on a known path, 404 on an unknown one."""
    for method, path, allow in (("GET", REGISTER, "POST"), ("PATCH", "/api/v1/nodes", "GET, HEAD"), ("PUT", "/health", "GET, HEAD"),
                                ("POST", "/api/v1/profiles/x", "GET, HEAD, PUT, DELETE"), ("OPTIONS", "/api/v1/nodes/x", "GET, HEAD, DELETE"),
                                ("DELETE", "/api/v1/nodes/discover", "POST, GET, HEAD"), ("BREW", "/", "GET, HEAD")):
        _, fields = problem(http, f"{method} {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode(), 405)
        assert fields["allow"] == allow.lower(), (method, path, fields)
    for path in ("/nope", "/api/v1", "/api/v1/nodes/", "//", "/api/v2/nodes", "/api/v1/nodes/a/b"):
        problem(http, f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode(), 404)
    for path in ("/api/v1/nodes/%zz", "/api/v1/nodes/%00", "/api/v1/nodes?role=%", "/api/v1/nodes?role=%ff"):
        problem(http, f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode(), 400)


def malformed(http):
    """What is no HTTP, or could be read in two ways, is 400 and ends the connection."""
    for request in (b"hello\r\n\r\n", b"\x16\x03\x01\x00\n", b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
                    b"GET / HTTP/1.1\r\n" + HOST + b"A : b\r\n\r\n", b"GET / HTTP/1.1\r\n" + HOST + b" A: b\r\n\r\n",
                    b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                    b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
                    b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"):
        problem(http, request, 400, closes=True)
    problem(http, b"GET / HTTP/3.0\r\n\r\n", 505, closes=True)
    problem(http, b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip\r\n\r\n", 501, closes=True)


def odd_but_good(http):
    """HTTP/1.0, HEAD, chunks, a wait for 100 Continue, the absolute form and requests sent without waiting."""
    with Raw(http) as raw:
        assert raw.send(b"GET /health HTTP/1.0\r\n\r\n").answer()[0] == 200 and raw.at_end()
    with Raw(http) as raw:
        for _ in range(2):
            got = raw.send(b"GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").answer()
            assert got[0] == 200 and got[1]["connection"] == "keep-alive", got
    with Raw(http) as raw:
        raw.send(b"HEAD /api/v1/nodes HTTP/1.1\r\n" + HOST + b"\r\n")
        head = raw.until(b"\r\n\r\n")
        assert b"200 OK" in head and b"X-Total-Count: 1" in head and b"Content-Length: 0" not in head, head
        got = raw.send(b"GET http://elsewhere/api/v1/nodes?limit=1 HTTP/1.1\r\n" + HOST + b"\r\n").answer()
        assert got[0] == 200 and len(json.loads(got[2])) == 1, got
        raw.send(b"POST " + REGISTER.encode() + b" HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n")
        parts = b'{"hostname":"chunk",', b'"role":"r","node_id":"chunk"}'
        raw.send(b"%X;x=y\r\n%s\r\n00%x\r\n%s\r\n0\r\nA: b\r\n\r\n" % (len(parts[0]), parts[0], len(parts[1]), parts[1]))
        got = raw.answer()
        assert got[0] == 200 and json.loads(got[2])["node_id"] == "chunk", got
        raw.send(b"DELETE /api/v1/nodes/chunk HTTP/1.1\r\n" + HOST + b"\r\nGET /api/v1/nodes/chunk HTTP/1.1\r\n" + HOST + b"\r\n"
                 b"GET / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
        assert [raw.answer()[0] for _ in range(3)] == [204, 404, 200] and raw.at_end()
    with Raw(http) as raw:
        raw.send(b"POST /api/v1/nodes/discover HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert raw.until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
        assert raw.send(b"{}").answer()[0] == 200


def foreign_pages(http):
    """A page of another site, shown by a browser on this machine, may not write; one of the same origin may."""
    body = b'{"hostname":"page","role":"r","node_id":"page"}'
    problem(http, post(REGISTER, body, b"Origin: https://attacker.example"), 403, "origin")
    problem(http, post(REGISTER, body, b"Origin: null"), 403)
    with Raw(http) as raw:
        assert raw.send(post(REGISTER, body, b"Origin: http://h")).answer()[0] == 200
    assert http.json("DELETE", "/api/v1/nodes/page")[0] == 204


def others_are_served(http, over):
    """While slow clients are about, a request is answered at once."""
    worst = 0.0
    while not over.is_set():
        begun = time.monotonic()
        assert http.get("/api/v1/nodes?limit=1")[0] == 200
        worst = max(worst, time.monotonic() - begun)
        time.sleep(0.05)
    assert worst < 2.0, f"a request took {worst:.1f} s beside slow clients"


def drip(http, first, held):
    """Sends a byte now and then until the server hangs up; how long it took goes into `held`."""
    begun = time.monotonic()
    with Raw(http) as raw:
        raw.send(first)
        raw.sock.settimeout(0.5)
        while time.monotonic() - begun < 25:
            try:
                raw.send(b"a")
                if raw.sock.recv(1) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                break
    held.append(time.monotonic() - begun)


def slow_clients(http):
    """Dropped after 10 s without a complete request, however they drip; others are not held up."""
    over, held = threading.Event(), []
    firsts = [b"", b"GET / HTTP/1.1\r\nHost: h\r\nX: ", post(REGISTER, b"{}").replace(b"Length: 2", b"Length: 60000")] * 4
    silent = Raw(http)
    begun = time.monotonic()
    drippers = [threading.Thread(target=drip, args=(http, first, held)) for first in firsts]
    for d in drippers:
        d.start()
    failures = []

    def watch():
        try:
            others_are_served(http, over)
        except AssertionError as err:
            failures.append(err)
    watcher = threading.Thread(target=watch)
    watcher.start()
    assert silent.at_end() and 9.0 < time.monotonic() - begun < 15.0, time.monotonic() - begun
    for d in drippers:
        d.join()
    over.set()
    watcher.join()
    assert not failures, failures
    assert len(held) == len(firsts) and all(9.0 < h < 15.0 for h in held), held


def crowd(http):
    """More connections than there is room for, all of them idle or unfinished: a new client is served."""
    kept = []
    try:
        for _ in range(1500):
            kept.append(Raw(http).send(b"GET / HTTP/1.1\r\n"))
        assert http.get("/api/v1/nodes?limit=1")[0] == 200
    finally:
        for raw in kept:
            raw.sock.close()


def hoard(http):
    """Bodies that are begun and not ended are kept within a bound all together; the oldest go first, and others are served."""
    begun, kept = time.monotonic(), []
    try:
        for _ in range(800):
            kept.append(Raw(http).send(post(REGISTER, b" " * 65536)[:-1000]))
        assert http.get("/api/v1/nodes?limit=1")[0] == 200
        assert kept[0].at_end() and time.monotonic() - begun < 9.0, "the first was not dropped for room"
        assert kept[-1].send(b" " * 1000).answer()[0] == 400
    finally:
        for raw in kept:
            raw.sock.close()


with nr.Cluster() as cluster:
    noded = cluster.noded().start()
    facade = cluster.facade(noded).start()
    for part in (not_json, wrong_fields, too_large, paths_and_methods, malformed, odd_but_good, foreign_pages, slow_clients, crowd, hoard):
        part(facade)
        print(f"{part.__name__}: as promised")
    assert facade.stop() == 0
