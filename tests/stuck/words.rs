//! What a report says of the threads of a deadlock beside what they wait for.

use lockwarden::config::{Action, Config};
use lockwarden::report::Verdict;
use lockwarden::sync::Mutex;
use lockwarden::thread;

use crate::expect::{Case, Expected};
use crate::steps::{Meeting, start, until, waits, watch};

static A: Mutex<u32> = Mutex::named("a", 0);
static B: Mutex<u32> = Mutex::named("b", 0);

/// The callers of a helper that locks; an optimised build has no lines by which to know them.
const CALLERS: &[&str] = if cfg!(debug_assertions) {
    &[
        "called by stuck::words::outer_total, tests/stuck/words.rs:",
        "which holds it",
    ]
} else {
    &["is reached again"]
};

/// The caller of a line that is reached again inside its own call, if the standard library calls the function of the line.
const CALLER_THROUGH_STD: &[&str] = if cfg!(debug_assertions) {
    &["inside the call by stuck::words::through_an_iterator, tests/stuck/words.rs:"]
} else {
    &["is reached again"]
};

/// The callers of each thread of a deadlock: the other threads are asked for their stacks by a signal.
const CALLERS_OF_BOTH: &[&str] = if cfg!(all(
    debug_assertions,
    feature = "signals",
    target_os = "linux"
)) {
    &[
        "called by stuck::words::debit::{{closure}}, tests/stuck/words.rs:",
        "called by stuck::words::credit::{{closure}}, tests/stuck/words.rs:",
        ", where it waits:",
    ]
} else {
    &["none of", "them can go on"]
};

pub(crate) const CASES: &[Case] = &[
    #[cfg(feature = "pool")]
    Case {
        name: "a job panics that was to set an event, beside idle workers",
        run: job_panics,
        expected: Expected::Saying(
            "Deadlock",
            &["thread `main` (#1) for `done` to be set", "3 idle workers"],
            &[
                ", which has caught the panic of a job or a callback",
                "3 workers of `worker` wait for a job",
                "a job or a callback that thread `worker-",
                "ran has panicked, and did not do what came after that",
            ],
            &[],
        ),
    },
    Case {
        name: "two threads without a name are reported by the places where they were spawned",
        run: || {
            only_deadlocks();
            let both = [[&A, &B], [&B, &A]].map(|[first, second]| {
                thread::spawn(move || {
                    static MEETING: Meeting = Meeting::new();
                    let _first = first.lock().unwrap();
                    MEETING.come();
                    drop(second.lock().unwrap());
                })
            });
            watch(both);
        },
        expected: Expected::Saying(
            "Deadlock",
            &["2 threads wait for each other over", "`a`", "`b`"],
            &["thread #2, spawned at tests/stuck/words.rs:"],
            &[],
        ),
    },
    Case {
        name: "a destructor takes a lock while its thread unwinds",
        run: destructor_locks,
        expected: Expected::Saying(
            "Deadlock",
            &["2 threads wait for each other over", "`a`", "`b`"],
            &[
                "), which unwinds from a panic",
                "unwinds from a panic, so what it asks for at tests/stuck/words.rs:",
                "is asked for by a destructor",
            ],
            &[],
        ),
    },
    Case {
        name: "a channel is full, and its receiver waits at an empty one",
        run: full_and_empty,
        expected: Expected::Saying(
            "Deadlock",
            &["room in `full`", "a message of `empty`"],
            &[
                "which is full, with room for 2 messages, and has 1 receiver",
                "which is empty and has 1 sender",
            ],
            &[],
        ),
    },
    Case {
        name: "two threads each fill the channel of the other",
        run: fill_each_other,
        expected: Expected::Saying(
            "Deadlock",
            &["room in `first`", "room in `second`"],
            &[
                "each wait to send while they receive nothing: let one of them receive what is there",
            ],
            &["is the receiver"],
        ),
    },
    Case {
        name: "a receiver sends to itself while another thread fills its channel",
        run: fill_ones_own,
        expected: Expected::Saying(
            "Deadlock",
            &["room in `own`"],
            &["whichever of them is the receiver may not send to itself"],
            &[],
        ),
    },
    Case {
        name: "a helper that locks and calls back is called inside itself",
        run: || {
            with(|total| *total += outer_total());
        },
        expected: Expected::Saying("SelfDeadlock", &["`a`"], CALLERS, &[]),
    },
    Case {
        name: "a helper that locks and calls back is called inside itself, through the standard library",
        run: through_an_iterator,
        expected: Expected::Saying("SelfDeadlock", &["`a`"], CALLER_THROUGH_STD, &[]),
    },
    Case {
        name: "two threads lock through one helper, and each has callers of its own",
        run: || {
            only_deadlocks();
            watch([start("debit", debit), start("credit", credit)]);
        },
        expected: Expected::Saying(
            "Deadlock",
            &["2 threads wait for each other over", "`a`", "`b`"],
            CALLERS_OF_BOTH,
            &[],
        ),
    },
];

