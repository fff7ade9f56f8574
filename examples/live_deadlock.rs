//! Two threads deadlock: really, and every time, since a barrier makes both hold one lock before
//! they ask for the other's. The program names it and ends by itself.
//!
//! ```text
//! cargo run --example live_deadlock
//! ```
//!
//! Nothing polls: the thread that comes to wait last sees the ring that it closes, reports it, and
//! panics in place of waiting. Its locks are released on the way, so the other thread goes on. The
//! program prints how long the report took, from the call that closed the ring until the text was
//! written; the stacks, which take longer, follow it.

use std::process::ExitCode;
use std::sync::{Barrier, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use lockwarden::config::Config;
use lockwarden::report::Verdict;
use lockwarden::sync::{Mutex, PoisonError};

static CHECKING: Mutex<i64> = Mutex::named("checking", 100);
static SAVINGS: Mutex<i64> = Mutex::named("savings", 100);

/// When each of the two was about to take its second lock.
static ASKED: [OnceLock<Instant>; 2] = [OnceLock::new(), OnceLock::new()];
/// How long it took until the deadlock was named.
static NAMED_AFTER: OnceLock<Duration> = OnceLock::new();

fn move_one(number: usize, barrier: &Barrier, from: &Mutex<i64>, to: &Mutex<i64>) {
    // The thread that breaks the deadlock leaves its lock poisoned, with the books as they were.
    let mut from = from.lock().unwrap_or_else(PoisonError::into_inner);
    barrier.wait();
    ASKED[number].get_or_init(Instant::now);
    let mut to = to.lock().unwrap_or_else(PoisonError::into_inner);
    *from -= 1;
    *to += 1;
}

fn total() -> i64 {
    let accounts = [&CHECKING, &SAVINGS];
    let balances = accounts.map(|account| *account.lock().unwrap_or_else(PoisonError::into_inner));
    balances.iter().sum()
}

fn main() -> ExitCode {
    if !lockwarden::status().is_on() {
        eprintln!("live_deadlock: lockwarden is {}", lockwarden::status());
        eprintln!("live_deadlock: this program would hang for ever");
        return ExitCode::from(2);
    }
    Config::new()
        .callback(|report| {
            // The ring is closed by the later of the two, and both have asked by then.
            let closed = ASKED.iter().filter_map(OnceLock::get).max();
            if let (Verdict::Deadlock, Some(closed)) = (report.verdict, closed) {
                let _ = NAMED_AFTER.set(closed.elapsed());
            }
        })
        .install()
        .expect("no other thread installs a configuration");

    println!("books: {} in all", total());
    let barrier = Barrier::new(2);
    let finished = thread::scope(|scope| {
        let threads = [
            scope.spawn(|| move_one(0, &barrier, &CHECKING, &SAVINGS)),
            scope.spawn(|| move_one(1, &barrier, &SAVINGS, &CHECKING)),
        ];
        threads.map(|thread| thread.join().is_ok())
    });

    let finished = finished.into_iter().filter(|&ok| ok).count();
    println!("{finished} of 2 threads finished, the other one broke the deadlock");
    let [checking, savings] = [&CHECKING, &SAVINGS]
        .map(|account| *account.lock().unwrap_or_else(PoisonError::into_inner));
    println!("books: {} in all", checking + savings);
    match NAMED_AFTER.get() {
        Some(time) => println!("named after {:.3} ms", time.as_secs_f64() * 1_000.0),
        None => println!("not named"),
    }
    let as_expected = finished == 1 && NAMED_AFTER.get().is_some();
    ExitCode::from(u8::from(!as_expected))
}
