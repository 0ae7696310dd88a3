#!/usr/bin/python3
"""The units under a real systemd: sandboxed as far as they say, started, reloaded, killed, hung, moved to another cluster; and what each of
the two daemons may reach."""

import contextlib
import os
import re
import signal
import socket
import struct
import subprocess
import tempfile

import msgpack

import machine
import nr

UNITS = ("noded", "nodehttpd", "dagi-agent")
EXPOSED_AT_MOST = {"noded": 1.5, "nodehttpd": 1.2, "dagi-agent": 1.5}
KEYS = "/var/lib/dagi/node.key"


def healthy(m):
    nr.wait_for(lambda: m.http("GET", "/health")[0] == 200, 30, "a healthy facade")


def said(m, unit, words):
    nr.wait_for(lambda: words in m.run("journalctl", "-q", "-u", unit, "-o", "cat"), 15, f"{unit} saying: {words}")


def drop_in(m, unit, text):
    directory = f"/run/systemd/system/{unit}.service.d"
    m.run("mkdir", "-p", directory)
    m.write(f"{directory}/test.conf", text)
    m.run("systemctl", "daemon-reload")


def no_drop_in(m, unit):
    m.run("rm", "-r", f"/run/systemd/system/{unit}.service.d")
    m.run("systemctl", "daemon-reload")


# systemd finds nothing wrong with the units, and each is exposed no more than it is known to need.
def check_words(m):
    for unit in UNITS:
        assert m.run("systemd-analyze", "verify", "--man=no", f"{unit}.service") == ""
        text = m.run("systemd-analyze", "security", "--no-pager", f"{unit}.service", check=False)[1]
        level = float(re.search(r"exposure level for \S+: ([\d.]+)", text).group(1))
        assert level <= EXPOSED_AT_MOST[unit], (unit, level)
        print(f"{unit}: exposure {level}")


def as_user(m, user, *words):
    return m.run("setpriv", f"--reuid={user}", "--regid=dagi" if user != "nobody" else "--regid=nogroup", "--clear-groups", *words,
                 check=False)


# The facade's user reaches the store and the socket and no key; others reach neither.
def check_modes(m):
    modes = m.run("stat", "-c", "%a %U %G", "/var/lib/dagi", "/run/dagi", "/run/dagi/noded.sock", KEYS).splitlines()
    assert modes == ["750 dagi dagi", "750 dagi dagi", "660 dagi dagi", "600 dagi dagi"], modes
    assert as_user(m, "dagi", "test", "-r", KEYS)[0] == 0
    for name in ("node.key", "cluster.keys", "authority.key"):
        assert as_user(m, "dagi-http", "test", "-r", f"/var/lib/dagi/{name}")[0] == 1, name
    assert as_user(m, "dagi-http", "test", "-w", "/var/lib/dagi")[0] == 1
    assert as_user(m, "dagi-http", "nodectl", "nodes")[0] == 0
    assert as_user(m, "nobody", "nodectl", "nodes")[0] == 1


# A reload applies a changed configuration in the same process.
def check_reload(m, own):
    pids = [m.unit(unit, "MainPID") for unit in UNITS[:2]]
    m.write("/etc/dagi/noded.conf", m.read("/etc/dagi/noded.conf").replace("role = worker", "role = gateway"))
    m.run("systemctl", "reload", "noded", "nodehttpd")
    nr.wait_for(lambda: m.http("GET", f"/api/v1/nodes/{own}")[1]["role"] == "gateway", 10, "the new role")
    said(m, "nodehttpd", "config: read again")
    assert [m.unit(unit, "MainPID") for unit in UNITS[:2]] == pids


# Killed, each daemon is started anew, and the other goes on meanwhile; what was registered is there.
def check_killed(m):
    facade = m.unit("nodehttpd", "MainPID")
    m.kill("noded")
    healthy(m)
    assert m.unit("nodehttpd", "MainPID") == facade
    m.kill("nodehttpd")
    healthy(m)
    assert m.http("GET", "/api/v1/nodes/n-one")[0] == 200


# A daemon that hangs is ended and started anew. (With a shorter patience than the unit's.)
def check_hung(m):
    assert m.unit("noded", "WatchdogUSec") == "2min"
    drop_in(m, "noded", "[Service]\nWatchdogSec=1\nTimeoutAbortSec=1\nRestartSec=0\n")
    m.run("systemctl", "restart", "noded")
    pid = m.signal("noded", signal.SIGSTOP)
    nr.wait_for(lambda: m.unit("noded", "ActiveState", "NRestarts") == ["active", "1"], 20, "noded being started anew")
    assert m.unit("noded", "MainPID") != pid
    no_drop_in(m, "noded")
    m.run("systemctl", "restart", "noded")
    healthy(m)


