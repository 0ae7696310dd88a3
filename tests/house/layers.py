#!/usr/bin/python3
"""Holds the architecture: which layer may include, link and call what (CONTRIBUTING.md, "The house").

    layers.py ROOT

Reads the #include lines and calls of all C files and the nr_layer() lines of all CMakeLists.txt below ROOT, prints
one line a violation (file:line: what) and exits with 1 if there was any.
"""

import os
import re
import sys

PUBLIC = "include/nr"

# A layer may see what stands here, itself and the public headers.
LAYERS = {
    PUBLIC: [],
    "src/base": [],
    "proto": ["src/base"],
    "src/crypto": ["src/base", "proto"],
    "src/core": ["src/base", "proto"],
    "src/store": ["src/base", "proto", "src/crypto", "src/core"],
    "src/nr": ["src/base", "proto", "src/crypto", "src/core", "src/store"],
    "src/conf": ["src/base"],
    "src/io": ["src/base", "proto", "src/crypto", "src/conf"],
    "src/probe": ["src/base", "proto", "src/conf"],
    "examples": [],  # what a stranger may see
}
# Programs see every layer, and nobody sees them.
PROGRAMS = ["src/noded", "src/nodehttpd", "src/nodeprobe", "tools/nodectl", "tools/sim"]
# Measures and tests compare with the bare libraries and look into everything.
FREE = ["tests", "tools/bench"]

# These have no I/O, no clock and no entropy: of the C library they see only this.
PURE = ["proto", "src/core"]
PURE_HEADERS = {"assert.h", "errno.h", "inttypes.h", "limits.h", "math.h", "stdalign.h", "stdarg.h", "stdbool.h", "stddef.h",
                "stdint.h", "stdlib.h", "string.h"}
PUBLIC_HEADERS = {"stdbool.h", "stddef.h", "stdint.h"}

# The homes of each library. msgpack-c only packs: its unpacker trusts the lengths that it reads.
HOMES = [
    (re.compile(r"^lmdb\.h$"), ("src/store/",)),
    (re.compile(r"^sodium(\.h$|/)"), ("src/crypto/",)),
    (re.compile(r"^(event2/|event\.h$|evhttp\.h$|evutil\.h$)"), ("src/io/",)),
    (re.compile(r"^curl/"), ("src/nodeprobe/", "tools/nodectl/http.c")),
    (re.compile(r"^msgpack(\.h$|/)"), ("proto/mp_write.c",)),
]
# One home for each source of surprise.
CALLS = [
    ("reads a clock", re.compile(r"(?<![\w.>])(clock_gettime|gettimeofday|timespec_get|time|clock)\s*\("),
     ["src/io/clock.c", "src/base/log.c", "src/nr/"]),
    ("takes entropy", re.compile(r"(?<![\w.>])(getrandom|getentropy|arc4random\w*|s?random|s?rand|rand_r|drand48)\s*\("),
     ["src/crypto/"]),
]
# src/core and proto may include stdlib.h, but not for this.
PURE_CALLS = re.compile(r"(?<![\w.>])(getenv|setenv|system|exit|_Exit|atexit|mkstemp|mkdtemp|realpath)\s*\(")

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
COMMENT_OR_TEXT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.S)
NR_LAYER = re.compile(r"^nr_layer\((.*?)\)", re.S | re.M)
KEYWORDS = {"NAME", "SOURCES", "LINKS", "PRIVATE_LINKS"}


def room_of(path):
    """The layer, program or free folder that a path belongs to; None outside of all."""
    for room in list(LAYERS) + PROGRAMS + FREE:
        if path.startswith(room + "/"):
            return room
    return None


def may_see(room):
    if room in LAYERS:
        return LAYERS[room] + [room, PUBLIC] if room != PUBLIC else [PUBLIC]
    return list(LAYERS) + [room]


