//! What an outcome says of a check that ends.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;

use lockwarden::parking_lot;
use lockwarden::report::Verdict;
use lockwarden::sync::{Arc, Condvar, Mutex};
use lockwarden::testing::{Check, Outcome, check};
use lockwarden::thread;

use super::{LONG, WATCHED, apart, deadlock, failure, nest};

fn invert(a: &'static str, b: &'static str) -> Outcome {
    Check::new().timeout(LONG).run(move || {
        let (a, b) = (Mutex::named(a, ()), Mutex::named(b, ()));
        apart(|| nest(&a, &b), || nest(&b, &a));
    })
}

#[test]
fn nothing_is_found_where_nothing_is() {
    let outcome = check(|| {
        let (a, b) = (Mutex::new(()), Mutex::new(()));
        apart(|| nest(&a, &b), || nest(&a, &b));
    });
    outcome.assert_clean();
    assert!(outcome.is_clean() && outcome.findings().is_empty());
    assert_eq!(outcome.is_watched(), WATCHED);
    assert!(outcome.hung().is_none() && outcome.panic().is_none());
}

#[test]
fn what_a_thread_of_a_scope_finds_is_in_the_outcome() {
    let outcome = invert("left", "right");
    let found = outcome.assert_finds(Verdict::Inversion);
    let found = found.among(["right", "left"]);
    assert_eq!(found.reports().len(), usize::from(WATCHED));
    assert_eq!(outcome.findings().len(), usize::from(WATCHED));
    assert_eq!(outcome.is_clean(), !WATCHED);
}

#[test]
fn grandchildren_belong_to_it_too_however_they_are_started() {
    let outcome = check(|| {
        let body = || {
            let (a, b) = (Mutex::named("old", ()), Mutex::named("young", ()));
            let invert = || apart(|| nest(&a, &b), || nest(&b, &a));
            thread::scope(|scope| {
                let builder = thread::Builder::new().name("grandchild".to_owned());
                builder.spawn_scoped(scope, invert).unwrap();
            });
        };
        let child = thread::Builder::new().spawn(body).unwrap();
        child.join().unwrap();
    });
    let found = outcome.assert_finds(Verdict::Inversion);
    found.among(["old", "young"]);
}

#[test]
fn an_assertion_that_fails_says_what_was_found_instead() {
    if !WATCHED {
        return;
    }
    let outcome = invert("spoon", "plate");
    let text = failure(|| outcome.assert_clean());
    assert!(text.contains("the check is not clean"), "{text}");
    assert!(text.contains("asks for  `spoon`"), "{text}");
    let text = failure(|| {
        outcome.assert_finds(Verdict::Deadlock);
    });
    assert!(text.contains("no Deadlock was found"), "{text}");
    let text = failure(|| {
        let found = outcome.assert_finds(Verdict::Inversion);
        found.among(["spoon", "fork"]);
    });
    assert!(text.contains("`spoon`, `fork`"), "{text}");
    assert!(text.contains("`plate`"), "{text}");
    let text = failure(|| {
        let found = outcome.assert_finds(Verdict::Inversion);
        found.among(["spoon"]);
    });
    assert!(text.contains("no Inversion is among `spoon`;"), "{text}");
}

#[test]
fn locks_are_meant_by_their_labels_too() {
    let outcome = check(|| {
        let (a, b) = (Mutex::named("account", ()), Mutex::named("account", ()));
        a.set_label("mine");
        b.set_label("yours");
        apart(|| nest(&a, &b), || nest(&b, &a));
    });
    let found = outcome.assert_finds(Verdict::Inversion);
    found.among(["mine", "yours"]).among(["account", "account"]);
}

#[test]
fn a_panic_of_the_closure_is_in_the_outcome() {
    let outcome = check(|| panic!("on purpose, in a check"));
    assert_eq!(outcome.panic(), Some("on purpose, in a check"));
    assert!(!outcome.is_clean());
    let text = failure(|| outcome.assert_clean());
    assert!(
        text.contains("it panicked: on purpose, in a check"),
        "{text}"
    );
    let payload = catch_unwind(AssertUnwindSafe(|| outcome.resume_panic())).unwrap_err();
    let words = payload.downcast_ref::<&str>();
    assert_eq!(words, Some(&"on purpose, in a check"));
}

#[test]
fn an_expected_finding_excuses_no_panic_of_the_closure() {
    if !WATCHED {
        return;
    }
    let outcome = check(|| {
        let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
        apart(|| nest(&a, &b), || nest(&b, &a));
        panic!("on purpose, after the inversion");
    });
    let text = failure(|| {
        outcome.assert_finds(Verdict::Inversion);
    });
    assert!(text.contains("but the closure panicked"), "{text}");
}

#[test]
fn a_deadlock_is_broken_and_reported_and_is_no_panic_of_the_closure() {
    if !WATCHED {
        return;
    }
    let outcome = Check::new()
        .timeout(LONG)
        .run(|| deadlock("checking", "savings"));
    let found = outcome.assert_finds(Verdict::Deadlock);
    found.among(["savings", "checking"]);
    assert_eq!(outcome.panic(), None);
    // What its orders predict is a finding, too, and has nothing to add in the text.
    outcome.assert_finds(Verdict::Inversion);
    let text = outcome.to_string();
    let brief = text.matches("\n  on the same lines as the Deadlock, by ");
    assert_eq!(brief.count(), 1, "{text}");
    assert!(!text.contains("how it deadlocks:"), "{text}");
}

