//! Threads that do not come back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use lockwarden::report::{StallCause, WaitsFor};
use lockwarden::sync::Mutex;
use lockwarden::watchdog::Phase;

use super::watch::{STALL, Watch, spawn, stack_of, waiter};
use crate::harness::{Case, case, check};
use crate::turns::until;

#[inline(never)]
fn spins_for_ever(free: &AtomicBool) {
    while !free.load(Ordering::Relaxed) {
        std::hint::spin_loop();
    }
}

fn spinning() -> Case {
    case("81, a thread spins for ever", || {
        let watch = Watch::start(|builder| builder.wait_limit(None));
        let free = Arc::new(AtomicBool::new(false));
        let heartbeat = watch.dog.heartbeat("ingest", STALL);
        let own_free = Arc::clone(&free);
        let spins = spawn("spinner", move || {
            heartbeat.beat();
            spins_for_ever(&own_free);
        });
        let alert = watch.next(Phase::Began);
        let stall = alert.report.stall.as_ref().unwrap();
        let StallCause::Heartbeat { thread, site, .. } = &stall.cause else {
            panic!("{:?}", stall.cause);
        };
        assert!(site.file().ends_with("threads.rs"));
        let name = alert.report.thread(thread.unwrap()).unwrap().name.clone();
        assert_eq!(name.as_deref(), Some("spinner"));
        if cfg!(all(
            debug_assertions,
            target_os = "linux",
            feature = "signals"
        )) {
            let stack = stack_of(&alert, "spinner");
            assert!(stack.contains("spins_for_ever"), "{stack}");
        }
        free.store(true, Ordering::Relaxed);
        spins.join().unwrap();
        watch.next(Phase::Ended);
    })
    .finds("Stall ingest")
}

#[inline(never)]
fn reads_what_no_thread_writes(mut pipe: impl std::io::Read) {
    let _ = pipe.read(&mut [0]);
}

fn system_call_under_a_lock() -> Case {
    case("82, a system call under a lock", || {
        static LOG: Mutex<()> = Mutex::named("log", ());
        let watch = Watch::waits();
        let (pipe, end) = std::io::pipe().unwrap();
        let reads = spawn("reader", move || {
            let _log = LOG.lock().unwrap();
            reads_what_no_thread_writes(pipe);
        });
        until(|| LOG.try_lock().is_err());
        let waits = spawn("waiter", || drop(LOG.lock().unwrap()));
        let alert = watch.next(Phase::Began);
        let (name, what) = waiter(&alert);
        assert_eq!(name, "waiter");
        assert!(matches!(what, WaitsFor::Lock { .. }));
        let stall = alert.report.stall.as_ref().unwrap();
        let [holder] = &stall.holders[..] else {
            panic!("{:?}", stall.holders);
        };
        let name = alert.report.thread(holder.thread).unwrap().name.clone();
        assert_eq!(name.as_deref(), Some("reader"));
        assert!(holder.site.file().ends_with("threads.rs"));
        // The reader had it before the waiter came.
        assert!(holder.at_least + STALL / 2 >= stall.limit, "{holder:?}");
        if cfg!(all(
            debug_assertions,
            target_os = "linux",
            feature = "signals"
        )) {
            let stack = stack_of(&alert, "reader");
            assert!(stack.contains("reads_what_no_thread_writes"), "{stack}");
            assert!(stack_of(&alert, "waiter").contains("system_call_under_a_lock"));
        }
        drop(end);
        reads.join().unwrap();
        waits.join().unwrap();
        watch.next(Phase::Ended);
    })
    .finds("Stall log")
}

fn long_hold() -> Case {
    case(
        "a lock is held for long, and others are taken meanwhile",
        || {
            static LONG: Mutex<()> = Mutex::named("long", ());
            static SHORT: Mutex<()> = Mutex::named("short", ());
            let watch = Watch::start(|builder| builder.wait_limit(None).hold_limit(STALL));
            let (free, is_free) = mpsc::channel::<()>();
            let holds = spawn("holder", move || {
                let _long = LONG.lock().unwrap();
                while is_free.try_recv() == Err(mpsc::TryRecvError::Empty) {
                    drop(SHORT.lock().unwrap());
                }
            });
            let alert = watch.next(Phase::Began);
            let stall = alert.report.stall.as_ref().unwrap();
            let StallCause::Hold { thread, .. } = &stall.cause else {
                panic!("{:?}", stall.cause);
            };
            let name = alert.report.thread(*thread).unwrap().name.clone();
            assert_eq!(name.as_deref(), Some("holder"));
            assert!(stall.lasted >= STALL);
            free.send(()).unwrap();
            holds.join().unwrap();
            watch.next(Phase::Ended);
        },
    )
    .finds("Stall long")
}

#[test]
fn a_thread_that_does_not_come_back_is_reported() {
    check!([spinning(), system_call_under_a_lock(), long_hold()]);
}
