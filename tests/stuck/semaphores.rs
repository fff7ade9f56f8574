//! Permits that no thread releases.

use lockwarden::sync::{BoundedSemaphore, Permit, Semaphore};

use crate::expect::{Case, Expected};
use crate::steps::{Meeting, join, start, until_asleep};

static PERMITS: Semaphore = Semaphore::named("permits", 0);
static PAIR: Semaphore = Semaphore::named("pair", 2);
static BOUNDED: BoundedSemaphore = BoundedSemaphore::named("bounded", 1);

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "a permit that no thread releases",
        run: || drop(PERMITS.acquire()),
        expected: Expected::Finding("Deadlock", &["a permit of `permits`"]),
    },
    Case {
        name: "a permit of a bounded semaphore that the same thread keeps",
        run: || drop((BOUNDED.acquire(), BOUNDED.acquire())),
        expected: Expected::Finding("Deadlock", &["a permit of `bounded`"]),
    },
    Case {
        name: "a permit that no thread releases, the starter last",
        run: || {
            let other = start("other", ask_in_vain);
            until_asleep("other");
            ask_in_vain();
            other.join().unwrap();
            std::process::exit(101);
        },
        expected: Expected::Finding("Deadlock", &["a permit of `permits`"]),
    },
    Case {
        name: "a permit that no thread releases, the starter first",
        run: || {
            let other = start("other", || {
                until_asleep("main");
                ask_in_vain();
            });
            ask_in_vain();
            other.join().unwrap();
            std::process::exit(101);
        },
        expected: Expected::Finding("Deadlock", &["a permit of `permits`"]),
    },
    Case {
        name: "two threads with a permit each want another, the one first",
        run: || want_another("one"),
        expected: Expected::Finding("Deadlock", &["a permit of `pair`"]),
    },
    Case {
        name: "two threads with a permit each want another, the other first",
        run: || want_another("other"),
        expected: Expected::Finding("Deadlock", &["a permit of `pair`"]),
    },
    Case {
        name: "a permit is released by another thread than took it, at once",
        run: || {
            let (one, two) = (PAIR.acquire_many(2), BOUNDED.acquire());
            give(one, two, || ()).join().unwrap();
            let _mine = (PAIR.acquire_many(2), BOUNDED.acquire());
        },
        expected: Expected::Nothing,
    },
    Case {
        name: "a permit is released by another thread than took it, when it is waited for",
        run: || {
            let (one, two) = (PAIR.acquire_many(2), BOUNDED.acquire());
            let other = give(one, two, || until_asleep("main"));
            let _mine = (PAIR.acquire_many(2), BOUNDED.acquire());
            other.join().unwrap();
        },
        expected: Expected::Nothing,
    },
    Case {
        name: "a forgotten permit is released by another thread",
        run: || {
            BOUNDED.acquire().forget();
            let other = start("other", || {
                until_asleep("main");
                BOUNDED.release().unwrap();
                PERMITS.release();
            });
            drop(BOUNDED.acquire());
            PERMITS.acquire().forget();
            other.join().unwrap();
        },
        expected: Expected::Nothing,
    },
    Case {
        name: "who has panicked in the line gives nothing up that others need",
        run: panic_in_line,
        expected: Expected::Finding("Deadlock", &["a permit of `pair`"]),
    },
];

/// Waits for a permit, and makes one for the other if the wait fails because there will be none.
fn ask_in_vain() {
    if std::panic::catch_unwind(|| PERMITS.acquire().forget()).is_err() {
        PERMITS.release();
    }
}

fn want_another(first: &'static str) {
    static BOTH: Meeting = Meeting::new();
    join(["one", "other"].map(|name| {
        start(name, move || {
            let _one = PAIR.acquire();
            BOTH.come();
            if name != first {
                until_asleep(first);
            }
            let _another = PAIR.acquire();
        })
    }));
}

/// Lets another thread give them back, after `first`.
fn give(
    one: Permit<'static>,
    two: Permit<'static>,
    first: fn(),
) -> lockwarden::thread::JoinHandle<()> {
    start("giver", move || {
        first();
        drop((one, two));
    })
}

/// The one that closes the deadlock is first in the line. The one behind it must get what is there.
fn panic_in_line() {
    let kept = PAIR.acquire();
    let outcome = std::panic::catch_unwind(|| drop(PAIR.acquire_many(2)));
    assert!(outcome.is_err());
    drop(PAIR.acquire());
    drop(kept);
    drop(PAIR.acquire_many(2));
    std::process::exit(101);
}
