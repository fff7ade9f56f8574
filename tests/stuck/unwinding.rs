//! Deadlocks closed by a thread that cannot unwind, and waits for what a thread that is gone has left.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use lockwarden::config::Config;
use lockwarden::parking_lot as pl;
use lockwarden::report::Report;
use lockwarden::sync::{Mutex, RwLock, mpsc};
use lockwarden::thread::{self, JoinHandle};

use crate::expect::{Case, Expected};
use crate::steps::{start, start_scoped, until, until_asleep, waits};

static NEEDED: Mutex<u32> = Mutex::named("needed", 0);
/// With the feature `send_guard`, its guard may be in any thread.
static BARE: pl::Mutex<u32> = pl::Mutex::named("bare", 0);
static LEFT: Mutex<u32> = Mutex::named("left", 0);
static SHARED: RwLock<u32> = RwLock::named("shared", 0);

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "a thread that is panicking closes a deadlock with one that waits for a message",
        run: panicking_with_a_receiver,
        expected: Expected::Finding("Deadlock", &["`needed`", "thread `panics`"]),
    },
    Case {
        name: "a thread that is panicking closes a deadlock of locks alone",
        run: panicking_with_a_lock,
        expected: Expected::AndStays("Deadlock", &["`needed`", "`bare`"]),
    },
    Case {
        name: "a guard that a thread has put away is needed by all",
        run: put_away,
        expected: Expected::AndStays("Deadlock", &["`needed`", "`bare`"]),
    },
    Case {
        name: "a thread-local's destructor closes a deadlock with the thread that joins",
        run: || destructor_and_join(true),
        expected: Expected::Finding("Deadlock", &["`needed`", "the end of thread `leaves` (#2)"]),
    },
    Case {
        name: "a join closes a deadlock with a thread-local's destructor",
        run: || destructor_and_join(false),
        expected: Expected::Finding("Deadlock", &["`needed`", "the end of thread `leaves` (#2)"]),
    },
    Case {
        name: "a thread-local's destructor that waits for a message closes a deadlock with the join",
        run: || destructor_receives(false),
        expected: ENDING,
    },
    Case {
        name: "a join closes a deadlock with a thread-local's destructor that waits for a message",
        run: || destructor_receives(true),
        expected: ENDING,
    },
    Case {
        name: "the last thread that runs ends beside a destructor that waits for a message",
        run: last_ends_beside_a_destructor,
        expected: Expected::AndStays("Deadlock", &["`needed`", "a message of"]),
    },
    Case {
        name: "a thread that is panicking asks for a lock that it holds",
        run: panicking_with_itself,
        expected: Expected::AndStays("SelfDeadlock", &["`needed`"]),
    },
    Case {
        name: "a thread joins itself in a panic hook, and that is reported once",
        run: join_of_oneself_in_a_hook,
        expected: Expected::AndStays("SelfDeadlock", &["thread `self` (#2)", "the end of"]),
    },
    Case {
        name: "a thread blocks itself in a panic hook while another one joins it",
        run: || lock_in_a_hook(false),
        expected: Expected::These(
            &["SelfDeadlock", "Deadlock"],
            &[
                "thread `main` (#1) for the end of thread `fails` (#2)",
                "if the guard that was taken at tests/stuck/unwinding.rs:",
                "is in a panic hook, ask with `try_lock` there",
                "thread `main` panics at",
            ],
            101,
        ),
    },
    Case {
        name: "a thread asks for its own lock in a panic hook, and does not wait",
        run: || lock_in_a_hook(true),
        expected: Expected::Nothing,
    },
    Case {
        name: "a panic hook asks for a lock of the thread that joins",
        run: || lock_of_the_joiner_in_a_hook(false),
        expected: Expected::Saying(
            "Deadlock",
            &["`shared`"],
            &[
                "release `shared`, which thread `main` (#1) took at",
                "is in a panic hook, ask with `try_write` there",
            ],
            &[],
        ),
    },
    Case {
        name: "a panic hook does not wait for a lock of the thread that joins",
        run: || lock_of_the_joiner_in_a_hook(true),
        expected: Expected::Nothing,
    },
    Case {
        name: "a scope waits for a thread while its own closure unwinds",
        run: scope_that_unwinds,
        expected: Expected::These(
            &["Deadlock", "Deadlock"],
            &["unwinds from a panic, and the scope that it leaves at tests/stuck/unwinding.rs:"],
            0,
        ),
    },
    Case {
        name: "a thread waits for its own end while it unwinds",
        run: own_end_while_unwinding,
        expected: Expected::Saying(
            "SelfDeadlock",
            &["for the end of thread `joins` (#2)"],
            &["nothing will break this deadlock"],
            // It finds that before the wait, and in it.
            &["can be woken lockwarden: nothing will break"],
        ),
    },
    Case {
        name: "a mutex is asked for whose holder has ended, while others go on",
        run: || left_by_a_thread(|| std::mem::forget(LEFT.lock()), || drop(LEFT.lock())),
        expected: Expected::AndStays("Abandoned", &["thread `leaver` (#2)", "`left`"]),
    },
    Case {
        name: "a lock is asked for that a reader has ended with, while others go on",
        run: || left_by_a_thread(|| std::mem::forget(SHARED.read()), || drop(SHARED.write())),
        expected: Expected::AndStays("Abandoned", &["thread `leaver` (#2)", "`shared`"]),
    },
    Case {
        name: "a lock that was left behind is read by more readers",
        run: || {
            let leave = || std::mem::forget(SHARED.read());
            start("leaver", leave).join().unwrap();
            std::process::exit(*SHARED.read().unwrap() as i32);
        },
        expected: Expected::AndStays("Abandoned", &["thread `leaver` (#2)", "`shared`"]),
    },
];

