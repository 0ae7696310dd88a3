#!/bin/sh
# kill -9 of any process at any moment, many times: no write that was answered may be lost.
#
# usage: tools/soak/kill.sh [KILLS] [SEED]
#
# Half of the kills (200 unless told) hit a lone peer and its facade, half hit three peers and theirs. Uses the programs in
# build/bin, or in $NR_BIN. A failure names the seed; the same seed makes the same choices, not the same moments.
set -eu
cd "$(dirname "$0")/../.."
case ${1-} in
-h | --help)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
esac
exec /usr/bin/python3 -B tests/system/cluster_kill.py "${1:-200}" ${2:+"$2"}
