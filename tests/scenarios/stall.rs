//! What does not go on, and is no deadlock that anybody could be certain of: the watchdog tells it.
//!
//! Each case ends by itself: when the stall is told, what it lacks is done, and its end is told too.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use lockwarden::report::{Awaited, Cause, Verdict, WaitsFor};
use lockwarden::sync::{self, Condvar, Mutex};
use lockwarden::watchdog::{Alert, Builder, Phase, Watchdog};

use crate::harness::{Case, LIMIT, case, check};
use crate::turns::{Turns, until};

/// Long enough for what a case does before it stands still.
const STALL: Duration = Duration::from_millis(250);

/// A watchdog, and what it tells.
struct Watch {
    dog: Watchdog,
    alerts: mpsc::Receiver<Alert>,
}

impl Watch {
    fn start(limits: impl FnOnce(Builder) -> Builder) -> Self {
        let (tell, alerts) = mpsc::channel();
        let builder = Watchdog::builder().call(move |alert| {
            let _ = tell.send(alert.clone());
        });
        let dog = limits(builder).spawn().expect("there is no other watchdog");
        Self { dog, alerts }
    }

    /// With a limit for every wait.
    fn waits() -> Self {
        Self::start(|builder| builder.wait_limit(STALL))
    }

    /// The next alert of this phase.
    fn next(&self, phase: Phase) -> Alert {
        loop {
            let alert = self.alerts.recv_timeout(LIMIT).expect("it is told");
            if alert.phase == phase {
                return alert;
            }
        }
    }
}

/// The name of the thread that a stalled wait is about, and what it waits for.
fn waiter(alert: &Alert) -> (String, WaitsFor) {
    let stall = alert.report.stall.as_ref().expect("it is a stall");
    let Cause::Wait { thread, .. } = stall.cause else {
        panic!("{:?}", stall.cause);
    };
    let thread = alert.report.thread(thread).expect("the waiter is listed");
    let wait = thread.waits.as_ref().expect("it waits");
    (thread.name.clone().unwrap_or_default(), wait.what)
}

/// The functions of the dumped stack of the thread with this name.
fn stack_of(alert: &Alert, name: &str) -> String {
    let dump = alert.dump.as_ref().expect("what lasts has a dump");
    let mut threads = dump.threads.iter();
    let thread = threads
        .find(|thread| thread.name.as_deref() == Some(name))
        .expect("every thread is listed");
    match &thread.stack {
        Ok(stack) => stack.to_string(),
        Err(why) => why.to_string(),
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> thread::JoinHandle<()> {
    let thread = thread::Builder::new().name(name.to_owned());
    thread.spawn(run).expect("the system has room for a thread")
}

/// A flag with the condition variable that tells of it.
struct Gate {
    flag: AtomicBool,
    mutex: Mutex<()>,
    opened: Condvar,
}

impl Gate {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            flag: AtomicBool::new(false),
            mutex: Mutex::new(()),
            opened: Condvar::named("opened"),
        })
    }

    /// Waits for the flag. What `between` does happens when it was seen not to be set.
    fn wait(&self, between: impl FnOnce()) {
        let mut guard = self.mutex.lock().unwrap();
        let mut between = Some(between);
        while !self.flag.load(Ordering::SeqCst) {
            if let Some(between) = between.take() {
                between();
            }
            guard = self.opened.wait(guard).unwrap();
        }
    }

    /// As it should be done.
    fn open(&self) {
        let _guard = self.mutex.lock().unwrap();
        self.flag.store(true, Ordering::SeqCst);
        self.opened.notify_all();
    }
}

/// Somebody waits for the gate and is not woken; then it is opened.
fn is_not_woken(watch: &Watch, gate: &Gate, waiter_thread: thread::JoinHandle<()>) {
    let alert = watch.next(Phase::Began);
    let (name, what) = waiter(&alert);
    assert_eq!(name, "waiter");
    assert!(matches!(what, WaitsFor::Resource { .. }), "{what:?}");
    assert!(alert.report.headline().contains("`opened`"), "{alert}");
    gate.open();
    waiter_thread.join().unwrap();
    assert!(watch.next(Phase::Ended).lasted >= STALL);
}

