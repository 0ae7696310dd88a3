# What nft.sh and ufw.sh share: their arguments, and lists of addresses. Sourced; the caller has set -euf and defines `usage`.

http_from=192.168.0.0/16,10.0.0.0/8,172.16.0.0/12,fd00::/8
nodes='' save=''

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit "${status:-1}"
}

# parse ARGUMENTS…: sets $action, $http_from, $nodes and $save, or ends with the usage.
parse() {
    action=${1-}
    [ $# -eq 0 ] || shift
    while [ $# -gt 0 ]; do
        case $1 in
        --nodes | --http-from)
            [ $# -gt 1 ] || usage 2 >&2
            if [ "$1" = --nodes ]; then nodes=$2; else http_from=$2; fi
            shift
            ;;
        --save) save=1 ;;
        *) usage 2 >&2 ;;
        esac
        shift
    done
}

# Who gossips must be said: a wrong guess would either cut a cluster or open it.
need_nodes() {
    [ -n "$nodes" ] || status=2 die "who are the nodes? --nodes ADDRESS,… names them, --nodes any admits all"
}

need_root() {
    [ "$(id -u)" = 0 ] || die "this takes root"
}

# split LIST: sets $v4 and $v6 to its items, separated by spaces.
split() {
    v4='' v6=''
    for item in $(printf '%s' "$1" | tr ',' ' '); do
        case $item in
        any) v4="$v4 0.0.0.0/0" v6="$v6 ::/0" ;;
        *[!0-9a-fA-F.:/]*) status=2 die "this is no address or network: '$item'" ;;
        *:*) v6="$v6 $item" ;;
        *.*) v4="$v4 $item" ;;
        *) status=2 die "this is no address or network: '$item'" ;;
        esac
    done
}
