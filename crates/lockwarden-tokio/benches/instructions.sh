#!/usr/bin/env bash
# Counts the instructions of one operation with callgrind, of the watched types and of tokio's own. A case
# is run with two numbers of operations, and the difference divided by theirs, so that everything but the
# operations cancels out. The first thread does all of them, and it alone counts: that which looks at waiting
# tasks wakes up by the clock. Also the bytes that an idle task takes more than tokio's own, with its handle.
#
#   instructions.sh           prints the table
#   instructions.sh --check   fails if a ratio is more than 2 % above instructions.baseline beside it, or above its goal
#   instructions.sh --save    writes the ratios to that file
set -euo pipefail
cd "$(dirname "$0")/.."

baseline=benches/instructions.baseline
few=2000
many=6000
mode="${1:-}"

if ! command -v valgrind >/dev/null; then
    echo "instructions.sh needs valgrind, and there is none: install the package 'valgrind' of your system" >&2
    exit 3
fi
program=$(cargo build --quiet --profile bench --bench instructions --features full,always --message-format json |
    sed -n 's/.*"executable":"\([^"]*instructions[^"]*\)".*/\1/p' | tail -n 1)

counts=$(mktemp -d)
trap 'rm -rf "$counts"' EXIT

count() {
    valgrind --tool=callgrind --separate-threads=yes --callgrind-out-file="$counts/out" "$program" "$@" >/dev/null 2>&1
    sed -n 's/^totals: //p' "$counts/out-01"
    rm "$counts"/out*
}

each() {
    local less more
    less=$(count "$1" "$2" $few)
    more=$(count "$1" "$2" $many)
    awk -v d=$((more - less)) -v n=$((many - few)) 'BEGIN { printf "%.1f", d / n }'
}

# What a case may cost at most; nothing where no goal is set.
goal() {
    case $1 in
        mutex* | rwlock* | semaphore) echo 1 ;;
        poll*) echo 1.05 ;;
        idle) echo 20 ;;
    esac
}

failed=0
saved=""
printf '%-14s %8s %8s %6s\n' case watched tokio ratio
for case in $("$program" --list) idle; do
    if [ "$case" = idle ]; then
        # In bytes: how many more than tokio's own.
        watched=$("$program" idle watched 100000) tokio=$("$program" idle tokio 100000)
        ratio=$(awk -v a="$watched" -v b="$tokio" 'BEGIN { printf "%.1f", a - b }')
    else
        watched=$(each "$case" watched) tokio=$(each "$case" tokio)
        ratio=$(awk -v a="$watched" -v b="$tokio" 'BEGIN { printf "%.3f", a / b }')
    fi
    printf '%-14s %8s %8s %6s\n' "$case" "$watched" "$tokio" "$ratio"
    saved+="$case $ratio"$'\n'
    # That of tokio itself differs by 7 % between builds of the same source in two folders.
    [ "$case" = spawn-join ] && continue
    if [ "$mode" = --check ]; then
        before=$(awk -v case="$case" '$1 == case { print $2 }' "$baseline")
        if [ -z "$before" ] || awk -v a="$ratio" -v b="$before" 'BEGIN { exit !(a > b * 1.02) }'; then
            echo "  $case has grown from ${before:-nothing} to $ratio" >&2
            failed=1
        fi
        goal=$(goal "$case")
        if [ -n "$goal" ] && awk -v a="$ratio" -v b="$goal" 'BEGIN { exit !(a > b) }'; then
            echo "  $case is to be at most $goal, and is $ratio" >&2
            failed=1
        fi
    fi
done
if [ "$mode" = --save ]; then
    { echo "# Watched over tokio's own, in instructions; idle: bytes above tokio's own. Written by instructions.sh --save"
      printf '%s' "$saved"; } >"$baseline"
fi
[ "$mode" = --check ] || exit 0
exit $failed
