#!/bin/sh
# Measures what watching costs as a program grows, and makes the tables and plots of
# docs/performance.md of it. Takes a few minutes.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target"
target=$(cd "$target" && pwd)
cargo bench --bench scale -- --csv="$target/scale.csv"
cargo run --quiet --manifest-path crates/plots/Cargo.toml --target-dir "$target/plots" -- \
    "$target/scale.csv" docs
