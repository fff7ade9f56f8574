//! Order: what a spawn and a join put between two lock orders.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use lockwarden::parking_lot as pl;
use lockwarden::sync::Mutex;
use lockwarden::thread::{self, JoinHandle};

use super::harness;
use super::harness::Reported::{All, Default};
use super::harness::{apart, found, orders};
use crate::child::{self, Child, PART};

fn joined_before() {
    let (ab, ba) = orders();
    thread::spawn(ab).join().unwrap();
    thread::spawn(ba).join().unwrap();
}

#[test]
fn joined_before_the_opposite_order_is_ordered() {
    assert_eq!(found!(All, joined_before), ["Ordered a b"]);
}

#[test]
fn what_is_ordered_is_silent_by_default() {
    assert_eq!(found!(Default, joined_before), [] as [&str; 0]);
}

#[test]
fn joined_by_the_thread_of_the_opposite_order_is_ordered() {
    let run = || {
        let (ab, ba) = orders();
        thread::spawn(ab).join().unwrap();
        ba();
    };
    assert_eq!(found!(All, run), ["Ordered a b"]);
}

#[test]
fn spawned_after_the_first_order_is_ordered() {
    let run = || {
        let (ab, ba) = orders();
        ab();
        let builder = thread::Builder::new().name("later".to_owned());
        builder.spawn(ba).unwrap().join().unwrap();
    };
    assert_eq!(found!(All, run), ["Ordered a b"]);
}

