#!/usr/bin/env bash
# Sourced by demo.sh and test.sh: goes to the project's folder, sees to the toolchain and to what must be installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\n== %s\n' "$*"; }

need_rust() {
    if ! command -v cargo >/dev/null; then
        [ -r "$HOME/.cargo/env" ] && . "$HOME/.cargo/env"
    fi
    command -v cargo >/dev/null || {
        cat >&2 <<'TXT'
Rust is missing. Get it in one of these ways, then run this again:
  - rustup, from the Rust project's own site (https://www.rust-lang.org/tools/install), then: rustup toolchain install stable
  - your distribution's packages, if their rustc is at least the `rust-version` of Cargo.toml
TXT
        exit 2
    }
    # zstd, the embedded SQLite and the allocator are C: a compiler is needed once, and make.
    command -v cc >/dev/null || deploy/packages.sh gcc libc6-dev
    command -v make >/dev/null || deploy/packages.sh make
}
