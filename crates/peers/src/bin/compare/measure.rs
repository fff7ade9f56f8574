//! Costs.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Samples of every configuration.
const ROUNDS: u64 = 20;
/// What a run may take. Some crates take seconds for a case.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the configurations took, in their order: for every case, the median in nanoseconds, or
/// nothing if a run never got there.
pub type Costs = Vec<Vec<(String, Option<f64>)>>;

/// The cases, in the order of the table.
pub const CASES: [&str; 10] = [
    "lock",
    "pair",
    "deep-8",
    "read",
    "write",
    "create-lock-drop",
    "private-pairs",
    "one-lock",
    "rows-100",
    "rows-16000",
];

/// Runs the programs in rounds, in another order each time.
pub fn all(programs: &[PathBuf]) -> Costs {
    let mut samples = vec![vec![Vec::new(); CASES.len()]; programs.len()];
    let mut order: Vec<usize> = (0..programs.len()).collect();
    for round in 0..ROUNDS {
        eprintln!("round {} of {ROUNDS}", round + 1);
        let shift = (round * 7 % programs.len() as u64) as usize;
        order.rotate_left(shift);
        if round % 2 == 1 {
            order.reverse();
        }
        for &at in &order {
            for (case, time) in run(&programs[at], round) {
                if let Some(column) = CASES.iter().position(|name| *name == case) {
                    samples[at][column].push(time);
                }
            }
        }
    }
    samples
        .into_iter()
        .map(|cases| {
            cases
                .into_iter()
                .zip(CASES)
                .map(|(times, case)| (case.to_owned(), median(times)))
                .collect()
        })
        .collect()
}

fn median(mut times: Vec<f64>) -> Option<f64> {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied()
}

/// One sample of each case that the program gets to.
fn run(program: &PathBuf, seed: u64) -> Vec<(String, f64)> {
    let output = tempfile(program);
    let mut process = Command::new(program)
        .args(["measure", &seed.to_string()])
        .stdout(std::fs::File::create(&output).expect("the target folder can be written to"))
        .stderr(Stdio::null())
        .spawn()
        .expect("the program can be started");
    let start = Instant::now();
    while process.try_wait().expect("it was started here").is_none() {
        if start.elapsed() > PATIENCE {
            let _ = process.kill();
            let _ = process.wait();
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    std::fs::read_to_string(output)
        .unwrap_or_default()
        .lines()
        .filter_map(|line| {
            let (case, time) = line.split_once(' ')?;
            Some((case.to_owned(), time.parse().ok()?))
        })
        .collect()
}

/// Where a program writes to: a file, so that nothing is lost of one that is stopped.
fn tempfile(program: &PathBuf) -> PathBuf {
    let mut path = program.clone();
    path.as_mut_os_string().push(".out");
    path
}
