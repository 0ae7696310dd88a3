#!/usr/bin/python3
"""kill -9 in the midst of writing, again and again: what was answered is there. (cluster_kill.py does this at length.)"""

import random
import sys
import threading
import time
import unittest

import nr

ROUNDS = int(sys.argv.pop(1)) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 12


class Crash(unittest.TestCase):
    # Each round registers from two connections until the kill; the next start must know every node that was answered, under the same
    # identity and a higher incarnation.
    def test_answered_is_kept(self):
        chance = random.Random(20)
        with nr.Cluster() as cluster:
            node = cluster.noded().start()
            first = node.info()
            answered, lock, incarnation = set(), threading.Lock(), 0

            def write(name):
                try:
                    with node.control("facade") as c:
                        for i in range(100_000):
                            node_id = f"{name}-{i}"
                            c.call("register", node_id=node_id, hostname="h", role="r")
                            with lock:
                                answered.add(node_id)
                except OSError:
                    pass

            for round_ in range(ROUNDS):
                writers = [threading.Thread(target=write, args=(f"r{round_}w{w}",)) for w in range(2)]
                for w in writers:
                    w.start()
                before = len(answered)
                nr.wait_for(lambda: len(answered) > before)
                time.sleep(chance.uniform(0, 0.1))
                node.kill()
                for w in writers:
                    w.join()
                node.start()
                info = node.info()
                self.assertEqual((info["node_id"], info["node_key"]), (first["node_id"], first["node_key"]))
                self.assertGreater(info["incarnation"], incarnation)
                self.assertEqual(info["state"], "online")
                incarnation = info["incarnation"]
                with node.control() as c:
                    for node_id in answered:
                        c.call("heartbeat", node_id=node_id)
            self.assertEqual(node.stats()["clock_resets"], 0)
            self.assertEqual(node.stop(), 0)


if __name__ == "__main__":
    unittest.main()
