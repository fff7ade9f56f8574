//! One schedule of one test, in a process.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::tests::Test;
use crate::run::Prepared;

/// Which schedule a process is to run.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    pub(super) seed: u64,
    strategy: String,
    /// The file with what the schedule tries to reach.
    aim: Option<PathBuf>,
}

/// How a process has ended.
#[derive(Clone, Debug)]
pub(super) struct Ended {
    /// Whether a thread was started, so that there was something to schedule.
    pub(super) began: bool,
    pub(super) failed: bool,
    /// What the process has printed.
    pub(super) output: String,
    /// What the schedule has shown of its aim, a line each.
    pub(super) reported: Vec<String>,
}

impl Schedule {
    pub(super) fn new(seed: u64, strategy: &str) -> Self {
        Self {
            seed,
            strategy: strategy.to_owned(),
            aim: None,
        }
    }

    /// A schedule that tries to reach what the file says.
    pub(super) fn with_aim(seed: u64, aim: PathBuf) -> Self {
        Self {
            aim: Some(aim),
            ..Self::new(seed, "random")
        }
    }

    /// The value of `LOCKWARDEN_EXPLORE` that leads to it.
    pub(super) fn variable(&self) -> String {
        let Self {
            seed,
            strategy,
            aim,
        } = self;
        let aim = aim.as_ref().map(|aim| format!(",aim={}", aim.display()));
        format!(
            "process,seed={seed},strategy={strategy}{}",
            aim.unwrap_or_default()
        )
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
    let variable = format!("{},reported={}", schedule.variable(), reported.display());
    let output = Command::new(&test.program)
        .args([
            &test.name,
            "--exact",
            "--test-threads=1",
            "--include-ignored",
        ])
        .current_dir(&test.folder)
        .envs(prepared.variables.iter().map(|(name, value)| (name, value)))
        .env("LOCKWARDEN_EXPLORE", variable)
        .output()
        .with_context(|| format!("{} cannot be started", test.program.display()))?;
    let lines = fs::read_to_string(&reported).unwrap_or_default();
    let _ = fs::remove_file(&reported);
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Ok(Ended {
        began: !lines.is_empty(),
        failed: !output.status.success(),
        output: text,
        reported: lines.lines().skip(1).map(str::to_owned).collect(),
    })
}
