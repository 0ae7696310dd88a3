#!/usr/bin/python3
"""What `cmake --install` leaves: the programs, which run from there; units that name them; manual pages, completions,
the library's files and the example configuration, which the programs accept."""

import os
import re
import subprocess
import tempfile

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
share/doc/dagi-registry/prometheus/alerts.yml share/doc/dagi-registry/grafana/dagi-registry.json share/doc/dagi-registry/protocol/README.md
include/nr/registry.h
""".split()
UNITS = [path for path in WANTED if path.endswith(".service")]


def run(*words):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          env={**os.environ, "DAGI_CONFIG": os.devnull})
    assert done.returncode == 0, (words, done.stdout)
    return done.stdout


with tempfile.TemporaryDirectory(prefix="nr-install-") as prefix:
    run("cmake", "--install", BUILD, "--prefix", prefix)
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
