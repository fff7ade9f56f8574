//! Locks that are made, taken under a parent and dropped, again and again: each learns from the one
//! before it, and is judged like any other.

// Handing over through it is watched by nothing, so it orders nothing.
use std::sync::Mutex as StdMutex;

use lockwarden::sync::{Arc, Mutex, RwLock};

use super::harness::Reported::{All, Default};
use super::harness::{found, nest, one_after_the_other};

/// A lock of a session, after `before` others that were taken under the registry and dropped.
fn session(registry: &Mutex<()>, before: usize) -> Mutex<()> {
    let mut session = Mutex::named("session", ());
    for _ in 0..=before {
        session = Mutex::named("session", ());
        nest(registry, &session);
    }
    session
}

/// What was left there.
fn taken(last: &StdMutex<Option<Mutex<()>>>) -> Mutex<()> {
    last.lock().unwrap().take().expect("a session was left")
}

#[test]
fn the_last_of_many_sessions_is_found_to_be_taken_against_the_order() {
    let run = || {
        let registry = Mutex::named("registry", ());
        let last = StdMutex::new(None);
        one_after_the_other(
            || *last.lock().unwrap() = Some(session(&registry, 50)),
            || nest(&taken(&last), &registry),
        );
    };
    assert_eq!(found!(Default, run), ["Inversion registry session"]);
}

#[test]
fn what_a_session_learnt_is_there_when_something_is_taken_under_it() {
    let run = || {
        let (registry, log) = (Mutex::named("registry", ()), Mutex::named("log", ()));
        let last = StdMutex::new(None);
        one_after_the_other(
            || *last.lock().unwrap() = Some(session(&registry, 50)),
            || {
                let session = taken(&last);
                one_after_the_other(|| nest(&session, &log), || nest(&log, &registry));
            },
        );
    };
    assert_eq!(found!(Default, run), ["Inversion log registry session"]);
}

#[test]
fn a_gate_around_both_orders_is_seen_of_sessions_too() {
    let run = || {
        let (gate, registry) = (Mutex::named("gate", ()), Mutex::named("registry", ()));
        let last = StdMutex::new(None);
        one_after_the_other(
            || {
                let _gate = gate.lock().unwrap();
                *last.lock().unwrap() = Some(session(&registry, 50));
            },
            || {
                let _gate = gate.lock().unwrap();
                nest(&taken(&last), &registry);
            },
        );
    };
    assert_eq!(found!(All, run), ["Guarded registry session"]);
}

#[test]
fn sessions_that_other_threads_drop_and_sessions_in_one_order_are_silent() {
    let run = || {
        let registry = Mutex::named("registry", ());
        lockwarden::thread::scope(|scope| {
            let (send, sent) = std::sync::mpsc::sync_channel(16);
            scope.spawn(move || {
                for (at, session) in sent.into_iter().enumerate() {
                    let session: Arc<RwLock<usize>> = session;
                    *session.write().unwrap() += at;
                    drop(session);
                }
            });
            for _ in 0..500 {
                let _registry = registry.lock().unwrap();
                let session = Arc::new(RwLock::named("session", 0));
                *session.write().unwrap() += 1;
                send.send(session).unwrap();
            }
            drop(send);
        });
    };
    assert_eq!(found!(All, run), [""; 0]);
}
