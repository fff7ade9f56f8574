//! Threads that wait for a condition variable.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};

use lockwarden::sync::{Condvar, Mutex};
use lockwarden::thread;

use crate::expect::{Case, Expected};
use crate::steps::{start_scoped, until_asleep};

static READY: Mutex<bool> = Mutex::named("ready", false);
static CHANGED: Condvar = Condvar::named("changed");
static OTHER: Mutex<()> = Mutex::named("other", ());

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "no notifier exists",
        run: wait_until_ready,
        expected: Expected::Finding(
            "Deadlock",
            &["a notification of `changed`", "no thread can end that"],
        ),
    },
    Case {
        name: "the only notifier ends without notifying, after the wait has begun",
        run: notifier_ends,
        expected: Expected::Finding("Deadlock", &["a notification of `changed`"]),
    },
    Case {
        name: "the only notifier panics, after the wait has begun",
        run: || notifier_panics(true),
        expected: Expected::Saying(
            "Deadlock",
            &["a notification of `changed`"],
            &["thread `notifier` (", "), which has ended by a panic"],
            &[],
        ),
    },
    Case {
        name: "the only notifier panics, before the wait begins",
        run: || notifier_panics(false),
        expected: Expected::Saying(
            "Deadlock",
            &["a notification of `changed`"],
            &["thread `notifier` (", "), which has ended by a panic"],
            &[],
        ),
    },
    Case {
        name: "the last eight threads that might notify end at the same moment",
        run: all_end_at_once,
        expected: Expected::Finding("Deadlock", &["a notification of `changed`"]),
    },
    Case {
        name: "a flag is stored without the mutex between the look at it and the wait",
        run: || store_without_mutex(Stored::Between),
        expected: Expected::Finding("Deadlock", &["a notification of `changed`"]),
    },
    Case {
        name: "a flag is stored without the mutex before any thread looks at it",
        run: || store_without_mutex(Stored::Before),
        expected: Expected::Nothing,
    },
    Case {
        name: "a flag is stored without the mutex when the wait has begun",
        run: || store_without_mutex(Stored::After),
        expected: Expected::Nothing,
    },
    Case {
        name: "a wait under another lock that the notifier needs, the wait first",
        run: || wait_under_other(true),
        expected: Expected::Finding("Deadlock", &["`changed`", "`other`"]),
    },
    Case {
        name: "a wait under another lock that the notifier needs, the notifier first",
        run: || wait_under_other(false),
        expected: Expected::Finding("Deadlock", &["`changed`", "`other`"]),
    },
    Case {
        name: "two threads wake each other, many times",
        run: ping_pong,
        expected: Expected::Nothing,
    },
    Case {
        name: "one of many is woken at a time",
        run: one_by_one,
        expected: Expected::Nothing,
    },
];

fn wait_until_ready() {
    let mut ready = READY.lock().unwrap();
    while !*ready {
        ready = CHANGED.wait(ready).unwrap();
    }
}

/// Returns when the other thread sleeps on the condition variable: it has let go of the mutex.
fn until_it_waits(held: &Barrier) {
    held.wait();
    drop(READY.lock().unwrap());
}

fn wait_after(held: &Barrier) {
    let mut ready = READY.lock().unwrap();
    held.wait();
    while !*ready {
        ready = CHANGED.wait(ready).unwrap();
    }
}

fn notifier_ends() {
    let held = Barrier::new(2);
    thread::scope(|scope| {
        let waiter = scope.spawn(|| wait_after(&held));
        scope.spawn(|| until_it_waits(&held));
        waiter.join().unwrap();
    });
}

fn notifier_panics(wait_first: bool) {
    let held = Barrier::new(2);
    let fails = || std::panic::resume_unwind(Box::new("fails before it notifies"));
    thread::scope(|scope| {
        if wait_first {
            let waiter = scope.spawn(|| wait_after(&held));
            let notifier = start_scoped(scope, "notifier", || {
                until_it_waits(&held);
                fails();
            });
            assert!(notifier.join().is_err());
            waiter.join().unwrap();
        } else {
            assert!(start_scoped(scope, "notifier", fails).join().is_err());
            scope.spawn(wait_until_ready).join().unwrap();
        }
    });
}

