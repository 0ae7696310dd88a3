#!/bin/sh
# The Dockerfile's runtime: the libraries that the programs need, curl (for health checks, and to write from inside), and the
# users. noded and the facade share a group, so that the facade reads the store and cannot read the keys.
set -eu

packages="libsodium23 liblmdb0 libevent-core-2.1-7 libinih1 libjansson4 libcurl4 curl"

apt-get update -q
DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $packages
rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/log/apt /var/log/dpkg.log

groupadd --system --gid 9206 dagi
useradd --system --uid 9206 --gid dagi --home-dir /var/lib/dagi --no-create-home --shell /usr/sbin/nologin dagi
useradd --system --uid 9205 --gid dagi --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin dagi-http
# New volumes take owner and mode from here.
install -d -o dagi -g dagi -m 750 /var/lib/dagi
install -d -o dagi -g dagi -m 700 /var/lib/dagi-token
