#!/bin/sh
# Puts the node registry on Debian 12 machines, over ssh, and makes one cluster of them. Safe to run again: what is done is left as
# it is, what is missing is done, what has stopped is started.
#
# usage: deploy/deploy.sh [OPTION]… [USER@]HOST…
#
#   --package FILE      the Debian package to install; without, it is built here from the source, in --build-dir
#   --build-dir DIR     where it is built (default build-deploy)
#   --role ROLE         what the nodes register, see noded.conf(5) (default worker)
#   --label LABEL       may be repeated
#   --listen HOST:PORT  where the HTTP facade answers (default 127.0.0.1:9205)
#   --keep-config       leave /etc/dagi/noded.conf as it is on each host
#   --first HOST        the host whose cluster the others join (default: the first named); left as it is if not named, too
#   --seed HOST:PORT    where the others find it, if not at its own addresses; may be repeated
#   --firewall TOOL     nft or ufw: admit nodes and readers, and nobody else; takes --nodes
#   --nodes LIST        addresses of all nodes, or any
#   --http-from LIST    networks that may read over HTTP
#   --ssh-config FILE   ssh's configuration: ports, keys, jump hosts
#   --dry-run           say what would be done, and connect to nobody
#
# The user is root, or may use sudo without a password. Roles that differ take one run each, the later ones with --first.
set -euf
cd "$(dirname "$0")/.."

steps=7
place=/var/cache/dagi-deploy
package='' build_dir=build-deploy role=worker labels='' listen=127.0.0.1:9205 keep_config='' first='' seeds=''
firewall='' nodes='' http_from='' ssh_config='' dry_run='' hosts=''
number=0 what='' at=''

say() { printf '%s\n' "$*"; }
usage() { sed -n '2,/^set/s/^# \{0,1\}//p' deploy/deploy.sh; }
wrong() {
    say "deploy: $*" >&2
    say "deploy: --help says more" >&2
    exit 2
}
step() {
    number=$((number + 1)) what=$1 at=''
    say "[$number/$steps] $what"
}
die() {
    say "deploy: step $number/$steps ($what) failed${at:+ at $at}: $*" >&2
    say "deploy: mend that and run the same command again; what is done stays done" >&2
    exit 1
}

# A word that ends up in a file or on a remote command line: no quotes, no spaces, no leading dash.
plain() { # plain OPTION VALUE
    case $2 in
    '' | -* | *[!A-Za-z0-9@._:/,+=\[\]%-]*) wrong "$1: this is not a plain word: '$2'" ;;
    esac
}

