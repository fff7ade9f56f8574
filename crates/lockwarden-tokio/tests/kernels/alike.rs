//! What only looks like a deadlock.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::poll;
use lockwarden_tokio as tokio;

use crate::expect::{Case, long, on_runtime, settle};

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "a sibling branch holds the lock and sleeps",
        reported: None,
        run: || {
            on_runtime(async {
                let lock = tokio::sync::Mutex::new(0);
                tokio::join!(
                    async {
                        let _held = lock.lock().await;
                        long().await;
                    },
                    async { *lock.lock().await += 1 },
                );
            });
        },
    },
    Case {
        name: "a sibling branch of futures holds the lock and sleeps",
        reported: None,
        run: || {
            on_runtime(async {
                let lock = tokio::sync::Mutex::new(0);
                let holds = async {
                    let _held = lock.lock().await;
                    long().await;
                };
                let wants = async { *lock.lock().await += 1 };
                futures::future::join(wants, holds).await;
            });
        },
    },
    Case {
        name: "a timeout ends the wait for an own lock",
        reported: None,
        run: || {
            on_runtime(async {
                let lock = tokio::sync::Mutex::new(0);
                let _held = lock.lock().await;
                let wait = tokio::time::timeout(Duration::from_millis(400), lock.lock());
                assert!(wait.await.is_err());
            });
        },
    },
    Case {
        name: "a shutdown ends the wait for an own lock",
        reported: None,
        run: || {
            on_runtime(async {
                let lock = tokio::sync::Mutex::new(0);
                let (sender, receiver) = tokio::sync::oneshot::channel();
                tokio::spawn(async move {
                    long().await;
                    sender.send(()).unwrap();
                });
                let _held = lock.lock().await;
                tokio::select! {
                    _ = lock.lock() => panic!("the lock is held"),
                    _ = receiver => {}
                }
            });
        },
    },
    Case {
        name: "the loser of a select gives its place back",
        reported: None,
        run: || {
            on_runtime(async {
                let lock = Arc::new(tokio::sync::Mutex::new(0));
                let theirs = Arc::clone(&lock);
                let holder = tokio::spawn(async move {
                    let _held = theirs.lock().await;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                });
                settle().await;
                tokio::select! {
                    _ = lock.lock() => {}
                    () = tokio::time::sleep(Duration::from_millis(5)) => {}
                }
                *lock.lock().await += 1;
                holder.await.unwrap();
            });
        },
    },
    Case {
        name: "the holder sleeps and comes back",
        reported: None,
        run: || {
            on_runtime(async {
                let lock = Arc::new(tokio::sync::Mutex::new(0));
                let mut set = tokio::task::JoinSet::new();
                for _ in 0..4 {
                    let lock = Arc::clone(&lock);
                    set.spawn(async move {
                        let _held = lock.lock().await;
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    });
                }
                while set.join_next().await.is_some() {}
            });
        },
    },
    Case {
        name: "a semaphore is a signal",
        reported: None,
        run: || {
            on_runtime(async {
                let signal = Arc::new(tokio::sync::Semaphore::new(0));
                let theirs = Arc::clone(&signal);
                tokio::spawn(async move {
                    long().await;
                    theirs.add_permits(1);
                });
                let _permit = signal.acquire().await.unwrap();
            });
        },
    },
    Case {
        name: "a rate limiter forgets permits and adds them",
        reported: None,
        run: || {
            on_runtime(async {
                let rate = Arc::new(tokio::sync::Semaphore::new(2));
                let theirs = Arc::clone(&rate);
                let refill = tokio::spawn(async move {
                    for _ in 0..4 {
                        tokio::time::sleep(Duration::from_millis(60)).await;
                        theirs.add_permits(1);
                    }
                });
                for _ in 0..6 {
                    rate.acquire().await.unwrap().forget();
                }
                refill.await.unwrap();
            });
        },
    },
    Case {
        name: "both orders in one task",
        reported: None,
        run: || {
            on_runtime(async {
                let (a, b) = (tokio::sync::Mutex::new(0), tokio::sync::Mutex::new(0));
                {
                    let _first = a.lock().await;
                    let _second = b.lock().await;
                }
                let _first = b.lock().await;
                let _second = a.lock().await;
            });
        },
    },
    Case {
        name: "both orders, parted by a spawn and a join",
        reported: None,
        run: || {
            on_runtime(async {
                let locks = Arc::new((tokio::sync::Mutex::new(0), tokio::sync::Mutex::new(0)));
                {
                    let _first = locks.0.lock().await;
                    let _second = locks.1.lock().await;
                }
                let theirs = Arc::clone(&locks);
                let task = tokio::spawn(async move {
                    let _first = theirs.1.lock().await;
                    let _second = theirs.0.lock().await;
                });
                task.await.unwrap();
                let _first = locks.0.lock().await;
                let _second = locks.1.lock().await;
            });
        },
    },
    Case {
        name: "attempts in the wrong order",
        reported: None,
        run: || {
            on_runtime(async {
                let locks = Arc::new((tokio::sync::Mutex::new(0), tokio::sync::Mutex::new(0)));
                let theirs = Arc::clone(&locks);
                let task = tokio::spawn(async move {
                    for _ in 0..20 {
                        let _first = theirs.0.lock().await;
                        let _second = theirs.1.lock().await;
                        tokio::task::yield_now().await;
                    }
                });
                for _ in 0..20 {
                    let _first = locks.1.lock().await;
                    let _second = locks.0.try_lock();
                    tokio::task::yield_now().await;
                }
                task.await.unwrap();
            });
        },
    },
    Case {
        name: "branches that hold and take beside each other",
        reported: None,
        run: || {
            on_runtime(async {
                let locks = Arc::new((tokio::sync::Mutex::new(0), tokio::sync::Mutex::new(0)));
                let theirs = Arc::clone(&locks);
                let task = tokio::spawn(async move {
                    let _first = theirs.1.lock().await;
                    let _second = theirs.0.lock().await;
                });
                task.await.unwrap();
                let theirs = Arc::clone(&locks);
                let beside = tokio::spawn(async move {
                    tokio::join!(
                        async {
                            let _held = theirs.0.lock().await;
                            settle().await;
                        },
                        async { *theirs.1.lock().await += 1 },
                    );
                });
                let _first = locks.1.lock().await;
                let _second = locks.0.lock().await;
                drop((_first, _second));
                beside.await.unwrap();
            });
        },
    },
    Case {
        name: "waiters that gave up, or were never polled, or once",
        reported: None,
        run: || {
            on_runtime(async {
                let lock = tokio::sync::Mutex::new(0);
                let held = lock.lock().await;
                let never = lock.lock();
                {
                    let mut once = pin!(lock.lock());
                    assert!(poll!(&mut once).is_pending());
                }
                drop(held);
                *lock.lock().await += 1;
                drop(never);
            });
        },
    },
    Case {
        name: "readers without a writer",
        reported: None,
        run: || {
            on_runtime(async {
                let lock = Arc::new(tokio::sync::RwLock::new(0));
                let mut set = tokio::task::JoinSet::new();
                for _ in 0..3 {
                    let lock = Arc::clone(&lock);
                    set.spawn(async move {
                        let _held = lock.read().await;
                        long().await;
                    });
                }
                while set.join_next().await.is_some() {}
            });
        },
    },
    Case {
        name: "a guard is sent to the task that drops it",
        reported: None,
        run: || {
            on_runtime(async {
                let lock = Arc::new(tokio::sync::Mutex::new(0));
                let held = Arc::clone(&lock).lock_owned().await;
                tokio::spawn(async move {
                    long().await;
                    drop(held);
                });
                *lock.lock().await += 1;
            });
        },
    },
    Case {
        name: "a boxed future with a guard goes on in another task",
        reported: None,
        run: || {
            on_runtime(async {
                let lock = Arc::new(tokio::sync::Mutex::new(0));
                let theirs = Arc::clone(&lock);
                let mut work = Box::pin(async move {
                    let _held = theirs.lock().await;
                    long().await;
                });
                assert!(poll!(&mut work).is_pending());
                tokio::spawn(work);
                *lock.lock().await += 1;
            });
        },
    },
    Case {
        name: "a boxed waiter goes on in another task, later",
        reported: None,
        run: || {
            on_runtime(async {
                let lock = Arc::new(tokio::sync::Mutex::new(0));
                let held = Arc::clone(&lock).lock_owned().await;
                let theirs = Arc::clone(&lock);
                let mut work = Box::pin(async move {
                    *theirs.lock().await += 1;
                });
                assert!(poll!(&mut work).is_pending());
                tokio::spawn(async move {
                    long().await;
                    work.await;
                });
                drop(held);
                *lock.lock().await += 1;
            });
        },
    },
    Case {
        name: "a permit is sent to the task that drops it",
        reported: None,
        run: || {
            on_runtime(async {
                let permits = Arc::new(tokio::sync::Semaphore::new(1));
                let held = Arc::clone(&permits).acquire_owned().await.unwrap();
                tokio::spawn(async move {
                    long().await;
                    drop(held);
                });
                let _permit = permits.acquire().await.unwrap();
            });
        },
    },
    Case {
        name: "a future that is not polled and owns nothing",
        reported: None,
        run: || {
            on_runtime(async {
                let lock = Arc::new(tokio::sync::Mutex::new(0));
                let theirs = Arc::clone(&lock);
                let holder = tokio::spawn(async move {
                    let _held = theirs.lock().await;
                    long().await;
                });
                settle().await;
                let mut idle = pin!(async {
                    settle().await;
                    *lock.lock().await += 1;
                });
                assert!(poll!(&mut idle).is_pending());
                *lock.lock().await += 1;
                idle.await;
                holder.await.unwrap();
            });
        },
    },
    Case {
        name: "a paused clock jumps",
        reported: None,
        run: || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .start_paused(true)
                .build()
                .unwrap();
            runtime.block_on(async {
                let lock = Arc::new(tokio::sync::Mutex::new(0));
                let theirs = Arc::clone(&lock);
                let holder = tokio::spawn(async move {
                    let _held = theirs.lock().await;
                    tokio::time::sleep(Duration::from_secs(3600)).await;
                });
                tokio::task::yield_now().await;
                *lock.lock().await += 1;
                holder.await.unwrap();
            });
        },
    },
    Case {
        name: "a supervisor joins a task that waits for a lock in use",
        reported: None,
        run: || {
            on_runtime(async {
                let lock = Arc::new(tokio::sync::Mutex::new(0));
                let theirs = Arc::clone(&lock);
                let holder = tokio::spawn(async move {
                    let _held = theirs.lock().await;
                    long().await;
                });
                settle().await;
                let waiter = tokio::spawn(async move { *lock.lock().await += 1 });
                waiter.await.unwrap();
                holder.await.unwrap();
            });
        },
    },
];
