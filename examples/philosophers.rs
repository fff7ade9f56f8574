//! Five philosophers at a table with five forks, each of whom needs the two beside the plate.
//!
//! ```text
//! cargo run --example philosophers                 the left fork first, then the right one
//! cargo run --example philosophers -- --ordered    both at once, with `lockwarden::acquire`
//! ```
//!
//! In the first run no two of them take two forks in opposite orders: the five orders make a ring
//! only together, and that ring is reported. If all five come to hold their left forks, they
//! deadlock; the thread that closes the cycle gets a panic, puts the fork down and tries again.
//! In the second run nothing is found.
//!
//! With the feature `send_guard` the first run is refused: any thread could hold the forks then, so
//! the deadlock of these five is not known to be one.

use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use lockwarden::acquire;
use lockwarden::config::Config;
use lockwarden::parking_lot::Mutex;
use lockwarden::report::Verdict;

const SEATS: usize = 5;
const MEALS: usize = 200;

/// A fork, which counts the meals that it was used for.
type Fork = Mutex<usize>;

static RINGS: AtomicUsize = AtomicUsize::new(0);
static REPORTS: AtomicUsize = AtomicUsize::new(0);

fn eat_naively(left: &Fork, right: &Fork) {
    let mut left = left.lock();
    let mut right = right.lock();
    *left += 1;
    *right += 1;
}

fn eat_orderly(left: &Fork, right: &Fork) {
    let mut forks = acquire((left, right)).expect("nothing else is held, and the forks differ");
    let (left, right) = &mut *forks;
    **left += 1;
    **right += 1;
}

fn dine(forks: &[Fork], seat: usize, ordered: bool) {
    let (left, right) = (&forks[seat], &forks[(seat + 1) % SEATS]);
    for _ in 0..MEALS {
        if ordered {
            eat_orderly(left, right);
        } else {
            // A panic here is a deadlock that was broken, before anything was eaten.
            while panic::catch_unwind(AssertUnwindSafe(|| eat_naively(left, right))).is_err() {}
        }
    }
}

fn main() -> ExitCode {
    let ordered = std::env::args()
        .nth(1)
        .is_some_and(|arg| arg == "--ordered");
    if !ordered && !lockwarden::status().is_on() {
        eprintln!("philosophers: lockwarden is {}", lockwarden::status());
        eprintln!("philosophers: a deadlock would hang for ever; --ordered has none");
        return ExitCode::from(2);
    }
    if !ordered && cfg!(feature = "send_guard") {
        eprintln!("philosophers: with `send_guard` any thread may hold the forks, so a deadlock");
        eprintln!("philosophers: of some threads is not reported and hangs; --ordered has none");
        return ExitCode::from(2);
    }
    Config::new()
        .callback(|report| {
            // Relaxed, here and below: the threads that count are joined before any thread reads.
            REPORTS.fetch_add(1, Ordering::Relaxed);
            if report.verdict == Verdict::Inversion && report.edges.len() == SEATS {
                RINGS.fetch_add(1, Ordering::Relaxed);
            }
        })
        .install()
        .expect("no other thread installs a configuration");

    let fork = |number| {
        let fork = Mutex::named("fork", 0);
        fork.set_label(format!("fork {number}"));
        fork
    };
    let forks: Vec<Fork> = (0..SEATS).map(fork).collect();
    thread::scope(|scope| {
        let forks = &forks[..];
        for seat in 0..SEATS {
            let thread = thread::Builder::new().name(format!("philosopher {seat}"));
            let spawned = thread.spawn_scoped(scope, move || dine(forks, seat, ordered));
            spawned.expect("a thread can be spawned");
        }
    });

    let used: usize = forks.into_iter().map(Mutex::into_inner).sum();
    println!("{} meals were eaten with {used} forks", SEATS * MEALS);
    let (rings, reports) = (
        RINGS.load(Ordering::Relaxed),
        REPORTS.load(Ordering::Relaxed),
    );
    match (rings, reports) {
        (_, 0) => println!("nothing was found"),
        (1, _) => println!("the ring of {SEATS} forks was found"),
        _ => println!("{reports} reports, {rings} of them a ring of {SEATS} forks"),
    }
    let as_expected = if ordered { reports == 0 } else { rings == 1 };
    ExitCode::from(u8::from(!as_expected || used != 2 * SEATS * MEALS))
}
