//! Scopes: what they allow, what they wait for, and how they panic.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use super::thread;

#[test]
fn threads_borrow_and_the_scope_waits_for_them() {
    let mut numbers = vec![1, 2, 3];
    let (mut sum, mut largest) = (0, 0);
    thread::scope(|s| {
        s.spawn(|| sum = numbers.iter().sum());
        s.spawn(|| largest = *numbers.iter().max().unwrap());
    });
    numbers.push(sum);
    assert_eq!((numbers, largest), (vec![1, 2, 3, 6], 3));
}

#[test]
fn threads_of_a_scope_start_others() {
    let count = AtomicUsize::new(0);
    let add = || count.fetch_add(1, Ordering::Relaxed);
    thread::scope(|s| {
        s.spawn(add);
        s.spawn(|| s.spawn(add));
        s.spawn(|| {
            s.spawn(|| {
                s.spawn(add);
            });
        });
        s.spawn(move || {
            s.spawn(move || s.spawn(add))
                .join()
                .unwrap()
                .join()
                .unwrap()
        });
    });
    assert_eq!(count.into_inner(), 4);
}

#[test]
fn scopes_stand_in_scopes() {
    let words = ["a", "b"];
    let lengths: Vec<usize> = thread::scope(|outer| {
        let threads = words.map(|word| {
            outer.spawn(move || thread::scope(|inner| inner.spawn(|| word.len()).join().unwrap()))
        });
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert_eq!(lengths, [1, 1]);
}

#[test]
fn a_scope_returns_what_its_closure_returns() {
    let text = String::from("text");
    let part: &str = thread::scope(|s| s.spawn(|| &text[1..]).join().unwrap());
    assert_eq!(part, "ext");
    assert_eq!(thread::scope(|_| 5), 5);
}

#[test]
fn a_thread_that_panicked_and_was_not_joined_makes_the_scope_panic() {
    let mut ran = false;
    let scope = || {
        thread::scope(|s| {
            s.spawn(|| resume_unwind(Box::new("lost")));
            s.spawn(|| ran = true);
        })
    };
    let payload = catch_unwind(AssertUnwindSafe(scope)).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"a scoped thread panicked"));
    assert!(ran);
}

#[test]
fn a_thread_that_panicked_and_was_joined_does_not() {
    let payload = thread::scope(|s| {
        let thread = s.spawn(|| resume_unwind(Box::new("found")));
        thread.join().unwrap_err()
    });
    assert_eq!(payload.downcast_ref(), Some(&"found"));
}

#[test]
fn a_panic_of_the_closure_goes_on_when_all_threads_have_ended() {
    let (go, wait) = mpsc::channel();
    let mut ran = false;
    let scope = || {
        thread::scope(|s| {
            let ran = &mut ran;
            s.spawn(move || {
                wait.recv().unwrap();
                *ran = true;
            });
            // A thread that panics too is not what the scope panics with.
            s.spawn(|| resume_unwind(Box::new("thread")));
            go.send(()).unwrap();
            resume_unwind(Box::new("closure"));
        })
    };
    let payload = catch_unwind(AssertUnwindSafe(scope)).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"closure"));
    assert!(ran);
}

#[test]
fn threads_have_the_names_that_a_builder_gives_them() {
    thread::scope(|s| {
        let builder = thread::Builder::new().name("helper".to_owned());
        let name = || thread::current().name().map(str::to_owned);
        let thread = builder.spawn_scoped(s, name).unwrap();
        assert_eq!(thread.thread().name(), Some("helper"));
        assert_eq!(thread.join().unwrap().as_deref(), Some("helper"));
    });
}

#[test]
fn a_thread_is_finished_when_it_is_at_its_end() {
    let (go, wait) = mpsc::channel::<()>();
    thread::scope(|s| {
        let thread = s.spawn(move || wait.recv().unwrap_err());
        assert!(!thread.is_finished());
        drop(go);
        while !thread.is_finished() {
            thread::yield_now();
        }
    });
}

#[test]
fn many_threads_come_and_go_in_one_scope() {
    let count = AtomicUsize::new(0);
    thread::scope(|s| {
        for round in 0..50 {
            let threads: Vec<_> = (0..4)
                .map(|_| s.spawn(|| count.fetch_add(1, Ordering::Relaxed)))
                .collect();
            // Every other round is left to the end of the scope.
            if round % 2 == 0 {
                threads.into_iter().for_each(|t| {
                    t.join().unwrap();
                });
            }
        }
    });
    assert_eq!(count.into_inner(), 200);
}
