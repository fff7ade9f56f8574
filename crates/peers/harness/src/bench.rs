//! One figure of a case: the median of short samples.
//!
//! A sample is shorter than what a scheduler gives a thread in one go, so that most of them see
//! nothing of what else the machine does.

use std::time::{Duration, Instant};

use crate::Peer;
use crate::common::cases;
use crate::common::rounds::{Run, Spread};

/// How long a sample takes, if the number of operations may be chosen.
const SAMPLE: Duration = Duration::from_micros(400);

/// How many samples there are at most.
const SAMPLES: usize = 25;

/// After how long no further sample is begun.
const LIMIT: Duration = Duration::from_millis(40);

/// Something whose time is taken.
pub(crate) struct Case {
    /// What the caller asks for it by.
    pub(crate) name: &'static str,
    run: Run,
    /// The number of operations, where it is part of the case.
    count: Option<u64>,
}

/// Every case.
pub(crate) fn cases<P: Peer>() -> [Case; 10] {
    let case = |name, run, count| Case { name, run, count };
    [
        case("lock", cases::lock::<P> as Run, None),
        case("pair", cases::pair::<P>, None),
        case("deep", cases::deep::<P>, None),
        case("read", cases::read::<P>, None),
        case("write", cases::write::<P>, None),
        case("private-pairs", cases::private_pairs::<P>, None),
        case("one-lock", cases::one_lock::<P>, None),
        case("create", cases::create::<P>, None),
        // To make the hierarchy takes some peers longer than any number of operations in it.
        case("rows-16000", cases::rows_16000::<P>, Some(4_000)),
        case("new-edges", cases::new_edges::<P>, Some(10_000)),
    ]
}

/// Measures every case.
pub(crate) fn all<P: Peer>() -> bool {
    start::<P>();
    cases::<P>().iter().for_each(print);
    true
}

/// Measures the case called `name`, if there is one.
pub(crate) fn one<P: Peer>(name: &str) -> bool {
    let cases = cases::<P>();
    let Some(case) = cases.iter().find(|case| case.name == name) else {
        return false;
    };
    start::<P>();
    print(case);
    true
}

fn start<P: Peer>() {
    P::start(|text| eprintln!("unexpected report: {text}"));
}

fn print(case: &Case) {
    println!("{} {:.3}", case.name, measure(case));
}

/// Nanoseconds an operation.
fn measure(case: &Case) -> f64 {
    let count = case.count.unwrap_or_else(|| calibrate(case.run));
    let start = Instant::now();
    let mut samples = Vec::new();
    while samples.is_empty() || (samples.len() < SAMPLES && start.elapsed() < LIMIT) {
        samples.push((case.run)(count).as_secs_f64() * 1e9 / count as f64);
    }
    Spread::of(&samples).median
}

/// The number of operations that takes about [`SAMPLE`].
fn calibrate(run: Run) -> u64 {
    let mut count = 16;
    loop {
        let time = run(count);
        if time * 4 >= SAMPLE {
            let factor = SAMPLE.as_secs_f64() / time.as_secs_f64();
            return ((count as f64 * factor) as u64).max(2);
        }
        count *= 2;
    }
}
