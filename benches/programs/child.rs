//! One run, in a process of its own: its peak of memory is that of the program, and nothing that
//! an earlier run has learnt or left behind is there.

use std::env;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

/// Set for a child: the program and the flavour.
const TASK: &str = "LOCKWARDEN_BENCH_PROGRAM";

/// Which locks a program uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavour {
    /// The originals.
    Bare,
    /// The watched ones.
    Watched,
}

impl Flavour {
    /// Both of them.
    pub(crate) const ALL: [Self; 2] = [Flavour::Bare, Flavour::Watched];

    /// The other one.
    pub(crate) const fn other(self) -> Self {
        Self::ALL[1 - self as usize]
    }
}

/// What a run took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    /// From the start of the program to its end, without the start of the process.
    pub(crate) time: Duration,
    /// The peak of the resident memory, in kilobytes; zero where the system does not say.
    pub(crate) peak: u64,
}

/// What this process was started for.
pub(crate) fn asked_for() -> Option<(String, Flavour)> {
    let task = env::var(TASK).ok()?;
    let (program, flavour) = task.split_once(' ')?;
    let flavour = Flavour::ALL[usize::from(flavour == "watched")];
    Some((program.to_owned(), flavour))
}

/// Runs a program in this process, and prints what it took.
pub(crate) fn run(program: fn()) {
    let start = Instant::now();
    program();
    println!("{} {}", start.elapsed().as_nanos(), peak());
}

/// Starts a child, and returns what its run took.
pub(crate) fn start(program: &str, flavour: Flavour) -> Outcome {
    let word = ["bare", "watched"][flavour as usize];
    let output = Command::new(env::current_exe().expect("a bench knows its own program"))
        .env(TASK, format!("{program} {word}"))
        .env_remove("LOCKWARDEN")
        .output()
        .expect("the bench starts once more");
    let text = String::from_utf8_lossy(&output.stdout);
    let figures: Option<(u64, u64)> = text
        .trim()
        .split_once(' ')
        .and_then(|(time, peak)| Some((time.parse().ok()?, peak.parse().ok()?)));
    let Some((time, peak)) = figures else {
        panic!(
            "{program} {word} failed: {text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    let time = Duration::from_nanos(time);
    Outcome { time, peak }
}

fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}
