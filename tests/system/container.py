#!/usr/bin/python3
"""deploy/container: the images of the Dockerfile run as its compose files say. No container engine is needed: the roots are made
from Debian's packages by the Dockerfile's own steps, and run in namespaces (engine.py).

    container.py          with the programs of NR_BUILD
    container.py full     also builds them, in a fresh root, from the tree as it is; takes minutes
"""

import json
import os
import re
import shlex
import sys

import yaml

import engine
import netns
import nr

FOLDER = os.path.join(nr.SOURCE, "deploy", "container")
BODY = '{"node_id": "%s", "hostname": "%s.example", "role": "worker"}'


def compose(name):
    return os.path.join(FOLDER, name)


def curl(path, *more, base="http://127.0.0.1:9205"):
    return ["curl", "-sS", "-m", "5", *more, base + path]


def post(node_id, base="http://127.0.0.1:9205"):
    """Registers a node; prints the status of the answer."""
    return curl("/api/v1/nodes/register", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Content-Type: application/json", "-d",
                BODY % (node_id, node_id), base=base)


def nodes(container, base="http://127.0.0.1:9205"):
    return {n["node_id"]: n["status"] for n in json.loads(container.run(curl("/api/v1/nodes", base=base)))}


def document():
    return engine.text_of(os.path.join(nr.SOURCE, "deploy", "CONTAINERS.md"))


def documented():
    """The docker commands that CONTAINERS.md shows, as words."""
    blocks = re.findall(r"^ *```sh\n(.*?)```", document(), re.S | re.M)
    return [shlex.split(line) for block in blocks for line in block.split("\n") if line.strip()]


def build_commands(images):
    """Those that build name stages that there are, and the images that the compose files take."""
    taken = {(s["build"]["target"], s["image"]) for f in ("compose.yaml", "compose.dagi.yaml")
             for s in engine.compose_file(compose(f))["services"].values()}
    built = [words for words in documented() if words[:2] == ["docker", "build"]]
    assert {(words[5], words[7]) for words in built} == taken == {(t, i) for t, i in taken if t in images.stages}, built
    assert all(words[2:5:2] == ["-f", "--target"] and os.path.isfile(os.path.join(nr.SOURCE, words[3])) for words in built), built


def exec_commands(project, file):
    """Those that run something in a container of this compose file run it; returns what they print."""
    named = {s.get("container_name"): n for n, s in project.services.items()}
    said = []
    for words in documented():
        if words[:2] == ["docker", "exec"] and file == "compose.dagi.yaml" and "rm" not in words:
            words = words[:words.index(">token")] if ">token" in words else words
            said.append(project[named[words[2]]].run(words[3:]))
        elif words[:3] == ["docker", "compose", "-f"] and os.path.basename(words[3]) == file and words[4] == "exec":
            said.append(project[words[5]].run(words[6:]))
    assert len(said) >= 3, said
    return said


def dockerfile(images):
    """Nobody is root, roles have their ports and health checks, programs run from what the image holds, and keys are the peer's."""
    peer, facade = images["noded"], images["nodehttpd"]
    assert (peer.user, facade.user) == ("9206:9206", "9205:9206")
    assert peer.ports == {"9206/udp"} and facade.ports == {"9205/tcp"}
    assert peer.volumes == facade.volumes == {"/var/lib/dagi"} and peer.stop_signal == facade.stop_signal == "SIGTERM"
    assert peer.health and facade.health and peer.root == facade.root
    for program in ("noded", "nodehttpd", "nodectl"):
        assert re.match(rf"{program} \d", engine.inside(peer.root, f"{program} --version")), program
    assert "nodeprobe" in engine.inside(peer.root, "/usr/local/libexec/dagi/nodeprobe --version"), "noded's helper"
    assert engine.inside(peer.root, "which gcc cmake || true") == "", "no compiler in the image"
    ignored = engine.text_of(os.path.join(nr.SOURCE, ".dockerignore")).split()
    assert ".git" in ignored and "build-*" in ignored


def hardened(project):
    """Every service has what keeps it in its place, and sees the process numbers of whom it shares a store with."""
    for name, service in project.services.items():
        assert service["pid"] == "host" and service["read_only"] is True, name
        assert service["pull_policy"] == "never" and service["build"]["dockerfile"] == "deploy/container/Dockerfile", name
        context = os.path.join(FOLDER, service["build"]["context"])
        assert os.path.samefile(context, nr.SOURCE), name
        assert set(service.get("environment", {})) <= keys(), name


def keys():
    """The environment variables that the programs know."""
    table = engine.text_of(os.path.join(nr.SOURCE, "src", "conf", "keys.h"))
    return {"DAGI_" + flag.upper().replace("-", "_") for flag in re.findall(r'X\(\w+, "\w+", "\w+", "([\w-]+)"', table)}


