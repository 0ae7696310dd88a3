#!/bin/sh
# Installs the Debian packages that the project needs, if they are not there yet.
set -eu

usage() {
    cat <<'USAGE'
usage: tools/deps.sh [--build|--test] [--list] [--check]

  --build   what it takes to build and run (tools/quickstart.sh uses this)
  --test    that, and what the tests, the formatter and the fuzzers take (the default)
            (Debian starts some of it as services on machines with systemd: Prometheus on port 9090, among
            others. The tests start their own, elsewhere; systemctl disable --now what you do not want)
  --list    print the packages instead of installing them
  --check   say what is missing and exit with 1 if anything is; install nothing

For Debian 12. Needs root or sudo only if something is missing.
USAGE
}

BUILD="gcc libc6-dev make cmake ninja-build pkg-config liblmdb-dev libsodium-dev libevent-dev libinih-dev libjansson-dev libmsgpack-dev libcurl4-openssl-dev curl jq"
TEST="libcmocka-dev clang clang-format python3 python3-msgpack python3-nacl git ca-certificates mandoc groff iproute2 nftables procps ufw python3-yaml mmdebstrap openssh-server dpkg-dev file python3-setuptools python3-wheel python3-pip python3-venv postgresql-15 prometheus python3-prometheus-client"

packages="$BUILD $TEST"
mode=install
for argument in "$@"; do
    case $argument in
    --build) packages=$BUILD ;;
    --test) packages="$BUILD $TEST" ;;
    --list) mode=list ;;
    --check) mode=check ;;
    -h | --help)
        usage
        exit 0
        ;;
    *)
        usage >&2
        exit 2
        ;;
    esac
done

installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

if [ "$mode" = list ]; then
    printf '%s\n' $packages
    exit 0
fi

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "deps: this is no Debian; please install what these packages hold: $packages" >&2
    exit 1
fi

missing=
for package in $packages; do
    installed "$package" || missing="$missing $package"
done
if [ -z "$missing" ]; then
    exit 0
fi
if [ "$mode" = check ]; then
    echo "deps: missing:$missing" >&2
    exit 1
fi

as_root=
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "deps: run this as root:  apt-get install$missing" >&2
        exit 1
    fi
    as_root="sudo"
fi

apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o Acquire::Retries=3 -o Acquire::http::Timeout=30 \
        -o DPkg::Lock::Timeout=300 "$@"
}

# Mirrors hiccup: each step is tried three times.
three_times() {
    for pause in 2 10 0; do
        if "$@"; then
            return 0
        fi
        sleep "$pause"
    done
    return 1
}

echo "deps: installing:$missing"
three_times apt update || echo "deps: apt-get update failed; trying with the package lists that are there" >&2
if ! three_times apt install -y --no-install-recommends $missing; then
    echo "deps: could not install:$missing" >&2
    echo "deps: is the network up, and has /etc/apt/sources.list a Debian 12 mirror? Then run tools/deps.sh again." >&2
    exit 1
fi
