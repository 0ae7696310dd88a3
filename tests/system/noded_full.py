#!/usr/bin/python3
"""A full store is a state and no crash: writes are told so, heartbeats and reads go on, a larger bound heals it."""

import unittest

import nr


class Full(unittest.TestCase):
    def test_full_map(self):
        with nr.Cluster() as cluster:
            node = cluster.noded(flags=["--registry-map-max", "1MiB"]).start()
            answered = []
            with node.control("facade") as c:
                with self.assertRaises(nr.ControlError) as caught:
                    for i in range(2000):
                        c.call("register", node_id=f"n{i}", hostname="h", role="r", metadata={"fill": "x" * 4000})
                        answered.append(f"n{i}")
                self.assertEqual(caught.exception.word, "full")
                self.assertGreater(len(answered), 20)
                self.assertEqual(node.info()["health"], "full")
                for node_id in answered:
                    c.call("heartbeat", node_id=node_id)
                with self.assertRaises(nr.ControlError) as caught:
                    c.call("register", node_id="one-more", hostname="h", role="r", metadata={"fill": "x" * 4000})
                self.assertEqual(caught.exception.word, "full")
            node.process.kill()
            node.wait()
            node.flags[node.flags.index("1MiB")] = "64MiB"
            node.start()
            self.assertEqual(node.info()["health"], "ok")
            with node.control("facade") as c:
                for node_id in answered:
                    c.call("heartbeat", node_id=node_id)
                c.call("register", node_id="one-more", hostname="h", role="r", metadata={"fill": "x" * 4000})
            self.assertEqual(node.stop(), 0)


if __name__ == "__main__":
    unittest.main()