host_name() {
    plain HOST "$1"
    case $1 in
    */* | *,*) wrong "this is no host: '$1'" ;;
    esac
}

parse() {
    while [ $# -gt 0 ]; do
        case $1 in
        --keep-config) keep_config=1 ;;
        --dry-run) dry_run=1 ;;
        -h | --help)
            usage
            exit 0
            ;;
        --package | --build-dir | --ssh-config | --role | --label | --listen | --first | --seed | --firewall | --nodes | --http-from)
            [ $# -gt 1 ] || wrong "$1 takes a value"
            option "$1" "$2"
            shift
            ;;
        -*) wrong "unknown option: $1" ;;
        *)
            host_name "$1"
            hosts="$hosts $1"
            ;;
        esac
        shift
    done
    [ -n "$hosts" ] || wrong "name at least one host"
    [ -n "$first" ] || first=$(set -- $hosts && echo "$1")
    [ -z "$firewall" ] || [ -n "$nodes" ] || wrong "--firewall takes --nodes: the addresses of all nodes, or any"
    [ -z "$package" ] || [ -f "$package" ] || wrong "--package: there is no file $package"
    [ -n "$package" ] || [ -f CMakeLists.txt ] || wrong "there is no source here to build: name the package with --package FILE"
}

option() { # option NAME VALUE
    case $1 in
    --package | --ssh-config)
        case $2 in
        /*) ;;
        *) set -- "$1" "$started_in/$2" ;;
        esac
        ;;
    *) plain "$1" "$2" ;;
    esac
    case $1 in
    --package) package=$2 ;;
    --build-dir) build_dir=$2 ;;
    --ssh-config) ssh_config=$2 ;;
    --role) role=$2 ;;
    --label) labels="${labels:+$labels, }$2" ;;
    --listen) listen=$2 ;;
    --first)
        host_name "$2"
        first=$2
        ;;
    --seed) seeds="$seeds --seed $2" ;;
    --firewall)
        case $2 in
        nft | ufw) firewall=$2 ;;
        *) wrong "--firewall: nft or ufw, not '$2'" ;;
        esac
        ;;
    --nodes) nodes=$2 ;;
    --http-from) http_from=$2 ;;
    esac
}

# --- the other side

over_ssh() { # over_ssh HOST COMMAND
    timeout 600 ssh ${ssh_config:+-F "$ssh_config"} -o BatchMode=yes -o ConnectTimeout=10 -o ServerAliveInterval=10 \
        -o ServerAliveCountMax=3 "$1" "$2"
}

as_root() { # as_root HOST COMMAND
    over_ssh "$1" "$(cat "$work/sudo-$1") $2"
}

remote() { # remote HOST STEP ARGUMENTS…: a step of remote.sh there; standard input goes to it
    there=$1
    shift
    as_root "$there" "sh $place/remote.sh $*"
}

connect() { # connect HOST: how to be root there, and our script there
    user=$(over_ssh "$1" "id -u" </dev/null) || die "no connection. Does 'ssh ${ssh_config:+-F $ssh_config }$1 true' work without a password?"
    case $user in
    0) echo "" >"$work/sudo-$1" ;;
    *)
        echo "sudo -n" >"$work/sudo-$1"
        as_root "$1" true </dev/null || die "the user is not root and may not use sudo without a password"
        ;;
    esac
    as_root "$1" "sh -c 'umask 077 && mkdir -p $place && cat >$place/remote.sh.new && mv $place/remote.sh.new $place/remote.sh'" \
        <deploy/deploy-remote.sh || die "our script could not be put into $place"
}

everyone() { # the first host, and those named
    printf '%s\n' "$first" $hosts | awk '!seen[$0]++'
}

named() { # one a line
    printf '%s\n' $hosts | awk '!seen[$0]++'
}

others() {
    named | grep -vxF -e "$first" || true
}

# --- the steps

check_host() {
    at=$1
    connect "$1"
    facts=$(remote "$1" check </dev/null) || die "see above"
    drift=$(($(date +%s) - $(printf '%s' "$facts" | cut -d' ' -f1)))
    [ "${drift#-}" -le 20 ] || die "its clock differs from ours by $drift s; peers refuse more than 60 s: let it run a time service"
    say "      $1: $(printf '%s' "$facts" | cut -d' ' -f2-)"
}

make_package() {
    if [ -z "$package" ]; then
        tools/deps.sh --build || die "tools/deps.sh --build, see above"
        command -v dpkg-shlibdeps >/dev/null && command -v file >/dev/null || die "building a package takes: apt-get install dpkg-dev file"
        [ -f "$build_dir/CMakeCache.txt" ] || cmake --preset release -B "$build_dir" -DBUILD_TESTING=OFF --log-level=WARNING ||
            die "cmake could not configure $build_dir"
        cmake --build "$build_dir" -j "$(nproc)" >"$work/build.log" 2>&1 || die "the build failed: $(tail -n 20 "$work/build.log")"
        pack
    fi
    sum=$(sha256sum <"$package" | cut -c 1-64)
    say "      ${package##*/}"
}

built_package() { find "$build_dir/packages" -maxdepth 1 -name 'dagi-registry_*.deb' 2>/dev/null || true; }

# Packed again only when something in it is newer, as each packing gives another file, and another file is installed again.
pack() {
    package=$(built_package)
    if [ -z "$package" ] || [ -n "$(find "$build_dir/bin" cmake deploy README.md CHANGELOG.md proto tools/migrate tools/clients -newer "$package" -type f)" ]; then
        rm -rf "$build_dir/packages"
        (cd "$build_dir" && cpack -G DEB -B packages >"$work/cpack.log" 2>&1) || die "cpack: $(tail -n 5 "$work/cpack.log")"
        package=$(built_package)
    fi
}

send_package() {
    at=$1
    if remote "$1" has "$sum" </dev/null; then
        say "      $1: has it"
    else
        remote "$1" receive "$sum" <"$package" || die "the package could not be copied; is there room in $place?"
        say "      $1: copied"
    fi
}

configuration() {
    say "# Written by deploy.sh: its next run overwrites it, unless with --keep-config. See noded.conf(5)."
    say "[node]"
    say "role = $role"
    [ -z "$labels" ] || say "label = $labels"
    say "[http]"
    say "listen = $listen"
}

