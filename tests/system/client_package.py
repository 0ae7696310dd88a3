#!/usr/bin/python3
"""The Python client installs with pip from its folder without any network, as source and as built, and works where it was installed; it is
typed, and holds to Python 3.9."""

import ast
import glob
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile

import nr

FOLDER = os.path.join(nr.SOURCE, "tools", "clients", "python")
MODULES = {"__init__.py", "answer.py", "client.py", "http1.py", "turns.py", "py.typed"}
OFFLINE = ["--no-index", "--no-build-isolation", "--disable-pip-version-check", "--quiet"]
TRY = """
import asyncio, random, sys, tempfile, os
from dagi_node_registry import NodeRegistryClient
import dagi_node_registry
assert dagi_node_registry.__file__.startswith(sys.prefix), dagi_node_registry.__file__
folder = tempfile.mkdtemp()
os.mkdir(folder + "/utils")
open(folder + "/utils/node_registry_client.py", "w").write("from dagi_node_registry import NodeRegistryClient\\n")
sys.path.insert(0, folder)
from utils.node_registry_client import NodeRegistryClient
client = NodeRegistryClient("http://127.0.0.1:1", retries=0)
nodes = asyncio.run(client.get_available_nodes(role="inference-node", label="gpu", status="online"))
assert nodes == [] and nodes.stale
"""


def run(*words):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=100, check=False)
    assert done.returncode == 0, (words, done.stdout)
    return done.stdout


def venv(folder):
    """A venv that sees this machine's setuptools, and the path of its python."""
    run(sys.executable, "-m", "venv", "--system-site-packages", folder)
    return os.path.join(folder, "bin", "python")


# No syntax and no import that Python 3.9 has not; the types are for all to see.
def for_old_pythons():
    sources = glob.glob(os.path.join(FOLDER, "src", "*", "*.py"))
    assert {os.path.basename(s) for s in sources} | {"py.typed"} == MODULES
    for path in sources:
        with open(path, encoding="utf-8") as file:
            tree = ast.parse(file.read(), path, feature_version=(3, 9))
        names = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
        names |= {a.name for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) for a in n.names}
        newer = names & {"timeout", "timeout_at", "TaskGroup", "Runner", "ParamSpec", "TypeAlias", "Self", "pairwise", "UTC", "aiter", "anext"}
        assert not newer, (path, newer)
        unions = [n for n in ast.walk(tree) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.BitOr)]
        assert not unions, (path, "X | Y is no type before Python 3.10")
        for function in (n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))):
            arguments = [a for a in function.args.args + function.args.kwonlyargs if a.arg not in ("self", "cls")]
            assert function.returns and all(a.annotation for a in arguments), (path, function.name)


# From the folder, by the README's command.
def from_folder(directory, source):
    python = venv(os.path.join(directory, "one"))
    with open(os.path.join(FOLDER, "README.md"), encoding="utf-8") as file:
        (command,) = re.findall(r"```sh\n(.*)\n```", file.read())
    words = command.split()
    assert (words[0], words[-1]) == ("pip", "tools/clients/python"), command
    run(python, "-m", *words[:-1], "--no-index", "--disable-pip-version-check", "--quiet", source)
    run(python, "-c", TRY)
    assert "dagi-node-registry 0.1.0" in " ".join(run(python, "-m", "pip", "list").split())
    run(python, "-m", "pip", "uninstall", "--yes", "--quiet", "dagi-node-registry")


# The sdist and the wheel hold the modules, and the wheel built from the sdist installs.
def built(directory, source):
    build = "import setuptools.build_meta as b; b.build_sdist({0!r}); b.build_wheel({0!r})"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", build.format(directory)], cwd=source, capture_output=True, text=True,
                          timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    wheel = glob.glob(os.path.join(directory, "*.whl"))[0]
    with zipfile.ZipFile(wheel) as archive:
        assert {n.split("/")[1] for n in archive.namelist() if n.startswith("dagi_node_registry/")} == MODULES, archive.namelist()
    sdist = glob.glob(os.path.join(directory, "*.tar.gz"))[0]
    with tarfile.open(sdist) as archive:
        names = {os.path.basename(n) for n in archive.getnames()}
        assert MODULES | {"README.md", "pyproject.toml"} <= names, names
    python = venv(os.path.join(directory, "two"))
    run(python, "-m", "pip", "install", *OFFLINE, sdist)
    run(python, "-c", TRY)


for_old_pythons()
with tempfile.TemporaryDirectory(prefix="nr-") as where:
    copy = os.path.join(where, "source")  # a build leaves traces
    shutil.copytree(FOLDER, copy, ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
    from_folder(where, copy)
    built(where, copy)
print("installs and runs: as promised")