#[test]
fn a_parent_after_the_spawn_is_concurrent_with_the_child() {
    let run = || {
        let (ab, ba) = orders();
        let child = thread::spawn(ab);
        // Waited for, but not by a join.
        while !child.is_finished() {
            thread::yield_now();
        }
        ba();
        child.join().unwrap();
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

#[test]
fn a_child_that_acquires_the_lock_it_was_started_under_follows_what_was_done_under_it() {
    let run = || {
        let (ab, ba) = orders();
        let gate = Arc::new(Mutex::named("gate", ()));
        let held = gate.lock().unwrap();
        let seen = Arc::clone(&gate);
        let child = thread::spawn(move || {
            drop(seen.lock().unwrap());
            ab();
        });
        ba();
        drop(held);
        child.join().unwrap();
    };
    assert_eq!(found!(All, run), ["Ordered a b"]);
}

#[test]
fn a_child_may_acquire_others_before_the_lock_it_was_started_under() {
    let run = || {
        let (ab, ba) = orders();
        let gate = Arc::new(Mutex::named("gate", ()));
        let held = gate.lock().unwrap();
        let seen = Arc::clone(&gate);
        let (go, gone) = lockwarden::sync::mpsc::channel();
        let child = thread::spawn(move || {
            // Received, so that the gate has been released for some time. The message orders no more than the spawn.
            gone.recv().unwrap();
            for _ in 0..3 {
                drop(Mutex::named("other", ()).lock().unwrap());
            }
            drop(seen.lock().unwrap());
            ab();
        });
        go.send(()).unwrap();
        ba();
        drop(held);
        child.join().unwrap();
    };
    assert_eq!(found!(All, run), ["Ordered a b"]);
}

#[test]
fn a_grandchild_follows_what_was_done_under_the_lock_too() {
    let run = || {
        let (ab, ba) = orders();
        let gate = Arc::new(Mutex::named("gate", ()));
        let held = gate.lock().unwrap();
        let seen = Arc::clone(&gate);
        let (over, is_over) = lockwarden::sync::mpsc::channel::<()>();
        let child = thread::spawn(move || {
            thread::spawn(move || {
                drop(seen.lock().unwrap());
                ab();
                drop(over);
            });
        });
        ba();
        drop(held);
        child.join().unwrap();
        is_over.recv().unwrap_err();
    };
    assert_eq!(found!(All, run), ["Ordered a b"]);
}

#[test]
fn what_the_parent_does_after_the_release_is_concurrent_with_the_child() {
    let run = || {
        let (ab, ba) = orders();
        let gate = Arc::new(Mutex::named("gate", ()));
        let held = gate.lock().unwrap();
        let seen = Arc::clone(&gate);
        let child = thread::spawn(move || {
            drop(seen.lock().unwrap());
            ab();
        });
        drop(held);
        // Waited for, but not by a join.
        while !child.is_finished() {
            thread::yield_now();
        }
        ba();
        child.join().unwrap();
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

/// Runs `ba` under a lock, and `ab` in a thread that `held` has started under it, once `acquire` has acquired the lock there.
fn under_a_lock<G>(
    hold: impl FnOnce(&'static pl::RwLock<()>, &mut dyn FnMut()) -> G,
    acquire: impl FnOnce(&'static pl::RwLock<()>) + Send + 'static,
) {
    // One for each call in a process, in a static, so that no tool takes them for a leak.
    static GATES: [pl::RwLock<()>; 8] = [const { pl::RwLock::named("gate", ()) }; 8];
    static USED: AtomicUsize = AtomicUsize::new(0);
    let gate = &GATES[USED.fetch_add(1, Ordering::Relaxed)];
    let (ab, ba) = orders();
    let (mut child, mut run) = (None, Some(ab));
    let mut acquire = Some(acquire);
    // So that the two do not meet in this run; it orders nothing as far as is known.
    let is_done = Arc::new(AtomicBool::new(false));
    let mut seen = Some(Arc::clone(&is_done));
    let held = hold(gate, &mut || {
        let (acquire, ab) = (acquire.take().unwrap(), run.take().unwrap());
        let seen = seen.take().unwrap();
        child = Some(thread::spawn(move || {
            acquire(gate);
            while !seen.load(Ordering::Acquire) {
                thread::yield_now();
            }
            ab();
        }));
    });
    ba();
    is_done.store(true, Ordering::Release);
    drop(held);
    child.unwrap().join().unwrap();
}

#[test]
fn a_lock_that_kept_the_child_out_all_the_time_orders_it() {
    let run = || {
        under_a_lock(
            |gate, start| {
                let held = gate.write();
                start();
                held
            },
            |gate| drop(gate.read()),
        )
    };
    assert_eq!(found!(All, run), ["Ordered a b"]);
}

#[test]
fn a_lock_that_would_have_let_the_child_in_orders_nothing() {
    let read = |gate: &'static pl::RwLock<()>| drop(gate.read());
    let run = || {
        under_a_lock(
            |gate, start| {
                let held = gate.read();
                start();
                held
            },
            read,
        );
        under_a_lock(
            |gate, start| {
                let held = gate.write();
                start();
                pl::RwLockWriteGuard::downgrade(held)
            },
            read,
        );
        // For a while it let readers in.
        under_a_lock(
            |gate, start| {
                let held = gate.write();
                start();
                let held = pl::RwLockWriteGuard::downgrade_to_upgradable(held);
                pl::RwLockUpgradableReadGuard::upgrade(held)
            },
            read,
        );
        // It could have given up.
        under_a_lock(
            |gate, start| {
                let held = gate.write();
                start();
                held
            },
            |gate| drop(gate.try_read_for(harness::LIMIT)),
        );
    };
    assert_eq!(found!(Default, run), ["Inversion a b"; 4]);
}

#[test]
fn two_children_at_a_time_are_concurrent() {
    let run = || {
        let (ab, ba) = orders();
        let (go, wait) = std::sync::mpsc::channel();
        let first: JoinHandle<()> = thread::spawn(move || {
            ab();
            go.send(()).unwrap();
        });
        let second = thread::spawn(move || {
            wait.recv().unwrap();
            ba();
        });
        first.join().unwrap();
        second.join().unwrap();
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

#[test]
fn a_child_that_panicked_is_ordered_before_its_join_too() {
    let run = || {
        let (ab, ba) = orders();
        let child = thread::spawn(move || {
            ab();
            std::panic::resume_unwind(Box::new("over"));
        });
        child.join().unwrap_err();
        thread::spawn(ba).join().unwrap();
    };
    assert_eq!(found!(All, run), ["Ordered a b"]);
}

#[test]
fn what_the_closure_owned_is_dropped_before_the_end() {
    struct Last<F: FnOnce()>(Option<F>);
    impl<F: FnOnce()> Drop for Last<F> {
        fn drop(&mut self) {
            self.0.take().unwrap()();
        }
    }
    let run = || {
        let (ab, ba) = orders();
        let last = Last(Some(ab));
        thread::spawn(move || drop(last)).join().unwrap();
        ba();
    };
    assert_eq!(found!(All, run), ["Ordered a b"]);
}

#[test]
fn order_passes_through_a_grandchild() {
    let run = || {
        let (ab, ba) = orders();
        let child = thread::spawn(move || thread::spawn(ab).join().unwrap());
        child.join().unwrap();
        thread::spawn(|| thread::spawn(ba).join().unwrap())
            .join()
            .unwrap();
    };
    assert_eq!(found!(All, run), ["Ordered a b"]);
}

#[test]
fn two_scopes_one_after_the_other_are_ordered() {
    let run = || {
        let (ab, ba) = orders();
        thread::scope(|s| {
            s.spawn(ab);
        });
        thread::scope(|s| {
            s.spawn(ba);
        });
    };
    assert_eq!(found!(All, run), ["Ordered a b"]);
}

#[test]
fn the_end_of_a_scope_follows_all_of_its_threads() {
    let run = || {
        let (ab, ba) = orders();
        thread::scope(|s| {
            // Joined by hand first, which must not hide the others.
            s.spawn(|| ()).join().unwrap();
            s.spawn(|| s.spawn(ab));
        });
        ba();
    };
    assert_eq!(found!(All, run), ["Ordered a b"]);
}

#[test]
fn the_end_of_a_scope_that_panics_follows_its_threads_too() {
    let run = || {
        let (ab, ba) = orders();
        let scope = || {
            thread::scope(|s| {
                s.spawn(move || {
                    ab();
                    std::panic::resume_unwind(Box::new("over"));
                });
            })
        };
        catch_unwind(AssertUnwindSafe(scope)).unwrap_err();
        ba();
    };
    assert_eq!(found!(All, run), ["Ordered a b"]);
}

#[test]
fn joined_by_hand_in_a_scope_is_ordered() {
    let run = || {
        let (ab, ba) = orders();
        thread::scope(|s| {
            s.spawn(ab).join().unwrap();
            s.spawn(ba);
        });
    };
    assert_eq!(found!(All, run), ["Ordered a b"]);
}

#[test]
fn threads_of_one_scope_are_concurrent() {
    let run = || {
        let (ab, ba) = orders();
        thread::scope(|s| apart(s, ab, ba));
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

/// Not about order, but about a hook, which is the whole process's.
#[test]
fn a_scope_panics_where_it_was_called() {
    let run = || {
        std::panic::set_hook(Box::new(|info| {
            let file = info.location().unwrap().file();
            println!("FOUND {} in {file}", info.payload_as_str().unwrap());
        }));
        let scope = || {
            thread::scope(|s| {
                s.spawn(|| std::panic::resume_unwind(Box::new("over")));
            })
        };
        catch_unwind(scope).unwrap_err();
    };
    let expected = format!("a scoped thread panicked in {}", file!());
    assert_eq!(found!(Default, run), [expected]);
}

#[test]
fn a_report_says_where_each_thread_was_spawned_also_after_its_end() {
    if child::part().is_some() {
        child::body(|| {
            let (ab, ba) = orders();
            thread::scope(|scope| apart(scope, ab, ba));
        });
    }
    let exit = Child::of_test(child::this_test!()).env(PART, "all").run();
    exit.says("thread #2, spawned at tests/order/harness.rs:")
        .says("thread #3, spawned at tests/order/harness.rs:");
}
