//! The assertions about what is held, and in which order.

use lockwarden::parking_lot;
use lockwarden::report::Verdict;
use lockwarden::sync::{Arc, Mutex, RwLock};
use lockwarden::testing::{Outcome, check};
use lockwarden::{
    assert_deadlock_free, assert_held, assert_no_locks_held, assert_not_held, assert_order, thread,
};

use super::{WATCHED, apart, failure, nest, run_alone};

#[test]
fn every_lock_of_both_flavours_is_held_while_it_is() {
    assert_no_locks_held!();
    macro_rules! all {
        ($($make:expr => $take:ident),+ $(,)?) => {
            $({
                let lock = $make;
                assert_not_held!(lock);
                let guard = lock.$take();
                assert_held!(lock);
                drop(guard);
                assert_not_held!(lock);
            })+
        };
    }
    all! {
        Mutex::new(0) => lock,
        RwLock::new(0) => read,
        RwLock::new(0) => write,
        parking_lot::Mutex::new(0) => lock,
        parking_lot::Mutex::new(0) => try_lock,
        parking_lot::FairMutex::new(0) => lock,
        parking_lot::ReentrantMutex::new(0) => lock,
        parking_lot::RwLock::new(0) => read,
        parking_lot::RwLock::new(0) => write,
        parking_lot::RwLock::new(0) => upgradable_read,
        parking_lot::RecursiveRwLock::new(0) => read,
        parking_lot::RecursiveRwLock::new(0) => write,
        Arc::new(Mutex::new(0)) => lock,
        Box::new(parking_lot::Mutex::new(0)) => lock,
    }
    assert_no_locks_held!();
}

#[test]
fn what_another_thread_holds_is_not_held_here() {
    let lock = Mutex::named("theirs", ());
    let _here = lock.lock().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            assert_not_held!(lock);
            assert_no_locks_held!();
        });
    });
    assert_held!(lock);
}

#[test]
fn a_failure_names_the_lock_and_what_is_held() {
    if !WATCHED {
        return;
    }
    struct Bank {
        vault: Mutex<()>,
        desk: parking_lot::RwLock<()>,
    }
    let bank = Bank {
        vault: Mutex::named("vault", ()),
        desk: parking_lot::RwLock::named("desk", ()),
    };
    let text = failure(|| assert_held!(bank.vault));
    let expected =
        "lockwarden: `bank.vault` (`vault`) is not held by this thread, which holds no lock";
    assert_eq!(text, expected);
    let _desk = bank.desk.read();
    let text = failure(|| assert_held!(bank.vault));
    assert!(text.contains("which holds `desk` (shared), taken at tests/testing/asserts.rs:"));
    let text = failure(|| assert_not_held!(bank.desk));
    assert!(
        text.starts_with("lockwarden: `bank.desk` (`desk`) is held by this thread: `desk` (sh")
    );
    let text = failure(|| assert_no_locks_held!());
    assert!(
        text.starts_with("lockwarden: this thread holds `desk` (shared), taken at "),
        "{text}"
    );
}

#[test]
fn code_that_cannot_deadlock_gives_its_value() {
    let value = assert_deadlock_free!(3 + 4);
    assert_eq!(value, 7);
    let shared = Arc::new(Mutex::new(vec![1]));
    let given = Arc::clone(&shared);
    let length = assert_deadlock_free!({
        given.lock().unwrap().push(2);
        given.lock().unwrap().len()
    });
    assert_eq!(length, 2);
}

#[test]
fn code_that_can_deadlock_fails() {
    if !WATCHED {
        return;
    }
    let text = failure(|| {
        assert_deadlock_free!({
            let (a, b) = (Mutex::named("left", ()), Mutex::named("right", ()));
            apart(|| nest(&a, &b), || nest(&b, &a));
        });
    });
    assert!(text.contains("Inversion: `left` and `right`"), "{text}");
    assert!(
        text.contains("check at tests/testing/asserts.rs:"),
        "{text}"
    );
}

/// What comes of `f` with two locks, in a check.
fn with_two(f: impl FnOnce(&Mutex<()>, &Mutex<()>) + Send + 'static) -> Outcome {
    check(|| {
        let (a, b) = (Mutex::named("first", ()), Mutex::named("second", ()));
        f(&a, &b);
    })
}

