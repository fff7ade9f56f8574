//! `parking_lot` with the feature `deadlock_detection`.

use std::thread;
use std::time::Duration;

use harness::{Peer, subject};

subject! {
    /// The locks that note what their threads hold and wait for.
    Detector: parking_lot in parking_lot
}

impl Peer for Detector {
    /// Looks for deadlocks once a second, as its documentation shows, if in a tenth of the time.
    fn start(report: fn(&str)) {
        thread::spawn(move || {
            loop {
                thread::sleep(Duration::from_secs(1));
                for threads in parking_lot::deadlock::check_deadlock() {
                    report(&format!("a deadlock of {} threads", threads.len()));
                }
            }
        });
    }
}

fn main() {
    harness::main::<Detector>();
}
