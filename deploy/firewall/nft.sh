#!/bin/sh
# Admits to the node registry's ports those who have business there, with a table of nftables of its own.
#
# usage: nft.sh apply --nodes LIST [--http-from LIST] [--save]
#        nft.sh print --nodes LIST [--http-from LIST]
#        nft.sh undo
#
#   apply        load the rules, in place of those of an earlier run, at once and whole
#   print        print what apply would load
#   undo         remove the rules, also those that --save has kept
#   --nodes      addresses and networks of the other nodes, for 9206/udp; any: everybody
#   --http-from  who may reach 9205/tcp (default 192.168.0.0/16,10.0.0.0/8,172.16.0.0/12,fd00::/8)
#   --save       load them at each start of the machine, too (takes systemd)
set -euf
. "$(dirname "$0")/lists.sh"

here=$(dirname "$0")
kept=/etc/dagi/firewall.nft
unit=/etc/systemd/system/dagi-firewall.service

usage() {
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
    exit "$1"
}

fill() { # fill SET ITEMS
    [ -z "$2" ] || printf 'add element inet dagi %s { %s }\n' "$1" "$(printf '%s' "${2# }" | sed 's/ /, /g')"
}

rules() {
    cat "$here/dagi.nft"
    split "$http_from"
    fill http4 "$v4"
    fill http6 "$v6"
    split "$nodes"
    fill nodes4 "$v4"
    fill nodes6 "$v6"
}

keep() { # keep RULES
    [ -d /run/systemd/system ] || die "--save takes systemd; elsewhere let the machine's start run nft.sh apply"
    install -d -m 755 "${kept%/*}"
    printf '%s\n' "$1" >"$kept.new"
    mv "$kept.new" "$kept"
    install -m 644 "$here/dagi-firewall.service" "$unit"
    systemctl daemon-reload
    systemctl enable --quiet dagi-firewall.service
}

undo() {
    if [ -f "$unit" ]; then
        systemctl disable --quiet dagi-firewall.service || true
        rm -f "$unit"
        systemctl daemon-reload || true
    fi
    rm -f "$kept"
    # Naming the table first makes its removal right whether or not it was there.
    printf 'table inet dagi\ndelete table inet dagi\n' | nft -f -
}

parse "$@"
case $action in
apply | print)
    need_nodes
    text=$(rules)
    if [ "$action" = print ]; then
        printf '%s\n' "$text"
        exit 0
    fi
    need_root
    printf '%s\n' "$text" | nft -f - || die "nft has refused the rules; nothing was changed"
    [ -z "$save" ] || keep "$text"
    echo "nft: 9205/tcp from $http_from; 9206/udp from $nodes; nobody else"
    ;;
undo)
    need_root
    undo
    echo "nft: the table inet dagi is gone"
    ;;
-h | --help) usage 0 ;;
*) usage 2 >&2 ;;
esac
