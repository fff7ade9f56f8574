//! Texts that are the same in every run.

use lockwarden::sync::{Mutex, RwLock};
use lockwarden::testing::check;

use super::{WATCHED, apart, nest};

#[test]
fn an_inversion_reads_the_same_whichever_way_round_it_was_found() {
    for turned in [false, true] {
        let outcome = check(move || {
            let (a, b) = (Mutex::named("ledger", ()), Mutex::named("audit", ()));
            let (first, second) = (|| nest(&a, &b), || nest(&b, &a));
            if turned {
                apart(second, first);
            } else {
                apart(first, second);
            }
        });
        let expected = if WATCHED {
            "Inversion: `audit`, `ledger`\n  \
               T1 holds `audit` (exclusive) taken in snapshots.rs, asks for `ledger` (exclusive) in snapshots.rs\n  \
               T2 holds `ledger` (exclusive) taken in snapshots.rs, asks for `audit` (exclusive) in snapshots.rs\n"
        } else {
            "nothing was found\n"
        };
        assert_eq!(outcome.snapshot(), expected);
    }
}

#[test]
fn locks_without_a_name_are_numbered_and_findings_are_sorted() {
    let outcome = check(|| {
        let (a, b, c) = (Mutex::new(()), Mutex::new(()), RwLock::named("c", ()));
        apart(
            || {
                let _c = c.read().unwrap();
                let _again = c.read().unwrap();
            },
            || (),
        );
        apart(|| nest(&a, &b), || nest(&b, &a));
    });
    let expected = if WATCHED {
        "Inversion: L1, L2\n  \
           T1 holds L1 (exclusive) taken in snapshots.rs, asks for L2 (exclusive) in snapshots.rs\n  \
           T2 holds L2 (exclusive) taken in snapshots.rs, asks for L1 (exclusive) in snapshots.rs\n\
         RecursiveRead: `c`\n  \
           T3 holds `c` (shared) taken in snapshots.rs, asks for `c` (shared) in snapshots.rs\n"
    } else {
        "nothing was found\n"
    };
    assert_eq!(outcome.snapshot(), expected);
}

#[test]
fn a_panic_is_in_the_text_with_its_first_line() {
    let outcome = check(|| panic!("on purpose\nwith more"));
    assert_eq!(outcome.snapshot(), "it panicked: on purpose\n");
}
