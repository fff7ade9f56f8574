//! Tasks that wait for each other.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt};
use lockwarden::report::Verdict;
use lockwarden_tokio as tokio;

use crate::expect::{Case, on_runtime, settle};

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "two tasks take two mutexes in both orders",
        reported: Some((
            Verdict::Deadlock,
            &[
                "rings.rs",
                "tokio Mutex",
                "help: release",
                "in one",
                "order",
            ],
        )),
        run: || {
            on_runtime(async {
                let locks = Arc::new((tokio::sync::Mutex::new(0), tokio::sync::Mutex::new(0)));
                let meet = Arc::new(tokio::sync::Barrier::new(2));
                let (theirs, there) = (Arc::clone(&locks), Arc::clone(&meet));
                let task = tokio::spawn(async move {
                    let _first = theirs.0.lock().await;
                    there.wait().await;
                    let _second = theirs.1.lock().await;
                });
                let _first = locks.1.lock().await;
                meet.wait().await;
                let _second = locks.0.lock().await;
                task.await.unwrap();
            });
        },
    },
    Case {
        name: "two tasks keep a guard while they send, and take the other mutex",
        reported: Some((Verdict::Inversion, &["rings.rs", "both orders"])),
        run: || {
            on_runtime(async {
                let locks = Arc::new((tokio::sync::Mutex::new(0), tokio::sync::Mutex::new(0)));
                let (send, mut receive) = tokio::sync::mpsc::channel(2);
                // What a lock was once taken with says nothing of the guards that borrow it.
                let _ = tokio::sync::Mutex::lock_owned(Arc::new(tokio::sync::Mutex::new(0))).await;
                let (theirs, sends) = (Arc::clone(&locks), send.clone());
                // A join would order the two.
                let is_done = Arc::new(AtomicBool::new(false));
                let done = Arc::clone(&is_done);
                let task = tokio::spawn(async move {
                    {
                        let _first = theirs.0.lock().await;
                        sends.send(String::new()).await.unwrap();
                        let _second = theirs.1.lock().await;
                    }
                    done.store(true, Ordering::Release);
                });
                while !is_done.load(Ordering::Acquire) {
                    settle().await;
                }
                let _first = locks.1.lock().await;
                send.send(String::new()).await.unwrap();
                let _second = locks.0.lock().await;
                receive.recv().await;
                task.await.unwrap();
            });
        },
    },
    Case {
        name: "a task keeps the guard of a static and spawns another, and the two take two mutexes in both orders",
        reported: Some((Verdict::Inversion, &["rings.rs", "both orders"])),
        run: || {
            static SERIAL: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
            on_runtime(async {
                let _serial = SERIAL.lock().await;
                let locks = Arc::new((tokio::sync::Mutex::new(0), tokio::sync::Mutex::new(0)));
                let theirs = Arc::clone(&locks);
                // A join would order the two.
                let is_done = Arc::new(AtomicBool::new(false));
                let done = Arc::clone(&is_done);
                let task = tokio::spawn(async move {
                    {
                        let _first = theirs.0.lock().await;
                        let _second = theirs.1.lock().await;
                    }
                    done.store(true, Ordering::Release);
                });
                while !is_done.load(Ordering::Acquire) {
                    settle().await;
                }
                let _first = locks.1.lock().await;
                let _second = locks.0.lock().await;
                task.await.unwrap();
            });
        },
    },
    Case {
        name: "a child of a set of futures takes a mutex under one of its task and one in its own branch, in both orders",
        reported: Some((Verdict::Inversion, &["rings.rs", "both orders"])),
        run: || {
            on_runtime(async {
                let locks = Arc::new((tokio::sync::Mutex::new(0), tokio::sync::Mutex::new(0)));
                let is_done = Arc::new(AtomicBool::new(false));
                let (theirs, done) = (Arc::clone(&locks), Arc::clone(&is_done));
                let task = tokio::spawn(async move {
                    // What the child holds is held by the branches of it, too.
                    let child = async {
                        let _first = theirs.0.lock().await;
                        settle().await;
                        tokio::join!(async { *theirs.1.lock().await += 1 }, settle());
                    };
                    let mut set: FuturesUnordered<_> = [child].into_iter().collect();
                    while set.next().await.is_some() {}
                    drop(set);
                    // A join would order the two.
                    done.store(true, Ordering::Release);
                });
                while !is_done.load(Ordering::Acquire) {
                    settle().await;
                }
                let _first = locks.1.lock().await;
                let mut set: FuturesUnordered<_> = [locks.0.lock()].into_iter().collect();
                drop(set.next().await);
                task.await.unwrap();
            });
        },
    },
    Case {
        name: "a task takes two mutexes each in a select of its own, and another one in the other order",
        reported: Some((Verdict::Inversion, &["rings.rs", "both orders"])),
        run: || {
            on_runtime(async {
                let locks = Arc::new((tokio::sync::Mutex::new(0), tokio::sync::Mutex::new(0)));
                let is_done = Arc::new(AtomicBool::new(false));
                let (theirs, done) = (Arc::clone(&locks), Arc::clone(&is_done));
                let task = tokio::spawn(async move {
                    {
                        // What a branch has returned is held by the task.
                        let _first = tokio::select! {
                            guard = theirs.0.lock() => guard,
                            () = std::future::pending() => return,
                        };
                        let _second = tokio::select! {
                            guard = theirs.1.lock() => guard,
                            () = std::future::pending() => return,
                        };
                    }
                    // A join would order the two.
                    done.store(true, Ordering::Release);
                });
                while !is_done.load(Ordering::Acquire) {
                    settle().await;
                }
                let _first = locks.1.lock().await;
                let _second = locks.0.lock().await;
                task.await.unwrap();
            });
        },
    },
    Case {
        name: "a mutex whose guard was sent is taken again after a wait that is pending, and two mutexes in both orders",
        reported: Some((Verdict::Inversion, &["rings.rs", "both orders"])),
        run: || {
            on_runtime(async {
                let first = Arc::new(tokio::sync::Mutex::new(0));
                let second = Arc::new(tokio::sync::Mutex::new(0));
                let is_done = Arc::new(AtomicBool::new(false));
                let (other, theirs) = (Arc::clone(&first), Arc::clone(&second));
                let done = Arc::clone(&is_done);
                let task = tokio::spawn(async move {
                    {
                        let _second = theirs.lock().await;
                        let _first = other.lock().await;
                    }
                    // A join would order the two.
                    done.store(true, Ordering::Release);
                });
                while !is_done.load(Ordering::Acquire) {
                    settle().await;
                }
                let busy = tokio::sync::Mutex::new(0);
                let keeps = busy.lock().await;
                let sent = Arc::clone(&first).lock_owned().await;
                tokio::spawn(async move { drop(sent) }).await.unwrap();
                assert!(futures::poll!(std::pin::pin!(busy.lock())).is_pending());
                drop(keeps);
                let _first = first.lock().await;
                tokio::task::yield_now().await;
                let _second = second.lock().await;
                task.await.unwrap();
            });
        },
    },
    Case {
        name: "a reader waits behind a writer that waits for its first read",
        reported: Some((Verdict::Deadlock, &["tokio RwLock"])),
        run: || {
            on_runtime(async {
                let lock = Arc::new(tokio::sync::RwLock::new(0));
                let _first = lock.read().await;
                let theirs = Arc::clone(&lock);
                let _writer = tokio::spawn(async move { *theirs.write().await += 1 });
                settle().await;
                let _second = lock.read().await;
            });
        },
    },
    Case {
        name: "two readers of one lock both want to write",
        reported: Some((
            Verdict::Deadlock,
            &["tokio RwLock", "help: release", " keep\n"],
        )),
        run: || {
            on_runtime(async {
                let lock = Arc::new(tokio::sync::RwLock::new(0));
                let meet = Arc::new(tokio::sync::Barrier::new(2));
                let upgrade = |lock: Arc<tokio::sync::RwLock<i32>>| {
                    let meet = Arc::clone(&meet);
                    async move {
                        let seen = lock.read().await;
                        meet.wait().await;
                        *lock.write().await = *seen + 1;
                    }
                };
                let task = tokio::spawn(upgrade(Arc::clone(&lock)));
                upgrade(lock).await;
                task.await.unwrap();
            });
        },
    },
    Case {
        name: "initialisers of two values need each other's value",
        reported: Some((
            Verdict::Deadlock,
            &["tokio OnceCell", "help: let the initialiser of"],
        )),
        run: || {
            on_runtime(async {
                let task = tokio::spawn(value(0));
                value(1).await;
                task.await.unwrap();
            });
        },
    },
    Case {
        name: "an initialiser needs another value, which needs none",
        reported: None,
        run: || {
            on_runtime(async {
                let task = tokio::spawn(value(2));
                value(3).await;
                task.await.unwrap();
            });
        },
    },
    Case {
        name: "a task needs a value under a lock that its initialiser wants",
        reported: Some((Verdict::Deadlock, &["tokio OnceCell", "help: initialise"])),
        run: || {
            on_runtime(async {
                let shared = Arc::new((tokio::sync::OnceCell::new(), tokio::sync::Mutex::new(1)));
                let theirs = Arc::clone(&shared);
                let task = tokio::spawn(async move {
                    let made = theirs.0.get_or_init(|| async {
                        settle().await;
                        *theirs.1.lock().await
                    });
                    *made.await
                });
                let held = shared.1.lock().await;
                settle().await;
                settle().await;
                let made = *shared.0.get_or_init(|| async { 2 }).await;
                assert_eq!(task.await.unwrap() + *held, made + 1);
            });
        },
    },
    Case {
        name: "a task holds a mutex that the task it joins wants",
        reported: Some((Verdict::Deadlock, &["the end of", "tokio Mutex"])),
        run: || {
            on_runtime(async {
                let lock = Arc::new(tokio::sync::Mutex::new(0));
                let _held = lock.lock().await;
                let theirs = Arc::clone(&lock);
                let task = tokio::spawn(async move { *theirs.lock().await += 1 });
                task.await.unwrap();
            });
        },
    },
    Case {
        name: "a task holds a mutex that a task of the set it joins wants",
        reported: Some((Verdict::Deadlock, &["the end of"])),
        run: || {
            on_runtime(async {
                let lock = Arc::new(tokio::sync::RwLock::new(0));
                let _held = lock.write().await;
                let mut set = tokio::task::JoinSet::new();
                for _ in 0..3 {
                    let lock = Arc::clone(&lock);
                    set.spawn(async move { *lock.read().await });
                }
                while set.join_next().await.is_some() {}
            });
        },
    },
    // spkenv/spk PR#805
    Case {
        name: "boxed futures of spawned tasks take a permit on each level of a recursion",
        reported: Some((Verdict::Deadlock, &["the end of", "a permit of"])),
        run: || on_runtime(render(Arc::new(tokio::sync::Semaphore::new(2)), 3)),
    },
    // neondatabase/neon PR#5285
    Case {
        name: "a boxed reader awaits a task that reads behind a writer",
        reported: Some((Verdict::Deadlock, &["RwLock", "the end of"])),
        run: || {
            on_runtime(Box::pin(async {
                let lock = Arc::new(tokio::sync::RwLock::new(0));
                let held = lock.read().await;
                let theirs = Arc::clone(&lock);
                let writer = tokio::spawn(async move { *theirs.write().await += 1 });
                settle().await;
                let theirs = Arc::clone(&lock);
                let reader = tokio::spawn(async move { *theirs.read().await });
                reader.await.unwrap();
                drop(held);
                writer.await.unwrap();
            }));
        },
    },
    Case {
        name: "branches of one task take two mutexes in both orders",
        reported: Some((Verdict::SelfDeadlock, &["tokio Mutex"])),
        run: || {
            on_runtime(async {
                let (a, b) = (tokio::sync::Mutex::new(0), tokio::sync::Mutex::new(0));
                tokio::join!(
                    async {
                        let _first = a.lock().await;
                        tokio::task::yield_now().await;
                        let _second = b.lock().await;
                    },
                    async {
                        let _first = b.lock().await;
                        tokio::task::yield_now().await;
                        let _second = a.lock().await;
                    },
                );
            });
        },
    },
    Case {
        name: "jobs hold a connection each and want another",
        reported: Some((Verdict::Deadlock, &["Semaphore"])),
        run: || {
            on_runtime(async {
                let pool = Arc::new(tokio::sync::Semaphore::new(2));
                let mut set = tokio::task::JoinSet::new();
                for _ in 0..2 {
                    let pool = Arc::clone(&pool);
                    set.spawn(async move {
                        let _first = pool.acquire().await.unwrap();
                        tokio::time::sleep(Duration::from_millis(10)).await;
                        let _second = pool.acquire().await.unwrap();
                    });
                }
                while set.join_next().await.is_some() {}
            });
        },
    },
    Case {
        name: "three tasks in a ring of locks, joins and permits",
        reported: Some((
            Verdict::Deadlock,
            &[
                "3 tasks",
                "tokio Mutex",
                "the end of",
                "has 1 permit of the Semaphore made at",
                "acquired at tests/kernels/rings.rs:",
            ],
        )),
        run: || {
            on_runtime(async {
                let lock = Arc::new(tokio::sync::Mutex::new(0));
                let permits = Arc::new(tokio::sync::Semaphore::new(1));
                let _held = lock.lock().await;
                let (theirs, one) = (Arc::clone(&lock), Arc::clone(&permits));
                let _holder = tokio::spawn(async move {
                    let _permit = one.acquire().await.unwrap();
                    *theirs.lock().await += 1;
                });
                settle().await;
                let waiter = tokio::spawn(async move {
                    let _permit = permits.acquire().await.unwrap();
                });
                waiter.await.unwrap();
            });
        },
    },
    Case {
        name: "a ring that a supervisor would cut after a while is reported all the same",
        reported: Some((Verdict::Deadlock, &["tokio Mutex"])),
        run: || {
            on_runtime(async {
                let locks = Arc::new((tokio::sync::Mutex::new(0), tokio::sync::Mutex::new(0)));
                let meet = Arc::new(tokio::sync::Barrier::new(2));
                let (first, second) = (Arc::clone(&locks), Arc::clone(&locks));
                let there = Arc::clone(&meet);
                let one = tokio::spawn(async move {
                    let _first = first.0.lock().await;
                    there.wait().await;
                    let _second = first.1.lock().await;
                });
                let other = tokio::spawn(async move {
                    let _first = second.1.lock().await;
                    meet.wait().await;
                    let _second = second.0.lock().await;
                });
                let abort = one.abort_handle();
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                    abort.abort();
                });
                let _ = one.await;
                other.await.unwrap();
            });
        },
    },
    Case {
        name: "a task ended and has leaked its guard",
        reported: Some((Verdict::Abandoned, &["ended while it held", "rings.rs"])),
        run: || {
            on_runtime(async {
                let lock = Arc::new(tokio::sync::Mutex::new(0));
                let theirs = Arc::clone(&lock);
                let task = tokio::spawn(async move {
                    std::mem::forget(theirs.lock().await);
                });
                task.await.unwrap();
                *lock.lock().await += 1;
            });
        },
    },
];

/// One of some values: each of the first two needs the other one, and the fourth the third.
fn value(which: usize) -> Pin<Box<dyn Future<Output = usize> + Send>> {
    static VALUES: [tokio::sync::OnceCell<usize>; 4] =
        [const { tokio::sync::OnceCell::const_new() }; 4];
    Box::pin(async move {
        let make = || async move {
            settle().await;
            match which {
                2 => 0,
                _ => 1 + value(which ^ 1).await,
            }
        };
        *VALUES[which].get_or_init(make).await
    })
}

/// Takes a permit, and spawns the next level.
fn render(
    permits: Arc<tokio::sync::Semaphore>,
    levels: u32,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        let _permit = permits.acquire().await.unwrap();
        if levels > 0 {
            tokio::spawn(render(Arc::clone(&permits), levels - 1))
                .await
                .unwrap();
        }
    })
}
