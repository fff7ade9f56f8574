#!/usr/bin/env bash
# Counts the instructions of one operation with callgrind: watched, switched off at compile time, and
# bare. A case is run with two numbers of operations, and the difference divided by theirs, so that
# everything but the operations cancels out.
#
#   benches/instructions.sh           prints the table
#   benches/instructions.sh --check   fails if an unwatched figure differs from the bare one, or if a
#                                     watched one is more than 2 % above benches/instructions.baseline
#   benches/instructions.sh --save    writes the figures to that file
set -euo pipefail
cd "$(dirname "$0")/.."

baseline=benches/instructions.baseline
few=20000
many=30000
mode="${1:-}"
case "$mode" in "" | --check | --save) ;; *) sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;; esac

if ! command -v valgrind >/dev/null; then
    echo "instructions.sh needs valgrind, and there is none: install the package 'valgrind' of your system" >&2
    exit 3
fi

# The program of a build, whose features are the arguments.
build() {
    cargo build --quiet --profile bench --bench instructions --message-format json "$@" |
        sed -n 's/.*"executable":"\([^"]*instructions[^"]*\)".*/\1/p' | tail -n 1
}

# The instructions of a run.
count() {
    local out
    out=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1) ||
        { echo "$out" >&2; return 1; }
    sed -n 's/.*Collected : \([0-9]*\).*/\1/p' <<<"$out"
}

# The instructions of one operation, with one decimal: program, case, subject.
each() {
    local less more
    less=$(count "$1" "$2" "$3" $few)
    more=$(count "$1" "$2" "$3" $many)
    awk -v d=$((more - less)) -v n=$((many - few)) 'BEGIN { printf "%.1f", d / n }'
}

# Copied, since the next build of the same name may overwrite it.
kept=$(mktemp -d)
trap 'rm -rf "$kept"' EXIT
cp "$(build --features always)" "$kept/on"
cp "$(build)" "$kept/off"
if [ "$("$kept/on" --status)" != on ] || [ "$("$kept/off" --status)" != off ]; then
    echo "instructions.sh: the builds are not what they should be; is LOCKWARDEN set?" >&2
    exit 1
fi

failed=0
saved=""
printf '%-20s %8s %8s %8s %8s\n' case bare off on extra
for case in $("$kept/on" --list); do
    bare=$(each "$kept/off" "$case" bare)
    off=$(each "$kept/off" "$case" ours)
    on=$(each "$kept/on" "$case" ours)
    printf '%-20s %8s %8s %8s %8s\n' "$case" "$bare" "$off" "$on" \
        "$(awk -v a="$on" -v b="$bare" 'BEGIN { printf "%.1f", a - b }')"
    saved+="$case $on"$'\n'
    # Making a lock may even be cheaper unwatched than bare: the compiler lays it out differently.
    if [ "$off" != "$bare" ] && ! { [ "$case" = create-lock-drop ] && awk -v a="$off" -v b="$bare" 'BEGIN { exit !(a < b) }'; }; then
        echo "  unwatched, $case takes $off instructions, and $bare bare" >&2
        failed=1
    fi
    if [ "$mode" = --check ]; then
        before=$(awk -v case="$case" '$1 == case { print $2 }' "$baseline")
        if [ -z "$before" ]; then
            echo "  $baseline says nothing of $case: run benches/instructions.sh --save" >&2
            failed=1
        elif awk -v a="$on" -v b="$before" 'BEGIN { exit !(a > b * 1.02) }'; then
            echo "  $case has grown from $before instructions to $on" >&2
            failed=1
        fi
    fi
done
if [ "$mode" = --save ]; then
    { echo "# Instructions of one watched operation; written by benches/instructions.sh --save"
      printf '%s' "$saved"; } >"$baseline"
fi
[ "$mode" = --check ] || exit 0
exit $failed