#[test]
fn an_order_that_was_kept_is_asserted_and_breaking_it_later_is_found() {
    let kept = with_two(|a, b| {
        nest(a, b);
        assert_order!(a < b);
        nest(a, b);
    });
    kept.assert_clean();
    let broken = with_two(|a, b| {
        assert_order!(a < b);
        nest(b, a);
    });
    let found = broken.assert_finds(Verdict::Inversion);
    for report in found.among(["first", "second"]).reports() {
        assert!(report.declared.is_some(), "{report}");
        assert!(report.headline().contains("against the declared order"));
    }
}

#[test]
fn a_report_about_declared_names_tells_a_class_from_the_lock_that_is_held() {
    let outcome = check(|| {
        lockwarden::declare_order(&["counter", "journal"]).unwrap();
        let (counter, journal) = (Mutex::named("counter", ()), Mutex::named("journal", ()));
        nest(&journal, &counter);
    });
    let found = outcome.assert_finds(Verdict::Inversion);
    for report in found.reports() {
        assert_eq!(
            report.headline(),
            "lockwarden: Inversion: `counter` is asked for under `journal`, against the declared order"
        );
        let text = report.to_string();
        let begin = text.find("how it deadlocks:").expect("it has a table");
        let table = text[begin..].lines().take_while(|line| !line.is_empty());
        let table: Vec<&str> = table.map(str::trim).skip(3).collect();
        assert!(table[0].starts_with("takes `journal`"), "{text}");
        assert_eq!(table[1], "takes `counter`", "{text}");
        assert!(table[2].starts_with("waits for `counter`"), "{text}");
        assert_eq!(table[3], "waits for `journal`", "{text}");
    }
}

#[test]
fn an_order_that_was_broken_fails_with_who_broke_it() {
    let outcome = with_two(|a, b| {
        nest(b, a);
        assert_order!(a < b);
    });
    if !WATCHED {
        return outcome.assert_clean();
    }
    let text = outcome.panic().expect("the order was broken");
    assert!(
        text.starts_with("lockwarden: `a` does not always come before `b`:\n    thread `"),
        "{text}"
    );
    assert!(
        text.contains("asked for `first` at tests/testing/asserts.rs:"),
        "{text}"
    );
    assert!(
        text.contains("while it held `second`, taken at tests/testing/asse"),
        "{text}"
    );
}

#[test]
fn an_order_by_way_of_others_counts_too() {
    let outcome = check(|| {
        let [a, b, c] = ["a", "b", "c"].map(|name| Mutex::named(name, ()));
        nest(&c, &b);
        nest(&b, &a);
        assert_order!(c < b < a);
        assert_order!(a < c);
    });
    assert_eq!(outcome.panic().is_some(), WATCHED);
}

#[test]
fn names_stand_for_all_locks_that_have_them() {
    let outcome = check(|| {
        nest(&Mutex::named("outer", ()), &Mutex::named("inner", ()));
        assert_order!("outer" < "inner" < "nobody has this name");
        nest(&Mutex::named("inner", ()), &Mutex::named("outer", ()));
    });
    let found = outcome.assert_finds(Verdict::Inversion);
    found.among(["outer", "inner"]);
    let outcome = check(|| {
        let inner = Mutex::named("inner", ());
        nest(&inner, &Mutex::named("outer", ()));
        assert_order!("outer" < inner);
    });
    assert_eq!(outcome.panic().is_some(), WATCHED);
}

#[test]
fn an_order_against_an_assertion_before_fails() {
    let outcome = with_two(|a, b| {
        assert_order!(a < b);
        assert_order!(b < a);
    });
    if let Some(text) = outcome.panic() {
        assert!(
            text.contains("`first` is declared to come before `second` at "),
            "{text}"
        );
    }
    assert_eq!(outcome.panic().is_some(), WATCHED);
    let outcome = with_two(|a, _| assert_order!(a < a));
    assert_eq!(outcome.panic().is_some(), WATCHED);
}

#[test]
#[ignore = "run by another test, in a process of its own"]
fn case_that_is_switched_off() {
    let outcome = with_two(|a, b| {
        apart(|| nest(a, b), || nest(b, a));
        assert_held!(a);
        assert_order!(b < a);
        let _held = a.lock().unwrap();
        assert_not_held!(a);
        assert_no_locks_held!();
    });
    outcome.assert_clean();
    assert!(!outcome.is_watched());
    let found = outcome.assert_finds(Verdict::Inversion);
    assert!(found.among(["first", "second"]).reports().is_empty());
}

#[test]
fn where_nothing_is_watched_every_assertion_about_locks_passes() {
    let case = "asserts::case_that_is_switched_off";
    let (text, passes) = run_alone(case, ("LOCKWARDEN", "off"));
    assert!(passes, "{text}");
    assert!(text.contains("1 passed"), "{text}");
}
