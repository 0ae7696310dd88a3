#!/bin/sh
# The Dockerfile's build: makes what the image holds of ours, below DIRECTORY.
#
# usage: build.sh DIRECTORY [BUILD]
#   BUILD  a build directory that is there already; without, the source is built in a new one as it is shipped
set -eu
cd "$(dirname "$0")/../.."

out=${1:?usage: build.sh DIRECTORY [BUILD]}
build=${2-}
if [ -z "$build" ]; then
    build=$(mktemp -d)
    cmake --preset release -B "$build" -DBUILD_TESTING=OFF -DNR_WERROR=OFF --log-level=WARNING
    cmake --build "$build" -j "$(nproc)" -- --quiet
fi
stage=$(mktemp -d)
DESTDIR=$stage cmake --install "$build" --component registry --strip >/dev/null
# Programs and licence: an image has no use for units, manual pages and completions.
for part in bin sbin libexec share/doc/dagi-registry/LICENSE; do
    if [ -e "$stage/usr/local/$part" ]; then
        mkdir -p "$out/usr/local/$(dirname "$part")"
        cp -R "$stage/usr/local/$part" "$out/usr/local/$part"
    fi
done
rm -rf "$stage"
