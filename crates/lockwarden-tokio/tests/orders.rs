//! What keeps two phases apart: a task locks in one order, and another, after it has waited for the first, in the opposite
//! one. Only an order that any other schedule would have kept, too, makes that no inversion.

use std::future::Future;
use std::sync::Arc;

use lockwarden::report::Verdict;
use lockwarden::testing::Outcome;
use lockwarden_tokio as tokio;
use lockwarden_tokio::testing::check_async;
use tokio::sync::{Barrier, Mutex, Notify, Semaphore, watch};
use tokio::task::yield_now;

#[derive(Default)]
struct Locks {
    first: Mutex<i32>,
    second: Mutex<i32>,
}

impl Locks {
    async fn forth(&self) {
        let _first = self.first.lock().await;
        *self.second.lock().await += 1;
    }

    async fn back(&self) {
        let _second = self.second.lock().await;
        *self.first.lock().await += 1;
    }
}

/// Runs `before`, which locks forth, and `after`, which locks back, as two tasks of a check; that one is the first to be
/// polled whose order is `late`.
fn run<T, A, B>(
    shared: T,
    late: bool,
    before: fn(Arc<(T, Locks)>) -> A,
    after: fn(Arc<(T, Locks)>) -> B,
) -> Outcome
where
    T: Send + Sync + 'static,
    A: Future<Output = ()> + Send + 'static,
    B: Future<Output = ()> + Send + 'static,
{
    check_async(move || async move {
        let shared = Arc::new((shared, Locks::default()));
        let before = before(Arc::clone(&shared));
        let after = after(shared);
        let (one, two) = if late {
            let one = tokio::spawn(before);
            (one, tokio::spawn(after))
        } else {
            let two = tokio::spawn(after);
            (tokio::spawn(before), two)
        };
        one.await.unwrap();
        two.await.unwrap();
    })
}

#[test]
fn a_notification_of_one_waiter() {
    for late in [false, true] {
        let outcome = run(
            Notify::new(),
            late,
            |shared| async move {
                shared.1.forth().await;
                shared.0.notify_one();
            },
            |shared| async move {
                shared.0.notified().await;
                shared.1.back().await;
            },
        );
        outcome.assert_clean();
    }
}

#[test]
fn a_notification_again_and_again() {
    for late in [false, true] {
        let outcome = run(
            (Notify::new(), Notify::new()),
            late,
            |shared| async move {
                for _ in 0..3 {
                    shared.1.forth().await;
                    shared.0.0.notify_one();
                    shared.0.1.notified().await;
                }
            },
            |shared| async move {
                for _ in 0..3 {
                    shared.0.0.notified().await;
                    shared.1.back().await;
                    shared.0.1.notify_one();
                }
            },
        );
        outcome.assert_clean();
    }
}

#[test]
fn a_notification_of_all_waiters() {
    let outcome = run(
        Notify::new(),
        false,
        |shared| async move {
            shared.1.forth().await;
            shared.0.notify_waiters();
        },
        |shared| async move {
            let notified = shared.0.notified();
            yield_now().await;
            notified.await;
            shared.1.back().await;
        },
    );
    outcome.assert_clean();
}

#[test]
fn a_notification_that_is_enabled() {
    for late in [false, true] {
        let outcome = run(
            Notify::new(),
            late,
            |shared| async move {
                shared.1.forth().await;
                shared.0.notify_last();
            },
            |shared| async move {
                let mut notified = std::pin::pin!(shared.0.notified());
                if !notified.as_mut().enable() {
                    notified.await;
                }
                shared.1.back().await;
            },
        );
        outcome.assert_clean();
    }
}

/// Either of two notifications could have been the one, so the phases are not kept apart.
#[test]
fn one_of_two_notifications_orders_nothing() {
    for late in [false, true] {
        let outcome = run(
            Notify::new(),
            late,
            |shared| async move {
                shared.0.notify_one();
                shared.1.forth().await;
                shared.0.notify_one();
            },
            |shared| async move {
                shared.0.notified().await;
                shared.1.back().await;
            },
        );
        outcome.assert_finds(Verdict::Inversion);
    }
}

/// A waiter that has gone passes on the notification of the main task.
#[test]
fn a_notification_that_is_passed_on_orders_nothing() {
    let outcome = check_async(|| async {
        let shared = Arc::new((Notify::new(), Locks::default()));
        let mut gone = Box::pin(shared.0.notified());
        assert!(!gone.as_mut().enable());
        shared.0.notify_one();
        let theirs = Arc::clone(&shared);
        let after = tokio::spawn(async move {
            theirs.0.notified().await;
            theirs.1.back().await;
        });
        yield_now().await;
        drop(gone);
        let theirs = Arc::clone(&shared);
        let before = tokio::spawn(async move {
            theirs.1.forth().await;
            theirs.0.notify_one();
        });
        before.await.unwrap();
        after.await.unwrap();
    });
    outcome.assert_finds(Verdict::Inversion);
}

#[test]
fn a_barrier() {
    for late in [false, true] {
        let outcome = run(
            Barrier::new(2),
            late,
            |shared| async move {
                for _ in 0..3 {
                    shared.1.forth().await;
                    shared.0.wait().await;
                    shared.0.wait().await;
                }
            },
            |shared| async move {
                for _ in 0..3 {
                    shared.0.wait().await;
                    shared.1.back().await;
                    shared.0.wait().await;
                }
            },
        );
        outcome.assert_clean();
    }
}

