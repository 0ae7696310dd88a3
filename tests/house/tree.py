#!/usr/bin/python3
"""Holds the tree's hygiene.

    tree.py format ROOT [CLANG_FORMAT]   every C file is as .clang-format has it
    tree.py words ROOT                   no notes to self, no paths of somebody's machine, no unknown hosts
    tree.py lengths ROOT                 no C file over 500 lines; prints how files and functions are spread
    tree.py headers ROOT CC              every header compiles by itself; the public ones as C++ too
    tree.py commands ROOT                what the documents tell a reader to type is run by a test

Prints one line a violation (file:line: what) and exits with 1 if there was any.
"""

import os
import re
import statistics
import subprocess
import sys

FILE_LINES = 500
FUNCTION_LINES = 55  # nine in ten stay below

# Who may be named in a URL: ourselves, examples, and standards.
HOSTS = re.compile(r"^([\w-]+|127\.\d+\.\d+\.\d+|\[::1\]|0\.0\.0\.0|"
                   r"(.*\.)?example(\.(com|org|net))?|.*\.(example|test|invalid|internal)|"
                   r"(www\.)?rfc-editor\.org|datatracker\.ietf\.org|(www\.)?apache\.org|spdx\.org|(www\.)?w3\.org|"
                   r"(json-schema|semver|keepachangelog|openapis|prometheus|grafana|opencontainers|cmake|llvm)\.(org|com|io)|"
                   r"(spec\.)?openapis\.org|(www\.)?freedesktop\.org|(www\.)?debian\.org|github\.com|[$%{<].*)$")
URL_HOST = re.compile(r"\bhttps?://(\[[0-9a-fA-F:]+\]|[^/\s\"'`<>()\\:,;?#]+)")
WORDS = [
    ("a note to self", re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")),
    ("a path of somebody's machine", re.compile(r"(?<![\w.])/(work|root|home/[a-z]\w*|Users/\w+)/")),
]
# These hold words and URLs on purpose: the rules, their test, and raw bytes.
WORDS_FREE = ("tests/house/", "tests/fuzz/corpus/", "LICENSE")


def files_of(root, endings):
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if not f.startswith((".git", ".cache", "build", "__pycache__")))
        for name in sorted(names):
            if name.endswith(endings) and name != ".git":  # a file in a worktree: git's own
                yield os.path.relpath(os.path.join(folder, name), root)


def check_format(root, clang_format="clang-format"):
    paths = list(files_of(root, (".c", ".h")))
    if not paths:
        return
    run = subprocess.run([clang_format, "--dry-run", "--Werror", "--style=file", *paths], cwd=root,
                         stderr=subprocess.PIPE, text=True, check=False)
    faulty = sorted(set(re.findall(r"^(.+?):\d+:\d+: error:", run.stderr, re.M)))
    for path in faulty:
        yield f"{path}: not as {clang_format} would have it (clang-format -i {path})"
    if run.returncode and not faulty:
        yield f"{clang_format}: {run.stderr.strip()}"


def check_words(root):
    for path in files_of(root, ""):
        if path.startswith(WORDS_FREE):
            continue
        try:
            with open(os.path.join(root, path), encoding="utf-8") as file:
                lines = file.read().split("\n")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(lines, 1):
            for what, pattern in WORDS:
                if pattern.search(line):
                    yield f"{path}:{number}: {what}: {line.strip()[:80]}"
            for host in URL_HOST.findall(line):
                if not HOSTS.match(host):
                    yield f"{path}:{number}: host not known here: {host}"


def functions_of(lines):
    """Lengths of the functions of a file that is formatted: each opens with { and closes with } in the first column."""
    opened = None
    for number, line in enumerate(lines):
        if line == "{":
            opened = number
        elif line == "}" and opened is not None:
            yield number - opened + 1
            opened = None


def check_lengths(root):
    files, functions = [], []
    for path in files_of(root, (".c", ".h")):
        with open(os.path.join(root, path), encoding="utf-8") as file:
            lines = file.read().split("\n")
        files.append(len(lines))
        functions.extend(functions_of(lines))
        if len(lines) > FILE_LINES:
            yield f"{path}: {len(lines)} lines, more than {FILE_LINES}: it holds more than one noun"
    if files and functions:
        over = sum(length > FUNCTION_LINES for length in functions)
        print(f"{len(files)} files: median {statistics.median(files):.0f} lines, longest {max(files)}")
        print(f"{len(functions)} functions: median {statistics.median(functions):.0f} lines, longest {max(functions)}, "
              f"{over} over {FUNCTION_LINES}")
        if over * 10 > len(functions):
            yield f"{over} of {len(functions)} functions have more than {FUNCTION_LINES} lines: more than one in ten"


def compiles(root, compiler, language, path):
    run = subprocess.run([compiler, "-x", language, "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-I.", "-Isrc",
                          "-Iinclude", "-"], cwd=root, input=f'#include "{path}"\n', stderr=subprocess.PIPE, text=True, check=False)
    return "" if run.returncode == 0 else run.stderr.strip().split("\n")[0] or "failed"


def check_headers(root, compiler="clang"):
    for path in files_of(root, (".h",)):
        if path.startswith("tests/"):
            continue
        for language in ("c", "c++") if path.startswith("include/") else ("c",):
            fault = compiles(root, compiler, language, path)
            if fault:
                yield f"{path}: does not compile by itself as {language}: {fault}"


FENCE = re.compile(r"^ *```(\w*)$")
MARK = re.compile(r"^<!-- (?:runnable\b.*|run by (?P<by>\S+)) -->$")


def commands_of(lines):
    """Line number and the line above of each block of shell or Python."""
    inside = False
    for number, line in enumerate(lines, 1):
        fence = FENCE.match(line)
        if fence and not inside and fence[1] in ("sh", "bash", "console", "python"):
            yield number, lines[number - 2] if number > 1 else ""
        inside = not inside if fence else inside


def check_commands(root):
    tests = {}
    for path in files_of(root, (".py", ".sh", ".cmake")):
        if path.startswith("tests/system/"):
            with open(os.path.join(root, path), encoding="utf-8") as file:
                tests[path] = file.read()
    for path in files_of(root, (".md",)):
        if path.startswith("CONTRIBUTING"):  # for who builds it and sees what fails
            continue
        with open(os.path.join(root, path), encoding="utf-8") as file:
            lines = file.read().split("\n")
        for number, above in commands_of(lines):
            mark = MARK.match(above.strip())
            if not mark:
                yield f"{path}:{number}: commands that nobody says are run: <!-- runnable --> or <!-- run by FILE --> before them"
            elif mark["by"] and not os.path.exists(os.path.join(root, mark["by"])):
                yield f"{path}:{number}: run by {mark['by']}, which is not there"
            elif not mark["by"] and not any(os.path.basename(path) in text for text in tests.values()):
                yield f"{path}:{number}: runnable, but no system test names {os.path.basename(path)}"


CHECKS = {"commands": check_commands, "format": check_format, "words": check_words, "lengths": check_lengths, "headers": check_headers}


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in CHECKS:
        sys.exit(__doc__)
    faults = list(CHECKS[sys.argv[1]](*sys.argv[2:]))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
