#!/usr/bin/env bash
# Counts the instructions of one operation of gridlock's types and of tokio's with callgrind, as
# lockwarden-tokio/benches/instructions.sh does it for ours.
set -euo pipefail
cd "$(dirname "$0")"

if ! command -v valgrind >/dev/null; then
    echo "count.sh needs valgrind, and there is none: install the package 'valgrind' of your system" >&2
    exit 3
fi
# From here, for .cargo/config.toml to count.
cargo build --quiet --release
program=${CARGO_TARGET_DIR:-target}/release/peer-gridlock

count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$@" 2>&1 |
        sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

each() {
    local less more
    less=$(count "$1" "$2" 2000)
    more=$(count "$1" "$2" 6000)
    awk -v d=$((more - less)) 'BEGIN { printf "%.1f", d / 4000 }'
}

printf '%-14s %8s %8s %6s\n' case gridlock tokio ratio
for case in $("$program" --list); do
    gridlock=$(each "$case" gridlock) tokio=$(each "$case" tokio)
    awk -v c="$case" -v a="$gridlock" -v b="$tokio" 'BEGIN { printf "%-14s %8s %8s %6.2f\n", c, a, b, a / b }'
done