const ENDING: Expected = Expected::Saying(
    "Deadlock",
    &["a message of `orders`", "the end of thread `leaves` (#2)"],
    &[
        "thread `leaves` (#2), which has returned or ends the process, and destroys its thread-locals",
        "is waited for by the destructor of a thread-local",
    ],
    &["nothing will break"],
);

/// Ends the program, in good order, when so many reports were made.
pub(crate) fn exit_at(reports: usize) {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    let count = move |_: &_| {
        if MADE.fetch_add(1, Ordering::Relaxed) + 1 == reports {
            std::process::exit(0);
        }
    };
    Config::new().callback(count).install().unwrap();
}

/// Ends the program when a report was made: in good order if that says that no panic can break the deadlock.
fn exit_if_unbroken() {
    let look = |report: &Report| std::process::exit(i32::from(!report.unbreakable));
    Config::new().callback(look).install().unwrap();
}

/// Takes a lock when it is dropped.
struct Takes(&'static Mutex<u32>, &'static str);

impl Drop for Takes {
    fn drop(&mut self) {
        if !self.1.is_empty() {
            until_asleep(self.1);
        }
        drop(self.0.lock());
    }
}

fn panicking_with_a_receiver() {
    let (give, take) = mpsc::channel::<()>();
    let guard = NEEDED.lock().unwrap();
    let panics = start("panics", move || {
        let _give = give;
        let _takes = Takes(&NEEDED, "main");
        std::panic::resume_unwind(Box::new("on purpose"));
    });
    // The panic comes here, since the other thread has one already.
    let received = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| take.recv()));
    drop(guard);
    assert!(panics.join().is_err());
    received.unwrap_err();
    std::process::exit(101);
}

fn own_end_while_unwinding() {
    struct Joins(mpsc::Receiver<JoinHandle<()>>);
    impl Drop for Joins {
        fn drop(&mut self) {
            let own = self.0.recv().unwrap();
            let _ = own.join();
        }
    }
    static IS_REPORTED: AtomicBool = AtomicBool::new(false);
    let note = |_: &_| IS_REPORTED.store(true, Ordering::Relaxed);
    Config::new().callback(note).install().unwrap();
    let (give, take) = mpsc::channel();
    let own = start("joins", move || {
        let _joins = Joins(take);
        std::panic::resume_unwind(Box::new("on purpose"));
    });
    give.send(own).unwrap();
    // It may sleep before that, too: until the message comes.
    until(|| IS_REPORTED.load(Ordering::Relaxed));
    until_asleep("joins");
    // The time in which the wait is looked at, too.
    std::thread::sleep(Duration::from_millis(300));
    std::process::exit(101);
}

fn panicking_with_a_lock() {
    exit_if_unbroken();
    let guard = NEEDED.lock().unwrap();
    let _panics = start("panics", move || {
        let _bare = BARE.lock();
        let _takes = Takes(&NEEDED, "main");
        until(|| BARE.is_locked());
        std::panic::resume_unwind(Box::new("on purpose"));
    });
    until(|| BARE.is_locked());
    drop(BARE.lock());
    drop(guard);
}

/// The guard would be found where it was put by a thread that needs nothing else.
fn put_away() {
    exit_at(1);
    #[cfg(feature = "send_guard")]
    static AWAY: Mutex<Option<pl::MutexGuard<'static, u32>>> = Mutex::new(None);
    let guard = BARE.lock();
    #[cfg(feature = "send_guard")]
    {
        *AWAY.lock().unwrap() = Some(guard);
    }
    let _asks = start("asks", || {
        let _needed = NEEDED.lock().unwrap();
        drop(BARE.lock());
    });
    until_asleep("asks");
    drop(NEEDED.lock());
    #[cfg(not(feature = "send_guard"))]
    drop(guard);
}

thread_local! {
    static LAST: RefCell<Option<Takes>> = const { RefCell::new(None) };
}

