//! One schedule of one test, in a process.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::tests::Test;
use crate::run::Prepared;

/// Which schedule a process is to run.
#[derive(Clone, Debug)]
pub(super) enum Schedule {
    /// The one that a strategy chooses; with `releases`, threads have points before their releases of locks.
    Chosen {
        seed: u64,
        strategy: String,
        releases: bool,
    },
    /// A random schedule that tries to reach the nested acquisitions in the file.
    Aimed { seed: u64, aim: PathBuf },
    /// The schedule of an earlier process; `shown` is whether the process prints the steps of the threads.
    Seen { choices: String, shown: bool },
    /// One thread after the other, each up to a number of its own steps.
    Guided { runs: Vec<String>, releases: bool },
}

/// How a process has ended.
#[derive(Clone, Debug)]
pub(super) struct Ended {
    /// The value of `LOCKWARDEN_EXPLORE` that led to it.
    pub(super) variable: String,
    /// Whether a thread was started, so that there was something to schedule.
    pub(super) began: bool,
    pub(super) failed: bool,
    /// What the process has printed.
    pub(super) output: String,
    /// What the schedule has shown of its aim, and what it was, a line each.
    pub(super) reported: Vec<String>,
}

impl Ended {
    /// What the process has said by this word.
    pub(super) fn said(&self, word: &str) -> Option<&str> {
        let mut lines = self.reported.iter();
        lines.find_map(|line| line.strip_prefix(word)?.strip_prefix('\t'))
    }

    /// The runs of its threads, such as `0<3`: thread 0 up to its third step.
    pub(super) fn runs(&self) -> Option<Vec<String>> {
        let runs = self.said("runs")?.split_whitespace();
        Some(runs.map(str::to_owned).collect())
    }

    pub(super) fn has(&self, line: &str) -> bool {
        self.reported.iter().any(|said| said == line)
    }
}

impl Schedule {
    /// The value of `LOCKWARDEN_EXPLORE` that leads to it.
    pub(super) fn variable(&self) -> String {
        let releases = |releases: &bool| if *releases { ",releases" } else { "" };
        match self {
            Self::Chosen {
                seed,
                strategy,
                releases: before,
            } => format!(
                "process,seed={seed},strategy={strategy}{}",
                releases(before)
            ),
            Self::Aimed { seed, aim } => {
                // Random priorities keep a thread back for long that would otherwise come too early.
                let strategy = ["random", "pct:2"][(seed % 2) as usize];
                format!(
                    "process,seed={seed},strategy={strategy},aim={}",
                    aim.display()
                )
            }
            Self::Seen { choices, shown } => {
                format!(
                    "process,replay={choices}{}",
                    if *shown { ",table" } else { "" }
                )
            }
            Self::Guided {
                runs,
                releases: before,
            } => format!("process,guided={}{}", runs.join(" "), releases(before)),
        }
    }
}

/// Runs the test.
///
/// # Errors
///
/// If it cannot be started.
pub(super) fn run(prepared: &Prepared, test: &Test, schedule: &Schedule) -> Result<Ended> {
    let reported = prepared.project.target_dir.join(format!(
        "lockwarden-explore-{}.reported",
        std::process::id()
    ));
    let _ = fs::remove_file(&reported);
    let variable = schedule.variable();
    let reporting = format!("{variable},reported={}", reported.display());
    let mut command = Command::new(&test.program);
    command
        .args([
            &test.name,
            "--exact",
            "--test-threads=1",
            "--include-ignored",
        ])
        .current_dir(&test.folder)
        .envs(prepared.variables.iter().map(|(name, value)| (name, value)))
        .env("LOCKWARDEN_EXPLORE", reporting);
    // A deadlock stays, so that the process can tell which threads wait where.
    let settings = std::env::var("LOCKWARDEN").unwrap_or_default();
    command.env("LOCKWARDEN", format!("{settings},Deadlock=report"));
    let output = command
        .output()
        .with_context(|| format!("{} cannot be started", test.program.display()))?;
    let lines = fs::read_to_string(&reported).unwrap_or_default();
    let _ = fs::remove_file(&reported);
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Ok(Ended {
        variable,
        began: !lines.is_empty(),
        failed: !output.status.success(),
        output: text,
        reported: lines.lines().skip(1).map(str::to_owned).collect(),
    })
}
