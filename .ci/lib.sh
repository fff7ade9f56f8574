# Sourced by each step: the root of the repository, an environment without settings of ours, and `step`, `need`
# and `skip`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-auto}"
# A clean checkout is built once: what a second build would use takes 13 GB.
export CARGO_INCREMENTAL="${CARGO_INCREMENTAL:-0}"
# Tests and examples see the defaults, whatever the shell of the caller has set.
for variable in $(compgen -e LOCKWARDEN) RUST_BACKTRACE; do
    unset "$variable"
done

# Prints a command with the seconds since the start of the script, and runs it.
step() {
    printf '\n==> [%4d s] %s\n' "$SECONDS" "$*"
    "$@" </dev/null
}

# Says what is not checked, and what is missing for it.
skip() {
    echo "ci: $*" >&2
    if [[ -n ${CI_SKIPPED:-} ]]; then
        echo "$*" >>"$CI_SKIPPED"
    fi
}

# Stops with a message unless the cargo subcommand $1 is installed; a component $2 of the toolchain is
# added where rustup is there to do so.
need() {
    local command=$1 component=${2:-}
    if cargo "$command" --version >/dev/null 2>&1; then
        return
    fi
    if [[ -n $component ]] && command -v rustup >/dev/null 2>&1; then
        step rustup component add "$component"
    else
        echo "ci: \`cargo $command\` is missing: install ${component:-cargo-$command}" >&2
        exit 1
    fi
}

# Brings Chromium, in which a test looks at the page of `cargo lockwarden report`; without it that test is skipped.
need_browser() {
    if [[ -n ${CHROMIUM:-} ]] || command -v chromium chromium-browser google-chrome >/dev/null 2>&1; then
        return
    fi
    if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null 2>&1 ||
        ! { apt-get update -qq && apt-get install -y -qq chromium; } >/dev/null 2>&1; then
        skip "chromium is missing, so the page of \`cargo lockwarden report\` is not looked at in a browser"
        export LOCKWARDEN_NO_BROWSER=1
    fi
}

if ! command -v cargo >/dev/null 2>&1; then
    echo "ci: cargo is missing: install Rust from https://rustup.rs" >&2
    exit 1
fi
