#!/bin/sh
# The whole test: installs what it needs, builds twice (as shipped, and with the address and undefined behaviour
# sanitizers), runs all tests. Exits with 0 only if every one has passed.
#
# usage: tools/test.sh [--no-deps]
#   --no-deps   install nothing
#
# Takes about a quarter of an hour on two slow cores. Builds in build-test/ and build-asan/.
set -eu
cd "$(dirname "$0")/.."

case ${1-} in
"") tools/deps.sh --test ;;
--no-deps) tools/deps.sh --test --check ;;
*)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
    [ "$1" = --help ] && exit 0
    exit 2
    ;;
esac

jobs=$(nproc)
at_once=$((jobs * 2)) # tests: the longest ones wait most of their time
step() {
    printf '\n== %s (%s)\n' "$1" "$(date -u +%H:%M:%S)"
}

step "build, with sanitizers"
cmake --preset asan --log-level=WARNING
cmake --build build-asan -j "$jobs" -- --quiet
step "build, as shipped"
cmake --preset release -B build-test --log-level=WARNING
cmake --build build-test -j "$jobs" -- --quiet

# The rules of the house, and the tests labelled `once`, as shipped only.
step "tests, with sanitizers"
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=1:detect_stack_use_after_return=1}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"
ctest --test-dir build-asan -LE 'house|once' --output-on-failure --no-tests=error -j "$at_once"

step "tests, as shipped"
exec ctest --test-dir build-test --output-on-failure --no-tests=error -j "$at_once"
