//! What each configuration finds.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::PEERS;

/// How often a scenario is played.
const TIMES: usize = 3;
/// How long a report is waited for; no crate takes more than two seconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// The scenarios: the name, what happens, and whether there is something to find.
pub const SCENARIOS: [(&str, &str, bool); 10] = [
    ("inversion", "A→B, then B→A in another thread", true),
    (
        "inversion-mixed",
        "the same, A read by one and written by the other",
        true,
    ),
    ("inversion-dropped", "A→B→C, B dropped, then C→A", true),
    ("deadlock", "a deadlock of two", true),
    (
        "deadlock-mixed",
        "the same, A read by one and written by the other",
        true,
    ),
    ("self-deadlock", "one thread locks twice", true),
    ("gate", "both orders under a third lock", false),
    ("one-thread", "both orders by one thread", false),
    ("joined", "the threads joined one after the other", false),
    (
        "spawned-after",
        "one order before the other thread is started",
        false,
    ),
];

/// How often each scenario was reported, of three times; in the order of the configurations that
/// detect anything.
pub type Found = Vec<Vec<usize>>;

/// Plays all scenarios with all configurations.
pub fn all(programs: &[PathBuf]) -> Found {
    programs
        .iter()
        .zip(PEERS)
        .filter(|(_, peer)| peer.detects)
        .map(|(program, peer)| {
            eprintln!("scenarios of {}", peer.title);
            SCENARIOS
                .iter()
                .map(|(name, ..)| (0..TIMES).filter(|_| is_found(program, name)).count())
                .collect()
        })
        .collect()
}

fn is_found(program: &PathBuf, scenario: &str) -> bool {
    let mut process = Command::new(program)
        .args(["find", scenario])
        .stdout(Stdio::piped())
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
    let mut output = String::new();
    if let Some(mut from) = process.stdout.take() {
        let _ = from.read_to_string(&mut output);
    }
    output.lines().any(|line| line == "found")
}

/// The word for what came out.
pub fn word(found: usize, wanted: bool) -> String {
    match (found, wanted) {
        (TIMES, true) => "found".to_owned(),
        (0, true) => "missed".to_owned(),
        (0, false) => "silent".to_owned(),
        (TIMES, false) => "**false report**".to_owned(),
        (found, true) => format!("found {found} of {TIMES}"),
        (found, false) => format!("**false report** {found} of {TIMES}"),
    }
}