# Starting the facade fails where its port is taken, and it comes when the port is free.
def check_port(m):
    m.run("systemctl", "stop", "nodehttpd")
    with m.network():
        other = socket.create_server(("127.0.0.1", 9205))
    with other:
        assert m.run("systemctl", "start", "nodehttpd", check=False)[0] == 1
        said(m, "nodehttpd", "http: cannot listen: Address already in use")
    healthy(m)


# A wrong configuration is named, and not tried again and again.
def check_wrong(m):
    good = m.read("/etc/dagi/noded.conf")
    m.write("/etc/dagi/noded.conf", good + "\n[nonsense]\n")
    assert m.run("systemctl", "restart", "noded", check=False)[0] == 1
    assert m.unit("noded", "ActiveState", "Result", "NRestarts") == ["failed", "exit-code", "0"]
    said(m, "noded", "/etc/dagi/noded.conf")
    m.write("/etc/dagi/noded.conf", good)
    m.run("systemctl", "start", "noded")
    healthy(m)


# A token that lies in /etc/dagi is joined by on the first start, with nothing else to configure; one that noded may not read keeps it from
# founding a cluster of its own; later starts do without.
def check_token(m):
    token = m.run("sh", "-c", "nodectl invite 2>/dev/null")
    m.run("systemctl", "stop", "nodehttpd", "noded")
    m.run("find", "/var/lib/dagi", "-mindepth", "1", "-delete")
    m.write("/etc/dagi/token", token, 0o600)
    assert m.run("systemctl", "start", "noded", check=False)[0] == 1
    said(m, "noded", "/etc/dagi/token: cannot be read: Permission denied")
    assert not os.path.exists(m.path("/var/lib/dagi/cluster.keys"))
    m.run("systemd-tmpfiles", "--create", "dagi.conf")
    m.run("systemctl", "start", "noded", "nodehttpd")
    said(m, "noded", "noded: cluster joined")
    assert not os.path.exists(m.path("/var/lib/dagi/authority.key"))
    healthy(m)
    own = m.http("GET", "/")[1]["node_id"]
    assert m.read("/etc/dagi/node_id").strip() == own
    os.unlink(m.path("/etc/dagi/token"))
    m.run("systemctl", "restart", "noded")
    assert m.read("/etc/dagi/node_id").strip() == own
    healthy(m)


# Where no noded is (here: where it cannot be seen), the agent registers the machine, keeps its id, and tells that it leaves.
def check_agent(m):
    os.unlink(m.path("/etc/dagi/node_id"))
    m.run("systemctl", "start", "dagi-agent")
    assert m.unit("dagi-agent", "ActiveState", "ConditionResult") == ["inactive", "no"]
    drop_in(m, "dagi-agent", "[Unit]\nConditionPathExists=\n[Service]\nTemporaryFileSystem=/run/dagi\n")
    m.write("/etc/default/dagi-agent", 'DAGI_AGENT_OPTIONS="--registry-url http://localhost:9205 --role outpost --labels far,away"\n')
    ids = set()
    for _ in range(2):
        m.run("systemctl", "restart", "dagi-agent")
        nr.wait_for(lambda: len(m.http("GET", "/api/v1/nodes?role=outpost&label=far&status=online")[1]) == 1, 30, "the agent's node")
        ids.add(m.http("GET", "/api/v1/nodes?role=outpost")[1][0]["node_id"])
        m.run("systemctl", "stop", "dagi-agent")
        nr.wait_for(lambda: m.http("GET", "/api/v1/nodes?role=outpost")[1][0]["status"] == "left", 10, "the agent's leave")
    assert {m.read("/var/lib/dagi-agent/.config/dagi/node_id").strip()} == ids, ids
    no_drop_in(m, "dagi-agent")


def look_unit(m):
    """A unit that is noded's but for the program, which is nodeprobe: systemd starts it on a socket, as noded does."""
    text = m.read("/usr/lib/systemd/system/noded.service").split("[Install]")[0]
    text = re.sub(r"^(Type|ExecStart\w*|ExecReload|WatchdogSec|Restart\w*|Runtime\w+)=.*\n", "", text, flags=re.MULTILINE)
    m.write("/run/systemd/system/look@.service",
            text + "ExecStart=/usr/libexec/dagi/nodeprobe\nStandardInput=socket\nStandardError=journal\n")
    m.write("/run/systemd/system/look.socket", "[Socket]\nListenStream=/run/look.sock\nAccept=yes\n")
    m.run("systemctl", "daemon-reload")
    m.run("systemctl", "start", "look.socket")


