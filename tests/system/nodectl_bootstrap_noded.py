#!/usr/bin/python3
"""nodectl bootstrap on a machine with noded: one that runs is configured, one that does not is configured and started."""

import os
import re
import stat
import unittest

import nr
from private import Machine

CONF = """# Ours.
[gossip]
bind = 127.0.0.1:{port}

[node]
; kept
# role = worker
label = old  ; why
"""
SYSTEMCTL = """#!/bin/sh
# As systemd does with the unit, as far as it matters here.
echo "$@" >>/run/systemctl.log
echo "said by $1"
case $* in
"enable --now noded.service")
    mkdir -p /run/dagi
    setsid noded --state-dir /var/lib/dagi --socket /run/dagi/noded.sock </dev/null >>/run/noded.log 2>&1 &
    ;;
esac
"""


class WithNoded(unittest.TestCase):
    def setUp(self):
        self.cluster = nr.Cluster()
        self.addCleanup(self.cluster.__exit__, None)
        self.first = self.cluster.noded(node_id="first").start()
        self.machine = Machine(("nodectl", "nodeprobe", "noded"))
        self.addCleanup(self.machine.__exit__)
        self.machine.write(CONF.format(port=nr.free_port()), "etc/dagi/noded.conf", mode=0o640)
        self.machine.write(self.first.invite() + "\n", "run/token", mode=0o600)

    def bootstrap(self, *flags, expect=0, **options):
        status, out, err = self.machine.run("nodectl", "bootstrap", *flags, **options)
        self.assertEqual(status, expect, (out, err))
        return out, err

    def conf(self):
        return self.machine.read("etc/dagi/noded.conf")

    def socket(self):
        return self.machine.path("run/dagi/noded.sock")

    def started(self):
        """Connects to the machine's noded, as it was started in its background."""
        return nr.wait_for(lambda: nr.Control(self.socket()))

    def processes(self):
        return self.machine.run("pgrep", "-x", "noded")[1].split()