def three(images, lab):
    """compose.yaml: up by itself, a node registered at one is on all; a peer that dies turns its facade's health and not its reads;
    down and up again finds everything."""
    with engine.Project(images, lab, compose("compose.yaml")) as project:
        hardened(project)
        project.up()
        facades = [project[f"http{i}"] for i in (1, 2, 3)]
        peers = [project[f"node{i}"] for i in (1, 2, 3)]
        nr.wait_for(lambda: all(c.healthy() for c in facades + peers), 30, "all healthy")
        assert facades[0].run(post("n1")) == "200"
        wanted = {"node-1", "node-2", "node-3", "n1"}
        nr.wait_for(lambda: all(set(nodes(f)) == wanted for f in facades), 20, "the node being on all three")
        assert "node-3" in "".join(exec_commands(project, "compose.yaml"))
        assert facades[2].run(post("n3", base="http://http2:9205")) == "403", "writes from another container are refused"
        for secret in ("node.key", "cluster.keys", "authority.key"):
            assert not facades[0].run(["cat", f"/var/lib/dagi/{secret}"], expect=None), f"the facade reads {secret}"
        died(project, facades[1], peers[1])
        statuses = [c.stop() for c in reversed([*peers, *facades])]
        assert statuses == [0] * 6, statuses
        project.up()
        nr.wait_for(lambda: all(c.healthy() and set(nodes(f)) == wanted for c, f in zip(peers, facades)), 30, "all found again")
    print("compose.yaml: as promised")


def died(project, facade, peer):
    """A peer that hangs is unhealthy; one that is killed turns its facade's health, and reads go on."""
    peer.process.send_signal(19)  # SIGSTOP
    assert not peer.healthy(), "a peer that hangs is unhealthy"
    peer.kill()
    nr.wait_for(lambda: not facade.healthy(), 15, "the facade's health turning")
    assert "n1" in nodes(facade), "reads go on"
    assert facade.run(post("n2")) == "503", "writes wait for the peer"
    project.up()
    nr.wait_for(lambda: peer.healthy() and facade.healthy(), 15, "both healthy again")


def beside(images, lab):
    """compose.dagi.yaml: as the earlier service stood; from the stack's containers reads, and writes only from its own network."""
    (shown,) = re.findall(r"```yaml\n(.*?)```", document(), re.S)
    writer = yaml.safe_load(shown)["services"]["node-agent"]
    facade = engine.compose_file(compose("compose.dagi.yaml"))["services"]["node-registry"]
    sleeping = {k: facade[k] for k in ("build", "cap_drop", "security_opt", "pid", "read_only", "pull_policy")}
    sleeping["entrypoint"] = ["sleep", "1000"]
    more = {"router": sleeping, "node-agent": {**sleeping, "network_mode": writer["network_mode"]}}
    env = {"DAGI_NODE_ID": "node-dagi", "DAGI_ROLE": "router", "DAGI_LABEL": "gpu,eu"}
    with engine.Project(images, lab, compose("compose.dagi.yaml"), env, more) as project:
        service = project.services["node-registry"]
        assert service["container_name"] == "dagi-node-registry" and service["networks"] == ["dagi-network"]
        assert project.document["networks"]["dagi-network"] == {"external": True} and service["ports"] == ["127.0.0.1:9205:9205"]
        hardened(project)
        project.up()
        registry, router, agent = (project[n] for n in ("node-registry", "router", "node-agent"))
        nr.wait_for(registry.healthy, 20, "the registry being healthy")
        own = json.loads(registry.run(curl("/api/v1/nodes/node-dagi")))
        assert own["role"] == "router" and sorted(own["labels"]) == ["eu", "gpu"], own
        assert nodes(router, "http://node-registry:9205") == {"node-dagi": "online"}, "the stack reads by name"
        assert router.run(post("n1", base="http://node-registry:9205")) == "403"
        assert agent.run(post("n2")) == "200", "a container that shares the network writes"
        assert registry.run(post("n3")) == "200", "so does docker exec"
        assert set(nodes(router, "http://node-registry:9205")) == {"node-dagi", "n2", "n3"}
        assert '"hostname":"test"' in "".join(exec_commands(project, "compose.dagi.yaml"))
        joins(images, lab, project)
    print("compose.dagi.yaml: as promised")


def joins(images, lab, first):
    """A second machine joins with a token that was put into its volume before its first start."""
    (put,) = [words for words in documented() if "run" in words]
    (away,) = [words for words in documented() if "rm" in words]
    token = first["noded"].run(["nodectl", "invite"])
    env = {"DAGI_NODE_ID": "node-second", "DAGI_TOKEN": "/var/lib/dagi/token"}
    with engine.Project(images, lab, compose("compose.dagi.yaml"), env) as project:
        project["noded"].once([put[put.index("--entrypoint") + 1], *put[put.index("noded") + 1:-1]], token)
        project.up()
        registry, noded = project["node-registry"], project["noded"]
        nr.wait_for(lambda: {"node-dagi", "node-second", "n2", "n3"} <= set(nodes(registry)), 20, "the second knowing all")
        noded.run(away[3:])
        assert noded.stop() == 0
        project.up()
        nr.wait_for(noded.healthy, 15, "starting without the token")


def main():
    images = engine.Images(os.path.join(FOLDER, "Dockerfile"), None if "full" in sys.argv else os.environ["NR_BUILD"])
    with netns.Lab() as lab:
        dockerfile(images)
        build_commands(images)
        three(images, lab)
        beside(images, lab)


main()
