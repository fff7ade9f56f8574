//! Sections: locks that a parent holds from before a spawn until after the join.

use std::sync::Arc;

use lockwarden::sync::Mutex;
use lockwarden::thread;

use super::harness::Reported::{All, Default};
use super::harness::{apart, found, nest};

fn locks() -> (Arc<Mutex<()>>, Arc<Mutex<()>>) {
    let a = Arc::new(Mutex::named("a", ()));
    let b = Arc::new(Mutex::named("b", ()));
    (a, b)
}

fn takes(lock: &Arc<Mutex<()>>) -> impl FnOnce() + Send + 'static {
    let lock = Arc::clone(lock);
    move || drop(lock.lock().unwrap())
}

#[test]
fn what_a_thread_takes_until_it_is_joined_is_under_what_is_held_all_the_while() {
    let run = || {
        let (a, b) = locks();
        let joins = || {
            let _a = a.lock().unwrap();
            thread::spawn(takes(&b)).join().unwrap();
        };
        thread::scope(|s| apart(s, joins, || nest(&b, &a)));
        let (a, b) = locks();
        let joins = || {
            let _a = a.lock().unwrap();
            thread::spawn(takes(&b)).join().unwrap();
        };
        thread::scope(|s| apart(s, || nest(&b, &a), joins));
    };
    assert_eq!(found!(Default, run), ["Inversion a b", "Inversion a b"]);
}

#[test]
fn a_thread_that_panics_is_in_the_section_too() {
    let run = || {
        let (a, b) = locks();
        let joins = || {
            let _a = a.lock().unwrap();
            let takes = takes(&b);
            let body = || {
                takes();
                std::panic::resume_unwind(Box::new("over"));
            };
            thread::spawn(body).join().unwrap_err();
        };
        thread::scope(|s| apart(s, joins, || nest(&b, &a)));
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

#[test]
fn a_grandchild_is_in_the_section_of_its_grandparent() {
    let run = || {
        let (a, b) = locks();
        let joins = || {
            let _a = a.lock().unwrap();
            let grandchild = takes(&b);
            let child = || thread::spawn(grandchild).join().unwrap();
            thread::spawn(child).join().unwrap();
        };
        thread::scope(|s| apart(s, joins, || nest(&b, &a)));
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

#[test]
fn a_lock_that_is_let_go_before_the_join_is_no_section() {
    let run = || {
        let (a, b) = locks();
        let joins = || {
            let held = a.lock().unwrap();
            let child = thread::spawn(takes(&b));
            drop(held);
            child.join().unwrap();
        };
        thread::scope(|s| apart(s, joins, || nest(&b, &a)));
    };
    assert_eq!(found!(All, run), [] as [&str; 0]);
}

#[test]
fn a_lock_that_is_let_go_and_taken_again_is_no_section() {
    let run = || {
        let (a, b) = locks();
        let joins = || {
            let held = a.lock().unwrap();
            let first = thread::spawn(takes(&b));
            drop(held);
            let _held = a.lock().unwrap();
            // Marks the second hold, which is not the one of the first thread.
            thread::spawn(|| ()).join().unwrap();
            first.join().unwrap();
        };
        thread::scope(|s| apart(s, joins, || nest(&b, &a)));
    };
    assert_eq!(found!(All, run), [] as [&str; 0]);
}

#[test]
fn a_lock_that_is_gone_by_the_join_is_passed_by() {
    let run = || {
        let a = Mutex::named("a", ());
        let _a = a.lock().unwrap();
        let body = || nest(&Mutex::named("b", ()), &Mutex::named("c", ()));
        thread::spawn(body).join().unwrap();
    };
    assert_eq!(found!(All, run), [] as [&str; 0]);
}

#[test]
fn a_lock_taken_under_others_leads_from_the_section_as_well() {
    let run = || {
        let (a, b) = locks();
        let c = Arc::new(Mutex::named("c", ()));
        let joins = || {
            let _a = a.lock().unwrap();
            let (b, c) = (Arc::clone(&b), Arc::clone(&c));
            thread::spawn(move || nest(&c, &b)).join().unwrap();
        };
        thread::scope(|s| apart(s, joins, || nest(&b, &a)));
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

#[test]
fn holds_marked_by_a_spawn_are_released_in_any_order() {
    let run = || {
        let (a, b) = locks();
        for _ in 0..3 {
            let first = a.lock().unwrap();
            let second = b.lock().unwrap();
            thread::spawn(|| ()).join().unwrap();
            drop(first);
            drop(second);
            // What is left would be reported as held at the end, or as taken twice.
            nest(&a, &b);
        }
    };
    assert_eq!(found!(All, run), [] as [&str; 0]);
}