class Start(WithNoded):
    # It is configured, started, and joins; its token stands in no argument and no file. Again changes what is asked for.
    def test_in_the_background(self):
        out, err = self.bootstrap("--role", "gpu-node", "--labels", "gpu,eu", "--token", "/run/token", "--node-id", "second")
        self.assertRegex(out, r"(?m)^Role +gpu-node$")
        pid = re.search(r"as process (\d+).*To stop it: kill (\d+)", err)[1]
        self.assertEqual(self.processes(), [pid])
        words = self.machine.run("cat", f"/proc/{pid}/cmdline")[1]
        self.assertEqual(words.split("\0")[1:-1], ["--config", "/etc/dagi/noded.conf", "--token", "-"])
        self.assertIn("\n; kept\n# role = worker\nrole = gpu-node\nlabel = gpu, eu  ; why\n", self.conf())
        self.assertEqual(stat.S_IMODE(os.stat(self.machine.path("etc/dagi/noded.conf")).st_mode), 0o640)
        self.assertIn("cluster joined", self.machine.read("lib/dagi/noded.log"))
        self.assertIn("first", self.machine.run("nodectl", "nodes")[1], "it shows the cluster as soon as it returns")
        self.assertEqual(self.first.info()["peers"], 1)

        kept = os.stat(self.machine.path("etc/dagi/noded.conf")).st_ino
        _, err = self.bootstrap("--role", "gpu-node", "--labels", "gpu,eu", "--token", "/run/token")
        self.assertIn("says so already", err)
        self.assertEqual(os.stat(self.machine.path("etc/dagi/noded.conf")).st_ino, kept)
        self.assertEqual(self.processes(), [pid])
        self.assertEqual(self.machine.run("kill", pid)[0], 0)
        nr.wait_for(lambda: not self.processes())
        out, _ = self.bootstrap("--role", "other")
        self.assertRegex(out, r"(?m)^Node +second$")
        self.assertRegex(out, r"(?m)^Labels +gpu,eu$")

    # A machine that was a node before it had noded stays that node.
    def test_known_before(self):
        self.machine.write("of-before\n", "etc/dagi/node_id")
        out, err = self.bootstrap("--role", "r", "--token", "/run/token")
        self.assertIn("stays it", err)
        self.assertRegex(out, r"(?m)^Node +of-before$")
        self.assertEqual(self.machine.read("etc/dagi/node_id"), "of-before\n")

    # What the configuration says its id is comes first.
    def test_told_before(self):
        self.machine.write("of-before\n", "etc/dagi/node_id")
        self.machine.write(self.conf() + "node_id = told\n", "etc/dagi/noded.conf")
        out, _ = self.bootstrap("--role", "r")
        self.assertRegex(out, r"(?m)^Node +told$")

    # Two at once start one.
    def test_two_at_once(self):
        words = ["nodectl", "bootstrap", "--role", "r", "--token", "/run/token"]
        both = [self.machine.start(*words) for _ in range(2)]
        for process in both:
            out, err = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 0, (out, err))
        self.assertEqual(len(self.processes()), 1)

    # One that ends at once is not waited for, and what it said is shown.
    def test_cannot_start(self):
        self.machine.write(CONF.format(port=self.first.port), "etc/dagi/noded.conf")
        _, err = self.bootstrap("--role", "r", "--token", "/run/token", expect=1)
        self.assertIn("noded has ended at once", err)
        self.assertIn("Address already in use", err)

    # Without a token it founds a cluster, and says so; a state directory of another cluster than the token is not touched.
    def test_other_cluster(self):
        _, err = self.bootstrap("--role", "r")
        self.assertIn("founds a cluster of its own", err)
        before = self.conf()
        _, err = self.bootstrap("--role", "x", "--token", "/run/token", expect=1)
        self.assertIn("/var/lib/dagi: this state directory belongs to another cluster than the token", err)
        self.assertEqual(self.machine.run("kill", *self.processes())[0], 0)
        nr.wait_for(lambda: not self.processes())
        _, err = self.bootstrap("--role", "x", "--token", "/run/token", expect=1)
        self.assertIn("another cluster than the token", err)
        self.assertEqual((self.conf(), self.processes()), (before, []))

    # A user that may not write the system's configuration has one at home, and uses it again.
    def test_of_a_user(self):
        os.unlink(self.machine.path("etc/dagi/noded.conf"))
        home = "run/home/.config/dagi/noded.conf"
        self.machine.write(CONF.format(port=nr.free_port()), home)
        os.chown(self.machine.path("run/home/.config"), 65534, 65534)
        os.chown(self.machine.path("run/home/.config/dagi"), 65534, 65534)
        os.chown(self.machine.path(home), 65534, 65534)
        os.chown(self.machine.path("run/token"), 65534, 65534)
        out, _ = self.bootstrap("--role", "mine", "--token", "/run/token", user=65534)
        self.assertRegex(out, r"(?m)^Role +mine$")
        self.assertIn("role = mine\n", self.machine.read(home))
        out, _ = self.bootstrap("--role", "yours", user=65534)
        self.assertRegex(out, r"(?m)^Role +yours$")

    # A dry run says what would be written.
    def test_dry_run(self):
        before = self.conf()
        out, _ = self.bootstrap("--role", "r", "--labels", "a,b", "--dry-run")
        self.assertEqual(out, "/etc/dagi/noded.conf\n  role = r\n  label = a, b\n")
        self.assertEqual((self.conf(), self.processes()), (before, []))


