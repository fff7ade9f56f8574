//! Where a runtime itself cannot go on.

#![allow(unsafe_code)]

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::time::Duration;

use lockwarden::report::Verdict;
use lockwarden_tokio as tokio;

use crate::expect::{Case, long, settle};

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "all workers are blocked by a lock of a suspended task",
        reported: Some((Verdict::Deadlock, &["all workers", "runtimes.rs"])),
        // Of two workers, one could stay idle and end the sleep.
        run: || with_held_lock(1, 1, |lock| *lock.lock().unwrap() += 1),
    },
    Case {
        name: "one of two workers is blocked by a lock of a suspended task",
        reported: Some((Verdict::HeldAcrossAwait, &["while it is suspended"])),
        run: || with_held_lock(2, 1, |lock| *lock.lock().unwrap() += 1),
    },
    Case {
        name: "tasks in block_in_place wait for a lock of a suspended task",
        reported: Some((Verdict::HeldAcrossAwait, &["while it is suspended"])),
        run: || {
            with_held_lock(2, 2, |lock| {
                tokio::task::block_in_place(|| *lock.lock().unwrap() += 1);
            });
        },
    },
    Case {
        name: "the blocking pool is full of closures that wait for another closure",
        reported: Some((Verdict::Deadlock, &["all threads of the blocking pool"])),
        run: || pool(1),
    },
    Case {
        name: "a full blocking pool, and a closure that asks for the current handle",
        reported: Some((
            Verdict::Deadlock,
            &["blocking pool", "max_blocking_threads"],
        )),
        run: || pool_of_current(1),
    },
    Case {
        name: "a blocking pool with room, and a closure that asks for the current handle",
        reported: None,
        run: || pool_of_current(2),
    },
    Case {
        name: "a closure of the blocking pool waits for another closure",
        reported: None,
        run: || pool(2),
    },
    Case {
        name: "a task blocks on a task that needs its lock",
        reported: Some((Verdict::Deadlock, &["block_on"])),
        run: || {
            multi(2, 4).block_on(async {
                let lock = Arc::new(tokio::sync::Mutex::new(0));
                let _held = lock.lock().await;
                let theirs = Arc::clone(&lock);
                tokio::task::block_in_place(|| {
                    tokio::runtime::Handle::current().block_on(async {
                        *theirs.lock().await += 1;
                    });
                });
            });
        },
    },
    Case {
        name: "a task blocks on a task that goes on",
        reported: None,
        run: || {
            multi(2, 4).block_on(async {
                let lock = Arc::new(tokio::sync::Mutex::new(0));
                let held = Arc::clone(&lock).lock_owned().await;
                tokio::spawn(async move {
                    long().await;
                    drop(held);
                });
                tokio::task::block_in_place(|| {
                    tokio::runtime::Handle::current().block_on(async {
                        *lock.lock().await += 1;
                    });
                });
            });
        },
    },
    Case {
        name: "a closure of a full pool waits for one on the pool of another runtime",
        reported: None,
        run: pool_of_another,
    },
    Case {
        name: "a closure of the blocking pool drops its runtime",
        reported: Some((Verdict::SelfDeadlock, &["drops the runtime"])),
        run: || {
            let runtime = Arc::new(multi(1, 4));
            let own = Arc::clone(&runtime);
            let (sender, receiver) = mpsc::channel::<()>();
            let (ended, end) = mpsc::channel::<()>();
            runtime.spawn_blocking(move || {
                receiver.recv().unwrap();
                drop(own);
                drop(ended);
            });
            drop(runtime);
            sender.send(()).unwrap();
            let _ = end.recv();
        },
    },
    Case {
        name: "a runtime is dropped by the thread whose lock a closure of its pool wants",
        reported: Some((
            Verdict::Deadlock,
            &[
                "drops the runtime, and waits for what runs on it",
                "runtimes.rs",
            ],
        )),
        run: || {
            let runtime = multi(1, 4);
            let lock = Arc::new(lockwarden::sync::Mutex::new(0));
            let theirs = Arc::clone(&lock);
            let (began, begin) = mpsc::channel();
            let _held = lock.lock().unwrap();
            runtime.spawn_blocking(move || {
                began.send(()).unwrap();
                *theirs.lock().unwrap() += 1;
            });
            begin.recv().unwrap();
            drop(runtime);
        },
    },
    Case {
        name: "a runtime is dropped by the thread whose lock a future of its pool wants",
        reported: Some((Verdict::Deadlock, &["drops the runtime", "block_on"])),
        run: || {
            let runtime = multi(1, 4);
            let lock = Arc::new(tokio::sync::Mutex::new(0));
            let theirs = Arc::clone(&lock);
            let (began, begin) = mpsc::channel();
            let _held = lock.blocking_lock();
            let handle = runtime.handle().clone();
            runtime.spawn_blocking(move || {
                began.send(()).unwrap();
                handle.block_on(async { *theirs.lock().await += 1 });
            });
            begin.recv().unwrap();
            drop(runtime);
        },
    },
];

