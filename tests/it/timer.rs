//! Timers.

use std::panic::resume_unwind;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use lockwarden::sync::{Arc, OnceLock};
use lockwarden::thread;
use lockwarden::timer::{Builder, Periodic, Timer};

/// Longer than any wait of a test that passes.
const LIMIT: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(1);
/// Longer than the tests run.
const FAR: Duration = Duration::from_secs(24 * 60 * 60);
/// How often each meeting of two threads is tried: who comes first is for chance to say.
const ROUNDS: usize = 100;

/// Waits until `condition` is true.
fn until(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < LIMIT, "it does not come about");
        thread::yield_now();
    }
}

#[test]
fn timers_are_shared_by_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Timer>();
    shared::<Periodic>();
}

#[test]
fn a_timer_runs_once_and_not_early() {
    let (sender, receiver) = mpsc::channel();
    let start = Instant::now();
    let timer = Timer::after(20 * SHORT, move || sender.send(start.elapsed()).unwrap());
    let after = receiver.recv_timeout(LIMIT).unwrap();
    assert!(after >= 20 * SHORT, "{after:?}");
    assert!(timer.join().unwrap());
    assert!(
        receiver.recv_timeout(LIMIT).is_err(),
        "the callback is gone"
    );
}

#[test]
fn a_timer_that_is_cancelled_does_not_run() {
    for delay in [FAR, Duration::MAX] {
        let timer = Timer::after(delay, || unreachable!());
        assert!(!timer.is_finished());
        assert!(timer.cancel());
        assert!(timer.cancel());
        until(|| timer.is_finished());
        assert!(!timer.join().unwrap());
    }
}

/// Either the timer is stopped or the callback runs, whoever comes first.
#[test]
fn cancelled_means_not_run() {
    for round in 0..ROUNDS {
        let (sender, receiver) = mpsc::channel();
        let delay = Duration::from_micros(round as u64 * 2);
        let timer = Timer::after(delay, move || sender.send(()).unwrap());
        let cancelled = timer.cancel();
        assert_eq!(timer.join().unwrap(), !cancelled);
        assert_eq!(receiver.try_recv().is_ok(), !cancelled);
    }
}

#[test]
fn a_timer_that_is_dropped_runs() {
    let (sender, receiver) = mpsc::channel();
    drop(Timer::after(SHORT, move || sender.send(()).unwrap()));
    receiver.recv_timeout(LIMIT).unwrap();
}

#[test]
fn the_panic_of_a_timer_comes_out_of_the_join() {
    let timer = Timer::after(Duration::ZERO, || resume_unwind(Box::new("no")));
    assert_eq!(timer.join().unwrap_err().message(), Some("no"));
}

#[test]
fn a_timer_cannot_wait_for_itself() {
    let (sender, receiver) = mpsc::channel::<Timer>();
    let (go, wait) = mpsc::channel::<()>();
    let (send, result) = mpsc::channel();
    let timer = Timer::after(Duration::ZERO, move || {
        go.send(()).unwrap();
        let own = receiver.recv_timeout(LIMIT).unwrap();
        let join = std::panic::AssertUnwindSafe(|| own.join());
        send.send(std::panic::catch_unwind(join).is_err()).unwrap();
    });
    wait.recv_timeout(LIMIT).unwrap();
    sender.send(timer).unwrap();
    assert_eq!(result.recv_timeout(LIMIT), Ok(true));
}

#[test]
fn names_are_those_of_the_threads() {
    let (sender, receiver) = mpsc::channel::<Option<String>>();
    let name = |sender: &mpsc::Sender<Option<String>>| {
        let sender = sender.clone();
        move || {
            sender
                .send(thread::current().name().map(str::to_owned))
                .unwrap()
        }
    };
    let receiver = || receiver.recv_timeout(LIMIT).unwrap().unwrap();
    let named = Builder::new().name("named");
    let _timer = named.after(Duration::ZERO, name(&sender)).unwrap();
    assert_eq!(receiver(), "named");
    let periodic = named.every(SHORT, name(&sender)).unwrap();
    assert_eq!(receiver(), "named");
    periodic.stop().unwrap();
    let bad = Builder::new().name("nul\0");
    let kind = std::io::ErrorKind::InvalidInput;
    assert_eq!(bad.after(FAR, || ()).unwrap_err().kind(), kind);
    assert_eq!(bad.every(FAR, || ()).unwrap_err().kind(), kind);
}