#[test]
fn a_thread_that_locks_twice_is_no_panic_of_the_closure_either() {
    if !WATCHED {
        return;
    }
    let outcome = check(|| {
        let m = Mutex::named("twice", ());
        let _first = m.lock();
        let _second = m.lock();
    });
    let found = outcome.assert_finds(Verdict::SelfDeadlock);
    found.among(["twice"]);
    assert_eq!(outcome.panic(), None);
    assert!(failure(|| outcome.assert_clean()).contains("SelfDeadlock"));
}

#[test]
fn a_lock_that_is_left_with_the_closures_own_thread_is_found() {
    if !WATCHED || cfg!(feature = "send_guard") {
        return;
    }
    let outcome = check(|| {
        let m: &'static parking_lot::Mutex<()> =
            Box::leak(Box::new(parking_lot::Mutex::named("left behind", ())));
        std::mem::forget(m.lock());
    });
    outcome
        .assert_finds(Verdict::Abandoned)
        .among(["left behind"]);
}

#[test]
fn each_lock_that_is_left_has_a_headline_of_its_own() {
    if !WATCHED || cfg!(feature = "send_guard") {
        return;
    }
    let outcome = check(|| {
        let lock = |name| &*Box::leak(Box::new(parking_lot::Mutex::named(name, ())));
        std::mem::forget(lock("one").lock());
        std::mem::forget(lock("two").lock());
        for alike in [lock("alike"), lock("alike")] {
            std::mem::forget(alike.lock());
        }
    });
    let named: Vec<Vec<&str>> = outcome
        .findings()
        .iter()
        .map(|report| {
            let headline = report.headline();
            let names = ["`one`", "`two`", "`alike`"].into_iter();
            names.filter(|name| headline.contains(name)).collect()
        })
        .collect();
    assert_eq!(named, [["`one`"], ["`two`"], ["`alike`"]]);
    let headline = outcome.findings()[2].headline();
    assert_eq!(headline.matches("`alike`").count(), 2, "{headline}");
}

#[test]
fn what_is_only_counted_fails_nothing_and_can_be_asserted() {
    let outcome = check(|| {
        let (a, b) = (Mutex::named("one", ()), Mutex::named("two", ()));
        nest(&a, &b);
        nest(&b, &a);
    });
    outcome.assert_clean();
    outcome
        .assert_finds(Verdict::SingleThread)
        .among(["one", "two"]);
    assert_eq!(outcome.counted().len(), usize::from(WATCHED));
}

#[test]
fn checks_that_run_at_the_same_time_do_not_mix() {
    let all_found = Arc::new(Barrier::new(4));
    let names = [("a0", "b0"), ("a1", "b1"), ("a2", "b2"), ("a3", "b3")];
    let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
        let checks = names.map(|(a, b)| {
            let all_found = Arc::clone(&all_found);
            scope.spawn(move || {
                Check::new().timeout(LONG).run(move || {
                    let (a, b) = (Mutex::named(a, ()), Mutex::named(b, ()));
                    apart(|| nest(&a, &b), || nest(&b, &a));
                    all_found.wait();
                })
            })
        });
        checks.map(|check| check.join().unwrap()).into()
    });
    for (outcome, (a, b)) in outcomes.iter().zip(names) {
        assert_eq!(outcome.findings().len(), usize::from(WATCHED));
        outcome.assert_finds(Verdict::Inversion).among([a, b]);
    }
}

#[test]
fn a_check_whose_threads_all_wait_is_in_a_deadlock_whatever_others_do() {
    if !WATCHED {
        return;
    }
    let outcome = Check::new().timeout(LONG).run(|| {
        let (flag, changed) = (Mutex::new(false), Condvar::named("changed"));
        thread::scope(|scope| {
            let waits = scope.spawn(|| {
                let flag = flag.lock().unwrap();
                let _flag = changed.wait_while(flag, |flag| !*flag);
            });
            assert!(waits.join().is_err());
        });
    });
    assert_eq!(outcome.panic(), None, "{outcome}");
    outcome.assert_finds(Verdict::Deadlock);
}

#[test]
fn threads_that_have_not_begun_yet_count_as_able_to_end_a_wait() {
    // Under load a thread may begin long after the first look at those that wait for it.
    let outcomes = std::thread::scope(|scope| {
        let checks: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    Check::new().timeout(LONG).run(|| {
                        for _ in 0..20 {
                            let (say, hear) = (Arc::new(Mutex::new(false)), Condvar::new());
                            let (said, heard) = (Arc::clone(&say), Arc::new(hear));
                            let notify = Arc::clone(&heard);
                            let child = thread::spawn(move || {
                                *said.lock().unwrap() = true;
                                notify.notify_one();
                            });
                            let flag = say.lock().unwrap();
                            drop(heard.wait_while(flag, |flag| !*flag).unwrap());
                            child.join().unwrap();
                        }
                    })
                })
            })
            .collect();
        checks
            .into_iter()
            .map(|check| check.join().unwrap())
            .collect::<Vec<_>>()
    });
    for outcome in outcomes {
        outcome.assert_clean();
    }
}

#[test]
fn a_check_within_a_check_has_its_own_findings() {
    let outer = check(|| {
        let inner = invert("inside", "within");
        inner
            .assert_finds(Verdict::Inversion)
            .among(["inside", "within"]);
    });
    outer.assert_clean();
}