fn all_end_at_once() {
    let go = Arc::new(Barrier::new(8));
    for _ in 0..8 {
        let go = Arc::clone(&go);
        thread::spawn(move || {
            until_asleep("main");
            go.wait();
        });
    }
    wait_until_ready();
}

/// When a flag is stored, and the condition variable notified.
#[derive(Clone, Copy, PartialEq)]
enum Stored {
    Before,
    Between,
    After,
}

fn store_without_mutex(stored: Stored) {
    static FLAG: AtomicBool = AtomicBool::new(false);
    let between = Barrier::new(2);
    let store = || {
        FLAG.store(true, Ordering::SeqCst);
        CHANGED.notify_all();
    };
    thread::scope(|scope| {
        if stored == Stored::Before {
            store();
        }
        let waiter = start_scoped(scope, "waiter", || {
            let mut guard = OTHER.lock().unwrap();
            while !FLAG.load(Ordering::SeqCst) {
                if stored == Stored::Between {
                    // The wake-up goes to no thread.
                    between.wait();
                    between.wait();
                }
                guard = CHANGED.wait(guard).unwrap();
            }
        });
        match stored {
            Stored::Before => {}
            Stored::Between => {
                between.wait();
                store();
                between.wait();
            }
            Stored::After => {
                until_asleep("waiter");
                store();
            }
        }
        waiter.join().unwrap();
    });
}

struct NotifiesAtItsEnd;

impl Drop for NotifiesAtItsEnd {
    fn drop(&mut self) {
        *READY.lock().unwrap_or_else(|e| e.into_inner()) = true;
        CHANGED.notify_one();
    }
}

fn wait_under_other(wait_first: bool) {
    let (held, taken) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let _other = OTHER.lock().unwrap();
            if !wait_first {
                taken.wait();
            }
            wait_after(&held);
        });
        let notifier = scope.spawn(|| {
            // Also if it is the one that is expected: else the waiter would wait for ever after that.
            let _notifies = NotifiesAtItsEnd;
            if wait_first {
                until_it_waits(&held);
                drop(OTHER.lock().unwrap());
            } else {
                taken.wait();
                let other = thread::spawn(|| drop(OTHER.lock().unwrap()));
                held.wait();
                other.join().unwrap();
            }
        });
        notifier.join().unwrap();
        waiter.join().unwrap();
    });
}

fn ping_pong() {
    const TURNS: usize = 5_000;
    static TURN: Mutex<usize> = Mutex::named("turn", 0);
    let play = |me: usize| {
        let mut turn = TURN.lock().unwrap();
        while *turn < TURNS {
            if *turn % 2 == me {
                *turn += 1;
                CHANGED.notify_one();
            } else {
                turn = CHANGED.wait(turn).unwrap();
            }
        }
        CHANGED.notify_one();
    };
    let other = thread::spawn(move || play(1));
    play(0);
    other.join().unwrap();
}

fn one_by_one() {
    const WAITERS: usize = 8;
    static PERMITS: Mutex<usize> = Mutex::named("permits", 0);
    let waiters: Vec<_> = (0..WAITERS)
        .map(|_| {
            thread::spawn(|| {
                let mut permits = PERMITS.lock().unwrap();
                while *permits == 0 {
                    permits = CHANGED.wait(permits).unwrap();
                }
                *permits -= 1;
                // Whoever was woken passes it on.
                *permits += 1;
                CHANGED.notify_one();
            })
        })
        .collect();
    *PERMITS.lock().unwrap() = 1;
    CHANGED.notify_one();
    for waiter in waiters {
        waiter.join().unwrap();
    }
}
