#!/bin/sh
# The host's side of deploy.sh: one step a run, as root. Each may be run again; what it says goes to the administrator.
#
# usage: remote.sh STEP [ARGUMENT]…
#   check, has SUM, receive SUM, configure, firewall TOOL ARGUMENT…, install SUM, start, stop, joined, answers, invite [ARGUMENT]…,
#   token, forget_token, cluster, node_id, healthy, sees ID…, summary
set -euf

place=/var/cache/dagi-deploy
conf=/etc/dagi/noded.conf
token=/etc/dagi/token
state=/var/lib/dagi
mark="# Written by deploy.sh"

die() {
    printf '%s\n' "$*" >&2
    exit 1
}

with_systemd() { [ -d /run/systemd/system ]; }

check() {
    . /etc/os-release
    [ "$ID $VERSION_ID" = "debian 12" ] || die "this is $PRETTY_NAME; the package is for Debian 12"
    with_systemd && how="with systemd" || how="without systemd"
    echo "$(date +%s) $PRETTY_NAME, $(dpkg --print-architecture), $how"
}

# --- package

installed_sum() {
    dpkg-query -W -f '${db:Status-Status}' dagi-registry 2>/dev/null | grep -qx installed && cat "$place/installed" 2>/dev/null
}

has() {
    [ "$(installed_sum)" = "$1" ] || { [ -f "$place/package.deb" ] && echo "$1  $place/package.deb" | sha256sum -c --status; }
}

receive() {
    cat >"$place/package.deb.new"
    echo "$1  $place/package.deb.new" | sha256sum -c --status || die "the package was damaged on its way"
    mv "$place/package.deb.new" "$place/package.deb"
}

apt() {
    DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=120 \
        -o Dpkg::Options::=--force-confold -o Dpkg::Use-Pty=0 "$@" >"$place/apt.log" 2>&1
}

# Package lists are fetched only where something is missing that they must name.
fetch() {
    apt install "$@" || { apt update && apt install "$@"; } || {
        tail -n 15 "$place/apt.log" >&2
        return 1
    }
}

install_package() {
    if [ "$(installed_sum)" = "$1" ]; then
        echo "installed already"
        return
    fi
    [ -f "$place/package.deb" ] || die "there is no package"
    fetch --reinstall --allow-downgrades "$place/package.deb"
    command -v curl >/dev/null || fetch curl
    echo "$1" >"$place/installed"
    rm -f "$place/package.deb" "$place/restart" # its start has read the configuration
    with_systemd || touch "$place/restart"
    echo "installed"
}

# --- configuration

# Is there a file that is neither ours nor as the package brought it?
foreign() {
    [ -f "$conf" ] || return 1
    ! head -n 1 "$conf" | grep -qF "$mark" || return 1
    sum=$(md5sum <"$conf" | cut -c 1-32)
    ! dpkg-query -W -f '${Conffiles}\n' dagi-registry 2>/dev/null | grep -qF " $conf $sum"
}

configure() {
    mkdir -p /etc/dagi
    cat >"$place/noded.conf"
    if cmp -s "$place/noded.conf" "$conf"; then
        echo "as it was"
    elif foreign; then
        die "$conf was written by somebody else: move it aside, or keep it with --keep-config"
    else
        chmod 644 "$place/noded.conf"
        mv "$place/noded.conf" "$conf"
        touch "$place/restart"
        echo "written"
    fi
}

firewall() {
    tool=$1
    shift
    command -v "$tool" >/dev/null || case $tool in
    nft) fetch nftables ;;
    *) die "there is no ufw here: apt-get install ufw and enable it, or use --firewall nft" ;;
    esac
    if [ "$tool" = nft ] && with_systemd; then
        set -- "$@" --save
    fi
    "$place/firewall/$tool.sh" apply "$@"
}

# --- the two daemons. Without systemd they are started by start-stop-daemon, with their pids in /run/dagi and their logs in
# /var/log/dagi, and nobody starts them again.

daemon() { # daemon NAME USER ACTION…
    name=$1 user=$2
    shift 2
    start-stop-daemon --quiet --pidfile "/run/dagi/$name.pid" --name "$name" --user "$user" "$@"
}

