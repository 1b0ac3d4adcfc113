#!/usr/bin/env bash
# Installs Debian packages that are missing, by name: deploy/packages.sh rabbitmq-server libxml2-utils
#
# Asks nothing, installs nothing twice, and starts no service: a package's daemon stays off unless it already runs.
# Works as root or through sudo. Exit codes: 0 all there, 1 could not install, 2 wrong call.
set -euo pipefail

say() { printf 'packages: %s\n' "$*" >&2; }
fail() { say "$1"; exit "${2:-1}"; }

[ $# -gt 0 ] || fail 'usage: packages.sh PACKAGE…' 2
command -v dpkg-query >/dev/null || fail "this is not a Debian system; install by hand: $*"

missing=()
for package in "$@"; do
    case $package in
        [a-z0-9]*) ;;
        *) fail "not a package name: $package" 2 ;;
    esac
    state=$(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
        fail "missing: ${missing[*]}. Neither root nor sudo here; as root: apt-get install ${missing[*]}"
    as_root=(sudo)
    # Without a terminal sudo could only hang on its question.
    [ -t 0 ] || as_root+=(-n)
    "${as_root[@]}" true 2>/dev/null ||
        fail "missing: ${missing[*]}. sudo refused; as root: apt-get install ${missing[*]}"
fi

# Debian starts what it installs. A policy that forbids it stands here only while we install.
policy=/usr/sbin/policy-rc.d
placed=no
cleanup() { [ "$placed" = no ] || "${as_root[@]}" rm -f "$policy"; }
trap cleanup EXIT
trap 'exit 1' INT TERM
if [ ! -e "$policy" ]; then
    placed=yes
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
fi

install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y
    -o DPkg::Lock::Timeout=120 --no-install-recommends install "${missing[@]}")
say "installing ${missing[*]}"
# The list of packages may be fresh enough: ask the network only when it is not.
if ! "${install[@]}" >/dev/null 2>&1; then
    "${as_root[@]}" apt-get -qq update >&2 || fail "apt-get update failed: is there a network?"
    "${install[@]}" >&2 || fail "apt-get could not install: ${missing[*]}"
fi