def look(m, checks):
    """What nodeprobe reports there, asked to run those commands: its report, and what each command ended as."""
    plan = {"checks": [{"id": name, "exec": command, "interval_ms": 60000, "timeout_ms": 5000, "port": 0}
                       for name, command in checks.items()],
            "load_ms": 10000, "off": [], "ollama": "", "once": True}
    report = {}
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(30)
        probe.connect(m.path("/run/look.sock"))
        frame = nr.pack(plan)
        probe.sendall(struct.pack(">I", len(frame)) + frame)
        with probe.makefile("rb") as frames:
            while len(head := frames.read(4)) == 4:
                report.update(msgpack.unpackb(frames.read(struct.unpack(">I", head)[0]), raw=False))
    return report, {c["id"]: c["status"] for c in report.get("modules", [])}


# noded's helper sees in noded's sandbox what it is to see, and the commands of checks no more than that.
def check_sandbox(m):
    m.run("mknod", "-m", "666", "/dev/other", "c", "1", "11")  # the kernel's log, which everybody may open to write
    assert as_user(m, "nobody", "sh", "-c", ":>/dev/other")[0] == 0
    m.run("mkdir", "-p", "/run/user/7")
    allowed = {"meminfo": "/usr/bin/grep -q MemAvailable /proc/meminfo", "sysfs": "/usr/bin/test -d /sys/class/net/lo",
               "null": "/usr/bin/dd if=/dev/null of=/dev/null", "disk": "/usr/bin/df /"}
    denied = {"device": "/bin/sh -c :>/dev/other", "home": "/usr/bin/test -e /run/user/7",
              "etc": "/usr/bin/touch /etc/dagi/made", "tunable": "/usr/bin/tee /proc/sys/kernel/hostname",
              "docker": "/usr/bin/test -r /srv/docker"}
    m.run("systemd-sysusers", "--inline", "g docker -")
    m.run("install", "-m", "660", "-g", "docker", "/dev/null", "/srv/docker")
    subprocess.run(["nsenter", "-n", "-t", str(m.pid1), "sh", "-ec",
                    "ip link add eth0 type veth peer eth1; ip addr add 192.0.2.7/24 dev eth0; ip link set eth1 up; ip link set eth0 up"],
                   check=True)
    look_unit(m)
    report, ended = look(m, {**allowed, **denied})
    assert set(ended) == {*allowed, *denied} and {name for name in ended if ended[name] == "up"} == set(allowed), report
    machine_facts = report["capabilities"]["system"]
    assert machine_facts["addresses"] == ["192.0.2.7"] and machine_facts["os"].startswith("Debian"), report
    assert all(machine_facts[name] > 0 for name in ("cpu_count", "memory_total_gb", "disk_total_gb")), report
    assert {"cpu_percent", "memory_percent", "memory_available_gb", "disk_percent", "disk_free_gb"} <= set(report["metrics"]), report


# noded runs its helper there: what a check of its configuration finds becomes part of the node.
def check_checks(m, own):
    m.write("/etc/dagi/noded.conf", m.read("/etc/dagi/noded.conf") + "\n[check.kernel]\nexec = /usr/bin/grep -q . /proc/meminfo\n")
    m.run("systemctl", "reload", "noded")
    nr.wait_for(lambda: m.http("GET", f"/api/v1/nodes/{own}")[1]["metadata"]["modules"] == [{"id": "kernel", "status": "up"}], 30,
                "the check's result")


# The drop-ins that are shipped as examples open what they say.
def check_drop_ins(m):
    m.run("mkdir", "-p", "/run/systemd/system/look@.service.d")
    m.run("sh", "-c", "cp /usr/share/doc/dagi-registry/systemd/drop-ins/*.conf /run/systemd/system/look@.service.d")
    m.run("systemctl", "daemon-reload")
    report, ended = look(m, {"docker": "/usr/bin/test -r /srv/docker", "home": "/usr/bin/test -e /run/user/7"})
    assert ended == {"docker": "up", "home": "up"}, report


with contextlib.ExitStack() as stack:
    m = stack.enter_context(machine.Machine())
    directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="nr-units-"))
    m.chroot("apt-get", "-y", "-q", "--no-install-recommends", "install", m.put(machine.packages(directory)["dagi-registry"]))
    m.boot()
    healthy(m)
    assert m.http("POST", "/api/v1/nodes/register", {"node_id": "n-one", "hostname": "h", "role": "worker"})[0] == 200
    check_words(m)
    check_modes(m)
    own = m.http("GET", "/")[1]["node_id"]
    check_reload(m, own)
    check_killed(m)
    check_hung(m)
    check_port(m)
    check_wrong(m)
    check_checks(m, own)
    check_sandbox(m)
    check_drop_ins(m)
    check_agent(m)
    check_token(m)
    assert m.run("systemctl", "--failed", "--no-legend", "--plain") == ""
