//! Explores the same programs by lockwarden, shuttle and loom, and prints how many schedules a second
//! each of them runs, as a table of Markdown.
//!
//!     cargo run --release --manifest-path crates/peers/Cargo.toml -p peer-explore

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use lockwarden::testing::explore::{Strategy, explore};

/// The schedules of a run at random.
const SCHEDULES: usize = 4_000;
/// The runs, of which the median counts.
const ROUNDS: usize = 5;

/// The programs, over the types of one crate.
macro_rules! programs {
    ($name:ident, $root:ident) => {
        mod $name {
            use $root::sync::{Arc, Condvar, Mutex};
            use $root::thread;

            /// Two threads, ten acquisitions.
            pub(super) fn ten_acquisitions() {
                let locks = Arc::new((Mutex::new(0), Mutex::new(0)));
                let work = |locks: &(Mutex<i32>, Mutex<i32>)| {
                    for _ in 0..2 {
                        let mut first = locks.0.lock().unwrap();
                        *first += 1;
                        *locks.1.lock().unwrap() += *first;
                    }
                    *locks.0.lock().unwrap() += 1;
                };
                let other = Arc::clone(&locks);
                let thread = thread::spawn(move || work(&other));
                work(&locks);
                thread.join().unwrap();
            }

            /// Two threads that hand a number over, twice each way.
            pub(super) fn hand_over() {
                let shared = Arc::new((Mutex::new(0), Condvar::new()));
                let play = |shared: &(Mutex<usize>, Condvar), mine: usize| {
                    for _ in 0..2 {
                        let mut turn = shared.0.lock().unwrap();
                        while *turn % 2 != mine {
                            turn = shared.1.wait(turn).unwrap();
                        }
                        *turn += 1;
                        shared.1.notify_all();
                    }
                };
                let other = Arc::clone(&shared);
                let thread = thread::spawn(move || play(&other, 1));
                play(&shared, 0);
                thread.join().unwrap();
            }
        }
    };
}

programs!(ours, lockwarden);
programs!(shuttles, shuttle);
programs!(looms, loom);

fn main() {
    println!("| program | lockwarden, random | lockwarden, depth-first | shuttle, random | loom |");
    println!("|---|---|---|---|---|");
    row(
        "ten acquisitions",
        ours::ten_acquisitions,
        shuttles::ten_acquisitions,
        looms::ten_acquisitions,
    );
    row(
        "hand-over by a condition variable",
        ours::hand_over,
        shuttles::hand_over,
        looms::hand_over,
    );
}

fn row(name: &str, ours: fn(), shuttles: fn(), looms: fn()) {
    let random = rate(|| by_lockwarden(ours, Strategy::Random));
    let depth_first = rate(|| by_lockwarden(ours, Strategy::DepthFirst { preemptions: 2 }));
    let shuttle = rate(|| {
        shuttle::check_random(shuttles, SCHEDULES);
        SCHEDULES
    });
    let loom = rate(|| by_loom(looms));
    println!("| {name} | {random} | {depth_first} | {shuttle} | {loom} |");
}

fn by_lockwarden(body: fn(), strategy: Strategy) -> usize {
    let outcome = explore(body).schedules(SCHEDULES).strategy(strategy).run();
    outcome.assert_clean();
    outcome.schedules()
}

fn by_loom(body: fn()) -> usize {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    MADE.store(0, Ordering::Relaxed);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(move || {
        MADE.fetch_add(1, Ordering::Relaxed);
        body();
    });
    MADE.load(Ordering::Relaxed)
}

/// The schedules of a second, and how many there were in a run.
fn rate(run: impl Fn() -> usize) -> String {
    let mut rates: Vec<(f64, usize)> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            let made = run();
            (made as f64 / start.elapsed().as_secs_f64(), made)
        })
        .collect();
    rates.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (rate, made) = rates[ROUNDS / 2];
    format!("{rate:.0}/s of {made}")
}
