#!/bin/sh
# Three peers and a facade on this machine, to try things with.
#
# usage: tools/quickstart.sh [--detach] [--clean] [--ports BASE]
#        tools/quickstart.sh --stop
#
#   --detach      leave them running and return (else: Ctrl-C stops them)
#   --clean       forget what earlier runs have registered
#   --ports BASE  the facade listens on BASE (default 9205), the peers on BASE+1, BASE+11 and BASE+21
#   --stop        stop what an earlier run has left running
#
# Installs what it takes to build (tools/deps.sh --build) and builds into build/. Keys, data and logs of the peers are in
# build/quickstart/ and are kept between runs. All addresses are 127.0.0.1.
set -eu
cd "$(dirname "$0")/.."

root=$PWD
run=$root/build/quickstart
# A Unix socket's path has at most 107 bytes.
[ ${#run} -le 85 ] || run=/tmp/dagi-quickstart-$(id -u)
base=9205
peers="1 2 3"

say() { printf '%s\n' "$*"; }
die() {
    printf 'quickstart: %s\n' "$*" >&2
    exit 1
}

# --- processes: a pid counts only with the start time that was recorded with it

# Nothing for a process that has ended, be it waited for or not.
started_at() { sed -n 's/.*) //; /^[ZX]/!p' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

alive() { # alive NAME
    [ -f "$run/$1.pid" ] || return 1
    read -r pid start <"$run/$1.pid" || return 1
    [ -n "$start" ] && [ "$(started_at "$pid")" = "$start" ]
}

launch() { # launch NAME PROGRAM ARGUMENTS…: in a session of its own, so that Ctrl-C reaches this script only
    name=$1
    shift
    setsid "$@" </dev/null >>"$run/$name.log" 2>&1 &
    echo "$! $(started_at $!)" >"$run/$name.pid"
}

stop_one() { # stop_one NAME: gracefully, within 7 s, or else by force
    alive "$1" || {
        rm -f "$run/$1.pid"
        return 0
    }
    read -r pid start <"$run/$1.pid"
    kill -TERM "$pid" 2>/dev/null || true
    tries=70
    while alive "$1" && [ $tries -gt 0 ]; do
        sleep 0.1
        tries=$((tries - 1))
    done
    if alive "$1"; then
        say "quickstart: $1 did not end within 7 s: killed (see $run/$1.log)"
        kill -KILL "$pid" 2>/dev/null || true
    fi
    rm -f "$run/$1.pid"
}

stop_all() {
    for name in nodehttpd noded-3 noded-2 noded-1; do
        stop_one $name
    done
}

running() { # how many of the four
    count=0
    for name in nodehttpd noded-1 noded-2 noded-3; do
        ! alive $name || count=$((count + 1))
    done
    echo $count
}

fail_with_log() { # fail_with_log NAME WHAT
    {
        say "quickstart: $2; the end of $run/$1.log:"
        tail -n 5 "$run/$1.log" | sed 's/^/    /'
    } >&2
    stop_all
    exit 1
}

# --- ports

taken() { # taken udp|tcp PORT: does anybody on this machine listen there?
    state=07
    [ "$1" = udp ] || state=0A
    pattern=$(printf ':%04X [0-9A-F]+:0000 %s' "$2" $state)
    cat "/proc/net/$1" "/proc/net/${1}6" 2>/dev/null | grep -Eq "$pattern"
}

peer_port() { echo $((base + 10 * $1 - 9)); }

check_ports() {
    taken tcp "$base" && die "port $base (TCP) is in use by another program; stop it, or try --ports $((base + 1000))"
    for i in $peers; do
        if taken udp "$(peer_port "$i")"; then
            die "port $(peer_port "$i") (UDP) is in use by another program; stop it, or try --ports $((base + 1000))"
        fi
    done
}

# --- building

build() {
    say "== installing what is missing"
    tools/deps.sh --build
    say "== building into build/ (the first time takes a minute or two)"
    log=$run/build.log
    # Who has configured build/ keeps the settings; a first time does without the tests, which need more packages.
    testing=
    [ -f build/CMakeCache.txt ] || testing=-DBUILD_TESTING=OFF
    if ! cmake -S . -B build $testing >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        die "cmake could not configure; the whole output is in $log"
    fi
    {
        if cmake --build build --target noded nodehttpd nodectl -j "$(nproc)" 2>&1; then
            echo "quickstart: built"
        fi
    } | tee -a "$log" | if [ -t 1 ]; then
        while IFS= read -r line; do
            case $line in
            "["*"]"*) printf '\r   %s] ' "${line%%]*}" ;;
            esac
        done
        say ""
    else
        cat >/dev/null
    fi
    if ! tail -n 1 "$log" | grep -q "^quickstart: built"; then
        tail -n 20 "$log" >&2
        die "the build failed; the whole output is in $log"
    fi
}

# --- the cluster

nodectl() ( # nodectl PEER ARGUMENTS…
    state=$run/$1
    shift
    exec "$root/build/bin/nodectl" --state-dir "$state" "$@"
)

await() { # await NAME WHAT COMMAND…: for 15 s, while NAME lives
    name=$1 what=$2
    shift 2
    tries=150
    until "$@" >/dev/null 2>&1; do
        alive "$name" || fail_with_log "$name" "$name has ended"
        [ $tries -gt 0 ] || fail_with_log "$name" "$what did not happen within 15 s"
        tries=$((tries - 1))
        sleep 0.1
    done
}

start_peer() { # start_peer I
    i=$1
    first=''
    mkdir -p "$run/$i"
    if [ "$i" != 1 ] && [ -z "$(ls -A "$run/$i")" ]; then
        first="--token $run/token"
        # The token holds the cluster's key: for nobody else, and not for long.
        (umask 077 && nodectl 1 invite >"$run/token" 2>>"$run/noded-1.log") || fail_with_log noded-1 "nodectl invite failed"
    fi
    say "   peer $i: 127.0.0.1:$(peer_port "$i"), $run/$i"
    launch "noded-$i" "$root/build/bin/noded" --state-dir "$run/$i" --socket "$run/$i/noded.sock" --node-id "peer-$i" \
        --bind "127.0.0.1:$(peer_port "$i")" --heartbeat-interval 5 $first
    await "noded-$i" "peer $i answering" nodectl "$i" status
    rm -f "$run/token"
}

post() { # post PATH BODY
    curl -fsS -m 5 -X POST "http://127.0.0.1:$base$1" -H 'Content-Type: application/json' -d "$2"
}

start_all() {
    say "== starting three peers and a facade"
    for i in $peers; do
        start_peer "$i"
    done
    say "   facade: http://127.0.0.1:$base, beside peer 1"
    launch nodehttpd "$root/build/bin/nodehttpd" --state-dir "$run/1" --socket "$run/1/noded.sock" \
        --listen "127.0.0.1:$base"
    await nodehttpd "the facade answering" curl -fsS -m 5 "http://127.0.0.1:$base/health"
    for i in $peers; do
        await "noded-$i" "peer $i finding the others" knows_all "$i"
    done
}

knows_all() { # knows_all I: are all three peers' nodes in peer I's store?
    for j in $peers; do
        nodectl "$1" node "peer-$j" || return 1
    done
}

show() {
    say "== registering a node at peer 1, over HTTP"
    post /api/v1/nodes/register '{"node_id": "demo", "hostname": "demo.example", "ip": "192.0.2.7", "role": "worker",
        "labels": ["quickstart"]}' >"$run/demo.json" || fail_with_log nodehttpd "the registration was refused"
    say "   $(cut -c 1-110 "$run/demo.json")…"
    await noded-3 "the node reaching peer 3" nodectl 3 node demo
    say "== the same node as peer 3 has it"
    nodectl 3 node demo | sed 's/^/   /'
}

hints() {
    ctl=build/bin/nodectl
    [ "$run" = "$root/build/quickstart" ] && where=build/quickstart || where=$run
    cat <<HINTS

Running. Things to try:
  curl http://localhost:$base/health
  curl -X POST http://localhost:$base/api/v1/nodes/register -H "Content-Type: application/json" \\
    -d '{"hostname": "test", "ip": "192.168.1.1", "role": "test-node", "labels": ["test"]}'
  curl 'http://localhost:$base/api/v1/nodes?role=test-node'
  $ctl --state-dir $where/2 nodes    # what peer 2 knows
  $ctl --state-dir $where/3 watch    # what changes, as peer 3 sees it
  $ctl --state-dir $where/1 peers    # who talks to whom
  $ctl --state-dir $where/1 records  # the signed records behind it all
  kill -9 the noded of one peer, register something, run this again: nothing is lost
Logs: $where/*.log
HINTS
}

stay() { # until Ctrl-C, or until one of the four ends
    say "Ctrl-C stops all four."
    trap 'say ""; say "== stopping"; stop_all; exit 0' INT TERM HUP
    while :; do
        for name in nodehttpd noded-1 noded-2 noded-3; do
            alive $name || fail_with_log $name "$name has ended; stopping the others"
        done
        sleep 1 &
        wait $! || true
    done
}

detach='' clean='' stop=''
while [ $# -gt 0 ]; do
    case $1 in
    --detach) detach=1 ;;
    --clean) clean=1 ;;
    --stop) stop=1 ;;
    --ports)
        [ $# -gt 1 ] && shift
        case $1 in
        *[!0-9]* | "") die "--ports takes a number" ;;
        esac
        base=$1
        { [ "$base" -ge 1024 ] && [ "$base" -le 65000 ]; } || die "--ports takes a number from 1024 to 65000"
        ;;
    -h | --help)
        sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
    *)
        sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
    esac
    shift
done

if [ -n "$stop" ]; then
    before=$(running)
    stop_all
    say "quickstart: $before of 4 were running, all are stopped"
    exit 0
fi
case $(running) in
4)
    say "quickstart: already running (--stop stops it)"
    base=$(cat "$run/base")
    hints
    exit 0
    ;;
0) ;;
*)
    say "quickstart: an earlier run has left some of the four; stopping these"
    stop_all
    ;;
esac
[ -z "$clean" ] || rm -rf "$run"
mkdir -p build
mkdir -p "$run"
chmod 700 "$run"
check_ports
build
echo "$base" >"$run/base"
trap 'say ""; say "== stopping"; stop_all; exit 130' INT TERM HUP
start_all
show
hints
if [ -n "$detach" ]; then
    say "tools/quickstart.sh --stop stops all four."
else
    stay
fi
