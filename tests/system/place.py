"""A place is a peer with a facade beside it: what a test of a cluster writes through and looks at.

    with nr.Cluster() as cluster:
        places = place.start(cluster, 3)                  # on 127.0.0.1
        places = place.start(cluster, 3, lab=lab)         # each in a namespace of its own (netns.Lab)
        places[0].register("n1", role="worker")
        nr.wait_for(lambda: places[2].node("n1"))
"""

import nr

GOSSIP_PORT, HTTP_PORT = 9206, 9205


class FacadeThere(nr.Facade):
    """A facade in a namespace; asked from inside of it, as only its own machine may write."""

    def __init__(self, *arguments, there, **options):
        super().__init__(*arguments, **options)
        self.there = there

    def request(self, *arguments, **options):
        with self.there.inside():
            return super().request(*arguments, **options)


class Place:
    def __init__(self, cluster, number, *, token=None, there=None, node_id=None, noded_flags=(), facade_flags=()):
        flags = ["--heartbeat-interval", "1", *noded_flags]
        name, options = f"peer-{number}", {"flags": flags, "node_id": node_id or f"peer-{number}", "token": token}
        if there:
            self.noded = cluster.noded(name, host=there.address, port=GOSSIP_PORT, wrap=there.command, **options)
            facade = FacadeThere(cluster.directory, f"http-{number}", self.noded, there=there, port=HTTP_PORT,
                                 wrap=there.command, flags=facade_flags)
            cluster.processes.append(facade)
        else:
            self.noded = cluster.noded(name, **options)
            facade = cluster.facade(self.noded, f"http-{number}", flags=facade_flags)
        self.facade = facade
        self.there = there

    def start(self):
        self.noded.start()
        self.facade.start()
        return self

    def register(self, node_id, **members):
        """Returns the node; an answer other than 200 is a failure."""
        body = {"node_id": node_id, "hostname": f"{node_id}.example", "role": "worker", **members}
        status, node = self.facade.post("/api/v1/nodes/register", body)
        assert status == 200, (status, node)
        return node

    def beat(self, node_id, **members):
        status, answer = self.facade.post("/api/v1/nodes/heartbeat", {"node_id": node_id, **members})
        assert status == 200, (status, answer)

    def delete(self, node_id):
        status, answer = self.facade.json("DELETE", f"/api/v1/nodes/{node_id}")
        assert status == 204, (status, answer)

    def node(self, node_id):
        """The node as this place has it, or None."""
        status, node = self.facade.get(f"/api/v1/nodes/{node_id}")
        assert status in (200, 404), (status, node)
        return node if status == 200 else None

    def status(self, node_id):
        node = self.node(node_id)
        return node and node["status"]

    def nodes(self, query=""):
        """All nodes that match, by id."""
        found, offset = {}, 0
        while True:
            status, page = self.facade.get(f"/api/v1/nodes?limit=1000&offset={offset}{query}")
            assert status == 200, (status, page)
            found.update((node["node_id"], node) for node in page)
            if len(page) < 1000:
                return found
            offset += 1000


def start(cluster, count, *, lab=None, **options):
    """So many started places of one cluster, each of which has a path to all others and knows their nodes."""
    hosts = [lab.host() if lab else None for _ in range(count)]
    places = [Place(cluster, 1, there=hosts[0], **options).start()]
    token = places[0].noded.invite()
    for number in range(2, count + 1):
        places.append(Place(cluster, number, token=token, there=hosts[number - 1], **options).start())
    met(places)
    return places


def met(places, timeout=30):
    """Waits until each knows all."""
    ids = {p.noded.info()["node_id"] for p in places}
    nr.wait_for(lambda: all(p.noded.info()["peers"] >= len(places) - 1 for p in places), timeout, "paths to each other")
    nr.wait_for(lambda: all(ids <= set(p.nodes()) for p in places), timeout, "each knowing all")


def same(places, timeout=30):
    """Waits until all hold the same cold records."""
    nr.wait_for(lambda: len({p.noded.info()["fingerprint"] for p in places}) == 1, timeout, "equal fingerprints")


def timeless(nodes):
    """Without what time alone changes, and without the places' own nodes."""
    return {node_id: {k: v for k, v in node.items() if k not in ("status", "last_heartbeat")}
            for node_id, node in nodes.items() if not node_id.startswith("peer-")}
