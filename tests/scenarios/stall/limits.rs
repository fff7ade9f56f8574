//! What is reported is for the limits to say, and for the configuration.

use std::sync::Arc;

use lockwarden::report::{StallCause, Verdict};
use lockwarden::sync::Mutex;
use lockwarden::watchdog::Phase;

use super::gate::Gate;
use super::watch::{STALL, Watch, spawn, waiter};
use crate::harness::{Case, LIMIT, case, check};
use crate::turns::until;

fn timed_acquisition() -> Case {
    case("41, a timed acquisition that lasts", || {
        static LOCK: lockwarden::parking_lot::Mutex<()> =
            lockwarden::parking_lot::Mutex::named("slow", ());
        let watch = Watch::waits();
        let held = LOCK.lock();
        let waits = spawn("waiter", || drop(LOCK.try_lock_for(LIMIT).unwrap()));
        let alert = watch.next(Phase::Began);
        assert_eq!(waiter(&alert).0, "waiter");
        drop(held);
        waits.join().unwrap();
        watch.next(Phase::Ended);
    })
    .finds("Stall slow")
}

fn no_progress() -> Case {
    case("nothing happens while a thread waits", || {
        let watch = Watch::start(|builder| builder.wait_limit(None).progress_limit(STALL));
        let gate = Gate::new();
        let own_gate = Arc::clone(&gate);
        let waits = spawn("waiter", move || own_gate.wait(|| {}));
        let alert = watch.next(Phase::Began);
        let stall = alert.report.stall.as_ref().unwrap();
        assert!(matches!(
            stall.cause,
            StallCause::NoProgress { waiting: 1, .. }
        ));
        gate.open();
        waits.join().unwrap();
        watch.next(Phase::Ended);
    })
    .finds("Stall opened")
}

fn idle_worker() -> Case {
    case("a worker that waits for work, and says so", || {
        let watch = Watch::waits();
        let gate = Gate::new();
        let own_gate = Arc::clone(&gate);
        let idles = spawn("worker", move || {
            let _idle = lockwarden::watchdog::idle();
            own_gate.wait(|| {});
        });
        // Something else is reported, long after the worker would have been.
        let _heartbeat = watch.dog.heartbeat("later", STALL * 3);
        let alert = watch.next(Phase::Began);
        let stall = alert.report.stall.as_ref().unwrap();
        assert!(matches!(stall.cause, StallCause::Heartbeat { .. }));
        gate.open();
        idles.join().unwrap();
    })
    .finds("Stall later")
}

fn ignored() -> Case {
    case("stalls are ignored by the configuration", || {
        static LOCK: Mutex<()> = Mutex::named("slow", ());
        let watch = Watch::waits();
        let held = LOCK.lock().unwrap();
        let waits = spawn("waiter", || drop(LOCK.lock().unwrap()));
        until(|| matches!(lockwarden::status(), lockwarden::config::Status::On(a) if a.unreported > 0));
        drop(held);
        waits.join().unwrap();
        drop(watch.dog);
        assert!(watch.alerts.recv().is_err());
    })
    .configured(|config| config.on(Verdict::Stall, lockwarden::config::Action::Ignore))
}

#[test]
fn a_wait_with_a_limit_is_reported() {
    check!([timed_acquisition()]);
}

#[test]
fn a_standstill_is_reported() {
    check!([no_progress()]);
}

#[test]
fn what_no_thread_wants_to_hear_of_is_not_reported() {
    check!([idle_worker(), ignored()]);
}
