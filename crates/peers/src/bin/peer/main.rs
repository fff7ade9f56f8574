//! One crate in one configuration, chosen by a feature.
//!
//! `peer measure SEED` takes one sample of every case and prints `case nanoseconds`. `peer find NAME`
//! plays a scenario and prints `found` if the crate reports anything, `end` if it comes to its end.

#[path = "../../../../../benches/common/mod.rs"]
mod common;
mod locks;
mod scenarios;

use std::time::Duration;

use common::cases;
use common::random::Random;
use common::rounds::Run;
use locks::Locks;

/// How long a sample takes, about.
const SAMPLE: Duration = Duration::from_millis(3);

const CASES: [(&str, Run); 10] = [
    ("lock", cases::lock::<Locks>),
    ("pair", cases::pair::<Locks>),
    ("deep-8", cases::deep::<Locks>),
    ("read", cases::read::<Locks>),
    ("write", cases::write::<Locks>),
    ("create-lock-drop", cases::create::<Locks>),
    ("private-pairs", cases::private_pairs::<Locks>),
    ("one-lock", cases::one_lock::<Locks>),
    ("rows-100", cases::rows_100::<Locks>),
    ("rows-16000", cases::rows_16000::<Locks>),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["measure", seed] => measure(seed.parse().expect("a seed is a number")),
        ["find", name] => scenarios::play(name),
        ["scenarios"] => scenarios::ALL
            .iter()
            .for_each(|scenario| println!("{}", scenario.name)),
        _ => panic!("usage: peer measure SEED | find SCENARIO | scenarios"),
    }
}

fn measure(seed: u64) {
    locks::start(|| {});
    let mut random = Random::new(seed);
    let mut order: Vec<usize> = (0..CASES.len()).collect();
    random.shuffle(&mut order);
    for at in order {
        let (name, run) = CASES[at];
        println!("{name} {}", sample(run));
    }
}

/// Nanoseconds an operation.
fn sample(run: Run) -> f64 {
    let mut count = 16;
    loop {
        let time = run(count);
        if time * 2 >= SAMPLE || count >= 1 << 24 {
            return time.as_secs_f64() * 1e9 / count as f64;
        }
        let factor = SAMPLE.as_secs_f64() / time.as_secs_f64().max(1e-7);
        count = (count as f64 * factor.clamp(2.0, 64.0)) as u64;
    }
}
