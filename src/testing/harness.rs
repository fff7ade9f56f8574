//! The function behind `#[lockwarden::test]`.

use std::panic::Location;
use std::process::{ExitCode, Termination};
use std::sync::{Arc, Mutex, PoisonError};

use super::check::Check;
use crate::config;
use crate::detector;
use crate::report::Verdict;

/// Runs the body of a test: the test passes if its check is clean or, if a verdict is expected, makes
/// such a finding.
///
/// In a build or process without watched locks, the body of a test that expects a finding is not run,
/// since the body may deadlock.
#[track_caller]
pub fn run<T: Termination>(
    check: Check,
    expect: Option<Verdict>,
    body: impl FnOnce() -> T + Send + 'static,
) -> ExitCode {
    let site = Location::caller();
    if let Some(verdict) = expect
        && !(detector::ON && config::current().is_enabled())
    {
        println!("lockwarden: not run, since nothing is watched: no {verdict} can be found");
        return ExitCode::SUCCESS;
    }
    // The value that the body returns stays with its thread: an error need not be `Send`.
    let code = Arc::new(Mutex::new(ExitCode::FAILURE));
    let given = Arc::clone(&code);
    let body = move || {
        let ended = body().report();
        *given.lock().unwrap_or_else(PoisonError::into_inner) = ended;
    };
    let mut outcome = check.run_at(body, site);
    // Panics that follow from a broken deadlock carry no further information.
    if outcome.panic().is_some() && !(expect.is_some() && outcome.is_broken()) {
        if !outcome.findings().is_empty() {
            eprintln!("lockwarden: before it panicked\n{outcome}");
        }
        outcome = outcome.resume_panic();
    }
    match expect {
        Some(verdict) => {
            outcome.assert_finds(verdict);
            // The thread that closed the deadlock did not reach its end.
            if outcome.is_broken() {
                return ExitCode::SUCCESS;
            }
        }
        None => outcome.assert_clean(),
    }
    *code.lock().unwrap_or_else(PoisonError::into_inner)
}