fn lost_wake_up() -> Case {
    case("53, a flag is stored without the mutex", || {
        let watch = Watch::waits();
        let (gate, turns) = (Gate::new(), Arc::new(Turns::new()));
        let (own_gate, own_turns) = (Arc::clone(&gate), Arc::clone(&turns));
        let waits = spawn("waiter", move || {
            own_gate.wait(|| {
                own_turns.take(0, || {});
                // The wake-up goes to nobody.
                own_turns.reach(2);
            });
        });
        turns.take(1, || {
            gate.flag.store(true, Ordering::SeqCst);
            gate.opened.notify_all();
        });
        is_not_woken(&watch, &gate, waits);
    })
    .finds("Stall opened")
}

/// A worker that is told to end when its owner is dropped.
struct Owner(Arc<Gate>);

impl Drop for Owner {
    fn drop(&mut self) {
        // Without the lock.
        self.0.flag.store(true, Ordering::SeqCst);
        self.0.opened.notify_one();
    }
}

fn exit_flag_in_a_drop() -> Case {
    case("54, the exit flag is set without the lock", || {
        let watch = Watch::waits();
        let (gate, turns) = (Gate::new(), Arc::new(Turns::new()));
        let owner = Owner(Arc::clone(&gate));
        let (own_gate, own_turns) = (Arc::clone(&gate), Arc::clone(&turns));
        let waits = spawn("waiter", move || {
            own_gate.wait(|| {
                own_turns.take(0, || {});
                own_turns.reach(2);
            });
        });
        turns.take(1, || drop(owner));
        is_not_woken(&watch, &gate, waits);
    })
    .finds("Stall opened")
}

fn notify_on_the_panic_path_only() -> Case {
    struct Alarm(Arc<Gate>);
    impl Drop for Alarm {
        fn drop(&mut self) {
            if thread::panicking() {
                self.0.open();
            }
        }
    }
    case("56, only a panic notifies", || {
        let watch = Watch::waits();
        let gate = Gate::new();
        let alarm = Alarm(Arc::clone(&gate));
        spawn("worker", move || drop(alarm)).join().unwrap();
        let own_gate = Arc::clone(&gate);
        let waits = spawn("waiter", move || own_gate.wait(|| {}));
        is_not_woken(&watch, &gate, waits);
    })
    .finds("Stall opened")
}

fn no_notifier() -> Case {
    case("61, nobody notifies", || {
        let watch = Watch::waits();
        let gate = Gate::new();
        let own_gate = Arc::clone(&gate);
        // This thread is one that nobody knows to wait: it could notify.
        let waits = spawn("waiter", move || own_gate.wait(|| {}));
        is_not_woken(&watch, &gate, waits);
    })
    .finds("Stall opened")
}

fn stop_waits_for_a_loop_that_has_ended() -> Case {
    case("71, stop waits for a loop that has ended", || {
        let watch = Watch::waits();
        let done = Gate::new();
        // The loop ends by an error, and does not say that it has.
        spawn("loop", || {}).join().unwrap();
        let own_gate = Arc::clone(&done);
        let stops = spawn("waiter", move || own_gate.wait(|| {}));
        is_not_woken(&watch, &done, stops);
    })
    .finds("Stall opened")
}

fn receiver_has_returned() -> Case {
    case(
        "69, the receiver has returned and its value is alive",
        || {
            let watch = Watch::waits();
            let (requests, receiver) = sync::mpsc::sync_channel_named("requests", 1);
            let sends = spawn("waiter", move || {
                for request in 0..3 {
                    requests.send(request).unwrap();
                }
            });
            // The receiver has got what it wanted; it lives on in this thread.
            assert_eq!(receiver.recv(), Ok(0));
            let alert = watch.next(Phase::Began);
            let (name, what) = waiter(&alert);
            assert_eq!(name, "waiter");
            let room = Awaited::Room;
            assert!(matches!(what, WaitsFor::Resource { awaited, .. } if awaited == room));
            assert_eq!((receiver.recv(), receiver.recv()), (Ok(1), Ok(2)));
            sends.join().unwrap();
            watch.next(Phase::Ended);
        },
    )
    .finds("Stall requests")
}

