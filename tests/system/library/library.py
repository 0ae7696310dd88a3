"""The library as its users meet it: installed into a directory, moved elsewhere, found by pkg-config and by CMake; the example is built
from the installed tree and shows a store that changes under it."""

import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ["NR_BUILD"]
WRITER = os.path.join(BUILD, "tests", "library_writer")
CC = shutil.which("cc") or "gcc"


def run(*command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=90, check=False, **options)
    assert done.returncode == 0, f"{' '.join(command)}: {done.returncode}\n{done.stdout}"
    return done.stdout


def one(pattern):
    found = glob.glob(pattern, recursive=True)
    assert len(found) == 1, f"{pattern}: {found}"
    return found[0]


def install(place):
    """Installs the library alone and moves the tree: nothing in it may name the place where it was installed first."""
    first, prefix = os.path.join(place, "first"), os.path.join(place, "prefix")
    for component in ("library", "development"):
        run("cmake", "--install", BUILD, "--prefix", first, "--component", component)
    os.rename(first, prefix)
    return prefix


def by_pkg_config(place, prefix, example):
    directory = os.path.dirname(one(f"{prefix}/**/nr.pc"))
    env = dict(os.environ, PKG_CONFIG_PATH=directory)
    flags = run("pkg-config", "--cflags", "--libs", "nr", env=env).split()
    libdir = run("pkg-config", "--variable=libdir", "nr", env=env).strip()
    program = os.path.join(place, "by_pkg_config")
    run(CC, "-std=c99", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wpedantic", "-Werror", example, *flags, f"-Wl,-rpath,{libdir}", "-o",
        program)
    return program


def by_cmake(place, prefix, example):
    build = os.path.join(place, "by_cmake")
    run("cmake", "-S", HERE, "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}", f"-DEXAMPLE={example}")
    run("cmake", "--build", build)
    return os.path.join(build, "registry_watch")


def check_symbols(prefix):
    """Only the interface is exported, under a version, and the name that programs ask for carries the ABI's number."""
    library = os.path.realpath(one(f"{prefix}/**/libnr.so"))
    names = re.findall(r" [TDBRVW] (\S+)", run("nm", "-D", "--defined-only", library))
    assert names and all(re.fullmatch(r"nr_\w+@@NR_0", name) for name in names), names
    headers = "".join(open(path, encoding="utf-8").read() for path in glob.glob(f"{prefix}/**/nr/*.h", recursive=True))
    declared = set(re.findall(r"NR_API [^;]*?\b(nr_\w+)\(", headers))
    assert declared == {name.split("@")[0] for name in names}, declared.symmetric_difference(n.split("@")[0] for n in names)
    assert "libnr.so.0" in run("readelf", "-d", library)


def check_example(place, program):
    state = tempfile.mkdtemp(dir=place)
    run(WRITER, state, "n-one", "gpu", "n-two", "worker")
    watch = subprocess.Popen([program, "--state-dir", state, "--role", "gpu", "--changes", "1"], stdout=subprocess.PIPE, text=True)
    try:
        first = watch.stdout.readline().split()
        assert first == ["n-one", "gpu", "online", "host"], first
        run(WRITER, state, "n-three", "gpu")
        rest, _ = watch.communicate(timeout=30)
        assert rest == "3 node added n-three\n", rest
        assert watch.returncode == 0
    finally:
        watch.kill()
        watch.wait()
    missing = subprocess.run([program, "--state-dir", os.path.join(place, "nowhere")], stderr=subprocess.PIPE, text=True, check=False)
    assert missing.returncode == 1 and "not found" in missing.stderr, missing


def main():
    place = tempfile.mkdtemp(prefix="nr-library-")
    try:
        prefix = install(place)
        example = one(f"{prefix}/**/examples/registry_watch.c")
        check_symbols(prefix)
        check_example(place, by_pkg_config(place, prefix, example))
        check_example(place, by_cmake(place, prefix, example))
    finally:
        shutil.rmtree(place)


if __name__ == "__main__":
    sys.exit(main())