def resolve(root, path, name):
    """The path in the tree that an include means, or None for a header of the system."""
    for base in (os.path.dirname(path), "", "src", "include"):
        candidate = os.path.normpath(os.path.join(base, name))
        if os.path.isfile(os.path.join(root, candidate)):
            return candidate
    return None


def check_system(path, room, name):
    for pattern, home in HOMES:
        if pattern.search(name):
            return None if path.startswith(home) else f"<{name}> belongs in {' or '.join(home)} only"
    if room in PURE and name not in PURE_HEADERS:
        return f"<{name}>: {room} has no I/O, clock or entropy"
    if room == PUBLIC and name not in PUBLIC_HEADERS:
        return f"<{name}>: public headers need no more than {', '.join(sorted(PUBLIC_HEADERS))}"
    return None


def check_include(root, path, room, name, quoted):
    target = resolve(root, path, name) if quoted or name.startswith("nr/") else None
    if target is None:
        return f'"{name}" is not in the tree' if quoted else check_system(path, room, name)
    seen = room_of(target)
    if seen in may_see(room):
        return None
    return f'{room} may not see {seen or target} ("{name}")'


def blank(match):
    return re.sub(r"[^\n]", " ", match.group(0))


def check_calls(path, room, text):
    for number, line in enumerate(COMMENT_OR_TEXT.sub(blank, text).split("\n"), 1):
        for what, pattern, homes in CALLS:
            match = pattern.search(line)
            if match and not any(path.startswith(home) for home in homes):
                yield number, f"{match.group(1)}() {what}: only {', '.join(homes)} may"
        match = PURE_CALLS.search(line)
        if match and room in PURE:
            yield number, f"{match.group(1)}(): {room} is a function of its arguments"


def check_source(root, path, text):
    room = room_of(path)
    if room in FREE:
        return
    for number, line in enumerate(text.split("\n"), 1):
        match = INCLUDE.match(line)
        fault = match and check_include(root, path, room, match.group(1) or match.group(2), bool(match.group(1)))
        if fault:
            yield number, fault
    if not path.startswith("tools/"):
        yield from check_calls(path, room, text)


def links_of(words):
    """(name, what it links) of the words of an nr_layer() call."""
    name, links, keyword = None, [], None
    for word in words:
        if word in KEYWORDS:
            keyword = word
        elif keyword == "NAME":
            name = word
        elif keyword in ("LINKS", "PRIVATE_LINKS"):
            links.append(word)
    return name, links


def check_cmake(path, text):
    rooms = {os.path.basename(room): room for room in LAYERS if room != PUBLIC}
    for match in NR_LAYER.finditer(re.sub(r"#[^\n]*", blank, text)):
        name, links = links_of(match.group(1).split())
        number = text.count("\n", 0, match.start()) + 1
        if rooms.get(name) != os.path.dirname(path):
            if room_of(path) in LAYERS:
                yield number, f"nr_layer {name} does not stand in its folder"
            continue
        for link in links:
            target = rooms.get(link[3:]) if link.startswith("nr_") else None
            if target and target not in may_see(rooms[name]):
                yield number, f"{rooms[name]} may not link {target}"


def files_of(root):
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if not f.startswith((".", "build")))
        for name in sorted(names):
            yield os.path.relpath(os.path.join(folder, name), root)


def check(root):
    """All violations below root, as text."""
    for path in files_of(root):
        if path.endswith((".c", ".h")) and room_of(path) is None:
            yield f"{path}:1: stands in no layer"
        elif path.endswith((".c", ".h", "CMakeLists.txt")):
            with open(os.path.join(root, path), encoding="utf-8") as file:
                text = file.read()
            faults = check_cmake(path, text) if path.endswith(".txt") else check_source(root, path, text)
            for number, fault in faults:
                yield f"{path}:{number}: {fault}"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    faults = list(check(sys.argv[1]))
    for fault in faults:
        print(fault)
    if not faults:
        print("every layer sees only what it may")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
