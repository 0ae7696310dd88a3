#!/bin/sh
# Admits to the node registry's ports those who have business there, with rules of ufw that bear the comment dagi-registry.
#
# usage: ufw.sh apply --nodes LIST [--http-from LIST]
#        ufw.sh print --nodes LIST [--http-from LIST]
#        ufw.sh undo
#
#   apply        add the rules, in place of those of an earlier run; whether ufw is active stays as it is
#   print        print what apply would add
#   undo         delete the rules
#   --nodes      addresses and networks of the other nodes, for 9206/udp; any: everybody
#   --http-from  who may reach 9205/tcp (default 192.168.0.0/16,10.0.0.0/8,172.16.0.0/12,fd00::/8)
#
# ufw does not see what arrives at ports that Docker publishes: where the registry runs in containers, use nft.sh.
set -euf
. "$(dirname "$0")/lists.sh"

comment=dagi-registry

usage() {
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
    exit "$1"
}

admit() { # admit LIST PORT PROTOCOL: rules as `ufw show added` words them, the one that denies the rest last
    case ,$1, in
    *,any,*)
        echo "allow $2/$3"
        return
        ;;
    esac
    split "$1"
    for item in $v4 $v6; do
        echo "allow from $item to any port $2 proto $3"
    done
    echo "deny $2/$3"
}

wanted() {
    split "$http_from,$nodes" # bad items end it here, before anything is said
    admit "$http_from" 9205 tcp
    admit "$nodes" 9206 udp
}

present() {
    ufw show added | sed -n "s/^ufw \(.*\) comment '$comment'\$/\1/p"
}

remove() { # remove RULES
    printf '%s\n' "$1" | while read -r rule; do
        [ -z "$rule" ] || ufw delete $rule >/dev/null
    done
}

add() { # add RULES [--dry-run]
    printf '%s\n' "$1" | while read -r rule; do
        ufw ${2-} $rule comment "$comment" >/dev/null || exit 1
    done
}

apply() {
    rules=$(wanted)
    old=$(present)
    if [ "$(printf '%s\n' "$rules" | sort)" = "$(printf '%s\n' "$old" | sort)" ]; then
        echo "ufw: the rules are there already"
    else
        add "$rules" --dry-run || die "ufw would refuse a rule; nothing was changed"
        # A rule added behind one that denies would never be reached: all anew, in order.
        remove "$old"
        add "$rules" || die "ufw has refused a rule; ufw.sh undo removes those before it"
        echo "ufw: 9205/tcp from $http_from; 9206/udp from $nodes; nobody else"
    fi
    ufw status | grep -q '^Status: active' || echo "ufw: is not active: the rules take effect with 'ufw enable' (mind your own ssh)" >&2
}

parse "$@"
[ -z "$save" ] || usage 2 >&2
case $action in
print)
    need_nodes
    rules=$(wanted)
    printf '%s\n' "$rules" | sed "s/.*/ufw & comment '$comment'/"
    ;;
apply)
    need_nodes
    need_root
    command -v ufw >/dev/null || die "there is no ufw here: apt-get install ufw, or use nft.sh"
    apply
    ;;
undo)
    need_root
    remove "$(present)"
    echo "ufw: the rules are gone"
    ;;
-h | --help) usage 0 ;;
*) usage 2 >&2 ;;
esac