fn destructor_and_join(join_first: bool) {
    let guard = NEEDED.lock().unwrap();
    let leaves = start("leaves", move || {
        let takes = Takes(&NEEDED, if join_first { "main" } else { "" });
        LAST.set(Some(takes));
    });
    if !join_first {
        until_asleep("leaves");
    }
    let result = leaves.join();
    drop(guard);
    result.unwrap();
}

/// Receives when it is dropped, once a thread of that name waits.
struct Receives(mpsc::Receiver<()>, &'static str);

impl Drop for Receives {
    fn drop(&mut self) {
        if !self.1.is_empty() {
            until_asleep(self.1);
        }
        let _ = self.0.recv();
    }
}

thread_local! {
    static LAST_TO_RECEIVE: RefCell<Option<Receives>> = const { RefCell::new(None) };
}

/// Nothing can unwind out of the destructor, so the panic comes to the thread that joins.
fn destructor_receives(join_last: bool) {
    let (keep, take) = mpsc::channel_named::<()>("orders");
    let leaves = start("leaves", move || {
        let receives = Receives(take, if join_last { "" } else { "main" });
        LAST_TO_RECEIVE.set(Some(receives));
    });
    if join_last {
        until_asleep("leaves");
    }
    let result = leaves.join();
    drop(keep);
    result.unwrap();
}

fn last_ends_beside_a_destructor() {
    exit_if_unbroken();
    let (_keep, take) = mpsc::channel::<()>();
    // Dropped last.
    let _guard = NEEDED.lock().unwrap();
    let _asks = start("asks", || drop(NEEDED.lock()));
    let _ends = start("ends", || {
        until_asleep("main");
        until_asleep("asks");
    });
    let _receives = Receives(take, "asks");
    std::panic::resume_unwind(Box::new("on purpose"));
}

/// `lockwarden` says that it cannot break this, and the program ends itself.
fn panicking_with_itself() {
    exit_if_unbroken();
    let _guard = NEEDED.lock().unwrap();
    let _takes = Takes(&NEEDED, "");
    std::panic::resume_unwind(Box::new("on purpose"));
}

fn join_of_oneself_in_a_hook() {
    static REPORTS: AtomicUsize = AtomicUsize::new(0);
    static HANDLE: Mutex<Option<thread::JoinHandle<()>>> = Mutex::new(None);
    let count = |_: &_| {
        REPORTS.fetch_add(1, Ordering::Relaxed);
    };
    Config::new().callback(count).install().unwrap();
    std::panic::set_hook(Box::new(|_| {
        let handle = HANDLE.lock().unwrap().take();
        drop(handle.map(thread::JoinHandle::join));
    }));
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let handle = start("self", move || {
        wait.recv().unwrap();
        panic!("on purpose");
    });
    *HANDLE.lock().unwrap() = Some(handle);
    go.send(()).unwrap();
    until(|| waits("self"));
    // It looks right after that whether the wait can end, and would tell of it at once.
    for _ in 0..200 {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    std::process::exit(i32::from(REPORTS.load(Ordering::Relaxed) != 1));
}

fn lock_in_a_hook(mended: bool) {
    std::panic::set_hook(Box::new(move |_| match mended {
        true => drop(NEEDED.try_lock()),
        false => {
            // By then the other thread waits, and looks no more.
            until_asleep("main");
            drop(NEEDED.lock());
        }
    }));
    let fails = start("fails", || {
        let _needed = NEEDED.lock().unwrap();
        panic!("on purpose");
    });
    assert!(fails.join().is_err());
}

fn lock_of_the_joiner_in_a_hook(mended: bool) {
    std::panic::set_hook(Box::new(move |_| match mended {
        true => drop(SHARED.try_write()),
        false => drop(SHARED.write()),
    }));
    let shared = SHARED.read().unwrap();
    let fails = start("fails", || panic!("on purpose"));
    let end = fails.join();
    drop(shared);
    assert!(end.is_err());
}

/// The join inside the scope gets the first panic; the scope then waits for the other thread.
fn scope_that_unwinds() {
    exit_at(2);
    let _needed = NEEDED.lock().unwrap();
    thread::scope(|scope| {
        let first = start_scoped(scope, "first", || drop(NEEDED.lock()));
        start_scoped(scope, "second", || drop(NEEDED.lock()));
        until_asleep("first");
        until_asleep("second");
        first.join().unwrap();
    });
}

fn left_by_a_thread(leave: fn(), ask: fn()) {
    // Expected when the thread ends, and once more of the wait.
    exit_at(2);
    start("leaver", leave).join().unwrap();
    let (_keep, wait) = mpsc::channel::<()>();
    let _goes_on = std::thread::spawn(move || {
        let _ = lockwarden::sync::Mutex::new(()).lock();
        let _ = wait.recv_timeout(std::time::Duration::from_secs(60));
    });
    ask();
}
