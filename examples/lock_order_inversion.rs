//! Two threads take the same two locks in opposite orders, one after the other. Nothing hangs,
//! and `lockwarden` reports the inversion all the same, because the two could have met.
//!
//! ```text
//! cargo run --example lock_order_inversion
//! ```
//!
//! The report goes to standard error, as in any program; the last line, on standard output, comes
//! from a callback, which is how a program gets hold of reports itself.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;

use lockwarden::config::Config;
use lockwarden::report::Verdict;
use lockwarden::sync::Mutex;

static LEDGER: Mutex<Vec<i64>> = Mutex::named("ledger", Vec::new());
static AUDIT: Mutex<Vec<String>> = Mutex::named("audit", Vec::new());

static INVERSIONS: AtomicU64 = AtomicU64::new(0);

/// Books an amount: the ledger first, then the audit log.
fn book(amount: i64) {
    let mut ledger = LEDGER.lock().unwrap();
    let mut audit = AUDIT.lock().unwrap();
    ledger.push(amount);
    audit.push(format!("booked {amount}"));
}

/// Compares the two: the audit log first, then the ledger. That is the bug.
fn compare() -> bool {
    let audit = AUDIT.lock().unwrap();
    let ledger = LEDGER.lock().unwrap();
    audit.len() == ledger.len()
}

fn named(name: &str) -> thread::Builder {
    thread::Builder::new().name(name.to_owned())
}

fn main() -> ExitCode {
    Config::new()
        .callback(|report| {
            if report.verdict == Verdict::Inversion {
                // Relaxed: the thread that counts is joined before the number is read.
                INVERSIONS.fetch_add(1, Ordering::Relaxed);
            }
        })
        .install()
        .expect("no other thread installs a configuration");

    // The message makes the threads take turns, so this run cannot deadlock. Another run, or a
    // change of the program, could: nothing in the locking itself keeps the two apart.
    let (booked, wait_until_booked) = mpsc::channel();
    let (compared, wait_until_compared) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let spawned = [
            named("writer").spawn_scoped(scope, move || {
                book(100);
                booked.send(()).expect("the auditor waits");
                // Stays for as long as the auditor is there, so that every run looks the same.
                let _ = wait_until_compared.recv();
            }),
            named("auditor").spawn_scoped(scope, move || {
                wait_until_booked.recv().expect("the writer sends");
                assert!(compare(), "every booking is in both");
                drop(compared);
            }),
        ];
        assert!(spawned.iter().all(Result::is_ok), "two threads are had");
    });

    let inversions = INVERSIONS.load(Ordering::Relaxed);
    println!("finished; inversions reported: {inversions}");
    let expected = u64::from(lockwarden::status().is_on());
    ExitCode::from(u8::from(inversions != expected))
}