plain_start() { # plain_start NAME USER
    daemon "$1" "$2" --start --oknodo --startas "/usr/sbin/$1" --background --make-pidfile --chuid "$2:dagi" --umask 0027 \
        --output "/var/log/dagi/$1.log" -- --state-dir "$state" --socket /run/dagi/noded.sock
}

stop() {
    if with_systemd; then
        systemctl stop nodehttpd noded
    else
        daemon nodehttpd dagi-http --stop --oknodo --retry TERM/8/KILL/2 --remove-pidfile
        daemon noded dagi --stop --oknodo --retry TERM/8/KILL/2 --remove-pidfile
    fi
}

running() {
    if with_systemd; then
        systemctl is-active --quiet noded nodehttpd
    else
        daemon noded dagi --status && daemon nodehttpd dagi-http --status
    fi
}

log_end() {
    if with_systemd; then
        journalctl --no-pager -q -o cat -n 8 -u noded -u nodehttpd
    else
        tail -q -n 4 /var/log/dagi/noded.log /var/log/dagi/nodehttpd.log
    fi >&2
}

start() {
    for program in noded nodehttpd; do
        said=$("$program" --check-config 2>&1) || die "$said"
    done
    if [ -f "$place/restart" ]; then
        stop
    elif running; then
        echo "running"
        return
    fi
    [ ! -f "$token" ] || chown dagi "$token"
    if with_systemd; then
        systemctl enable --quiet noded nodehttpd
        systemctl start noded nodehttpd || true
    else
        install -d -o dagi -g dagi -m 750 /run/dagi
        install -d -o root -g dagi -m 770 /var/log/dagi
        plain_start noded dagi
        await 15 answers || true
        plain_start nodehttpd dagi-http
    fi
    await 15 answers || {
        log_end
        die "noded does not answer"
    }
    rm -f "$place/restart"
    echo "started"
}

await() { # await SECONDS COMMAND…
    left=$(($1 * 5))
    shift
    until "$@" >/dev/null 2>&1; do
        left=$((left - 1))
        [ $left -gt 0 ] || return 1
        sleep 0.2
    done
}

# --- joining

answers() { nodectl peers >/dev/null; }

joined() { [ -f "$state/cluster.keys" ]; }

# What nodectl says beside the token is for people who handle it by hand.
invite() {
    nodectl invite "$@" 2>"$place/invite.log" || {
        cat "$place/invite.log" >&2
        return 1
    }
}

take_token() {
    umask 077
    install -d -m 755 "${token%/*}"
    cat >"$token.new"
    if ! grep -q . "$token.new"; then
        rm -f "$token.new"
        die "the token is empty"
    fi
    mv "$token.new" "$token"
}

forget_token() {
    joined || stop >/dev/null 2>&1 || true
    rm -f "$token" "$token.new"
}

cluster() { sha256sum <"$state/authority.pub"; }

# --- verifying

healthy() {
    listen=$(nodehttpd --print-config | sed -n 's/^listen = \([^ ]*\).*/\1/p')
    case $listen in
    0.0.0.0:*) listen=127.0.0.1:${listen##*:} ;;
    "[::]":*) listen="[::1]:${listen##*:}" ;;
    esac
    await 20 curl -fsS -m 5 -o /dev/null "http://$listen/health" || {
        curl -sS -m 5 "http://$listen/health" >&2 || true
        log_end
        die "http://$listen/health is not healthy"
    }
}

online() { nodectl -o json node "$1" | grep -Eq '"status": *"(online|maintenance|draining)"'; }

sees() {
    for id in "$@"; do
        await 30 online "$id" || {
            nodectl peers >&2 || true
            die "the node $id is not seen as online: can 9206/udp pass between the hosts, both ways?"
        }
    done
}

summary() {
    echo "node $(cat "$state/node_id"), HTTP on $(nodehttpd --print-config | sed -n 's/^listen = \([^ ]*\).*/\1/p')"
}

step=${1-}
[ $# -eq 0 ] || shift
case $step in
check | has | receive | configure | firewall | start | stop | joined | answers | invite | forget_token | cluster | healthy | sees | summary) "$step" "$@" ;;
install) install_package "$@" ;;
token) take_token ;;
node_id) cat "$state/node_id" ;;
*) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
esac
