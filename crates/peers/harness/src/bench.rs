//! One sample of a case.

use std::time::Duration;

use crate::Peer;
use crate::common::cases;
use crate::common::rounds::Run;

/// How long a sample takes, if the number of operations may be chosen.
const TARGET: Duration = Duration::from_millis(16);

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

/// Prints a sample of every case.
pub(crate) fn all<P: Peer>() -> bool {
    start::<P>();
    cases::<P>().iter().for_each(print);
    true
}

/// Prints a sample of the case called `name`, if there is one.
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
    println!("{} {:.3}", case.name, sample(case));
}

/// Nanoseconds an operation.
fn sample(case: &Case) -> f64 {
    let count = case.count.unwrap_or_else(|| calibrate(case.run));
    (case.run)(count).as_secs_f64() * 1e9 / count as f64
}

/// The number of operations that takes about [`TARGET`].
fn calibrate(run: Run) -> u64 {
    let mut count = 64;
    loop {
        let time = run(count);
        if time * 8 >= TARGET {
            let factor = TARGET.as_secs_f64() / time.as_secs_f64();
            return ((count as f64 * factor) as u64).max(2);
        }
        count *= 4;
    }
}
