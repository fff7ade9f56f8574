//! One thread waits for itself: the shapes in which it has happened.

use std::collections::HashMap;
use std::fmt;

use lockwarden::parking_lot as pl;
use lockwarden::sync::{Mutex, RwLock};

use super::harness::{case, check};
use super::turns::{elsewhere, panics};

/// The verdict is the panic's first word, and nothing was held up.
fn deadlocks_with_itself<R>(f: impl FnOnce() -> R) {
    let said = panics(f);
    assert!(said.starts_with("lockwarden: SelfDeadlock"), "{said}");
}

/// Scenario 1: the guard in the head of a `match` lives to its end.
#[test]
fn a_read_guard_in_the_head_of_a_match() {
    check!([
        case("std", || {
            let regions = RwLock::named("regions", HashMap::from([(1, "leader")]));
            deadlocks_with_itself(|| match regions.read().unwrap().get(&1) {
                Some(&role) => {
                    regions.write().unwrap().insert(2, role);
                }
                None => unreachable!("region 1 is there"),
            });
        })
        .finds("SelfDeadlock regions"),
        case("parking_lot", || {
            let regions = pl::RwLock::named("regions", HashMap::from([(1, "leader")]));
            deadlocks_with_itself(|| match regions.read().get(&1) {
                Some(&role) => {
                    regions.write().insert(2, role);
                }
                None => unreachable!("region 1 is there"),
            });
            assert_eq!(regions.read().len(), 1);
        })
        .finds("SelfDeadlock regions"),
        case("fixed, by a copy of what was read", || {
            let regions = pl::RwLock::named("regions", HashMap::from([(1, "leader")]));
            let role = regions.read().get(&1).copied();
            match role {
                Some(role) => {
                    regions.write().insert(2, role);
                }
                None => unreachable!("region 1 is there"),
            }
        }),
    ]);
}

/// Scenario 2: in `if let`, what the condition borrows from lives as long as its body.
#[test]
fn a_read_guard_in_the_condition_of_an_if_let() {
    check!([
        case("std", || {
            let peers = RwLock::named("peers", vec![7]);
            deadlocks_with_itself(|| {
                if let Some(peer) = peers.read().unwrap().first() {
                    let peer = *peer;
                    peers.write().unwrap().push(peer);
                }
            });
        })
        .finds("SelfDeadlock peers"),
        case("parking_lot", || {
            let peers = pl::RwLock::named("peers", vec![7]);
            deadlocks_with_itself(|| {
                if let Some(&peer) = peers.read().first() {
                    peers.write().push(peer);
                }
            });
        })
        .finds("SelfDeadlock peers"),
        case("the else of edition 2024 is free of it", || {
            let peers = pl::RwLock::named("peers", Vec::<u32>::new());
            if let Some(_peer) = peers.read().first() {
                unreachable!("there is none");
            } else {
                peers.write().push(1);
            }
        }),
    ]);
}

/// Scenario 3: a method that locks calls another one that locks.
#[test]
fn a_method_calls_another_under_its_lock() {
    struct Queue(Mutex<Vec<u32>>);

    impl Queue {
        fn len(&self) -> usize {
            self.0.lock().unwrap().len()
        }

        fn push(&self, job: u32) -> usize {
            let mut jobs = self.0.lock().unwrap();
            jobs.push(job);
            self.len()
        }
    }

    check!([case("std", || {
        let queue = Queue(Mutex::named("jobs", Vec::new()));
        deadlocks_with_itself(|| queue.push(1));
        // As with std, the panic poisoned it; it is not left locked.
        assert!(queue.0.is_poisoned());
        assert!(
            queue
                .0
                .try_lock()
                .is_err_and(|error| matches!(error, lockwarden::sync::TryLockError::Poisoned(_)))
        );
    })
    .finds("SelfDeadlock jobs")]);
}