fn lost_reply() -> Case {
    case("76, the sender of a reply is lost on an error path", || {
        let watch = Watch::waits();
        let (reply, replies) = sync::mpsc::channel_named("replies");
        let waits = spawn("waiter", move || assert_eq!(replies.recv(), Ok("late")));
        // Whoever was to reply has met an error, and has left the sender in a table of open calls.
        let open_calls = [reply];
        let alert = watch.next(Phase::Began);
        let (name, what) = waiter(&alert);
        assert_eq!(name, "waiter");
        let message = Awaited::Message;
        assert!(matches!(what, WaitsFor::Resource { awaited, .. } if awaited == message));
        open_calls[0].send("late").unwrap();
        waits.join().unwrap();
        watch.next(Phase::Ended);
    })
    .finds("Stall replies")
}

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
        let Cause::Heartbeat { thread, site, .. } = &stall.cause else {
            panic!("{:?}", stall.cause);
        };
        assert!(site.file().ends_with("stall.rs"));
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
fn reads_what_nobody_writes(mut pipe: impl std::io::Read) {
    let _ = pipe.read(&mut [0]);
}

fn system_call_under_a_lock() -> Case {
    case("82, a system call under a lock", || {
        static LOG: Mutex<()> = Mutex::named("log", ());
        let watch = Watch::waits();
        let (pipe, end) = std::io::pipe().unwrap();
        let reads = spawn("reader", move || {
            let _log = LOG.lock().unwrap();
            reads_what_nobody_writes(pipe);
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
        assert!(holder.site.file().ends_with("stall.rs"));
        // The reader had it before the waiter came.
        assert!(holder.at_least + STALL / 2 >= stall.limit, "{holder:?}");
        if cfg!(all(
            debug_assertions,
            target_os = "linux",
            feature = "signals"
        )) {
            let stack = stack_of(&alert, "reader");
            assert!(stack.contains("reads_what_nobody_writes"), "{stack}");
            assert!(stack_of(&alert, "waiter").contains("system_call_under_a_lock"));
        }
        drop(end);
        reads.join().unwrap();
        waits.join().unwrap();
        watch.next(Phase::Ended);
    })
    .finds("Stall log")
}

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
            let Cause::Hold { thread, .. } = &stall.cause else {
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

fn no_progress() -> Case {
    case("nothing happens while somebody waits", || {
        let watch = Watch::start(|builder| builder.wait_limit(None).progress_limit(STALL));
        let gate = Gate::new();
        let own_gate = Arc::clone(&gate);
        let waits = spawn("waiter", move || own_gate.wait(|| {}));
        let alert = watch.next(Phase::Began);
        let stall = alert.report.stall.as_ref().unwrap();
        assert!(matches!(stall.cause, Cause::NoProgress { waiting: 1, .. }));
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
        // Something else is told, long after the worker would have been.
        let _heartbeat = watch.dog.heartbeat("later", STALL * 3);
        let alert = watch.next(Phase::Began);
        let stall = alert.report.stall.as_ref().unwrap();
        assert!(matches!(stall.cause, Cause::Heartbeat { .. }));
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
fn a_wait_that_nobody_ends_is_told() {
    check!([
        lost_wake_up(),
        exit_flag_in_a_drop(),
        notify_on_the_panic_path_only(),
        no_notifier(),
        stop_waits_for_a_loop_that_has_ended(),
        timed_acquisition(),
    ]);
}

#[test]
fn what_nobody_takes_or_sends_is_told() {
    check!([receiver_has_returned(), lost_reply()]);
}

#[test]
fn a_thread_that_does_not_come_back_is_told() {
    check!([spinning(), system_call_under_a_lock(), long_hold()]);
}

#[test]
fn a_standstill_is_told() {
    check!([no_progress()]);
}

#[test]
fn what_nobody_wants_to_hear_of_is_not_told() {
    check!([idle_worker(), ignored()]);
}
