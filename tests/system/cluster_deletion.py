#!/usr/bin/python3
"""A deletion reaches a peer that was away, and nothing brings the node back: not the old disk of that peer, not the old disk of
the peer that had registered the node, not every frame of the network sent again."""

import shutil
import time

import netns
import nr
import place
import sniffer


def stays_deleted(places, node_id, seconds):
    """Looks again and again: a node that comes back for a moment is back."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for p in places:
            assert not p.node(node_id), f"{node_id} is back at {p.noded.name}"
        time.sleep(0.02)


def start_from_old_disk(peer, old):
    shutil.rmtree(peer.noded.state)
    shutil.copytree(old, peer.noded.state)
    peer.noded.start()


def old_disk(cluster, node_id, places, register_at):
    """The third peer's disk holds the node, the cluster has deleted it; the third starts from that disk."""
    one, two, third = places
    register_at.register(node_id, metadata={"of": register_at.noded.name})
    nr.wait_for(lambda: all(p.node(node_id) for p in places), 10, "the node on all")
    assert third.noded.stop() == 0
    old = cluster.path(f"old-{node_id}")
    shutil.copytree(third.noded.state, old)
    one.delete(node_id)
    nr.wait_for(lambda: not two.node(node_id), 10, "the deletion on the other")

    third.noded.start()
    nr.wait_for(lambda: not third.node(node_id), 15, "the deletion reaching the one that was away")
    third.noded.stop()

    start_from_old_disk(third, old)
    third.facade.stop()
    third.facade.start()
    nr.wait_for(lambda: not third.node(node_id), 15, "the deletion reaching the old disk")
    place.same(places)
    stays_deleted(places, node_id, 3)


def replay(lab, places):
    """All frames of a node's life before its deletion, again, to all."""
    one, two, third = places
    with sniffer.Sniffer(lab.hub) as wire:
        one.register("replayed")
        one.beat("replayed")
        nr.wait_for(lambda: all(p.node("replayed") for p in places), 10, "the node on all")
        time.sleep(1)  # more of the announcing that follows
        frames = wire.take()
    assert len(frames) > 10, len(frames)
    two.delete("replayed")
    nr.wait_for(lambda: not any(p.node("replayed") for p in places), 10, "the deletion on all")
    before = [p.noded.stats() for p in places]
    for host in (p.there for p in places):
        sniffer.send(lab.hub, host.port, frames)
    stays_deleted(places, "replayed", 5)
    after = [p.noded.stats() for p in places]
    replayed = sum(a["datagrams_replayed"] - b["datagrams_replayed"] for a, b in zip(after, before))
    assert replayed > 0, "the frames did not arrive"
    print(f"{len(frames)} frames sent again to each of three, {replayed} datagrams dropped as replayed")
    place.same(places)


with netns.Lab() as lab, nr.Cluster() as cluster:
    trio = place.start(cluster, 3, lab=lab)
    old_disk(cluster, "by-another", trio, trio[0])
    old_disk(cluster, "by-itself", trio, trio[2])
    replay(lab, trio)
