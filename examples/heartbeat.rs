//! A loop that says that it is alive, and what happens when it does not: when it is busy with
//! something that takes long and is meant to, nothing; when it spins for ever, an alert that shows
//! where.
//!
//! ```text
//! cargo run --example heartbeat
//! ```

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use lockwarden::report::StallCause;
use lockwarden::watchdog::{Alert, Heartbeat, Phase, Watchdog};

const LIMIT: Duration = Duration::from_millis(200);
static REPAIRED: AtomicBool = AtomicBool::new(false);

/// One step after the other, with a sign of life before each.
fn ingest(heartbeat: &Heartbeat) {
    for _ in 0..20 {
        heartbeat.beat();
        thread::sleep(LIMIT / 20);
    }
    println!("20 batches");
    rebuild_index(heartbeat);
    heartbeat.beat();
    parse_a_batch_that_never_ends();
    heartbeat.beat();
}

/// Takes three times as long as the heartbeat may be missed, and says so before.
fn rebuild_index(heartbeat: &Heartbeat) {
    let _pause = heartbeat.pause();
    thread::sleep(LIMIT * 3);
    println!("the index is rebuilt");
}

/// The bug.
fn parse_a_batch_that_never_ends() {
    while !REPAIRED.load(Ordering::Relaxed) {
        std::hint::spin_loop();
    }
}

fn next(alerts: &mpsc::Receiver<Alert>, phase: Phase) -> Option<Alert> {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let alert = alerts.recv_timeout(until.saturating_duration_since(Instant::now()));
        match alert {
            Ok(alert) if alert.phase == phase => return Some(alert),
            Ok(_) => {}
            Err(_) => return None,
        }
    }
}

fn main() -> ExitCode {
    let (tell, alerts) = mpsc::channel();
    let watchdog = Watchdog::builder()
        .stderr()
        .on_alert(move |alert| {
            let _ = tell.send(alert.clone());
        })
        .spawn();
    let watchdog = match watchdog {
        Ok(watchdog) => watchdog,
        Err(error) => {
            eprintln!("heartbeat: {error}");
            return ExitCode::FAILURE;
        }
    };
    let heartbeat = watchdog.heartbeat("ingest", LIMIT);
    let ingest = thread::Builder::new()
        .name("ingest".to_owned())
        .spawn(move || ingest(&heartbeat))
        .expect("the system has room for a thread");

    let Some(missed) = next(&alerts, Phase::Began) else {
        println!("the watchdog says nothing");
        std::process::exit(1);
    };
    if let Some(StallCause::Heartbeat { name, .. }) = missed.report.stall.map(|stall| stall.cause) {
        println!("`{name}` is missed");
    }
    REPAIRED.store(true, Ordering::Relaxed);
    ingest.join().expect("nothing panics there");
    if next(&alerts, Phase::Ended).is_none() {
        println!("the watchdog does not say that it is over");
        return ExitCode::FAILURE;
    }
    println!("it beats again");
    ExitCode::SUCCESS
}