#[test]
fn a_barrier_orders_what_comes_before_it_alone() {
    let outcome = run(
        Barrier::new(2),
        true,
        |shared| async move {
            shared.0.wait().await;
            shared.1.forth().await;
        },
        |shared| async move {
            shared.0.wait().await;
            shared.1.back().await;
        },
    );
    outcome.assert_finds(Verdict::Inversion);
}

#[test]
fn one_task_of_each_generation_of_a_barrier_is_the_leader() {
    let outcome = check_async(|| async {
        let barrier = Arc::new(Barrier::new(3));
        let tasks: Vec<_> = (0..3)
            .map(|_| {
                let barrier = Arc::clone(&barrier);
                tokio::spawn(async move {
                    let mut leads = 0;
                    for _ in 0..10 {
                        leads += i32::from(barrier.wait().await.is_leader());
                    }
                    leads
                })
            })
            .collect();
        let mut leads = 0;
        for task in tasks {
            leads += task.await.unwrap();
        }
        assert_eq!(leads, 10);
        assert!(Barrier::new(0).wait().await.is_leader());
    });
    outcome.assert_clean();
}

#[test]
fn permits_that_are_added_once() {
    for (late, initially) in [(false, 0), (true, 0), (false, 1)] {
        let outcome = run(
            Semaphore::new(initially),
            late,
            |shared| async move {
                shared.0.add_permits(0);
                shared.1.forth().await;
                shared.0.add_permits(1);
            },
            |shared| async move {
                // What is given back is of the same addition.
                drop(shared.0.acquire().await.unwrap());
                let _permit = shared.0.acquire().await.unwrap();
                shared.1.back().await;
            },
        );
        match initially {
            0 => outcome.assert_clean(),
            _ => drop(outcome.assert_finds(Verdict::Inversion)),
        }
    }
}

#[test]
fn permits_that_are_added_twice_order_nothing() {
    let outcome = run(
        Semaphore::new(0),
        true,
        |shared| async move {
            shared.0.add_permits(1);
            shared.1.forth().await;
            shared.0.add_permits(1);
        },
        |shared| async move {
            let _permit = shared.0.acquire().await.unwrap();
            shared.1.back().await;
        },
    );
    outcome.assert_finds(Verdict::Inversion);
}

#[test]
fn a_value_of_a_watch_channel() {
    for late in [false, true] {
        let outcome = run(
            watch::channel(0).0,
            late,
            |shared| async move {
                shared.1.forth().await;
                shared.0.send_replace(1);
            },
            |shared| async move {
                let mut receiver = shared.0.subscribe();
                receiver.wait_for(|value| *value == 1).await.unwrap();
                shared.1.back().await;
            },
        );
        outcome.assert_clean();
    }
}

#[test]
fn a_changed_value_of_a_watch_channel() {
    for late in [false, true] {
        let (sender, receiver) = watch::channel(0);
        let outcome = run(
            (sender, receiver),
            late,
            |shared| async move {
                for value in 1..4 {
                    shared.1.forth().await;
                    shared.0.0.send_modify(|last| *last = value);
                    shared
                        .0
                        .0
                        .subscribe()
                        .wait_for(|last| *last == 0)
                        .await
                        .unwrap();
                }
            },
            |shared| async move {
                let mut receiver = shared.0.1.clone();
                for _ in 1..4 {
                    receiver.changed().await.unwrap();
                    shared.1.back().await;
                    shared.0.0.send_replace(0);
                    receiver.mark_unchanged();
                }
            },
        );
        outcome.assert_clean();
    }
}

#[test]
fn a_value_of_a_watch_channel_beside_one_that_was_not_changed() {
    for late in [false, true] {
        let (sender, receiver) = watch::channel(0);
        let outcome = run(
            (sender, receiver),
            late,
            |shared| async move {
                assert!(!shared.0.0.send_if_modified(|_| false));
                shared.1.forth().await;
                assert!(shared.0.0.send_if_modified(|value| {
                    *value = 1;
                    true
                }));
                assert!(!shared.0.0.send_if_modified(|_| false));
            },
            |shared| async move {
                let mut receiver = shared.0.1.clone();
                receiver.changed().await.unwrap();
                shared.1.back().await;
            },
        );
        outcome.assert_clean();
    }
}

#[test]
fn the_first_value_of_a_watch_channel_orders_nothing() {
    let (sender, receiver) = watch::channel(0);
    let outcome = run(
        (sender, receiver),
        true,
        |shared| async move {
            shared.1.forth().await;
            assert!(!shared.0.0.send_if_modified(|_| false));
        },
        |shared| async move {
            let mut receiver = shared.0.1.clone();
            receiver.wait_for(|value| *value == 0).await.unwrap();
            shared.1.back().await;
        },
    );
    outcome.assert_finds(Verdict::Inversion);
}

#[test]
fn one_of_two_values_of_a_watch_channel_orders_nothing() {
    let (sender, receiver) = watch::channel(0);
    let outcome = run(
        (sender, receiver),
        true,
        |shared| async move {
            shared.0.0.send_replace(1);
            shared.1.forth().await;
            shared.0.0.send_replace(2);
        },
        |shared| async move {
            let mut receiver = shared.0.1.clone();
            receiver.changed().await.unwrap();
            shared.1.back().await;
        },
    );
    outcome.assert_finds(Verdict::Inversion);
}