configure() {
    at=$1
    if [ -n "$keep_config" ]; then
        say "      $1: kept"
    else
        answer=$(configuration | remote "$1" configure) || die "see above"
        say "      $1: $answer"
    fi
}

guard() {
    at=$1
    tar -C deploy -cf - firewall | as_root "$1" "tar -C $place -xf -" || die "the rules could not be copied"
    answer=$(remote "$1" firewall "$firewall" --nodes "$nodes" ${http_from:+--http-from "$http_from"} </dev/null) || die "see above"
    say "      $1: $answer"
}

launch() { # launch HOST: installs what is missing, starts what does not run
    at=$1
    answer=$(remote "$1" install "$sum" </dev/null) || die "apt-get could not install the package, see above"
    answer="$answer, $(remote "$1" start </dev/null)" || die "see above"
    say "      $1: $answer"
}

# The token goes from the first host to the other through two pipes: it is on no command line, in no file here, and printed nowhere.
# Without it, a noded that is not in the cluster yet would found one of its own: so one that fails does not stay running.
join() {
    at=$1
    if ! remote "$1" joined </dev/null; then
        { remote "$first" invite $seeds </dev/null || echo; } | remote "$1" token || die "no token could be had from $first; see above"
    fi
    if ! (launch "$1"); then
        remote "$1" forget_token </dev/null || true
        exit 1
    fi
    remote "$1" forget_token </dev/null || die "/etc/dagi/token could not be removed: do so"
    [ "$(remote "$1" cluster </dev/null)" = "$(remote "$first" cluster </dev/null)" ] ||
        die "it is in another cluster than $first. To begin anew there: README.Debian in /usr/share/doc/dagi-registry"
}

verify() {
    at=$1
    remote "$1" healthy </dev/null || die "see above"
    remote "$1" sees $ids </dev/null || die "see above"
    say "      $1: healthy, sees all $(set -- $ids && echo $#)"
}

collect_ids() {
    ids=''
    for host in $(everyone); do
        at=$host
        ids="$ids $(remote "$host" node_id </dev/null)" || die "it has no node id"
    done
}

summary() {
    say ""
    say "Deployed, in the cluster of $first: $(named | tr '\n' ' ')"
    for host in $(everyone); do
        say "  $host: $(remote "$host" summary </dev/null)"
    done
    say "Management, on any of them, as root:"
    say "  nodectl status; nodectl peers; nodectl nodes; nodectl doctor"
    say "  systemctl restart noded nodehttpd; journalctl -u noded -u nodehttpd -f"
    say "  without systemd: sh $place/remote.sh start|stop; tail -f /var/log/dagi/*.log"
    say "One more host: deploy/deploy.sh --first $first HOST"
}

rehearse() {
    step "Connection and system: Debian 12, root or sudo, clock: $(everyone | tr '\n' ' ')"
    step "Package: ${package:-build in $build_dir, cpack -G DEB}; copy where it is not there"
    step "Configuration: $([ -n "$keep_config" ] && echo "keep" || echo "role $role, labels ${labels:-none}, HTTP on $listen")"
    step "Firewall: ${firewall:-leave as it is}${firewall:+, nodes $nodes}"
    step "Install and start at $first$(named | grep -qxF -e "$first" || echo ": not named, so it must run already")"
    step "Join: token from $first, install and start at: $(others | tr '\n' ' ')"
    step "Verify: health; every host sees all others"
    say "dry run: nothing was done"
}

perform() {
    step "Connection and system"
    for host in $(everyone); do check_host "$host"; done
    step "Package"
    make_package
    for host in $(named); do send_package "$host"; done
    step "Configuration"
    for host in $(named); do configure "$host"; done
    step "Firewall"
    if [ -n "$firewall" ]; then
        for host in $(named); do guard "$host"; done
    else
        say "      left as it is"
    fi
    step "Install and start at the first host"
    if named | grep -qxF -e "$first"; then
        launch "$first"
    else
        at=$first
        remote "$first" answers </dev/null || die "its noded does not answer; it was not named, so it is left as it is"
        say "      $first: runs, and is left as it is"
    fi
    step "Join the others"
    for host in $(others); do join "$host"; done
    step "Verify"
    collect_ids
    for host in $(everyone); do verify "$host"; done
    summary
}

started_in=${OLDPWD:-$PWD}
parse "$@"
if [ -n "$dry_run" ]; then
    rehearse
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
perform
