//! Threads that wait at queues.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lockwarden::config::{Action, Config};
use lockwarden::queue::{PriorityQueue, Queue, Shutdown};
use lockwarden::report::{Verdict, WaitReason};
use lockwarden::sync::Mutex;
use lockwarden::thread;

use crate::expect::{Case, Expected};
use crate::steps::{WATCHED, start, until, until_asleep, until_waits_for, waits};

static JOBS: Queue<u32> = Queue::named("jobs");
static FULL: Queue<u32> = Queue::bounded_named("full", 1);
static RANKED: PriorityQueue<u32> = PriorityQueue::named("ranked");
static NEEDED: Mutex<u32> = Mutex::named("needed", 0);

static SELVES: PriorityQueue<Item> = PriorityQueue::named("selves");

/// An item whose comparison does something.
struct Item(u32, Option<fn()>);

impl Ord for Item {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        for does in [self.1, other.1].into_iter().flatten() {
            does();
        }
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Item {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Item {}

const SHORT: Duration = Duration::from_millis(20);

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "a put into a full queue whose only consumer has ended",
        run: put_after_the_consumer,
        expected: Expected::Finding("Deadlock", &["room in `full`"]),
    },
    Case {
        name: "the only consumer of a full queue ends while a thread puts",
        run: consumer_ends_during_put,
        expected: Expected::Finding("Deadlock", &["room in `full`"]),
    },
    Case {
        name: "a get from a queue that no thread fills",
        run: || {
            RANKED.get().unwrap();
        },
        expected: Expected::Finding("Deadlock", &["an item of `ranked`"]),
    },
    Case {
        name: "a comparison of items puts into the queue that compares",
        run: || compare(|| SELVES.put(Item(2, None)).unwrap()),
        expected: Expected::Finding("SelfDeadlock", &["the order of a PriorityQueue"]),
    },
    Case {
        name: "a comparison of items gets from the queue that compares",
        run: || compare(|| drop(SELVES.try_get())),
        expected: Expected::Finding("SelfDeadlock", &["the order of a PriorityQueue"]),
    },
    Case {
        name: "a comparison of items asks the queue that compares for its length, and ends it",
        run: || {
            compare(|| {
                assert!(SELVES.len() == 2 && !SELVES.is_full() && !SELVES.is_shut_down());
                SELVES.shutdown(Shutdown::Graceful);
            });
            assert_eq!(SELVES.get().unwrap().0, 0);
            assert_eq!(SELVES.get().unwrap().0, 1);
        },
        expected: Expected::Nothing,
    },
    Case {
        name: "a comparison of items needs a mutex whose holder puts into the queue",
        run: compare_under_mutex,
        expected: Expected::Finding("Deadlock", &["`needed`", "the order of a PriorityQueue"]),
    },
    Case {
        name: "a join of a queue whose worker has ended without a word",
        run: || {
            JOBS.put(1).unwrap();
            thread::spawn(|| JOBS.get().unwrap()).join().unwrap();
            JOBS.join();
        },
        expected: Expected::Finding("Deadlock", &["the tasks of `jobs`"]),
    },
    Case {
        name: "a join of a queue whose worker forgets to say that it is done, the join first",
        run: || join_of_a_forgetful_one(true),
        expected: Expected::Finding("Deadlock", &["the tasks of `jobs`", "an item of `jobs`"]),
    },
    Case {
        name: "a join of a queue whose worker forgets to say that it is done, the worker first",
        run: || join_of_a_forgetful_one(false),
        expected: Expected::Finding("Deadlock", &["the tasks of `jobs`", "an item of `jobs`"]),
    },
    Case {
        name: "a join of a queue under the mutex that the worker needs, the join first",
        run: || join_under_mutex(true),
        expected: Expected::Finding("Deadlock", &["the tasks of `jobs`", "`needed`"]),
    },
    Case {
        name: "a join of a queue under the mutex that the worker needs, the lock first",
        run: || join_under_mutex(false),
        expected: Expected::Finding("Deadlock", &["the tasks of `jobs`", "`needed`"]),
    },
    Case {
        name: "a queue is joined whose worker takes its time",
        run: join_of_a_slow_one,
        expected: Expected::Nothing,
    },
    Case {
        name: "threads wait at queues for one that lets time pass",
        run: a_thread_runs,
        expected: Expected::Nothing,
    },
    Case {
        name: "waits at queues that have a limit",
        run: timed,
        expected: Expected::Nothing,
    },
];

