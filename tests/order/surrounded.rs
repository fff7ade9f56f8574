//! Surroundings: locks that a parent holds around its scope.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;

use lockwarden::sync::Mutex;
use lockwarden::thread;

use super::harness::Reported::{All, Default};
use super::harness::{apart, found, nest};

/// Scopes with one thread each, of two parents that hold the gate around them.
#[test]
fn a_gate_around_two_scopes_guards_their_threads_from_each_other() {
    let run = || {
        let gate = Mutex::named("gate", ());
        let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
        let parent = |outer, inner| {
            let _gate = gate.lock().unwrap();
            thread::scope(|s| {
                s.spawn(|| nest(outer, inner));
            });
        };
        thread::scope(|s| {
            s.spawn(|| parent(&a, &b));
            s.spawn(|| parent(&b, &a));
        });
    };
    assert_eq!(found!(All, run), ["Guarded a b"]);
}

#[test]
fn a_gate_around_a_scope_guards_against_who_takes_it_himself() {
    let run = || {
        let gate = Mutex::named("gate", ());
        let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
        thread::scope(|s| {
            s.spawn(|| {
                let _gate = gate.lock().unwrap();
                thread::scope(|s| {
                    s.spawn(|| nest(&a, &b));
                });
            });
            s.spawn(|| {
                let _gate = gate.lock().unwrap();
                nest(&b, &a);
            });
        });
    };
    assert_eq!(found!(All, run), ["Guarded a b"]);
}

#[test]
fn a_gate_around_a_scope_does_not_guard_its_threads_from_each_other() {
    let run = || {
        let gate = Mutex::named("gate", ());
        let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
        let _gate = gate.lock().unwrap();
        thread::scope(|s| apart(s, || nest(&a, &b), || nest(&b, &a)));
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

/// The same threads, made to meet.
#[test]
fn threads_of_one_scope_under_a_gate_really_deadlock() {
    let run = || {
        let gate = Mutex::named("gate", ());
        let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
        let both_hold_one = Barrier::new(2);
        let meet = |outer: &Mutex<()>, inner: &Mutex<()>| {
            let _outer = outer.lock().unwrap();
            both_hold_one.wait();
            // One of the two threads gets a panic for the deadlock that poisons what it holds.
            drop(inner.lock());
        };
        let _gate = gate.lock().unwrap();
        let scope = || {
            thread::scope(|s| {
                s.spawn(|| meet(&a, &b));
                s.spawn(|| meet(&b, &a));
            })
        };
        std::panic::set_hook(Box::new(|_| {}));
        catch_unwind(AssertUnwindSafe(scope)).unwrap_err();
        assert!(a.is_poisoned() != b.is_poisoned());
    };
    let found = found!(Default, run);
    assert!(found.contains(&"Deadlock a b".to_owned()), "{found:?}");
    assert!(found.contains(&"Inversion a b".to_owned()), "{found:?}");
}

/// A thread that holds nothing itself takes b under the a of its parent.
#[test]
fn what_is_taken_under_a_lock_around_the_scope_leads_from_it() {
    let run = || {
        let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
        let under_a = || {
            let _a = a.lock().unwrap();
            thread::scope(|s| {
                s.spawn(|| drop(b.lock().unwrap()));
            });
        };
        thread::scope(|s| apart(s, under_a, || nest(&b, &a)));
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

/// As above, after the other order, and when both locks stand in the graph already.
#[test]
fn what_is_taken_around_the_scope_leads_on_whatever_was_known_before() {
    let run = || {
        let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
        let leaf = Mutex::named("leaf", ());
        nest(&b, &leaf);
        nest(&a, &leaf);
        let under_a = || {
            let _a = a.lock().unwrap();
            thread::scope(|s| {
                s.spawn(|| {
                    for _ in 0..3 {
                        drop(b.lock().unwrap());
                    }
                });
            });
        };
        thread::scope(|s| apart(s, || nest(&b, &a), under_a));
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

#[test]
fn locks_around_a_scope_reach_the_scopes_inside_it() {
    let run = || {
        let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
        let far_under_a = || {
            let _a = a.lock().unwrap();
            thread::scope(|s| {
                s.spawn(|| {
                    thread::scope(|s| {
                        s.spawn(|| drop(b.lock().unwrap()));
                    });
                });
            });
        };
        thread::scope(|s| apart(s, far_under_a, || nest(&b, &a)));
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

#[test]
fn a_thread_that_is_not_of_the_scope_is_not_surrounded() {
    let run = || {
        let a = Mutex::named("a", ());
        let b = std::sync::Arc::new(Mutex::named("b", ()));
        let _a = a.lock().unwrap();
        let child = {
            let b = std::sync::Arc::clone(&b);
            thread::scope(|s| {
                let spawns = || thread::spawn(move || drop(b.lock().unwrap()));
                s.spawn(spawns).join().unwrap()
            })
        };
        child.join().unwrap();
        drop(_a);
        nest(&b, &a);
    };
    assert_eq!(found!(All, run), [] as [&str; 0]);
}

/// The lock of the first scope is gone, and what was taken under it comes into the graph later.
#[test]
fn a_lock_that_is_gone_does_not_come_back() {
    let run = || {
        let b = Mutex::named("b", ());
        let c = Mutex::named("c", ());
        {
            let a = Mutex::named("a", ());
            let _a = a.lock().unwrap();
            thread::scope(|s| {
                s.spawn(|| drop(b.lock().unwrap()));
            });
        }
        nest(&b, &c);
        let again = Mutex::named("a", ());
        nest(&b, &again);
    };
    assert_eq!(found!(All, run), [] as [&str; 0]);
}

#[test]
fn a_thread_of_a_scope_is_free_again_when_it_has_ended() {
    let run = || {
        let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
        {
            let _a = a.lock().unwrap();
            thread::scope(|s| {
                s.spawn(|| ());
            });
        }
        // Threads use the slots of threads that have ended.
        thread::scope(|s| {
            s.spawn(|| drop(b.lock().unwrap()));
            s.spawn(|| nest(&b, &a));
        });
    };
    assert_eq!(found!(All, run), [] as [&str; 0]);
}
