//! One figure of a case: the median of short samples.
//!
//! A sample of one thread is shorter than what a scheduler gives a thread in one go, so that most of
//! them see nothing of what else the machine does. One of two threads is longer: they have to run
//! at the same time for most of it.

use std::time::{Duration, Instant};

use crate::Peer;
use crate::common::cases;
use crate::common::rounds::{Run, Spread};

/// How long a sample of one thread takes.
const ALONE: Duration = Duration::from_micros(400);

/// How long a sample of two threads takes.
const TOGETHER: Duration = Duration::from_millis(3);

/// How many samples there are at most.
const SAMPLES: usize = 25;

/// After how long no further sample is begun.
const LIMIT: Duration = Duration::from_millis(60);

/// Something whose time is taken.
pub(crate) struct Case {
    /// What the caller asks for it by.
    pub(crate) name: &'static str,
    run: Run,
    size: Size,
}

/// How much a sample does.
#[derive(Clone, Copy)]
enum Size {
    /// As many operations as take about this long.
    Time(Duration),
    /// So many operations: they are part of the case, or what has to be made for them takes longer
    /// than they do.
    Count(u64),
}

/// Every case.
pub(crate) fn cases<P: Peer>() -> [Case; 12] {
    let case = |name, run, size| Case { name, run, size };
    let (alone, together) = (Size::Time(ALONE), Size::Time(TOGETHER));
    [
        case("lock", cases::lock::<P> as Run, alone),
        case("pair", cases::pair::<P>, alone),
        case("deep", cases::deep::<P>, alone),
        case("read", cases::read::<P>, alone),
        case("write", cases::write::<P>, alone),
        case("private-pairs", cases::private_pairs::<P>, together),
        case("one-lock", cases::one_lock::<P>, together),
        case("create", cases::create::<P>, alone),
        case("fresh", cases::fresh::<P>, alone),
        case("fresh-two", cases::fresh_two::<P>, together),
        case("rows-16000", cases::rows_16000::<P>, Size::Count(4_000)),
        case("new-edges", cases::new_edges::<P>, Size::Count(10_000)),
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
    let count = match case.size {
        Size::Time(time) => calibrate(case.run, time),
        Size::Count(count) => count,
    };
    let start = Instant::now();
    let mut samples = Vec::new();
    while samples.is_empty() || (samples.len() < SAMPLES && start.elapsed() < LIMIT) {
        samples.push((case.run)(count).as_secs_f64() * 1e9 / count as f64);
    }
    Spread::of(&samples).median
}

/// The number of operations that takes about `target`.
fn calibrate(run: Run, target: Duration) -> u64 {
    let mut count = 16;
    loop {
        let time = run(count);
        if time * 4 >= target {
            let factor = target.as_secs_f64() / time.as_secs_f64();
            return ((count as f64 * factor) as u64).max(2);
        }
        count *= 2;
    }
}
