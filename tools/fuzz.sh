#!/bin/sh
# Runs the fuzz targets, one after another. See --help.
set -eu

usage() {
    cat <<'EOF'
usage: tools/fuzz.sh [-s SECONDS] [-b BUILD] [TARGET...]

Builds the libFuzzer targets of tests/fuzz with clang, AddressSanitizer and UndefinedBehaviorSanitizer in BUILD
(default: build-fuzz), and runs each TARGET (default: all) for SECONDS (default: 60).

The corpus of the repository, tests/fuzz/corpus/TARGET, is where a run starts; what it learns is kept in
BUILD/corpus/TARGET. An input that fails is kept in BUILD/findings: mend the fault, then copy the input to
tests/fuzz/corpus/TARGET, where ctest replays it from then on (ctest -L fuzz).

Exit status: 0 nothing found, 1 a finding, 2 wrong usage.
EOF
}

seconds=60
here=$(cd "$(dirname "$0")/.." && pwd)
build=$here/build-fuzz
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help) usage; exit 0 ;;
    -s) [ $# -gt 1 ] || { usage >&2; exit 2; }; seconds=$2; shift 2 ;;
    -b) [ $# -gt 1 ] || { usage >&2; exit 2; }; build=$2; shift 2 ;;
    -*) usage >&2; exit 2 ;;
    *) break ;;
    esac
done
case $seconds in '' | *[!0-9]*) usage >&2; exit 2 ;; esac

cmake -S "$here" -B "$build" -G Ninja -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG="-g -O1" \
    -DNR_SANITIZE=address,undefined -DNR_FUZZ=ON >/dev/null
[ $# -gt 0 ] || set -- $(cd "$here/tests/fuzz/corpus" && ls)

status=0
for target in "$@"; do
    ninja -C "$build" "fuzz_$target" >/dev/null || exit 2
    mkdir -p "$build/corpus/$target" "$build/findings"
    log=$build/findings/$target.log
    if "$build/fuzz/$target" -max_total_time="$seconds" -max_len=20000 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
        -artifact_prefix="$build/findings/$target-" "$build/corpus/$target" "$here/tests/fuzz/corpus/$target" >"$log" 2>&1; then
        runs=$(sed -n 's/^stat::number_of_executed_units: //p' "$log")
        printf '%-12s %s s, %s runs, nothing found\n' "$target" "$seconds" "$runs"
    else
        status=1
        printf '%-12s a finding: %s\n' "$target" "$log"
        tail -n 40 "$log"
    fi
done
exit $status
