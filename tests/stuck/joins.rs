//! Threads that wait for the end of others.

use std::sync::{Arc, Barrier};

use lockwarden::config::Config;
use lockwarden::sync::{Condvar, Mutex, Semaphore};
use lockwarden::thread;

use crate::expect::{Case, Expected};
use crate::steps::{start, start_scoped, until, until_asleep};

static NEEDED: Mutex<u32> = Mutex::named("needed", 0);
static NEVER: Semaphore = Semaphore::named("never", 0);

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "a join under the mutex that the thread needs, the join first",
        run: || join_under_mutex(Order::JoinFirst),
        expected: Expected::Finding(
            "Deadlock",
            &["`needed`", "the end of thread `needs it` (#2)"],
        ),
    },
    Case {
        name: "a join under the mutex that the thread needs, the lock first",
        run: || join_under_mutex(Order::LockFirst),
        expected: Expected::Finding(
            "Deadlock",
            &["`needed`", "the end of thread `needs it` (#2)"],
        ),
    },
    Case {
        name: "the end of a scope under the mutex that a thread of it needs, the end first",
        run: || scope_under_mutex(Order::JoinFirst),
        expected: Expected::AndStays(
            "Deadlock",
            &["`needed`", "the end of thread `needs it` (#2)"],
        ),
    },
    Case {
        name: "the end of a scope under the mutex that a thread of it needs, the lock first",
        run: || scope_under_mutex(Order::LockFirst),
        expected: Expected::AndStays(
            "Deadlock",
            &["`needed`", "the end of thread `needs it` (#2)"],
        ),
    },
    Case {
        name: "two threads join each other, the one first",
        run: || join_each_other("a"),
        expected: Expected::Finding("Deadlock", &["thread `a`", "thread `b`"]),
    },
    Case {
        name: "two threads join each other, the other first",
        run: || join_each_other("b"),
        expected: Expected::Finding("Deadlock", &["thread `a`", "thread `b`"]),
    },
    Case {
        name: "who joins tells of a deadlock, which is reported once though it takes two panics",
        run: join_who_stays,
        expected: Expected::Finding(
            "Deadlock",
            &["3 threads", "`never`", "the end of thread `late`"],
        ),
    },
    Case {
        name: "a join under the mutex that a notified thread takes back",
        run: || join_under_the_mutex_of_a_wait(Notified::Yes),
        expected: Expected::Finding(
            "Deadlock",
            &["`flag` (exclusive) back", "the end of thread `waits` (#2)"],
        ),
    },
    Case {
        name: "a join under the mutex that a thread would take back, which is not notified",
        run: || join_under_the_mutex_of_a_wait(Notified::No),
        expected: Expected::Finding(
            "Deadlock",
            &["a notification", "the end of thread `waits` (#2)"],
        ),
    },
    Case {
        name: "a thread joins itself",
        run: join_itself,
        expected: Expected::Finding("SelfDeadlock", &["thread `self` (#2)", "the end of"]),
    },
    Case {
        name: "a thread is joined that takes its time, and a lock that is free",
        run: join_of_a_slow_one,
        expected: Expected::Nothing,
    },
];

#[derive(Clone, Copy, PartialEq)]
enum Order {
    JoinFirst,
    LockFirst,
}

fn join_under_mutex(order: Order) {
    let guard = NEEDED.lock().unwrap();
    let start = Arc::new(Barrier::new(2));
    let begin = Arc::clone(&start);
    let needs = thread::Builder::new()
        .name("needs it".to_owned())
        .spawn(move || {
            begin.wait();
            if order == Order::JoinFirst {
                until_asleep("main");
            }
            *NEEDED.lock().unwrap() += 1;
        })
        .unwrap();
    start.wait();
    if order == Order::LockFirst {
        until_asleep("needs it");
    }
    let result = needs.join();
    drop(guard);
    result.unwrap();
}

fn scope_under_mutex(order: Order) {
    // No thread can unwind here: the scope waits for its thread, and the thread for a lock. So the
    // program ends when it was reported.
    Config::new()
        .callback(|_| std::process::exit(0))
        .install()
        .unwrap();
    let _guard = NEEDED.lock().unwrap();
    thread::scope(|scope| {
        start_scoped(scope, "needs it", || {
            if order == Order::JoinFirst {
                until_asleep("main");
            }
            *NEEDED.lock().unwrap() += 1;
        });
        if order == Order::LockFirst {
            until_asleep("needs it");
        }
    });
}

fn join_each_other(first: &'static str) {
    let handles = [("a", "b"), ("b", "a")].map(|(name, other)| {
        let (give, take) = std::sync::mpsc::channel::<thread::JoinHandle<()>>();
        let handle = start(name, move || {
            let handle = take.recv().unwrap();
            if name != first {
                until_asleep(other);
            }
            handle.join().unwrap();
        });
        (give, handle)
    });
    let [(to_a, a), (to_b, b)] = handles;
    to_a.send(b).unwrap();
    to_b.send(a).unwrap();
    until_gone(2);
    std::process::exit(101);
}

/// Waits until so many threads have ended.
fn until_gone(count: usize) {
    let threads = || std::fs::read_dir("/proc/self/task").unwrap().count();
    let before = 1 + count;
    until(|| threads() == before - count);
}

fn join_who_stays() {
    // The first one is given the panic. The others, who have not moved, wait for each other as
    // before: nothing is reported again, and the second one is given the same panic.
    let wait = || drop(NEVER.acquire());
    let _early = start("early", wait);
    until_asleep("early");
    let late = start("late", wait);
    until_asleep("late");
    // So the join is what closes it.
    late.join().unwrap();
}

fn join_itself() {
    let (give, take) = std::sync::mpsc::channel::<thread::JoinHandle<()>>();
    let handle = thread::Builder::new()
        .name("self".to_owned())
        .spawn(move || take.recv().unwrap().join().unwrap())
        .unwrap();
    give.send(handle).unwrap();
    until_gone(1);
    std::process::exit(101);
}

fn join_of_a_slow_one() {
    let (go, wait) = std::sync::mpsc::channel();
    let slow = thread::Builder::new()
        .name("slow".to_owned())
        .spawn(move || {
            wait.recv().unwrap();
            *NEEDED.lock().unwrap() += 1;
        })
        .unwrap();
    let helper = std::thread::spawn(move || {
        until_asleep("main");
        go.send(()).unwrap();
    });
    slow.join().unwrap();
    helper.join().unwrap();
    assert_eq!(*NEEDED.lock().unwrap(), 1);
}

#[derive(Clone, Copy, PartialEq)]
enum Notified {
    Yes,
    No,
}

/// The thread that waits cannot panic, since it has to have the mutex for that; so the one that joins it does.
fn join_under_the_mutex_of_a_wait(notified: Notified) {
    static FLAG: Mutex<bool> = Mutex::named("flag", false);
    static SET: Condvar = Condvar::named("set");
    let waits = start("waits", || {
        drop(SET.wait_while(FLAG.lock().unwrap(), |flag| !*flag));
    });
    until_asleep("waits");
    let mut flag = FLAG.lock().unwrap();
    *flag = true;
    if notified == Notified::Yes {
        SET.notify_one();
    }
    waits.join().unwrap();
}
