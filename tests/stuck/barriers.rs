//! Barriers to which not all come.

use std::panic::{AssertUnwindSafe, catch_unwind};

use lockwarden::sync::{Barrier, BrokenBarrierError};

use crate::expect::{Case, Expected};
use crate::steps::{start, until_asleep};

static MEETING: Barrier = Barrier::named("meeting", 3);

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "no other thread comes",
        run: || {
            MEETING.wait();
        },
        expected: Expected::Finding("Deadlock", &["the others at `meeting`"]),
    },
    Case {
        name: "who panics at a barrier breaks it and is not counted",
        run: || {
            let alone = catch_unwind(AssertUnwindSafe(|| MEETING.wait().is_leader()));
            assert!(alone.is_err());
            assert_eq!(MEETING.n_waiting(), 0);
            assert!(MEETING.is_broken());
            assert_eq!(MEETING.wait_checked().err(), Some(BrokenBarrierError));
            std::process::exit(101);
        },
        expected: Expected::Finding("Deadlock", &["the others at `meeting`"]),
    },
    Case {
        name: "one of those who are to come panics first",
        run: || {
            let fails = start("fails", || panic!("on its way"));
            assert!(fails.join().is_err());
            let waits = start("waits", || drop(MEETING.wait_checked()));
            until_asleep("waits");
            let mine = MEETING.wait_checked();
            waits.join().unwrap();
            mine.unwrap();
        },
        expected: Expected::Saying(
            "Deadlock",
            &["the others at `meeting`"],
            &["thread `fails` (#2), which has ended by a panic"],
            &[],
        ),
    },
    Case {
        name: "one of those who are to come panics when the others wait",
        run: || {
            let waits = start("waits", || drop(MEETING.wait_checked()));
            let fails = start("fails", || {
                until_asleep("main");
                until_asleep("waits");
                panic!("on its way");
            });
            let mine = MEETING.wait_checked();
            waits.join().unwrap();
            assert!(fails.join().is_err());
            mine.unwrap();
        },
        expected: Expected::Finding("Deadlock", &["the others at `meeting`"]),
    },
    Case {
        name: "one of those who are to come panics and aborts",
        run: || {
            let waits = start("waits", || {
                assert!(MEETING.wait_checked().is_err());
            });
            let fails = start("fails", || {
                let _abort = AbortOnPanic;
                until_asleep("main");
                until_asleep("waits");
                panic!("on its way");
            });
            assert!(MEETING.wait_checked().is_err());
            assert!(fails.join().is_err());
            waits.join().unwrap();
        },
        expected: Expected::Nothing,
    },
    Case {
        name: "the last one comes when the others wait",
        run: || {
            let others = [(); 2].map(|()| {
                start("waits", || {
                    MEETING.wait();
                    MEETING.wait();
                })
            });
            while MEETING.n_waiting() < 2 {
                std::thread::yield_now();
            }
            until_asleep("waits");
            MEETING.wait();
            MEETING.wait();
            crate::steps::join(others);
        },
        expected: Expected::Nothing,
    },
];

/// What a participant needs that may fail.
struct AbortOnPanic;

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            MEETING.abort();
        }
    }
}
