#!/usr/bin/env bash
# All that is checked before anything is merged: formatting, lints, every test, on a real RabbitMQ. Works on a fresh Debian
# machine with Rust; installs what is missing.
. "$(dirname "${BASH_SOURCE[0]}")/rust.sh"
need_rust

# How long it has taken: the whole is to stay below 30 minutes on 2 cores.
so_far() { printf '%d min %02d s' $((SECONDS / 60)) $((SECONDS % 60)); }

deploy/packages.sh rabbitmq-server libxml2-utils poppler-utils

say "Formatting"
cargo fmt --check
say "Lints"
# Spreadsheets and S3 are features of the build; with them everything is built once and all of it is tested.
features=fail-points,xlsx,s3
cargo clippy --locked --all-targets --features "$features" --quiet -- -D warnings
say "Tests ($(so_far) so far)"
# Generated cases are the same in every run, so that what fails is what was changed; PROPTEST_RNG_SEED=N deploy/test.sh tries others.
export PROPTEST_RNG_SEED=${PROPTEST_RNG_SEED:-20261130}
cargo test --locked --features "$features" --quiet
say "All well, in $(so_far)"