fn put_after_the_consumer() {
    let consumer = thread::spawn(|| FULL.get().unwrap());
    FULL.put(1).unwrap();
    assert_eq!(consumer.join().unwrap(), 1);
    FULL.put(2).unwrap();
    FULL.put(3).unwrap();
}

fn consumer_ends_during_put() {
    static PUT: AtomicU32 = AtomicU32::new(0);
    thread::spawn(|| {
        until_asleep("main");
        FULL.get().unwrap();
        // The other one fills it again and waits.
        until(|| PUT.load(Ordering::Acquire) == 2);
        until_asleep("main");
    });
    for item in 1..4 {
        FULL.put(item).unwrap();
        PUT.store(item, Ordering::Release);
    }
}

fn join_under_mutex(join_first: bool) {
    JOBS.put(1).unwrap();
    let guard = NEEDED.lock().unwrap();
    start("worker", move || {
        if join_first {
            until_asleep("main");
        }
        *NEEDED.lock().unwrap() += JOBS.get().unwrap();
        JOBS.task_done().unwrap();
    });
    if !join_first {
        until_asleep("worker");
    }
    JOBS.join();
    drop(guard);
}

fn join_of_a_forgetful_one(join_first: bool) {
    JOBS.put(1).unwrap();
    start("worker", move || {
        if join_first {
            until_asleep("main");
        }
        while JOBS.get().is_ok() {}
    });
    if !join_first {
        until_waits_for("worker", WaitReason::Item);
    }
    JOBS.join();
}

fn join_of_a_slow_one() {
    let worker = thread::spawn(|| {
        while let Ok(item) = JOBS.get() {
            if item > 0 {
                until_asleep("main");
            }
            JOBS.task_done().unwrap();
        }
    });
    for item in [1, 0, 2] {
        JOBS.put(item).unwrap();
    }
    JOBS.join();
    JOBS.shutdown(Shutdown::Graceful);
    worker.join().unwrap();
}

fn a_thread_runs() {
    FULL.put(1).unwrap();
    JOBS.put(1).unwrap();
    let waiters = [
        start("puts", || FULL.put(2).unwrap()),
        start("gets", || assert_eq!(RANKED.get(), Ok(7))),
        start("joins", || JOBS.join()),
    ];
    // Before the last one of them has looked, and after that.
    until(|| {
        thread::sleep(Duration::from_millis(1));
        ["puts", "gets", "joins"].iter().all(|name| waits(name)) || !WATCHED
    });
    thread::sleep(Duration::from_millis(1));
    assert_eq!(FULL.get(), Ok(1));
    RANKED.put(7).unwrap();
    JOBS.shutdown(Shutdown::Immediate);
    for waiter in waiters {
        waiter.join().unwrap();
    }
}

fn timed() {
    FULL.put(1).unwrap();
    // Each again and again, until the one that waits for their ends does so without a limit.
    let until_joined = |mut wait: Box<dyn FnMut() + Send>| {
        move || {
            wait();
            until(|| {
                wait();
                waits("main") || !WATCHED
            });
        }
    };
    thread::scope(|s| {
        s.spawn(until_joined(Box::new(|| {
            FULL.put_timeout(2, SHORT).unwrap_err();
        })));
        s.spawn(until_joined(Box::new(|| {
            RANKED.get_timeout(SHORT).unwrap_err();
        })));
        s.spawn(until_joined(Box::new(|| {
            FULL.join_timeout(SHORT).unwrap_err();
        })));
    });
}

/// Has the queue compare two items, one of which does this meanwhile.
fn compare(does: fn()) {
    SELVES.put(Item(0, Some(does))).unwrap();
    SELVES.put(Item(1, None)).unwrap();
}

fn compare_under_mutex() {
    // What is there is reported, and not what could be.
    let config = Config::new().on(Verdict::Inversion, Action::Ignore);
    config.install().unwrap();
    let holder = start("holder", || {
        let guard = NEEDED.lock().unwrap();
        until(|| waits("compares"));
        SELVES.put(Item(2, None)).unwrap();
        drop(guard);
    });
    let compares = start("compares", || {
        // Not before the other one has it.
        until(|| NEEDED.try_lock().is_err());
        compare(|| drop(NEEDED.lock()));
    });
    crate::steps::watch([holder, compares]);
}
