//! Confirms recorded predictions: runs the tests in schedules that try to reach each of them.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};

use super::process::{self, Ended, Schedule};
use super::shrink;
use super::tests::{self, Test};
use super::{FINDINGS, NOTHING};
use crate::cli::Request;
use crate::records::{self, FindingRow};
use crate::run::{self, Prepared};

/// The verdicts that are predictions of a deadlock, or of one that something prevents.
const PREDICTIONS: [&str; 3] = ["Inversion", "Guarded", "RecursiveRead"];

/// The options of a confirmation.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct ConfirmArguments {
    /// Record files or folders of them; if none is given, the folder that LOCKWARDEN_RECORD names, or else
    /// `target/lockwarden/records`
    #[arg(long, value_name = "PATH")]
    pub(crate) records: Vec<PathBuf>,
    /// How many schedules of each test are run for a finding
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    pub(crate) schedules: u64,
    /// Arguments of `cargo test` that say which tests are built; after `--`, parts of the names of tests
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "ARGS"
    )]
    pub(crate) arguments: Vec<OsString>,
}

/// What came of one finding.
enum Outcome {
    Confirmed { test: Test, schedule: Schedule },
    NotReached(String),
    Diverged,
}

/// Tries each predicted deadlock of the records.
///
/// # Errors
///
/// If the records cannot be read, or the tests cannot be built or started.
pub(crate) fn confirm(mut request: Request, options: &ConfirmArguments) -> Result<ExitCode> {
    let filters = tests::take_filters(&mut request.arguments);
    let prepared = run::prepare(&request)?;
    let folders = match &options.records[..] {
        [] => vec![
            records::named_by_environment()
                .unwrap_or_else(|| prepared.project.target_dir.join("records")),
        ],
        given => given.to_vec(),
    };
    let found = records::findings(&folders).context("the records cannot be read")?;
    let is_prediction =
        |row: &&FindingRow| PREDICTIONS.contains(&row.verdict.as_str()) && !row.edges.is_empty();
    let predictions: Vec<&FindingRow> = found.iter().filter(is_prediction).collect();
    if predictions.is_empty() {
        eprintln!("lockwarden: the records have no prediction");
        return Ok(ExitCode::from(NOTHING));
    }
    let tests = tests::all(&prepared, &request.arguments, &filters)?;
    let mut confirmed = 0;
    for row in &predictions {
        println!("{}", row.headline);
        match try_all(&prepared, &tests, row, options.schedules)? {
            Outcome::Confirmed { test, schedule } => {
                confirmed += 1;
                println!(
                    "    Confirmed: the test {} deadlocks; to run it again:\n        \
                     LOCKWARDEN_EXPLORE=\"{}\" {} {} --exact --test-threads=1",
                    test.name,
                    schedule.variable(),
                    test.program.display(),
                    test.name,
                );
            }
            Outcome::NotReached(why) => println!("    NotReached: {why}"),
            Outcome::Diverged => {
                println!("    Diverged: no test came to the recorded acquisitions")
            }
        }
    }
    eprintln!(
        "lockwarden: {confirmed} of {} predictions confirmed",
        predictions.len()
    );
    Ok(ExitCode::from(if confirmed > 0 { FINDINGS } else { 0 }))
}

fn try_all(
    prepared: &Prepared,
    tests: &[Test],
    row: &FindingRow,
    schedules: u64,
) -> Result<Outcome> {
    let aim = write_aim(prepared, row)?;
    let mut reasons = BTreeSet::new();
    // The test in which it was seen comes first, where the record says which that was.
    let (first, rest): (Vec<&Test>, Vec<&Test>) = tests
        .iter()
        .partition(|test| !row.test.is_empty() && test.name == row.test);
    for test in first.into_iter().chain(rest) {
        for seed in 0..schedules {
            let aim = aim.clone();
            let ended = process::run(prepared, test, &Schedule::Aimed { seed, aim })?;
            if ended.has("stuck")
                && let Some(choices) = shrink::shrink(prepared, test, &ended)?
            {
                let shown = false;
                return Ok(Outcome::Confirmed {
                    test: test.clone(),
                    schedule: Schedule::Seen { choices, shown },
                });
            }
            if !ended.has("seen") {
                break;
            }
            if ended.has("explains") {
                reasons.insert(reason(&test.name, &ended));
            }
        }
    }
    Ok(match reasons.pop_first() {
        Some(reason) => Outcome::NotReached(reason),
        None => Outcome::Diverged,
    })
}

/// Why a schedule that came to one of the acquisitions has not deadlocked.
fn reason(test: &str, ended: &Ended) -> String {
    if ended.has("met") {
        return format!(
            "the threads of {test} met, and passed each other: they read, with no writer that waits between them, or a \
             value was ready"
        );
    }
    if ended.has("others") {
        return format!("the threads of {test} asked for other locks of the classes");
    }
    match ended.said("waited") {
        Some(wait) => format!("a thread of {test} {wait} first"),
        None => format!("no other thread of {test} came to the acquisition that is missing"),
    }
}

/// Writes the acquisitions of the finding for the processes that try to reach them.
fn write_aim(prepared: &Prepared, row: &FindingRow) -> Result<PathBuf> {
    let lines = row.edges.iter().map(|edge| {
        let (from, to) = (&edge.from, &edge.to);
        format!("{from}\t{}\t{to}\t{}\n", edge.from_site, edge.to_site)
    });
    let mut lines: Vec<String> = lines.collect();
    // One that is alone is made by two threads, unless it is a second read of the same lock.
    if let [one] = &lines[..]
        && row.verdict != "RecursiveRead"
    {
        lines.push(one.clone());
    }
    let text: String = lines.concat();
    let name = format!(
        "lockwarden-aim-{:x}",
        text.bytes().fold(0_u64, |hash, byte| {
            hash.wrapping_mul(31).wrapping_add(byte.into())
        })
    );
    let path = prepared.project.target_dir.join(name);
    fs::write(&path, text)?;
    Ok(path)
}
