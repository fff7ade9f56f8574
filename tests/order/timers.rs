//! Timers: what was done before one was made, and what follows its end.

use std::time::Duration;

use lockwarden::timer::{Periodic, Timer};

use super::harness::Reported::All;
use super::harness::{found, orders};

const SHORT: Duration = Duration::from_millis(1);

#[test]
fn a_timer_is_ordered_like_a_thread() {
    let run = || {
        let (ab, ba) = orders();
        ab();
        let timer = Timer::after(SHORT, ba);
        assert!(timer.join().unwrap());
        let (cd, dc) = orders();
        let timer = Timer::after(SHORT, cd);
        assert!(timer.join().unwrap());
        dc();
    };
    assert_eq!(found!(All, run), ["Ordered a b"; 2]);
}

#[test]
fn what_a_periodic_timer_did_comes_before_what_follows_its_end() {
    let run = || {
        let (ab, ba) = orders();
        let mut ab = Some(ab);
        let (sender, receiver) = std::sync::mpsc::channel();
        let timer = Periodic::every(SHORT, move || {
            if let Some(ab) = ab.take() {
                ab();
                sender.send(()).unwrap();
            }
        });
        receiver.recv().unwrap();
        timer.stop().unwrap();
        ba();
    };
    assert_eq!(found!(All, run), ["Ordered a b"]);
}
