//! A program of five threads that comes to a standstill, with all its threads in the alert: one
//! sleeps in a system call with a lock held, one spins with a lock held, and two wait for the two.
//!
//! ```text
//! cargo run --example stall
//! ```
//!
//! Nothing of this is a deadlock: the one that sleeps could be woken, the one that spins could stop.
//! So no detector of cycles says anything, and it is the watchdog that does: who waits, who holds
//! what it waits for, and where each of the four is, with the names of the functions below. Then the
//! program lets them go on, and the watchdog says how long it all took.

use std::io::Read;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use lockwarden::sync::Mutex;
use lockwarden::watchdog::{Alert, Phase, Watchdog};

static FEED: Mutex<Vec<u8>> = Mutex::named("feed", Vec::new());
static PRICES: Mutex<u64> = Mutex::named("prices", 0);
/// What the thread that spins waits for.
static SETTLED: AtomicBool = AtomicBool::new(false);

/// Reads a pipe into which no thread writes, with a lock held.
fn read_feed(mut pipe: impl Read) {
    let mut feed = FEED.lock().unwrap();
    pipe.read_to_end(&mut feed)
        .expect("the pipe is closed some time");
}

/// Spins with a lock held.
fn settle_prices() {
    let mut prices = PRICES.lock().unwrap();
    while !SETTLED.load(Ordering::Relaxed) {
        *prices = prices.wrapping_add(1);
        std::hint::spin_loop();
    }
}

/// Waits for the lock of the one that sleeps.
fn empty_feed() {
    FEED.lock().unwrap().clear();
}

/// Waits for the lock of the one that spins.
fn reset_prices() {
    *PRICES.lock().unwrap() = 0;
}

/// Two stalls have begun; then both are over.
fn alerts_of(alerts: &mpsc::Receiver<Alert>, phase: Phase) -> Option<Vec<Alert>> {
    let alert = || alerts.recv_timeout(Duration::from_secs(60)).ok();
    let mut found = Vec::new();
    while found.len() < 2 {
        found.extend(Some(alert()?).filter(|alert| alert.phase == phase));
    }
    Some(found)
}

fn main() -> ExitCode {
    if !lockwarden::status().is_on() {
        eprintln!("stall: lockwarden is {}", lockwarden::status());
        return ExitCode::from(2);
    }
    let (tell, alerts) = mpsc::channel();
    let watchdog = Watchdog::builder()
        .wait_limit(Duration::from_millis(300))
        .stderr()
        .on_alert(move |alert| {
            let _ = tell.send(alert.clone());
        })
        .spawn();
    let _watchdog = match watchdog {
        Ok(watchdog) => watchdog,
        Err(error) => {
            eprintln!("stall: {error}");
            return ExitCode::FAILURE;
        }
    };
    let (nothing, pipe) = match std::io::pipe() {
        Ok((read, write)) => (write, read),
        Err(error) => {
            eprintln!("stall: {error}");
            return ExitCode::FAILURE;
        }
    };

    let start = |name: &str, run: Box<dyn FnOnce() + Send>| {
        let thread = thread::Builder::new().name(name.to_owned());
        thread.spawn(run).expect("the system has room for a thread")
    };
    let mut threads = vec![
        start("reader", Box::new(move || read_feed(pipe))),
        start("settler", Box::new(settle_prices)),
    ];
    // Each of the other two comes when the lock that it wants is taken.
    while FEED.try_lock().is_ok() || PRICES.try_lock().is_ok() {
        thread::yield_now();
    }
    threads.push(start("cleaner", Box::new(empty_feed)));
    threads.push(start("resetter", Box::new(reset_prices)));

    let Some(stalls) = alerts_of(&alerts, Phase::Began) else {
        println!("the watchdog says nothing");
        std::process::exit(1);
    };
    for alert in &stalls {
        let stall = alert.report.stall.as_ref().expect("it is one");
        for holder in &stall.holders {
            let name = alert
                .report
                .thread(holder.thread)
                .and_then(|t| t.name.clone());
            println!("stalled by {}", name.unwrap_or_default());
        }
    }
    drop(nothing);
    SETTLED.store(true, Ordering::Relaxed);
    for thread in threads {
        thread.join().expect("nothing panics there");
    }
    let Some(ends) = alerts_of(&alerts, Phase::Ended) else {
        println!("the watchdog does not say that it is over");
        return ExitCode::FAILURE;
    };
    println!("{} stalls, all over", ends.len());
    ExitCode::SUCCESS
}
