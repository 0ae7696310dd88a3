#!/usr/bin/python3
"""noded's flags, exit status, what it says when it cannot start, and SIGHUP."""

import json
import os
import signal
import unittest

import nr


class Flags(unittest.TestCase):
    # Help and version go to standard output with status 0.
    def test_help_and_version(self):
        status, out, err = nr.run("noded", "--help")
        self.assertEqual((status, err), (0, ""))
        for flag in ("state-dir", "socket", "bind", "advertise", "token", "join", "node-id", "role", "label", "hostname", "ip",
                     "metadata", "heartbeat-interval", "log-format"):
            self.assertIn(f"--{flag} ", out)
        status, out, _ = nr.run("noded", "--version")
        self.assertEqual(status, 0)
        self.assertRegex(out, r"^noded \d+\.\d+\.\d+\n$")

    # Wrong usage is status 2, every fault on a line of its own on standard error, nothing on standard output.
    def test_wrong_usage(self):
        status, out, err = nr.run("noded", "--bind", "nonsense", "--heartbeat-interval", "0", "--frobnicate", "x")
        self.assertEqual((status, out), (2, ""))
        self.assertIn("noded: --bind: must be HOST:PORT, with an IPv6 address in brackets: 'nonsense'\n", err)
        self.assertIn("noded: --heartbeat-interval: must be from 1 to 3600: '0'\n", err)
        self.assertIn("noded: --frobnicate: unknown or ambiguous flag\n", err)

    # --check-config checks the file too, and starts nothing.
    def test_check_config(self):
        with nr.Cluster() as cluster:
            path, state = cluster.path("c.conf"), cluster.path("state")
            with open(path, "w") as f:
                f.write(f"[node]\nstate_dir = {state}\n[log]\nlevel = silent\n")
            status, _, err = nr.run("noded", "--config", path, "--check-config")
            self.assertEqual(status, 2)
            self.assertIn(f"noded: {path}:4: level: must be one of error|warning|info|debug: 'silent'\n", err)
            with open(path, "w") as f:
                f.write(f"[node]\nstate_dir = {state}\n")
            self.assertEqual(nr.run("noded", "--config", path, "--check-config")[0], 0)
            self.assertFalse(os.path.exists(state))

    # A flag is stronger than the environment, that than the file.
    def test_precedence(self):
        with nr.Cluster() as cluster:
            path = cluster.path("c.conf")
            with open(path, "w") as f:
                f.write("[node]\nrole = of-file\nhostname = of-file\nip = 192.0.2.1\n")
            node = cluster.noded(flags=["--config", path, "--role", "of-flag"], env={"DAGI_ROLE": "of-env", "DAGI_HOSTNAME": "of-env"})
            node.start()
            self.assertEqual(node.info()["role"], "of-flag")
            status, out, _ = nr.run("noded", *node.flags, "--print-config", env={"DAGI_HOSTNAME": "of-env"})
            self.assertEqual(status, 0)
            self.assertIn("# environment\nhostname = of-env\n", out)
            self.assertIn("# file\nip = 192.0.2.1\n", out)

    # What stands in the way of a start is said, and the status is 1.
    def test_failing_starts(self):
        with nr.Cluster() as cluster:
            node = cluster.noded().start()
            same_dir = nr.run("noded", *node.flags)
            self.assertEqual(same_dir[0], 1)
            self.assertIn("another noded uses this state directory", same_dir[2])
            other = cluster.path("other")
            taken = nr.run("noded", "--state-dir", other, "--bind", node.address)
            self.assertEqual(taken[0], 1)
            self.assertIn("gossip: cannot bind: Address already in use address=" + node.address, taken[2])
            socket = nr.run("noded", "--state-dir", other, "--bind", "127.0.0.1:0", "--socket", node.socket)
            self.assertEqual(socket[0], 1)
            self.assertIn("control: cannot listen: another noded listens there path=" + node.socket, socket[2])
            nowhere = nr.run("noded", "--state-dir", "/dev/null/x", "--bind", "127.0.0.1:0")
            self.assertEqual(nowhere[0], 1)
            self.assertIn("/dev/null/x: cannot be made: Not a directory", nowhere[2])
            self.assertEqual(node.info()["health"], "ok")

    # The socket has mode 0660, a stale one is replaced, and a clean end removes it.
    def test_socket(self):
        with nr.Cluster() as cluster:
            node = cluster.noded().start()
            self.assertEqual(os.stat(node.socket).st_mode & 0o777, 0o660)
            node.kill()
            self.assertTrue(os.path.exists(node.socket))
            node.start()
            self.assertEqual(node.stop(), 0)
            self.assertFalse(os.path.exists(node.socket))

    # SIGHUP applies what can change live; a file that has become bad changes nothing; keys that are fixed are named.
    def test_reload(self):
        with nr.Cluster() as cluster:
            path = cluster.path("c.conf")

            def configure(text):
                with open(path, "w") as f:
                    f.write(text)
                node.signal(signal.SIGHUP)

            with open(path, "w") as f:
                f.write("[node]\nrole = first\n")
            node = cluster.noded(flags=["--config", path]).start()
            self.assertEqual(node.info()["role"], "first")
            configure("[node]\nrole = second\nheartbeat_interval = 20\n[log]\nlevel = debug\n")
            nr.wait_for(lambda: node.info()["role"] == "second")
            nr.wait_for(lambda: "config: a change takes a restart: key=heartbeat_interval" in node.log())
            configure("[node]\nrole = third\nrule = x\n")
            nr.wait_for(lambda: "config: not read again" in node.log())
            self.assertIn(f"{path}:3: unknown key in [node]: 'rule'", node.log())
            self.assertEqual(node.info()["role"], "second")

    # The operation `reload` does the same, and is answered when the change is in force; of a bad file it says so.
    def test_reload_asked(self):
        with nr.Cluster() as cluster:
            path = cluster.path("c.conf")
            with open(path, "w") as f:
                f.write("[node]\nrole = first\n")
            node = cluster.noded(flags=["--config", path]).start()
            self.assertEqual(node.info()["config"], path)
            with open(path, "w") as f:
                f.write("[node]\nrole = second\n")
            node.call("reload")
            self.assertEqual(node.info()["role"], "second")
            with open(path, "w") as f:
                f.write("[node]\nrole =\n")
            with self.assertRaises(nr.ControlError) as caught:
                node.call("reload")
            self.assertEqual(caught.exception.word, "invalid")
            self.assertEqual(node.info()["role"], "second")

    # Lines in JSON are JSON, each.
    def test_json_log(self):
        with nr.Cluster() as cluster:
            node = cluster.noded(flags=["--log-format", "json"]).start()
            node.stop()
            lines = [json.loads(line) for line in node.log().splitlines()]
            self.assertTrue(any(line["message"].startswith("noded: started: node_id=") for line in lines))
            self.assertEqual({"time", "level", "message"}, set(lines[0]))

    # Both families, several addresses, and a port of the kernel's choice.
    def test_bind(self):
        with nr.Cluster() as cluster:
            node = cluster.noded(flags=["--bind", "[::1]:0"]).start()
            bound = node.info()["bind"]
            self.assertEqual(bound[0], node.address)
            self.assertRegex(bound[1], r"^\[::1\]:[1-9]\d*$")


if __name__ == "__main__":
    unittest.main()
