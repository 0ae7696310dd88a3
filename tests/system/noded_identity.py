#!/usr/bin/python3
"""Founding, joining, and what a state directory holds on to."""

import os
import shutil
import stat
import unittest

import nr


def files(directory):
    return {name: stat.S_IMODE(os.stat(os.path.join(directory, name)).st_mode) for name in os.listdir(directory)
            if os.path.isfile(os.path.join(directory, name))}


class Identity(unittest.TestCase):
    # The first start in an empty state directory founds a cluster; keys are of mode 0600 and are never printed.
    def test_founding(self):
        with nr.Cluster() as cluster:
            node = cluster.noded().start()
            info = node.info()
            self.assertTrue(info["founder"])
            self.assertRegex(info["node_id"], r"^node-[A-Za-z0-9._-]+-" + info["node_key"].hex()[:8] + "$")
            modes = files(node.state)
            for name in ("node.key", "cluster.keys", "authority.key", "authority.pub"):
                self.assertEqual(modes[name], 0o600, name)
            self.assertEqual(os.stat(node.state).st_mode & 0o7777, 0o750)
            for name in ("node.key", "cluster.keys", "authority.key"):
                with open(os.path.join(node.state, name)) as f:
                    self.assertNotIn(f.read().strip(), node.log())

    # A joiner has the same cluster, not the authority's key, and its token's seeds survive a restart.
    def test_joining(self):
        with nr.Cluster() as cluster:
            a = cluster.noded().start()
            b = cluster.noded(token=a.invite()).start()
            nr.wait_for(lambda: b.info()["peers"] == 1)
            self.assertFalse(b.info()["founder"])
            self.assertNotIn("authority.key", files(b.state))
            key = b.info()["node_key"]
            b.stop()
            shutil.rmtree(os.path.join(b.state, "registry"))  # what it remembers of peers is gone, the seeds are not
            os.mkdir(os.path.join(b.state, "registry"))
            b.start()
            nr.wait_for(lambda: b.info()["peers"] == 1)
            self.assertEqual(b.info()["node_key"], key)

    # A token may be a file too, and of another form it is refused before anything was made.
    def test_token_file(self):
        with nr.Cluster() as cluster:
            a = cluster.noded().start()
            path, state = cluster.path("token"), cluster.path("s")
            token = a.invite()
            with open(path, "w") as f:
                f.write(token[:-1] + ("0" if token[-1] != "0" else "1"))
            flags = ["--state-dir", state, "--bind", "127.0.0.1:0", "--token", path]
            status, _, err = nr.run("noded", *flags)
            self.assertEqual(status, 1)
            self.assertIn(f"{path}: this is not a token, or it is damaged", err)
            self.assertNotIn("cluster.keys", files(state))
            status, _, err = nr.run("noded", *flags[:-1], cluster.path("none"))
            self.assertEqual(status, 1)
            self.assertIn("none: cannot be read: No such file or directory", err)
            with open(path, "w") as f:
                f.write("\n " + token + " \n")
            b = cluster.noded(flags=["--token", path]).start()
            nr.wait_for(lambda: b.info()["peers"] == 1)
            # The flag may stay on later starts, with its file or without.
            b.stop()
            b.start()
            b.stop()
            os.unlink(path)
            b.start()
            b.stop()
            os.mkdir(path)  # what cannot be read does not matter any more either
            b.start()

    # A token of another cluster is an error that says so and changes nothing; the own cluster's is accepted again.
    def test_other_cluster(self):
        with nr.Cluster() as cluster:
            a, other = cluster.noded().start(), cluster.noded().start()
            foreign, own = other.invite(), a.invite()
            a.stop()
            status, _, err = nr.run("noded", *a.flags, "--token", "-", stdin=foreign)
            self.assertEqual(status, 1)
            self.assertIn("this state directory belongs to another cluster than the token", err)
            a.token, a.first = own, True
            a.start()
            self.assertTrue(a.info()["founder"])

    # The node id is settled on the first start.
    def test_node_id(self):
        with nr.Cluster() as cluster:
            node = cluster.noded(node_id="atlas").start()
            self.assertEqual(node.info()["node_id"], "atlas")
            node.stop()
            node.flags[node.flags.index("atlas")] = "zeus"
            node.start()
            self.assertEqual(node.info()["node_id"], "atlas")
            self.assertIn("node_id is settled on the first start: wanted=zeus kept=atlas", node.log())

    # A registry whose keys are gone is not taken for a first start.
    def test_lost_keys(self):
        with nr.Cluster() as cluster:
            node = cluster.noded().start()
            node.stop()
            os.unlink(os.path.join(node.state, "cluster.keys"))
            status, _, err = nr.run("noded", *node.flags)
            self.assertEqual(status, 1)
            self.assertIn("there is a registry, but cluster.keys is missing", err)
            with open(os.path.join(node.state, "cluster.keys"), "w") as f:
                f.write("garbage\n")
            status, _, err = nr.run("noded", *node.flags)
            self.assertEqual(status, 1)
            self.assertIn("cluster.keys: the store is damaged", err)

    # A state directory of one's own publishes no node id.
    def test_own_directory_is_not_published(self):
        with nr.Cluster() as cluster:
            home = cluster.path("home")
            os.mkdir(home)
            node = cluster.noded(env={"HOME": home}).start()
            node.stop()
            self.assertFalse(os.path.exists(os.path.join(home, ".config")))

    # Somebody who is not root: state, socket and published id are where the XDG rules say.
    @unittest.skipUnless(os.geteuid() == 0, "needs root to become somebody else")
    def test_default_paths(self):
        with nr.Cluster() as cluster:
            home, run = cluster.path("home"), cluster.path("run")
            os.chmod(cluster.directory, 0o755)
            for directory in (home, run):
                os.mkdir(directory)
                os.chown(directory, 65534, 65534)
            words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", nr.program("noded"), "--bind", "127.0.0.1:0",
                     "--node-id", "someone"]
            env = {"HOME": home, "XDG_RUNTIME_DIR": run, "XDG_STATE_HOME": "", "DAGI_CONFIG": os.devnull}
            process = nr.Process("noded", words, cluster.path("log"), env=env)
            cluster.processes.append(process)
            process.spawn()
            socket = os.path.join(run, "dagi", "noded.sock")

            def answers():
                process.check_running()
                with nr.Control(socket) as control:
                    return control.call("info")
            info = nr.wait_for(answers)
            self.assertEqual(info["state_dir"], os.path.join(home, ".local", "state", "dagi"))
            self.assertEqual(info["socket"], socket)
            published = os.path.join(home, ".config", "dagi", "node_id")
            with open(published) as f:
                self.assertEqual(f.read(), "someone\n")
            self.assertEqual(os.stat(published).st_mode & 0o777, 0o644)
            self.assertEqual(process.stop(), 0)

    # A founding that was cut short by a crash is taken up again.
    def test_interrupted_founding(self):
        with nr.Cluster() as cluster:
            node = cluster.noded().start()
            key = node.info()["node_key"]
            node.stop()
            for name in ("registry", "pulse"):
                shutil.rmtree(os.path.join(node.state, name))
            os.unlink(os.path.join(node.state, "cluster.keys"))
            node.start()
            self.assertEqual(node.info()["node_key"], key)


if __name__ == "__main__":
    unittest.main()
