//! Explores the tests of a project, none of which is changed: each schedule of each test is a process of
//! its own, in which the detector decides which thread goes on.

mod confirm;
mod process;
mod shrink;
mod tests;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;

pub(crate) use self::confirm::{ConfirmArguments, confirm};
use self::process::{Ended, Schedule};
use self::tests::Test;
use crate::cli::Request;
use crate::run::{self, count};

/// The exit code of an exploration that has found something.
const FINDINGS: u8 = 100;
/// The exit code of one that had nothing to explore.
const NOTHING: u8 = 4;
/// The time between two lines about the progress.
const PROGRESS: Duration = Duration::from_secs(10);

/// The options of an exploration.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct ExploreArguments {
    /// How many schedules of each test are run at most
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    pub(crate) schedules: u64,
    /// The seed of the first schedule; each further one has the next
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub(crate) seed: u64,
    /// How the thread that goes on is chosen: `random`, or `pct:3` with its depth
    #[arg(long, default_value = "random")]
    pub(crate) strategy: String,
    /// Make each operation of an atomic of std a point at which another thread may go on
    #[arg(long)]
    pub(crate) atomics: bool,
    /// Arguments of `cargo test` that say which tests are built; after `--`, parts of the names of tests
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "ARGS"
    )]
    pub(crate) arguments: Vec<OsString>,
}

/// Explores each test until a schedule fails.
///
/// # Errors
///
/// If the tests cannot be built or started.
pub(crate) fn explore(mut request: Request, options: &ExploreArguments) -> Result<ExitCode> {
    let filters = tests::take_filters(&mut request.arguments);
    request.atomics = options.atomics;
    let prepared = run::prepare(&request)?;
    let tests = tests::all(&prepared, &request.arguments, &filters)?;
    if tests.is_empty() && !filters.is_empty() {
        eprintln!(
            "lockwarden: no test has {} in its name",
            filters.join(" or ")
        );
    }
    let (mut passed, mut failed, mut made) = (0, 0, 0);
    let mut progress = Instant::now();
    for test in &tests {
        let (mut began, mut releases) = (false, false);
        for seed in options.seed..options.seed.saturating_add(options.schedules) {
            if progress.elapsed() >= PROGRESS {
                progress = Instant::now();
                eprintln!(
                    "lockwarden: {}, {failed} failed; now {}",
                    count(made, "schedule", "schedules"),
                    test.name
                );
            }
            let schedule = Schedule::Chosen {
                seed,
                strategy: options.strategy.clone(),
                releases,
            };
            let ended = process::run(&prepared, test, &schedule)?;
            made += u64::from(ended.began);
            if ended.failed {
                failed += 1;
                began = false;
                report(&prepared, test, seed, &ended)?;
                break;
            }
            releases |= ended.has("tries");
            if !ended.began {
                break;
            }
            began = true;
        }
        passed += u64::from(began);
    }
    eprintln!(
        "lockwarden: {}, of which {} threads and passed in each schedule; {}, {} failed",
        count(tests.len() as u64, "test", "tests"),
        count(passed, "starts", "start"),
        count(made, "schedule", "schedules"),
        count(failed, "test", "tests")
    );
    Ok(match (failed, made) {
        (0, 0) => ExitCode::from(NOTHING),
        (0, _) => ExitCode::SUCCESS,
        _ => ExitCode::from(FINDINGS),
    })
}

/// Prints what a test that failed has printed, in a schedule with few switches, and how it is run again.
fn report(prepared: &run::Prepared, test: &Test, seed: u64, failed: &Ended) -> Result<()> {
    let mut again = None;
    if let Some(choices) = shrink::shrink(prepared, test, failed)? {
        let shown = Schedule::Seen {
            choices: choices.clone(),
            shown: true,
        };
        let ended = process::run(prepared, test, &shown)?;
        if shrink::is_same(&ended, failed) {
            println!("{}", ended.output.trim_end());
            again = Some(Schedule::Seen {
                choices,
                shown: false,
            });
        }
    }
    let how = match &again {
        Some(schedule) => schedule.variable(),
        // A test that does not do the same again, or that was ended before it could say what it did.
        None => {
            println!("{}", failed.output.trim_end());
            failed.variable.clone()
        }
    };
    println!(
        "lockwarden: the test {} fails in the schedule with seed {seed}; to run it again:\n    \
         LOCKWARDEN_EXPLORE=\"{how}\" {} {} --exact --test-threads=1",
        test.name,
        test.program.display(),
        test.name,
    );
    Ok(())
}
