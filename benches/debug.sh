#!/usr/bin/env bash
# Measures what watching costs in a debug build: the cases of `crates/peers` as ratios to the bare locks,
# in a plain debug build and in one whose profile optimises this crate:
#
#   [profile.dev.package.lockwarden]
#   opt-level = 3
#
#   benches/debug.sh [ROUNDS]     prints the medians of so many rounds; 9 without
set -euo pipefail
cd "$(dirname "$0")/../crates/peers"

rounds="${1:-9}"
case "$rounds" in '' | *[!0-9]*) sed -n '2,8s/^# \{0,1\}//p' ../../benches/debug.sh >&2; exit 2 ;; esac
cases=(lock pair deep read write create fresh)

# The program of a peer, built alone so that it gets no features of another: folder, target, cargo's arguments.
build() {
    local name="$1" target="$2"
    shift 2
    cargo build --quiet --locked --manifest-path "$name/Cargo.toml" --target-dir "target/$target" "$@" >&2
    printf '%s' "$PWD/target/$target/debug/peer-$name"
}

kept=$(mktemp -d)
trap 'rm -rf "$kept"' EXIT
columns=(bare lockwarden optimised tracing-mutex)
cp "$(build bare dev)" "$kept/bare"
cp "$(build lockwarden dev)" "$kept/lockwarden"
cp "$(build lockwarden dev-optimised --config 'profile.dev.package.lockwarden.opt-level=3')" "$kept/optimised"
cp "$(build tracing-mutex dev)" "$kept/tracing-mutex"

# Nanoseconds an operation: program, case.
measure() { env -u LOCKWARDEN "$kept/$1" bench "$2" 2>/dev/null | awk '{ print $2 }'; }

printf '%-10s' case
printf ' %14s' "${columns[@]}"
printf '\n'
for case in "${cases[@]}"; do
    for ((round = 0; round < rounds; round++)); do
        times=()
        for column in "${columns[@]}"; do times+=("$(measure "$column" "$case")"); done
        echo "${times[@]}"
    done | awk -v case="$case" '
        { for (i = 1; i <= NF; i++) all[i, NR] = i == 1 ? $1 : $i / $1 }
        function median(i,   n, j, k, t, v) {
            n = NR
            for (j = 1; j <= n; j++) v[j] = all[i, j]
            for (j = 2; j <= n; j++) for (k = j; k > 1 && v[k] < v[k - 1]; k--) { t = v[k]; v[k] = v[k - 1]; v[k - 1] = t }
            return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
        }
        END {
            printf "%-10s %11.1f ns", case, median(1)
            for (i = 2; i <= NF; i++) printf " %14.2f", median(i)
            printf "\n"
        }'
done
