#!/usr/bin/python3
"""Three peers on one machine: what one is told all know; who leaves, stops or comes back is noticed."""

import os
import signal
import time
import unittest

import nr


def same(peers):
    return len({p.info()["fingerprint"] for p in peers}) == 1


class Three(unittest.TestCase):
    # A registration is at all peers at once, and so is its deletion.
    def test_spread(self):
        with nr.Cluster() as cluster:
            a, b, c = cluster.peers(3)
            nr.wait_for(lambda: same((a, b, c)))
            count = b.info()["records_cold"]
            a.call("register", node_id="cat", hostname="h", role="r")
            nr.wait_for(lambda: b.info()["records_cold"] == c.info()["records_cold"] == count + 1)
            # Known there, so that another than the one that made it may speak for it.
            c.call("heartbeat", node_id="cat", status="draining")
            nr.wait_for(lambda: same((a, b, c)))
            b.call("delete", node_id="cat")
            nr.wait_for(lambda: same((a, b, c)))
            for peer in (a, b, c):
                with self.assertRaises(nr.ControlError) as caught:
                    peer.call("heartbeat", node_id="cat")
                self.assertEqual(caught.exception.word, "not_found")

    # A node that runs a daemon speaks for itself: no other peer can say anything in its name.
    def test_speaks_for_itself(self):
        with nr.Cluster() as cluster:
            a, b = cluster.peers(2)
            b_id = b.info()["node_id"]
            nr.wait_for(lambda: same((a, b)))
            for op, members in (("register", {"hostname": "h", "role": "r"}), ("heartbeat", {}), ("delete", {}),
                                ("declare", {"state": "draining"})):
                with self.assertRaises(nr.ControlError) as caught:
                    a.call(op, node_id=b_id, **members)
                self.assertEqual(caught.exception.word, "denied", op)

    # SIGTERM: the others know at once, the process ends with status 0 within 5 s. It comes back under its id with all it had.
    def test_leave_and_return(self):
        with nr.Cluster() as cluster:
            a, b, c = cluster.peers(3)
            a.call("register", node_id="cat", hostname="h", role="r")
            before, started = c.info(), time.monotonic()
            self.assertEqual(c.stop(), 0)
            self.assertLess(time.monotonic() - started, 5)
            nr.wait_for(lambda: a.info()["peers"] == b.info()["peers"] == 1)
            a.call("register", node_id="dog", hostname="h", role="r")
            c.token = None
            c.start()
            after = c.info()
            self.assertEqual((after["node_id"], after["node_key"]), (before["node_id"], before["node_key"]))
            self.assertGreater(after["incarnation"], before["incarnation"])
            self.assertEqual(after["state"], "online")
            nr.wait_for(lambda: c.info()["peers"] == 2 and same((a, b, c)))
            c.call("heartbeat", node_id="dog")

    # SIGINT and the operation `leave` do the same; the operation is answered.
    def test_other_ways_to_leave(self):
        with nr.Cluster() as cluster:
            a, b, c = cluster.peers(3)
            b.signal(signal.SIGINT)
            self.assertEqual(b.wait(), 0)
            self.assertTrue(c.call("leave")["ok"])
            self.assertEqual(c.wait(), 0)
            nr.wait_for(lambda: a.info()["peers"] == 0)

    # Maintenance and draining outlive a restart, clean or not.
    def test_declared_state_survives(self):
        with nr.Cluster() as cluster:
            node = cluster.noded().start()
            node.call("declare", state="maintenance")
            node.stop()
            node.start()
            self.assertEqual(node.info()["state"], "maintenance")
            node.kill()
            node.start()
            self.assertEqual(node.info()["state"], "maintenance")
            node.call("declare", state="draining")
            node.call("leave")
            node.wait()
            node.start()
            self.assertEqual(node.info()["state"], "draining")
            node.call("declare", state="online")
            node.stop()
            node.start()
            self.assertEqual(node.info()["state"], "online")

    # A peer that was frozen is given up after its silence and taken back when it wakes.
    def test_frozen(self):
        with nr.Cluster() as cluster:
            a, b = cluster.peers(2)
            os.kill(b.process.pid, signal.SIGSTOP)
            a.call("register", node_id="cat", hostname="h", role="r")
            nr.wait_for(lambda: a.info()["peers"] == 0, 40)
            os.kill(b.process.pid, signal.SIGCONT)
            nr.wait_for(lambda: a.info()["peers"] == b.info()["peers"] == 1 and same((a, b)), 30)

    # Peers find each other by addresses kept on disk, with the seed away for good.
    def test_without_the_seed(self):
        with nr.Cluster() as cluster:
            a, b, c = cluster.peers(3)
            nr.wait_for(lambda: b.info()["peers"] == c.info()["peers"] == 2)
            for peer in (a, b, c):
                peer.stop()
            b.start()
            c.start()
            nr.wait_for(lambda: b.info()["peers"] == c.info()["peers"] == 1, 30)

    # Seeds may be names, and `join` is read again at SIGHUP.
    def test_seed_by_name(self):
        with nr.Cluster() as cluster:
            path = cluster.path("c.conf")
            a = cluster.noded().start()
            with open(path, "w") as f:
                f.write("[gossip]\njoin = 127.0.0.1:1\n")
            b = cluster.noded(token=a.invite(seeds=[]), flags=["--config", path]).start()
            with open(path, "w") as f:
                f.write(f"[gossip]\njoin = localhost:{a.port}\n")
            b.signal(signal.SIGHUP)
            nr.wait_for(lambda: b.info()["peers"] == 1)

    # Over IPv6 it is the same.
    def test_ipv6(self):
        with nr.Cluster() as cluster:
            a, b = cluster.peers(2, host="::1")
            self.assertEqual(a.peers()[0]["address"], b.address)
            self.assertEqual(b.info()["advertise"], [b.address])

    # What does not open under the cluster's key is dropped, counted, and never answered.
    def test_strangers(self):
        with nr.Cluster() as cluster:
            node, other = cluster.noded().start(), cluster.noded().start()
            stranger = cluster.noded(token=other.invite(seeds=[]), join=[node.address]).start()
            nr.wait_for(lambda: node.stats()["datagrams_not_opened"] > 0)
            self.assertEqual(node.stats()["udp_datagrams_out"], 0)
            self.assertEqual(stranger.stats()["datagrams_in"], 0)


if __name__ == "__main__":
    unittest.main()
