//! What only looks like a deadlock.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use futures::poll;
use futures::stream::{FuturesUnordered, StreamExt};
use lockwarden_tokio as tokio;

use crate::expect::{Case, jittered, long, on_runtime, pause, settle};

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
                let wait = tokio::time::timeout(jittered(400), lock.lock());
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
                    pause(50).await;
                });
                settle().await;
                tokio::select! {
                    _ = lock.lock() => {}
                    () = pause(5) => {}
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
                        pause(100).await;
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
                        pause(60).await;
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
        name: "children of a set of futures that read beside each other",
        reported: None,
        run: || {
            on_runtime(async {
                let lock = Arc::new(tokio::sync::RwLock::new(0));
                let child = |n: u32| {
                    let lock = Arc::clone(&lock);
                    async move {
                        // One that waits for the lock would show that it is a branch.
                        match n % 3 {
                            0 => drop(lock.clone().read_owned().await),
                            _ => drop(async { (lock.read().await, settle().await) }.await),
                        }
                    }
                };
                let children = futures::stream::iter(0..9);
                children.for_each_concurrent(4, child).await;
                futures::future::join_all((0..40).map(child)).await;
            });
        },
    },
    Case {
        name: "children of a set of futures that hold and take beside each other",
        reported: None,
        run: || {
            on_runtime(async {
                let locks = Arc::new((tokio::sync::Mutex::new(0), tokio::sync::Mutex::new(0)));
                let is_done = Arc::new(AtomicBool::new(false));
                let (theirs, done) = (Arc::clone(&locks), Arc::clone(&is_done));
                let beside = tokio::spawn(async move {
                    let child = async |takes_first: bool| {
                        if takes_first {
                            let _held = theirs.0.lock().await;
                            settle().await;
                        } else {
                            *theirs.1.lock().await += 1;
                        }
                    };
                    let children = [true, false].map(child);
                    let mut set: FuturesUnordered<_> = children.into_iter().collect();
                    while set.next().await.is_some() {}
                    drop(set);
                    // A join would order the two.
                    done.store(true, Ordering::Release);
                });
                while !is_done.load(Ordering::Acquire) {
                    settle().await;
                }
                let _first = locks.1.lock().await;
                let _second = locks.0.lock().await;
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
        name: "guards are sent to tasks that drop them, and the next locks are taken",
        reported: None,
        run: || {
            on_runtime(async {
                let locks: [_; 2] = std::array::from_fn(|_| Arc::new(tokio::sync::Mutex::new(0)));
                let orders = [([0, 1], 0), ([1, 0], 60)];
                let senders = orders.map(|(order, later)| {
                    let order = order.map(|at| Arc::clone(&locks[at]));
                    tokio::spawn(async move {
                        pause(later).await;
                        let mut changes = tokio::task::JoinSet::new();
                        for lock in order {
                            let mut held = lock.lock_owned().await;
                            changes.spawn(async move {
                                pause(5).await;
                                *held += 1;
                            });
                        }
                        while changes.join_next().await.is_some() {}
                    })
                });
                for sender in senders {
                    sender.await.unwrap();
                }
            });
        },
    },
    Case {
        name: "read guards pass through a channel, and a writer comes between",
        reported: None,
        run: || {
            on_runtime(async {
                let lock = Arc::new(tokio::sync::RwLock::new(0));
                let (send, mut receive) = tokio::sync::mpsc::channel(2);
                let drops = tokio::spawn(async move {
                    while let Some(held) = receive.recv().await {
                        pause(5).await;
                        drop(held);
                    }
                });
                let theirs = Arc::clone(&lock);
                let writes = tokio::spawn(async move {
                    for _ in 0..5 {
                        *theirs.write().await += 1;
                        pause(3).await;
                    }
                });
                for _ in 0..5 {
                    let held = Arc::clone(&lock).read_owned().await;
                    send.send(held).await.unwrap();
                }
                drop(send);
                drops.await.unwrap();
                writes.await.unwrap();
            });
        },
    },
    Case {
        name: "a part of a permit of a leaked semaphore is given to a task that drops it",
        reported: None,
        run: || {
            on_runtime(async {
                let permits: &'static tokio::sync::Semaphore =
                    Box::leak(Box::new(tokio::sync::Semaphore::new(4)));
                let mut all = permits.acquire_many(4).await.unwrap();
                let part = all.split(2).unwrap();
                drop(all);
                let drops = tokio::spawn(async move {
                    long().await;
                    drop(part);
                });
                drop(permits.acquire_many(3).await.unwrap());
                drops.await.unwrap();
            });
        },
    },
    Case {
        name: "a permit of a leaked semaphore is given to a task that drops it",
        reported: None,
        run: || {
            on_runtime(async {
                let permits: &'static tokio::sync::Semaphore =
                    Box::leak(Box::new(tokio::sync::Semaphore::new(1)));
                let held = permits.acquire().await.unwrap();
                let drops = tokio::spawn(async move {
                    long().await;
                    drop(held);
                });
                drop(permits.acquire().await.unwrap());
                drops.await.unwrap();
            });
        },
    },
    Case {
        name: "a permit of a leaked semaphore goes on to a task that the task it was given to has spawned before its end",
        reported: None,
        run: || {
            on_runtime(async {
                let permits: &'static tokio::sync::Semaphore =
                    Box::leak(Box::new(tokio::sync::Semaphore::new(1)));
                let held = permits.acquire().await.unwrap();
                let passes = tokio::spawn(async move {
                    let drops = tokio::spawn(async move {
                        long().await;
                        drop(held);
                    });
                    (drops,)
                });
                let (drops,) = passes.await.unwrap();
                drop(permits.acquire().await.unwrap());
                drops.await.unwrap();
            });
        },
    },
    Case {
        name: "a task sends on a guard that it was spawned with, and wants the lock again",
        reported: None,
        run: || {
            on_runtime(async {
                let (sender, receiver) = tokio::sync::oneshot::channel();
                let drops = tokio::spawn(async move {
                    let held: tokio::sync::OwnedMutexGuard<i32> = receiver.await.unwrap();
                    long().await;
                    drop(held);
                });
                let lock = Arc::new(tokio::sync::Mutex::new(0));
                let held = Arc::clone(&lock).lock_owned().await;
                let sends = tokio::spawn(async move {
                    sender.send(held).unwrap();
                    *lock.lock().await += 1;
                });
                sends.await.unwrap();
                drops.await.unwrap();
            });
        },
    },
    Case {
        name: "a permit of a static's semaphore goes through a task that is spawned into a closure",
        reported: None,
        run: || {
            static PERMITS: LazyLock<Arc<tokio::sync::Semaphore>> =
                LazyLock::new(|| Arc::new(tokio::sync::Semaphore::new(1)));
            on_runtime(async {
                let held = PERMITS.acquire().await.unwrap();
                let task = tokio::spawn(async move {
                    let job = tokio::task::spawn_blocking(move || {
                        std::thread::sleep(jittered(400));
                        drop(held);
                    });
                    job.await.unwrap();
                });
                drop(PERMITS.acquire().await.unwrap());
                task.await.unwrap();
            });
        },
    },
    Case {
        name: "a task returns a boxed future with a guard, which goes on in another task",
        reported: None,
        run: || {
            on_runtime(async {
                let lock = Arc::new(tokio::sync::Mutex::new(0));
                let theirs = Arc::clone(&lock);
                let made = tokio::spawn(async move {
                    let mut work = Box::pin(async move {
                        let _held = theirs.lock().await;
                        long().await;
                    });
                    assert!(poll!(&mut work).is_pending());
                    (work,)
                });
                let (work,) = made.await.unwrap();
                let done = tokio::spawn(work);
                *lock.lock().await += 1;
                done.await.unwrap();
            });
        },
    },
    Case {
        name: "a guard is acquired on one worker and dropped on another",
        reported: None,
        run: || {
            on_runtime(async {
                let lock = Arc::new(tokio::sync::Mutex::new(0));
                let tasks: Vec<_> = (0..4)
                    .map(|_| {
                        let lock = Arc::clone(&lock);
                        tokio::spawn(async move {
                            let mut held = lock.lock().await;
                            let first = std::thread::current().id();
                            // At most so often: with one worker there is no other.
                            for _ in 0..20 {
                                pause(3).await;
                                if std::thread::current().id() != first {
                                    break;
                                }
                            }
                            *held += 1;
                        })
                    })
                    .collect();
                for task in tasks {
                    task.await.unwrap();
                }
                assert_eq!(*lock.lock().await, 4);
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
    Case {
        name: "an idle server: all tasks receive or accept",
        reported: None,
        run: || {
            on_runtime(async {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                let (sender, mut requests) = tokio::sync::mpsc::channel::<i32>(1);
                let mut set = tokio::task::JoinSet::new();
                set.spawn(async move { drop(listener.accept().await) });
                set.spawn(async move {
                    let _ = requests.recv().await;
                });
                long().await;
                set.shutdown().await;
                drop(sender);
            });
        },
    },
    Case {
        name: "a branch that a condition skips for some rounds",
        reported: None,
        run: || {
            on_runtime(async {
                let lock = Arc::new(tokio::sync::Mutex::new(0));
                let theirs = Arc::clone(&lock);
                let holder = tokio::spawn(async move {
                    let _held = theirs.lock().await;
                    pause(60).await;
                });
                settle().await;
                let mut taking = pin!(lock.lock());
                let mut rounds = 0;
                loop {
                    rounds += 1;
                    tokio::select! {
                        biased;
                        () = pause(20) => {}
                        _ = &mut taking, if rounds % 3 == 0 => break,
                    }
                    if rounds == 30 {
                        let _taken = taking.await;
                        break;
                    }
                }
                holder.await.unwrap();
            });
        },
    },
    Case {
        name: "a notification comes before the wait for it",
        reported: None,
        run: || {
            on_runtime(async {
                let notify = tokio::sync::Notify::new();
                notify.notify_one();
                notify.notified().await;
            });
        },
    },
    Case {
        name: "a message comes from a plain thread",
        reported: None,
        run: || {
            on_runtime(async {
                let (sender, receiver) = tokio::sync::oneshot::channel();
                let lock = tokio::sync::Mutex::new(0);
                let thread = std::thread::spawn(move || {
                    std::thread::sleep(jittered(200));
                    sender.send(1).unwrap();
                });
                let _held = lock.lock().await;
                tokio::select! {
                    _ = lock.lock() => panic!("the lock is held"),
                    value = receiver => assert_eq!(value, Ok(1)),
                }
                thread.join().unwrap();
            });
        },
    },
    Case {
        name: "a permit that is owned moves into a plain thread",
        reported: None,
        run: || {
            on_runtime(async {
                let slots = Arc::new(tokio::sync::Semaphore::new(1));
                for _ in 0..2 {
                    let slot = Arc::clone(&slots).acquire_owned().await.unwrap();
                    std::thread::spawn(move || {
                        std::thread::sleep(jittered(200));
                        drop(slot);
                    });
                }
                drop(slots.acquire().await.unwrap());
            });
        },
    },
    Case {
        name: "a guard that owns its lock moves into a plain thread",
        reported: None,
        run: || {
            on_runtime(async {
                let total = Arc::new(tokio::sync::Mutex::new(0));
                let mut held = Arc::clone(&total).lock_owned().await;
                std::thread::spawn(move || {
                    std::thread::sleep(jittered(200));
                    *held += 1;
                });
                assert_eq!(*total.lock().await, 1);
            });
        },
    },
    Case {
        name: "a task that has left its worker waits for another task",
        reported: None,
        run: || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let lock = Arc::new(tokio::sync::Mutex::new(0));
                let held = Arc::clone(&lock).lock_owned().await;
                let task = tokio::spawn(async move {
                    tokio::task::block_in_place(|| *lock.blocking_lock() += 1);
                });
                long().await;
                drop(held);
                task.await.unwrap();
            });
        },
    },
    #[cfg(unix)]
    Case {
        name: "a child waits for its output to be read",
        reported: None,
        run: || {
            on_runtime(async {
                let mut child = tokio::process::Command::new("sh")
                    .args(["-c", "yes | head -c 200000"])
                    .stdout(std::process::Stdio::piped())
                    .spawn()
                    .unwrap();
                let lock = tokio::sync::Mutex::new(0);
                let _held = lock.lock().await;
                let wait = tokio::time::timeout(jittered(400), child.wait());
                assert!(wait.await.is_err());
                child.kill().await.unwrap();
            });
        },
    },
    Case {
        name: "a guard is leaked, and was acquired by an attempt",
        reported: None,
        run: || {
            on_runtime(async {
                let lock = Arc::new(tokio::sync::Mutex::new(0));
                let theirs = Arc::clone(&lock);
                // Where the guard of an attempt is kept is not known.
                let task =
                    tokio::spawn(async move { std::mem::forget(theirs.try_lock().unwrap()) });
                task.await.unwrap();
                let wait = tokio::time::timeout(jittered(400), lock.lock());
                assert!(wait.await.is_err());
            });
        },
    },
    Case {
        name: "a task returns its guard, and its owner waits for the lock with a limit",
        reported: None,
        run: || {
            on_runtime(async {
                let lock = Arc::new(tokio::sync::Mutex::new(0));
                let held = tokio::spawn(Arc::clone(&lock).lock_owned()).await.unwrap();
                let theirs = Arc::clone(&lock);
                let waiter = tokio::spawn(async move { *theirs.lock().await += 1 });
                long().await;
                drop(held);
                waiter.await.unwrap();
            });
        },
    },
    Case {
        name: "a runtime is dropped while a closure of its pool is at work",
        reported: None,
        run: || {
            let lock = Arc::new(lockwarden::sync::Mutex::new(0));
            let runtime = tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap();
            let theirs = Arc::clone(&lock);
            let (began, begin) = std::sync::mpsc::channel();
            runtime.spawn_blocking(move || {
                *theirs.lock().unwrap() += 1;
                began.send(()).unwrap();
                std::thread::sleep(jittered(300));
            });
            begin.recv().unwrap();
            let _held = lock.lock().unwrap();
            drop(runtime);
        },
    },
];