class Systemd(WithNoded):
    # Where systemd runs the machine, its unit is enabled and started; the token stands where that looks for it, its user's
    # alone, until it has joined.
    def test_unit(self):
        os.makedirs(self.machine.path("run/systemd/system"))
        self.machine.write(SYSTEMCTL, "run/bin/systemctl", mode=0o755)
        _, err = self.bootstrap("--role", "r", "--token", "/run/token", expect=1)
        self.assertIn("the user dagi", err)
        with open(self.machine.path("etc/passwd"), "a", encoding="ascii") as f:
            f.write("dagi:x:990:990::/var/lib/dagi:/usr/sbin/nologin\n")
        see = 'case $* in enable*) stat -c "%a %U" /etc/dagi/token;; esac >>/run/seen\n'
        self.machine.write(SYSTEMCTL.replace("\ncase", "\n" + see + "case", 1), "run/bin/systemctl", mode=0o755)
        _, err = self.bootstrap("--role", "r", "--token", "/run/token")
        self.assertIn("systemctl stop noded", err)
        self.assertIn("said by enable", err)
        self.assertNotIn("said by cat", err)
        self.assertEqual(self.machine.read("run/seen"), "600 dagi\n")
        self.assertIn("enable --now noded.service\n", self.machine.read("run/systemctl.log"))
        self.assertFalse(os.path.exists(self.machine.path("etc/dagi/token")))
        nr.wait_for(lambda: self.first.info()["peers"] == 1, 30)
        # Left by one that was cut short: removed by the next. Another one's stays.
        self.machine.write(self.machine.read("run/token"), "etc/dagi/token", mode=0o600)
        self.bootstrap("--role", "r", "--token", "/run/token")
        self.assertFalse(os.path.exists(self.machine.path("etc/dagi/token")))
        self.machine.write("of somebody", "etc/dagi/token", mode=0o600)
        self.bootstrap("--role", "r", "--token", "/run/token")
        self.assertEqual(self.machine.read("etc/dagi/token"), "of somebody")

    # A unit that cannot be started is an error that says where to look.
    def test_unit_fails(self):
        os.makedirs(self.machine.path("run/systemd/system"))
        self.machine.write('#!/bin/sh\n[ "$1" != enable ]\n', "run/bin/systemctl", mode=0o755)
        self.assertIn("journalctl -u noded", self.bootstrap("--role", "r", expect=1)[1])


class Running(WithNoded):
    """A noded that somebody else has started."""

    def noded(self, *flags, env=None):
        os.makedirs(self.machine.path("run/dagi"), exist_ok=True)
        log = open(self.machine.path("run/noded.log"), "w", encoding="utf-8")
        self.addCleanup(log.close)
        process = self.machine.start("noded", *flags, log=log, env=env)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.started().close()

    # Its file is changed, all else in it kept, and it takes the change at once.
    def test_configured(self):
        self.noded()
        out, err = self.bootstrap("--role", "new", "--labels", "a,b", "--metadata", "owner=ops", "--keep-alive", "--interval", "5s")
        self.assertRegex(out, r"(?m)^Role +new$")
        self.assertRegex(out, r"(?m)^Labels +a,b$")
        self.assertIn('"owner": "ops"', out)
        self.assertIn("takes effect when noded is started again", err)
        self.assertIn("nothing to keep alive", err)
        self.assertIn("\nrole = new\nlabel = a, b  ; why\n", self.conf())
        self.assertIn("heartbeat_interval = 5\n", self.conf())
        out, _ = self.bootstrap("--labels", "")
        self.assertRegex(out, r"(?m)^Labels +-$")
        self.assertNotIn("\nlabel", self.conf())

    # The file that it reads is the one that is written: another one is refused, and one that it was told is found.
    def test_its_own_file(self):
        self.machine.write(CONF.format(port=nr.free_port()), "run/own.conf")
        self.noded("--config", "/run/own.conf")
        before = self.conf()
        self.bootstrap("--role", "new")
        self.assertIn("\nrole = new\n", self.machine.read("run/own.conf"))
        self.assertEqual(self.conf(), before)
        self.machine.write(before, "run/other.conf")
        status, _, err = self.machine.run("nodectl", "--config", "/run/other.conf", "bootstrap", "--role", "x")
        self.assertEqual((status, "noded reads /run/own.conf instead" in err), (1, True), err)

    # What it was told by a flag is stronger than its file: said, and not waited for. Its id stays.
    def test_told_by_flags(self):
        self.noded("--role", "flagged")
        _, err = self.bootstrap("--role", "new", expect=1)
        self.assertIn("keeps the role flagged", err)
        self.assertIn("its id belongs to its key", self.bootstrap("--node-id", "x", expect=1)[1])
        self.assertIn("1 to 100 bytes", self.bootstrap("--role", "r" * 101, expect=1)[1])

    # Another user may not change it, and registers no second node beside it.
    def test_denied(self):
        self.noded()
        os.chmod(self.socket(), 0o666)
        os.chmod(self.machine.path("etc/dagi/noded.conf"), 0o644)
        env = {"DAGI_SOCKET": "/run/dagi/noded.sock", "DAGI_STATE_DIR": "/var/lib/dagi"}
        _, err = self.bootstrap("--role", "x", "--registry-url", "http://127.0.0.1:1", user=65534, env=env, expect=1)
        self.assertIn("not permitted", err)


if __name__ == "__main__":
    unittest.main()