fn multi(workers: usize, blocking: usize) -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .max_blocking_threads(blocking)
        .enable_all()
        .build()
        .expect("a runtime can be made")
}

/// A task of a runtime with so many workers holds a lock across a sleep; so many others take it.
fn with_held_lock(workers: usize, takers: usize, take: fn(&lockwarden::sync::Mutex<i32>)) {
    let runtime = multi(workers, 4);
    let lock = Arc::new(lockwarden::sync::Mutex::new(0));
    let (began, begin) = mpsc::channel();
    let theirs = Arc::clone(&lock);
    runtime.spawn(tokio_held(theirs, began));
    begin.recv().unwrap();
    let tasks: Vec<_> = (0..takers)
        .map(|_| {
            let lock = Arc::clone(&lock);
            runtime.spawn(async move { take(&lock) })
        })
        .collect();
    for task in tasks {
        // Driven by the main thread, which is no worker.
        runtime.block_on(task).unwrap();
    }
}

/// A future that can be sent, though it holds a guard across its sleep.
fn tokio_held(lock: Arc<lockwarden::sync::Mutex<i32>>, began: mpsc::Sender<()>) -> Sent {
    Sent(Box::pin(async move {
        let _held = lock.lock().unwrap();
        began.send(()).unwrap();
        tokio::time::sleep(Duration::from_millis(700)).await;
    }))
}

struct Sent(Pin<Box<dyn Future<Output = ()>>>);

// SAFETY: what is not `Send` in the future is the guard alone. One thread at a time polls it, and a
// lock of std may be given back by another thread than the one that took it where it is a futex.
unsafe impl Send for Sent {}

impl Future for Sent {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

/// A closure of a pool of this size waits for the end of another one.
fn pool(size: usize) {
    multi(1, size).block_on(async {
        let handle = tokio::runtime::Handle::current();
        let job = tokio::task::spawn_blocking(move || {
            let second = handle.spawn_blocking(|| 1);
            handle.block_on(async { second.await.unwrap() })
        });
        settle().await;
        assert_eq!(job.await.unwrap(), 1);
    });
}

/// A closure on the pool of one runtime, which that one fills, enters another runtime that is built alike, and waits for
/// a closure on its pool.
fn pool_of_another() {
    let other = multi(1, 1);
    let theirs = other.handle().clone();
    other.spawn_blocking(|| std::thread::sleep(std::time::Duration::from_millis(700)));
    let runtime = multi(1, 1);
    runtime.block_on(async move {
        let job = move || {
            let _entered = theirs.enter();
            let second = async { tokio::task::spawn_blocking(|| 1).await.unwrap() };
            theirs.block_on(second)
        };
        let job = tokio::task::spawn_blocking(job);
        settle().await;
        assert_eq!(job.await.unwrap(), 1);
    });
}

/// As [`pool`], by the handle that is current in the closure, in a task.
fn pool_of_current(size: usize) {
    multi(1, size).block_on(async {
        let job = || {
            let second = async { tokio::task::spawn_blocking(|| 1).await.unwrap() };
            tokio::runtime::Handle::current().block_on(second)
        };
        let task = tokio::spawn(async move { tokio::task::spawn_blocking(job).await.unwrap() });
        settle().await;
        assert_eq!(task.await.unwrap(), 1);
    });
}
