# Sourced by each step: the root of the repository, an environment without settings of ours, and `step` and `need`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-auto}"
# Tests and examples see the defaults, whatever the shell of the caller has set.
for variable in $(compgen -e LOCKWARDEN) RUST_BACKTRACE; do
    unset "$variable"
done

# Prints a command with the seconds since the start of the script, and runs it.
step() {
    printf '\n==> [%4d s] %s\n' "$SECONDS" "$*"
    "$@" </dev/null
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

if ! command -v cargo >/dev/null 2>&1; then
    echo "ci: cargo is missing: install Rust from https://rustup.rs" >&2
    exit 1
fi