/// A function through which the program locks.
fn inside<R>(lock: &Mutex<u32>, f: impl FnOnce() -> R) -> R {
    let _held = lock.lock().unwrap();
    f()
}

static INSIDE: Meeting = Meeting::new();

#[inline(never)]
fn debit() {
    inside(&A, || {
        INSIDE.come();
        inside(&B, || ());
    });
}

#[inline(never)]
fn credit() {
    inside(&B, || {
        INSIDE.come();
        inside(&A, || ());
    });
}

fn fill_each_other() {
    use lockwarden::sync::mpsc::sync_channel_named;

    let (to_first, first) = sync_channel_named("first", 1);
    let (to_second, second) = sync_channel_named("second", 1);
    let peer = start("peer", move || {
        (0..3).for_each(|number| to_first.send(number).unwrap());
        drop(second);
    });
    (0..3).for_each(|number| to_second.send(number).unwrap());
    drop(first);
    peer.join().unwrap();
}

fn fill_ones_own() {
    use lockwarden::sync::mpsc::sync_channel_named;

    let (give, take) = sync_channel_named("own", 1);
    let again = give.clone();
    let worker = start("worker", move || {
        for number in take {
            (0..3).for_each(|_| again.send(number).unwrap());
        }
    });
    (0..3).for_each(|number| give.send(number).unwrap());
    drop(give);
    worker.join().unwrap();
}

/// Calls back under the lock.
fn with<R>(f: impl FnOnce(&mut u32) -> R) -> R {
    f(&mut A.lock().unwrap())
}

#[inline(never)]
fn outer_total() -> u32 {
    with(|total| *total)
}

fn through_an_iterator() {
    // `Iterator::for_each` calls the helper.
    let calls: [fn(&mut u32); 1] = [|total| *total += outer_total()];
    calls.into_iter().for_each(with);
}

fn full_and_empty() {
    use lockwarden::sync::mpsc::{channel_named, sync_channel_named};

    let (fill, drain) = sync_channel_named("full", 2);
    let (say, hear) = channel_named::<()>("empty");
    let drains = start("drains", move || {
        hear.recv().unwrap();
        assert_eq!(drain.iter().sum::<u32>(), 3);
    });
    until(|| waits("drains"));
    for number in 0..3 {
        fill.send(number).unwrap();
    }
    say.send(()).unwrap();
    drop(fill);
    drains.join().unwrap();
}

/// What is there is reported, and not what could be.
fn only_deadlocks() {
    let config = Config::new().on(Verdict::Inversion, Action::Ignore);
    config.install().unwrap();
}

#[cfg(feature = "pool")]
fn job_panics() {
    use lockwarden::pool::Builder;
    use lockwarden::report::WaitReason;
    use lockwarden::sync::Event;

    static DONE: Event = Event::named("done");
    let builder = Builder::new().threads(4).name("worker");
    let pool = builder.build().unwrap();
    let job = pool.submit(|| {
        assert!(DONE.is_set(), "on its way");
        DONE.set();
    });
    until(|| job.is_finished());
    for worker in 0..4 {
        crate::steps::until_waits_for(&format!("worker-{worker}"), WaitReason::Job);
    }
    DONE.wait();
}

fn destructor_locks() {
    struct Takes(&'static Mutex<u32>);
    impl Drop for Takes {
        fn drop(&mut self) {
            drop(self.0.lock());
        }
    }
    static MEETING: Meeting = Meeting::new();
    only_deadlocks();
    let unwinds = start("unwinds", || {
        let _a = A.lock().unwrap();
        // Dropped first.
        let _takes = Takes(&B);
        MEETING.come();
        panic!("on its way");
    });
    let other = start("other", || {
        let _b = B.lock().unwrap();
        MEETING.come();
        until(|| waits("unwinds"));
        drop(A.lock());
    });
    watch([unwinds, other]);
}
