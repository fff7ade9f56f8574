//! Shapes of public bug reports, and beside each the program that was meant.
//!
//! The number is that of the report: of its repository, an issue or a pull request.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lockwarden::report::Verdict;
use lockwarden_tokio as tokio;

use crate::expect::{Case, long, on_runtime, pause, settle};

pub(crate) const CASES: &[Case] = &[
    // tokio-rs/tokio#4588
    Case {
        name: "field: two futures of one select take a lock of threads across a sleep",
        reported: Some((Verdict::SelfDeadlock, &["Mutex", "task"])),
        run: || {
            on_runtime(async {
                let lock = lockwarden::sync::Mutex::new(0);
                take_turns(|| async {
                    let _held = lock.lock().unwrap();
                    pause(10).await;
                })
                .await;
            });
        },
    },
    Case {
        name: "field: two futures of one select give a lock of threads back before they sleep",
        reported: None,
        run: || {
            on_runtime(async {
                let lock = lockwarden::sync::Mutex::new(0);
                take_turns(|| async {
                    *lock.lock().unwrap() += 1;
                    pause(10).await;
                })
                .await;
            });
        },
    },
    // jaemk/cached#174
    Case {
        name: "field: a cache reads its static lock in the branch that it writes under",
        reported: Some((
            Verdict::SelfDeadlock,
            &["tokio RwLock", "drop the guard that was taken"],
        )),
        run: || {
            static CACHE: tokio::sync::RwLock<Option<i32>> = tokio::sync::RwLock::const_new(None);
            on_runtime(async {
                let mut cached = CACHE.write().await;
                if cached.is_none() {
                    let again = CACHE.read().await;
                    assert!(again.is_none());
                }
                *cached = Some(1);
            });
        },
    },
    Case {
        name: "field: a cache reads its static lock, and writes after that",
        reported: None,
        run: || {
            static CACHE: tokio::sync::RwLock<Option<i32>> = tokio::sync::RwLock::const_new(None);
            on_runtime(async {
                let known = *CACHE.read().await;
                if known.is_none() {
                    let made = async {
                        pause(40).await;
                        1
                    };
                    let made = made.await;
                    CACHE.write().await.get_or_insert(made);
                }
                assert_eq!(*CACHE.read().await, Some(1));
            });
        },
    },
    // tokio-rs/tokio#6450
    Case {
        name: "field: two boxed writes of a static lock are begun, the second is awaited",
        reported: Some((Verdict::SelfDeadlock, &["tokio RwLock", "does not poll"])),
        run: || {
            static LOCK: tokio::sync::RwLock<()> = tokio::sync::RwLock::const_new(());
            on_runtime(async {
                let held = LOCK.write().await;
                let mut first = Box::pin(LOCK.write());
                let mut second = Box::pin(LOCK.write());
                tokio::select! {
                    biased;
                    _ = &mut first => unreachable!("the lock is held"),
                    _ = &mut second => unreachable!("the lock is held"),
                    () = async {} => {}
                }
                drop(held);
                let _second = second.await;
            });
        },
    },
    Case {
        name: "field: two boxed writes of a static lock are begun, and both are awaited",
        reported: None,
        run: || {
            static LOCK: tokio::sync::RwLock<()> = tokio::sync::RwLock::const_new(());
            on_runtime(async {
                let held = LOCK.write().await;
                let mut first = Box::pin(LOCK.write());
                let mut second = Box::pin(LOCK.write());
                tokio::select! {
                    biased;
                    _ = &mut first => unreachable!("the lock is held"),
                    _ = &mut second => unreachable!("the lock is held"),
                    () = settle() => {}
                }
                drop(held);
                tokio::join!(
                    async {
                        let _first = first.await;
                        pause(20).await;
                    },
                    async {
                        let _second = second.await;
                    },
                );
            });
        },
    },
    // tokio-rs/tokio#7351
    Case {
        name: "field: a loop keeps the permit that the task it awaits needs",
        reported: Some((
            Verdict::Deadlock,
            &["a permit of the Semaphore", "each task that could"],
        )),
        run: || {
            on_runtime(async {
                let permits = Arc::new(tokio::sync::Semaphore::new(1));
                for _ in 0..3 {
                    let _permit = permits.acquire().await.unwrap();
                    let theirs = Arc::clone(&permits);
                    let task = tokio::spawn(async move {
                        let _permit = theirs.acquire().await.unwrap();
                    });
                    task.await.unwrap();
                }
            });
        },
    },
    Case {
        name: "field: a loop moves its permit into the task that needs it",
        reported: None,
        run: || {
            on_runtime(async {
                let permits = Arc::new(tokio::sync::Semaphore::new(1));
                let mut tasks = Vec::new();
                for _ in 0..3 {
                    let permit = Arc::clone(&permits).acquire_owned().await.unwrap();
                    tasks.push(tokio::spawn(async move {
                        pause(30).await;
                        drop(permit);
                    }));
                }
                for task in tasks {
                    task.await.unwrap();
                }
            });
        },
    },
    // The closure of a pool takes a lock with `blocking_lock`, which the task that awaits it holds.
    Case {
        name: "field: a task holds the lock that the closure it awaits blocks on",
        reported: Some((Verdict::Deadlock, &["tokio Mutex", "task"])),
        run: || {
            on_runtime(async {
                let lock = Arc::new(tokio::sync::Mutex::new(0));
                let mut held = lock.lock().await;
                let theirs = Arc::clone(&lock);
                let job = tokio::task::spawn_blocking(move || *theirs.blocking_lock() += 1);
                job.await.unwrap();
                *held += 1;
            });
        },
    },
    Case {
        name: "field: a task gives the lock back before it awaits the closure that blocks on it",
        reported: None,
        run: || {
            on_runtime(async {
                let lock = Arc::new(tokio::sync::Mutex::new(0));
                let held = lock.lock().await;
                let theirs = Arc::clone(&lock);
                let job = tokio::task::spawn_blocking(move || *theirs.blocking_lock() += 1);
                pause(40).await;
                drop(held);
                job.await.unwrap();
            });
        },
    },
    // A value whose initialiser awaits a task that needs the value.
    Case {
        name: "field: an initialiser awaits a task that needs the value",
        reported: Some((Verdict::Deadlock, &["tokio OnceCell", "the end of task"])),
        run: || {
            on_runtime(async {
                let cell = Arc::new(tokio::sync::OnceCell::new());
                let theirs = Arc::clone(&cell);
                let made = cell.get_or_init(|| async move {
                    let task =
                        tokio::spawn(async move { *theirs.get_or_init(|| async { 1 }).await });
                    task.await.unwrap()
                });
                assert_eq!(*made.await, 1);
            });
        },
    },
    Case {
        name: "field: an initialiser awaits a task that needs another value",
        reported: None,
        run: || {
            on_runtime(async {
                let cell = tokio::sync::OnceCell::new();
                let other = Arc::new(tokio::sync::OnceCell::new());
                let theirs = Arc::clone(&other);
                let made = cell.get_or_init(|| async move {
                    let task = tokio::spawn(async move {
                        *theirs
                            .get_or_init(|| async {
                                pause(40).await;
                                1
                            })
                            .await
                    });
                    task.await.unwrap()
                });
                assert_eq!(*made.await, 1);
            });
        },
    },
    // Branches of one task, each with a part of what it needs.
    Case {
        name: "field: branches of try_join keep a permit each and want another",
        reported: Some((Verdict::SelfDeadlock, &["a permit of the Semaphore"])),
        run: || {
            on_runtime(async {
                let permits = tokio::sync::Semaphore::new(2);
                let transfer = || async {
                    let _first = permits.acquire().await?;
                    settle().await;
                    let _second = permits.acquire().await?;
                    Ok::<_, tokio::sync::AcquireError>(())
                };
                tokio::try_join!(transfer(), transfer()).unwrap();
            });
        },
    },
    Case {
        name: "field: branches of try_join take all their permits in one call",
        reported: None,
        run: || {
            on_runtime(async {
                let permits = tokio::sync::Semaphore::new(2);
                let transfer = || async {
                    let _both = permits.acquire_many(2).await?;
                    settle().await;
                    Ok::<_, tokio::sync::AcquireError>(())
                };
                tokio::try_join!(transfer(), transfer()).unwrap();
            });
        },
    },
    // chroma-core/chroma#5283
    Case {
        name: "world finds: field: a dispatcher and its worker send to each other's full channels",
        reported: None,
        run: || {
            let outcome = crate::world::check().run(|| async {
                let (to_worker, mut tasks) = tokio::sync::mpsc::channel(1);
                let (to_dispatcher, mut requests) = tokio::sync::mpsc::channel(1);
                let worker = tokio::spawn(async move {
                    while let Some(n) = tasks.recv().await {
                        for _ in 0..4 {
                            to_dispatcher.send(n).await.unwrap();
                        }
                    }
                });
                for n in 0..8 {
                    to_worker.send(n).await.unwrap();
                }
                while requests.recv().await.is_some() {}
                worker.await.unwrap();
            });
            outcome.assert_finds(Verdict::Deadlock);
        },
    },
    Case {
        name: "world: field: a dispatcher sends from a task of its own, and receives meanwhile",
        reported: None,
        run: || {
            let outcome = crate::world::check().run(|| async {
                let (to_worker, mut tasks) = tokio::sync::mpsc::channel(1);
                let (to_dispatcher, mut requests) = tokio::sync::mpsc::channel(1);
                tokio::spawn(async move {
                    while let Some(n) = tasks.recv().await {
                        for _ in 0..4 {
                            to_dispatcher.send(n).await.unwrap();
                        }
                    }
                });
                tokio::spawn(async move {
                    for n in 0..8 {
                        to_worker.send(n).await.unwrap();
                    }
                });
                while requests.recv().await.is_some() {}
            });
            outcome.assert_clean();
        },
    },
    // A writer in the queue between two reads, of different tasks that await each other.
    Case {
        name: "field: a reader awaits a task that reads behind a writer",
        reported: Some((Verdict::Deadlock, &["tokio RwLock", "is to have first"])),
        run: || {
            on_runtime(async {
                let lock = Arc::new(tokio::sync::RwLock::new(0));
                let _read = lock.read().await;
                let theirs = Arc::clone(&lock);
                tokio::spawn(async move { *theirs.write().await += 1 });
                settle().await;
                let theirs = Arc::clone(&lock);
                let reader = tokio::spawn(async move { *theirs.read().await });
                reader.await.unwrap();
            });
        },
    },
    Case {
        name: "field: a reader gives back its read before it awaits one that reads behind a writer",
        reported: None,
        run: || {
            on_runtime(async {
                let lock = Arc::new(tokio::sync::RwLock::new(0));
                let read = lock.read().await;
                let theirs = Arc::clone(&lock);
                tokio::spawn(async move { *theirs.write().await += 1 });
                settle().await;
                let theirs = Arc::clone(&lock);
                let reader = tokio::spawn(async move { *theirs.read().await });
                settle().await;
                drop(read);
                reader.await.unwrap();
            });
        },
    },
    // A future in a loop of `select!` has the lock, and is polled again in the next round.
    Case {
        name: "field: a loop of select has a future that got the lock, and its other branch asks for it",
        reported: Some((Verdict::SelfDeadlock, &["tokio Mutex", "does not poll"])),
        run: || {
            on_runtime(async {
                let lock = Arc::new(tokio::sync::Mutex::new(0));
                let held = Arc::clone(&lock).lock_owned().await;
                tokio::spawn(async move {
                    long().await;
                    drop(held);
                });
                let mut update = pin!(lock.lock());
                loop {
                    tokio::select! {
                        biased;
                        guard = &mut update => break drop(guard),
                        () = pause(10) => *lock.lock().await += 1,
                    }
                }
            });
        },
    },
    Case {
        name: "field: a loop of select has a future that got the lock, and its other branch only tries",
        reported: None,
        run: || {
            on_runtime(async {
                let lock = Arc::new(tokio::sync::Mutex::new(0));
                let held = Arc::clone(&lock).lock_owned().await;
                let is_over = Arc::new(AtomicBool::new(false));
                let over = Arc::clone(&is_over);
                tokio::spawn(async move {
                    long().await;
                    drop(held);
                    over.store(true, Ordering::Relaxed);
                });
                let mut update = pin!(lock.lock());
                loop {
                    tokio::select! {
                        biased;
                        guard = &mut update => break drop(guard),
                        () = pause(10) => assert!(lock.try_lock().is_err() || is_over.load(Ordering::Relaxed)),
                    }
                }
            });
        },
    },
];

/// Polls two futures in turn until both are over, as one task.
async fn take_turns<F: Future<Output = ()>>(make: impl Fn() -> F) {
    let (mut first, mut second) = (pin!(make()), pin!(make()));
    let (mut is_first_over, mut is_second_over) = (false, false);
    loop {
        tokio::select! {
            () = &mut first, if !is_first_over => is_first_over = true,
            () = &mut second, if !is_second_over => is_second_over = true,
            else => break,
        }
    }
}
