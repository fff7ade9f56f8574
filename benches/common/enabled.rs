//! Makes sure that there is something to measure.
//!
//! No part of `common/mod.rs`, which packages include that do not know `lockwarden`.

#![allow(unreachable_pub, reason = "each bench is a crate of its own")]

use std::env;
use std::process::{Command, exit};

use lockwarden::config::{OffReason, Status};

/// Set for the run that this starts, so that it starts no other.
const GUARD: &str = "LOCKWARDEN_BENCH_ALWAYS";

/// Returns if the locks are watched. An optimised build leaves the watching out by itself; then the
/// same bench is built and run again with `features`, `always` among them, and this process ends with it.
pub(crate) fn ensure(bench: &str, features: &str) {
    match lockwarden::status() {
        Status::On(_) => return,
        Status::Off(OffReason::NotCompiledIn) if env::var_os(GUARD).is_none() => {}
        off => {
            eprintln!("nothing to measure: lockwarden is {off}");
            exit(1);
        }
    }
    // Set by cargo for what it runs.
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut again = Command::new(cargo);
    again
        .args(["bench", "--quiet", "--features", features, "--bench"])
        .arg(bench)
        .arg("--")
        .args(
            env::args_os()
                .skip(1)
                .filter(|argument| argument != "--bench"),
        )
        .env(GUARD, "1");
    eprintln!("building again with the feature `always`, without which nothing is watched");
    match again.status() {
        Ok(status) => exit(status.code().unwrap_or(1)),
        Err(error) => {
            eprintln!("run `cargo bench --features {features} --bench {bench}`: {error}");
            exit(1);
        }
    }
}
