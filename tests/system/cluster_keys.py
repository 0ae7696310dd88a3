#!/usr/bin/python3
"""The cluster's key is changed by file and restart, [old, new] then [new, old] then [new], while one node is asleep."""

import os
import signal
import unittest

import nr
import place


def read_keys(noded):
    with open(os.path.join(noded.state, "cluster.keys"), encoding="ascii") as f:
        return f.read().split()


def change_keys(noded, keys):
    """As an operator does it: stop, write, start."""
    assert noded.stop() == 0
    with open(os.path.join(noded.state, "cluster.keys"), "w", encoding="ascii") as f:
        f.write("".join(key + "\n" for key in keys))
    noded.token = None
    noded.start()


class Rotation(unittest.TestCase):
    # Who slept through it is out with the old key: it hears nobody, and nobody anything of it. With the new key it is back, with all that
    # was said meanwhile. Nobody else was ever called offline, or lost anybody who was awake.
    def test_asleep(self):
        with nr.Cluster() as cluster:
            *awake, sleeper = place.start(cluster, 4)
            names = [f"peer-{n}" for n in (1, 2, 3)]
            old, new = read_keys(awake[0].noded)[0], os.urandom(32).hex()
            sleeper.noded.signal(signal.SIGSTOP)
            nr.wait_for(lambda: all(p.status("peer-4") == "offline" for p in awake), 30, "the sleeper offline")
            for keys in ([old, new], [new, old], [new]):
                for one in awake:
                    change_keys(one.noded, keys)
                    self.together(awake, names)
            awake[1].register("meanwhile")
            sleeper.noded.signal(signal.SIGCONT)
            nr.wait_for(lambda: sleeper.noded.info()["peers"] == 0, 60, "the sleeper without paths")
            refused = awake[0].noded.stats()["datagrams_not_opened"]
            nr.wait_for(lambda: awake[0].noded.stats()["datagrams_not_opened"] > refused, 60, "the old key refused")
            self.assertIsNone(sleeper.node("meanwhile"))
            self.assertEqual({p.status("peer-4") for p in awake}, {"offline"})
            self.together(awake, names)
            self.assertEqual(read_keys(sleeper.noded), [old])
            change_keys(sleeper.noded, [new])
            place.met([*awake, sleeper])
            nr.wait_for(lambda: sleeper.node("meanwhile"), 10, "the sleeper knowing what was said")
            nr.wait_for(lambda: all(p.status("peer-4") == "online" for p in awake), 10, "the sleeper online")
            place.same([*awake, sleeper])

    def together(self, awake, names):
        """All who are awake have paths to each other and see each other online; none of them is called offline until then."""
        def all_online():
            seen = [p.status(name) for p in awake for name in names]
            if "offline" in seen:
                raise SystemError(f"somebody who is awake is called offline: {seen}")
            return set(seen) == {"online"} and all(p.noded.info()["peers"] >= len(awake) - 1 for p in awake)
        nr.wait_for(all_online, 20, "all who are awake together")


if __name__ == "__main__":
    unittest.main()
