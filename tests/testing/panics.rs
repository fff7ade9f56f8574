//! What a failing test says of its locks.

use std::sync::Barrier;

use lockwarden::sync::Mutex;
use lockwarden::testing::{check, print_held_locks_on_panic};
use lockwarden::thread;

use super::{WATCHED, run_alone};

#[test]
#[ignore = "run by another test, in a process of its own"]
fn case_that_panics_in_a_check() {
    print_held_locks_on_panic();
    print_held_locks_on_panic();
    static ELSEWHERE: Mutex<()> = Mutex::named("of the process", ());
    let _elsewhere = ELSEWHERE.lock().unwrap();
    let outcome = check(|| {
        let (ledger, audit) = (Mutex::named("ledger", ()), Mutex::named("audit", ()));
        let (both_hold, is_over) = (Barrier::new(2), Barrier::new(2));
        thread::scope(|scope| {
            let named = thread::Builder::new().name("the other".to_owned());
            let other = named.spawn_scoped(scope, || {
                let _audit = audit.lock().unwrap();
                both_hold.wait();
                is_over.wait();
            });
            other.unwrap();
            both_hold.wait();
            let failing = scope.spawn(|| {
                let _ledger = ledger.lock().unwrap();
                panic!("on purpose, with a lock held");
            });
            assert!(failing.join().is_err());
            is_over.wait();
        });
    });
    assert_eq!(outcome.panic(), None);
}

#[test]
#[ignore = "run by another test, in a process of its own"]
fn case_that_panics_elsewhere() {
    print_held_locks_on_panic();
    panic!("on purpose, with nothing held");
}

#[test]
fn a_panic_is_followed_by_the_locks_of_all_threads_of_the_check() {
    let none = ("UNUSED", "");
    let (text, passes) = run_alone("panics::case_that_panics_in_a_check", none);
    assert!(passes, "{text}");
    let panics = text.matches("on purpose, with a lock held").count();
    assert_eq!(panics, 1, "{text}");
    let heading = "lockwarden: locks that the threads of this check hold:\n";
    if !WATCHED {
        assert!(!text.contains(heading), "{text}");
        return;
    }
    assert_eq!(text.matches(heading).count(), 1, "{text}");
    let (_, held) = text.split_once(heading).unwrap();
    assert!(held.contains("thread `the other` ("), "{text}");
    for lock in ["`audit`", "`ledger`"] {
        let line = format!("holds {lock}  exclusive  taken at tests/testing/panics.rs:");
        assert!(held.contains(&line), "{text}");
    }
    assert!(!held.contains("of the process"), "{text}");
}

#[test]
fn a_panic_without_locks_says_so() {
    let (text, passes) = run_alone("panics::case_that_panics_elsewhere", ("UNUSED", ""));
    assert!(!passes, "{text}");
    let words = "lockwarden: no thread of the process holds a lock\n";
    assert_eq!(text.contains(words), WATCHED, "{text}");
}
