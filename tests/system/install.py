#!/usr/bin/python3
"""What the README's commands install: the programs, which run from there; units that name them; manual pages, completions,
the library's files and the example configuration, which the programs accept; pages whose links lead somewhere, and what they tell to run."""

import os
import re
import subprocess
import tempfile

import links
import nr

BUILD = os.environ["NR_BUILD"]
WANTED = """
sbin/noded sbin/nodehttpd bin/nodectl
libexec/dagi/nodeprobe
lib/systemd/system/noded.service lib/systemd/system/nodehttpd.service lib/systemd/system/dagi-agent.service
lib/sysusers.d/dagi.conf lib/tmpfiles.d/dagi.conf
share/man/man8/noded.8 share/man/man8/nodehttpd.8 share/man/man1/nodectl.1 share/man/man5/noded.conf.5
share/bash-completion/completions/nodectl share/zsh/site-functions/_nodectl
share/doc/dagi-registry/README.md share/doc/dagi-registry/LICENSE share/doc/dagi-registry/noded.conf.example
share/doc/dagi-registry/openapi.yaml share/doc/dagi-registry/METRICS.md
share/dagi-registry/deploy/deploy.sh share/dagi-registry/deploy/deploy-remote.sh share/dagi-registry/deploy/firewall/nft.sh
share/dagi-registry/tools/migrate/__main__.py share/dagi-registry/tools/clients/python/pyproject.toml
share/dagi-registry/tools/clients/python/src/dagi_node_registry/client.py share/dagi-registry/tools/clients/python/src/dagi_node_registry/py.typed
share/doc/dagi-registry/prometheus/alerts.yml share/doc/dagi-registry/grafana/dagi-registry.json share/doc/dagi-registry/protocol/README.md
include/nr/registry.h
""".split()
UNITS = [path for path in WANTED if path.endswith(".service")]


def run(*words, wanted=0):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          env={**os.environ, "DAGI_CONFIG": os.devnull})
    assert done.returncode == wanted, (words, done.stdout)
    return done.stdout


# The README's lines, step by step: packages (which are here already), build (which this one was made by, in BUILD), install.
def install(prefix):
    with open(os.path.join(nr.SOURCE, "README.md"), encoding="utf-8") as file:
        (block,) = re.findall(r"<!-- run by tests/system/install.py -->\n```sh\n(.*?)```", file.read(), re.S)
    packages, configure, last = (line.split("#")[0].strip() for line in block.strip().splitlines())
    assert configure == "cmake -S . -B build && cmake --build build", configure
    run(*os.path.join(nr.SOURCE, packages).split(), "--build", "--check")
    words = last.split()
    assert words[:2] == ["sudo", "cmake"] and words[-1] == "build", last
    run(*words[1:-1], BUILD, "--prefix", prefix)


# What the pages tell to run runs from where it was installed.
def check_runs(folder):
    assert "--dry-run" in run("python3", os.path.join(folder, "tools/migrate"), "--help")
    said = run(os.path.join(folder, "deploy/deploy.sh"), "--dry-run", "--package", os.devnull + "/../zero", "one", wanted=2)
    assert "there is no file" in said, said
    assert "name the package" in run(os.path.join(folder, "deploy/deploy.sh"), "--dry-run", "one", wanted=2)
    assert "dagi" in run(os.path.join(folder, "deploy/firewall/nft.sh"), "print", "--nodes", "any")


with tempfile.TemporaryDirectory(prefix="nr-install-") as prefix:
    install(prefix)
    links.check(nr.SOURCE)
    links.check(os.path.join(prefix, "share/doc/dagi-registry"))
    check_runs(os.path.join(prefix, "share/dagi-registry"))
    missing = [path for path in WANTED if not os.path.isfile(os.path.join(prefix, path))]
    assert not missing, missing
    versions = {run(os.path.join(prefix, path), "--version").split()[-1] for path in WANTED[:4]}
    assert len(versions) == 1, versions
    for path in UNITS:
        with open(os.path.join(prefix, path), encoding="utf-8") as unit:
            text = unit.read()
        started = re.search(r"^ExecStart=(\S+)", text, re.M).group(1)
        assert started.startswith(prefix) and os.access(started, os.X_OK), (path, started)
    example = os.path.join(prefix, "share/doc/dagi-registry/noded.conf.example")
    for path in WANTED[:2]:
        run(os.path.join(prefix, path), "--config", example, "--check-config")