/// Scenario 4: an argument of a log line is a getter that locks.
#[test]
fn a_log_line_asks_a_getter() {
    struct Client {
        number: pl::Mutex<u64>,
    }

    impl Client {
        fn best(&self) -> u64 {
            *self.number.lock()
        }
    }

    fn log(line: fmt::Arguments<'_>) -> usize {
        line.to_string().len()
    }

    check!([case("parking_lot", || {
        let client = Client {
            number: pl::Mutex::named("number", 0),
        };
        deadlocks_with_itself(|| {
            let mut number = client.number.lock();
            *number += 1;
            log(format_args!("imported #{}", client.best()))
        });
        assert_eq!(client.best(), 1);
    })
    .finds("SelfDeadlock number")]);
}

/// Scenario 7: a guard in a local variable, and the function called next writes.
#[test]
fn a_read_guard_in_a_local_while_the_callee_writes() {
    fn touch(tree: &RwLock<u32>) {
        *tree.write().unwrap() += 1;
    }

    check!([
        case("held", || {
            let tree = RwLock::named("tree", 0);
            deadlocks_with_itself(|| {
                let root = tree.read().unwrap();
                touch(&tree);
                *root
            });
        })
        .finds("SelfDeadlock tree"),
        case("let go", || {
            let tree = RwLock::named("tree", 0);
            let root = tree.read().unwrap();
            drop(root);
            touch(&tree);
        }),
    ]);
}

/// Scenario 10: a callback, called under the lock, comes back to its owner.
#[test]
fn a_callback_re_enters_its_owner() {
    type Listener = Box<dyn Fn(&Watcher) + Send + Sync>;

    #[derive(Default)]
    struct Watcher {
        seen: pl::FairMutex<u32>,
        listeners: Vec<Listener>,
    }

    impl Watcher {
        fn notify(&self) {
            let mut seen = self.seen.lock();
            *seen += 1;
            for listener in &self.listeners {
                listener(self);
            }
        }
    }

    check!([case("fair", || {
        let watcher = Watcher {
            seen: pl::FairMutex::named("seen", 0),
            listeners: vec![Box::new(|watcher| *watcher.seen.lock() += 1)],
        };
        deadlocks_with_itself(|| watcher.notify());
        assert_eq!(*watcher.seen.lock(), 1);
    })
    .finds("SelfDeadlock seen")]);
}

/// The second acquisition is one that gives up: it waits in vain, but not for ever.
#[test]
fn an_attempt_that_gives_up_is_no_deadlock() {
    use std::time::Duration;

    check!([case("try and timed", || {
        let a = Mutex::named("a", ());
        let b = pl::RwLock::named("b", ());
        let _a = a.lock().unwrap();
        let _b = b.write();
        assert!(a.try_lock().is_err());
        assert!(b.try_read().is_none());
        assert!(b.try_write_for(Duration::from_millis(1)).is_none());
        assert!(b.try_read_for(Duration::ZERO).is_none());
    })]);
}

/// Once reported, it is reported again at its next occurrence: each is certain, and each panics.
#[test]
fn a_second_occurrence_is_not_let_through() {
    check!([case("three times", || {
        let a = pl::Mutex::named("a", ());
        let _a = a.lock();
        for _ in 0..3 {
            deadlocks_with_itself(|| drop(a.lock()));
        }
    })
    .finds("SelfDeadlock a")
    .finds("SelfDeadlock a")
    .finds("SelfDeadlock a")]);
}

/// What unwinds out of the acquisition is caught, and all goes on as if it had never been.
#[test]
fn the_thread_goes_on_after_the_panic() {
    check!([case("goes on", || {
        let (a, b) = (pl::Mutex::named("a", ()), pl::Mutex::named("b", ()));
        {
            let _a = a.lock();
            deadlocks_with_itself(|| drop(a.lock()));
            let _b = b.lock();
        }
        // Nothing was left in the list of held locks: this order is the only one.
        elsewhere(|| {
            let _a = a.lock();
            let _b = b.lock();
        });
        drop(b.lock());
        drop(a.lock());
    })
    .finds("SelfDeadlock a")]);
}