#[test]
fn a_periodic_timer_runs_until_it_is_stopped() {
    let (sender, receiver) = mpsc::channel();
    let start = Instant::now();
    let timer = Periodic::every(SHORT, move || sender.send(start.elapsed()).unwrap());
    for run in 1..=5 {
        // However late a run is, none is early.
        assert!(receiver.recv_timeout(LIMIT).unwrap() >= run * SHORT);
    }
    assert!(!timer.is_finished());
    timer.stop().unwrap();
    assert!(timer.is_finished());
    while receiver.try_recv().is_ok() {}
    // The callback is gone with its thread.
    let end = receiver.recv_timeout(LIMIT);
    assert_eq!(end, Err(mpsc::RecvTimeoutError::Disconnected));
    timer.stop().unwrap();
}

#[test]
fn a_periodic_timer_that_is_dropped_stops() {
    let (sender, receiver) = mpsc::channel();
    let timer = Periodic::every(SHORT, move || {
        let _ = sender.send(());
    });
    receiver.recv_timeout(LIMIT).unwrap();
    drop(timer);
    // Its thread ends, and with it the sender.
    while let Ok(()) | Err(mpsc::TryRecvError::Empty) = receiver.try_recv() {
        thread::yield_now();
    }
    // One that waits for long is woken.
    let (sender, receiver) = mpsc::channel::<()>();
    drop(Periodic::every(Duration::MAX, move || {
        sender.send(()).unwrap()
    }));
    let end = receiver.recv_timeout(LIMIT);
    assert_eq!(end, Err(mpsc::RecvTimeoutError::Disconnected));
}

#[test]
fn runs_that_cannot_be_made_are_counted_and_seen() {
    let (sender, receiver) = mpsc::channel();
    let (go, wait) = mpsc::channel::<()>();
    let timer = Periodic::every(5 * SHORT, move || {
        sender.send(()).unwrap();
        let _ = wait.recv();
    });
    receiver.recv_timeout(LIMIT).unwrap();
    // The run does not end, and the next ones are overdue.
    until(|| timer.late_by() > 20 * SHORT);
    assert_eq!(timer.missed(), 0);
    go.send(()).unwrap();
    receiver.recv_timeout(LIMIT).unwrap();
    assert!(timer.missed() >= 5, "{timer:?}");
    drop(go);
    timer.stop().unwrap();
    assert_eq!(timer.late_by(), Duration::ZERO);
}

#[test]
fn after_a_panic_there_are_no_more_runs() {
    let (sender, receiver) = mpsc::channel();
    let timer = Periodic::every(SHORT, move || {
        sender.send(()).unwrap();
        resume_unwind(Box::new("no"));
    });
    receiver.recv_timeout(LIMIT).unwrap();
    let end = receiver.recv_timeout(LIMIT);
    assert_eq!(end, Err(mpsc::RecvTimeoutError::Disconnected));
    until(|| timer.is_finished());
    assert_eq!(timer.late_by(), Duration::ZERO);
    assert_eq!(timer.stop().unwrap_err().message(), Some("no"));
    timer.stop().unwrap();
}

#[test]
fn a_callback_can_stop_its_own_timer() {
    let own: Arc<OnceLock<Periodic>> = Arc::new(OnceLock::new());
    let (sender, receiver) = mpsc::channel();
    let there = Arc::clone(&own);
    let timer = Periodic::every(SHORT, move || {
        if let Some(timer) = there.get() {
            timer.stop().unwrap();
            timer.stop().unwrap();
            sender.send(()).unwrap();
        }
    });
    own.set(timer).unwrap();
    receiver.recv_timeout(LIMIT).unwrap();
    own.get().unwrap().stop().unwrap();
    assert!(receiver.try_recv().is_err(), "it ran again");
}

/// The last one to have it is its own callback.
#[test]
fn a_callback_can_drop_its_own_timer() {
    let (sender, receiver) = mpsc::channel::<Periodic>();
    let (done, end) = mpsc::channel::<()>();
    let timer = Periodic::every(SHORT, move || {
        drop(receiver.recv_timeout(LIMIT).unwrap());
        let _ = &done;
    });
    sender.send(timer).unwrap();
    let end = end.recv_timeout(LIMIT);
    assert_eq!(end, Err(mpsc::RecvTimeoutError::Disconnected));
}

#[test]
fn every_thread_that_stops_waits_for_the_run() {
    for _ in 0..ROUNDS {
        let (sender, receiver) = mpsc::channel();
        let (go, wait) = mpsc::channel::<()>();
        let timer = Periodic::every(Duration::ZERO, move || {
            sender.send(()).unwrap();
            let _ = wait.recv();
        });
        receiver.recv_timeout(LIMIT).unwrap();
        thread::scope(|s| {
            let stops = [0; 3].map(|_| {
                s.spawn(|| {
                    timer.stop().unwrap();
                    timer.is_finished()
                })
            });
            drop(go);
            for stop in stops {
                assert!(stop.join().unwrap());
            }
        });
    }
}
