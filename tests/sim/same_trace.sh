#!/bin/sh
# Two runs with one seed must leave one trace and one report; another seed must leave another trace.
#   same_trace.sh SIMULATE SCENARIOS
set -eu
simulate=$1
texts=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# The simulator's own memory is the machine's business; all else is to be equal.
run() { "$simulate" $1 --seed "$2" 2>/dev/null | grep -v '^memory of the simulator'; }

for scenario in "--scenario chaos" "--scenario hostile" "$texts/freeze.scenario"; do
    run "$scenario" 7 >"$dir/first"
    run "$scenario" 7 >"$dir/second"
    run "$scenario" 8 >"$dir/other"
    grep -q '^trace [0-9a-f]\{16\}$' "$dir/first"
    cmp "$dir/first" "$dir/second" || { echo "$scenario: one seed, two traces" >&2; exit 1; }
    if [ "$(grep '^trace' "$dir/first")" = "$(grep '^trace' "$dir/other")" ]; then
        echo "$scenario: two seeds, one trace: the trace says nothing" >&2
        exit 1
    fi
done
