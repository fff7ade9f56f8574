//! Fixed interleavings.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use lockwarden::report::Verdict;
use lockwarden::sync::Mutex;
use lockwarden::testing::{Check, Turnstile, check};
use lockwarden::thread;

use super::{LONG, WATCHED, failure};

/// Every order of two steps of each of two threads.
const ORDERS: [[&str; 4]; 6] = [
    ["a1", "a2", "b1", "b2"],
    ["a1", "b1", "a2", "b2"],
    ["a1", "b1", "b2", "a2"],
    ["b1", "a1", "a2", "b2"],
    ["b1", "a1", "b2", "a2"],
    ["b1", "b2", "a1", "a2"],
];

#[test]
fn each_interleaving_happens_as_it_is_written() {
    for order in ORDERS {
        let turnstile = Turnstile::new(order).limit(LONG);
        let (say, log) = mpsc::channel();
        let walk = |steps: [&'static str; 2]| {
            let say = say.clone();
            let turnstile = &turnstile;
            move || {
                for step in steps {
                    turnstile.turn(step, || say.send(step).unwrap());
                }
            }
        };
        thread::scope(|scope| {
            scope.spawn(walk(["a1", "a2"]));
            scope.spawn(walk(["b1", "b2"]));
        });
        drop(say);
        assert_eq!(log.into_iter().collect::<Vec<_>>(), order);
    }
}

#[test]
fn it_orders_nothing_for_the_detector() {
    let outcome = check(|| {
        let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
        let turnstile = Turnstile::new(["first", "second"]).limit(LONG);
        thread::scope(|scope| {
            scope.spawn(|| turnstile.turn("first", || super::nest(&a, &b)));
            scope.spawn(|| turnstile.turn("second", || super::nest(&b, &a)));
        });
    });
    let found = outcome.assert_finds(Verdict::Inversion);
    found.among(["a", "b"]);
}

#[test]
fn a_deadlock_can_be_forced() {
    if !WATCHED {
        return;
    }
    let outcome = Check::new().timeout(LONG).run(|| {
        let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
        let turnstile = Turnstile::new(["one has a", "two has b", "one goes on"]).limit(LONG);
        thread::scope(|scope| {
            let one = scope.spawn(|| {
                let _a = turnstile.turn("one has a", || a.lock());
                turnstile.pass("one goes on");
                let _b = b.lock();
            });
            let two = scope.spawn(|| {
                let _b = turnstile.turn("two has b", || b.lock());
                let _a = a.lock();
            });
            let ended = [one.join(), two.join()];
            assert_eq!(ended.iter().filter(|end| end.is_err()).count(), 1);
        });
    });
    outcome.assert_finds(Verdict::Deadlock).among(["a", "b"]);
}

#[test]
fn a_step_that_no_thread_takes_is_reported_with_who_waits_where() {
    let turnstile = Turnstile::new(["forgotten", "b", "c"]).limit(Duration::from_millis(300));
    let start = Instant::now();
    let wait_for = |step: &'static str| {
        let turnstile = &turnstile;
        move || turnstile.pass(step)
    };
    let texts = thread::scope(|scope| {
        let named = |name: &str| thread::Builder::new().name(name.to_owned());
        let b = named("bee").spawn_scoped(scope, wait_for("b")).unwrap();
        let c = named("sea").spawn_scoped(scope, wait_for("c")).unwrap();
        [b.join(), c.join()].map(|end| {
            let payload = end.expect_err("no thread takes the first step");
            *payload.downcast::<String>().expect("it says why")
        })
    });
    assert!(start.elapsed() < LONG);
    assert!(
        texts[0].starts_with(
            "lockwarden: no thread has come for the step \"forgotten\" of the turnstile within 300ms"
        ),
        "{}",
        texts[0]
    );
    assert!(texts[0].contains("waits for \""), "{}", texts[0]);
    assert!(
        texts[0].contains("at tests/testing/turnstiles.rs:"),
        "{}",
        texts[0]
    );
    assert!(texts[0].contains("its steps: \"forgotten\", \"b\", \"c\""));
    assert_eq!(texts[0], texts[1], "both are reported the same");
}

#[test]
fn what_can_be_seen_at_once_is_reported_at_once() {
    let at_once = |steps: &[&'static str], run: fn(&Turnstile)| {
        let turnstile = Turnstile::new(steps.iter().copied()).limit(LONG * 10);
        failure(|| run(&turnstile))
    };
    let text = at_once(&["a"], |turnstile| turnstile.pass("b"));
    assert!(text.contains("the turnstile has no step \"b\""), "{text}");
    let text = at_once(&["a"], |turnstile| {
        turnstile.pass("a");
        turnstile.pass("a");
    });
    assert!(
        text.contains("every step \"a\" of the turnstile is done"),
        "{text}"
    );
    let text = at_once(&["a", "b"], |turnstile| {
        turnstile.turn("a", || turnstile.pass("b"));
    });
    assert!(
        text.contains("within its turn \"a\", which would have"),
        "{text}"
    );
}

#[test]
fn a_check_all_of_whose_threads_wait_is_reported_at_once() {
    if !WATCHED {
        return;
    }
    let outcome = Check::new().timeout(LONG).run(|| {
        let turnstile = Turnstile::new(["forgotten", "b", "c"]).limit(LONG * 10);
        thread::scope(|scope| {
            let b = scope.spawn(|| turnstile.pass("b"));
            let c = scope.spawn(|| turnstile.pass("c"));
            assert!(b.join().is_err() && c.join().is_err());
        });
    });
    assert_eq!(outcome.panic(), None, "{outcome}");
    let found = outcome.assert_finds(Verdict::Deadlock);
    let text = found.reports()[0].to_string();
    assert!(text.contains("Turnstile"), "{text}");
}

#[test]
fn who_waits_behind_a_thread_that_panics_is_reported_at_once() {
    let turnstile = Turnstile::new(["panics", "waits"]).limit(LONG * 10);
    let text = thread::scope(|scope| {
        let waits = scope.spawn(|| turnstile.pass("waits"));
        let panics = scope.spawn(|| turnstile.turn("panics", || panic!("on purpose, in its turn")));
        panics.join().unwrap_err();
        let payload = waits.join().expect_err("no thread finishes the first step");
        *payload.downcast::<String>().expect("it says why")
    });
    let expected = "lockwarden: a thread panicked in its turn \"panics\" of the turnstile";
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn a_thread_that_unwinds_passes_without_a_second_panic() {
    struct Passes<'a>(&'a Turnstile);
    impl Drop for Passes<'_> {
        fn drop(&mut self) {
            self.0.pass("b");
            self.0.pass("no such step");
        }
    }
    let turnstile = Turnstile::new(["a", "b"]).limit(LONG * 10);
    let text = failure(|| {
        let _passes = Passes(&turnstile);
        panic!("{}", "on purpose, and alone".to_owned());
    });
    assert_eq!(text, "on purpose, and alone");
    let text = failure(|| turnstile.pass("a"));
    assert!(
        text.contains("panicked while it waited for its turn \"b\""),
        "{text}"
    );
}
