//! The function behind `#[lockwarden::test]`.

use std::panic::{Location, resume_unwind};
use std::process::{ExitCode, Termination};
use std::sync::{Arc, Mutex, PoisonError};

use super::check::{Check, is_watched};
use super::explore::{FindingKind, Outcome, Strategy, explore};
use crate::engine::ids::Site;
use crate::explore::asked;
use crate::report::Verdict;

/// How a test is to be explored.
#[derive(Clone, Copy, Debug)]
pub struct Exploration {
    /// The most schedules.
    pub schedules: usize,
    /// The seed of random choices.
    pub seed: u64,
    /// How the thread that goes on is chosen.
    pub strategy: Strategy,
}

impl Exploration {
    /// Returns what the environment asks for, or else what the attribute does.
    fn asked(attribute: Option<Self>) -> Option<Self> {
        let asked = asked().filter(|asked| !asked.process);
        let Some(asked) = asked else {
            return attribute;
        };
        let given = attribute.unwrap_or(Self {
            schedules: SCHEDULES,
            seed: 0,
            strategy: Strategy::default(),
        });
        Some(Self {
            schedules: asked.schedules.unwrap_or(given.schedules),
            seed: asked.seed.unwrap_or(given.seed),
            strategy: asked.strategy.unwrap_or(given.strategy),
        })
    }
}

/// The schedules of an exploration that the environment asks for without a number.
const SCHEDULES: usize = 1_000;

/// Runs the body of a test in many schedules: the test passes if none shows anything or, if a verdict is
/// expected, one shows it.
#[track_caller]
fn explored<T: Termination>(
    check: &Check,
    exploration: Exploration,
    expect: Option<Verdict>,
    body: impl Fn() -> T + Send + Sync + 'static,
    site: Site,
) {
    let body = move || {
        let ended = body().report();
        assert!(ended == ExitCode::SUCCESS, "the test has returned an error");
    };
    let outcome = explore(body)
        .within(check.limit())
        .schedules(exploration.schedules)
        .seed(exploration.seed)
        .strategy(exploration.strategy)
        .run_at(site);
    match expect {
        Some(verdict) => {
            assert!(
                shows(&outcome, verdict),
                "lockwarden: no schedule shows a finding with the verdict {verdict}\n{outcome}"
            );
        }
        None => fail_with(&outcome),
    }
}

fn shows(outcome: &Outcome, verdict: Verdict) -> bool {
    outcome
        .findings()
        .iter()
        .any(|finding| match finding.kind() {
            FindingKind::Report(report) => report.verdict == verdict,
            FindingKind::Stuck(_) => verdict == Verdict::Deadlock,
            FindingKind::Panic(_) | FindingKind::Hang(_) => false,
        })
}

/// Fails if there is a finding. The message of a test that has panicked in a schedule is its own, which
/// `#[should_panic]` compares; the schedule goes to standard error.
#[track_caller]
fn fail_with(outcome: &Outcome) {
    let mut latest = outcome.findings().iter().rev();
    let panic = latest.find_map(|finding| match finding.kind() {
        FindingKind::Panic(message) => Some(message.clone()),
        _ => None,
    });
    match panic {
        Some(message) if outcome.deadlock().is_none() => {
            eprintln!("lockwarden: it panicked\n{outcome}");
            resume_unwind(Box::new(message));
        }
        _ => outcome.assert_clean(),
    }
}

/// Runs the body of a test: the test passes if its check is clean or, if a verdict is expected, makes
/// such a finding.
///
/// In a build or process without watched locks, the body of a test that expects a finding is not run,
/// since the body may deadlock.
#[track_caller]
pub fn run<T: Termination>(
    check: Check,
    exploration: Option<Exploration>,
    expect: Option<Verdict>,
    body: impl Fn() -> T + Send + Sync + 'static,
) -> ExitCode {
    let site = Location::caller();
    if is_watched()
        && let Some(exploration) = Exploration::asked(exploration)
    {
        explored(&check, exploration, expect, body, site);
        return ExitCode::SUCCESS;
    }
    once(check, expect, body, site)
}

/// Runs the body of an asynchronous test, which drives its tasks, like [`run`]. The schedules of tasks are
/// the runtime's: such a test is never explored.
#[track_caller]
pub fn run_tasks<T: Termination>(
    check: Check,
    expect: Option<Verdict>,
    body: impl Fn() -> T + Send + Sync + 'static,
) -> ExitCode {
    once(check, expect, body, Location::caller())
}

#[track_caller]
fn once<T: Termination>(
    check: Check,
    expect: Option<Verdict>,
    body: impl Fn() -> T + Send + Sync + 'static,
    site: Site,
) -> ExitCode {
    if let Some(verdict) = expect
        && !is_watched()
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
    let mut outcome = check.run_at(Box::new(body), site);
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
