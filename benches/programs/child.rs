//! One run, in a process of its own: its peak of memory is that of the program, and nothing that
//! an earlier run has learnt or left behind is there.

#![allow(unsafe_code)]

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
    /// What the process has taken of all cores; zero where the system does not say.
    pub(crate) cpu: Duration,
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
    let time = start.elapsed();
    println!("{} {} {}", time.as_nanos(), cpu().as_nanos(), peak());
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
    let figures: Vec<u64> = text
        .split(' ')
        .filter_map(|word| word.trim().parse().ok())
        .collect();
    let [time, cpu, peak] = figures[..] else {
        panic!(
            "{program} {word} failed: {text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    Outcome {
        time: Duration::from_nanos(time),
        cpu: Duration::from_nanos(cpu),
        peak,
    }
}

#[cfg(unix)]
fn cpu() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a place to write to.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    match failed {
        0 => Duration::new(time.tv_sec as u64, time.tv_nsec as u32),
        _ => Duration::ZERO,
    }
}

#[cfg(not(unix))]
fn cpu() -> Duration {
    Duration::ZERO
}

fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}
