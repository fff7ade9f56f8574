//! One task that waits for itself.

use std::sync::Arc;

use lockwarden::report::Verdict;
use lockwarden_tokio as tokio;

use crate::expect::{Case, on_runtime};

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "a task takes a mutex that it holds",
        reported: Some((
            Verdict::SelfDeadlock,
            &[
                "tokio Mutex",
                "waits in kernels::single::helper at",
                "drop the guard that was taken at",
                "its statement",
            ],
        )),
        run: || {
            on_runtime(async {
                let lock = tokio::sync::Mutex::new(0);
                let _held = lock.lock().await;
                helper(&lock).await;
            });
        },
    },
    Case {
        name: "a spawned task takes an owned mutex that it holds",
        reported: Some((
            Verdict::SelfDeadlock,
            &["tokio Mutex", "owns its lock: if it lies in memory"],
        )),
        run: || {
            on_runtime(async {
                let lock = Arc::new(tokio::sync::Mutex::new(0));
                let task = tokio::spawn(async move {
                    let _held = Arc::clone(&lock).lock_owned().await;
                    let _again = lock.lock_owned().await;
                });
                task.await.unwrap();
            });
        },
    },
    Case {
        name: "an initialiser needs its own value",
        reported: Some((
            Verdict::SelfDeadlock,
            &["tokio OnceCell", "help: let the initialiser of"],
        )),
        run: || {
            on_runtime(async {
                let cell = tokio::sync::OnceCell::new();
                let again = async { *cell.get_or_init(|| async { 1 }).await };
                cell.get_or_init(|| async { 1 + again.await }).await;
            });
        },
    },
    Case {
        name: "a reader wants to write",
        reported: Some((Verdict::SelfDeadlock, &["tokio RwLock"])),
        run: || {
            on_runtime(async {
                let lock = tokio::sync::RwLock::new(0);
                let _held = lock.read().await;
                *lock.write().await += 1;
            });
        },
    },
    Case {
        name: "a writer wants to read",
        reported: Some((Verdict::SelfDeadlock, &["tokio RwLock"])),
        run: || {
            on_runtime(async {
                let lock = tokio::sync::RwLock::new(0);
                let _held = lock.write().await;
                let _again = lock.read().await;
            });
        },
    },
    Case {
        name: "a recursion takes a permit on each level",
        reported: Some((Verdict::SelfDeadlock, &["Semaphore"])),
        run: || {
            on_runtime(async {
                let permits = tokio::sync::Semaphore::new(3);
                descend(&permits, 5).await;
            });
        },
    },
    Case {
        name: "a part of a permit is kept, and more than the rest is wanted",
        reported: Some((Verdict::SelfDeadlock, &["permit", "single.rs"])),
        run: || {
            on_runtime(async {
                let permits = tokio::sync::Semaphore::new(4);
                let mut all = permits.acquire_many(4).await.unwrap();
                let part = all.split(2).unwrap();
                drop(all);
                let _more = permits.acquire_many(3).await.unwrap();
                drop(part);
            });
        },
    },
    Case {
        name: "empty parts of a permit are dropped and merged, and more than the rest is wanted",
        reported: Some((Verdict::SelfDeadlock, &["permit", "single.rs"])),
        run: || {
            on_runtime(async {
                let permits = std::sync::Arc::new(tokio::sync::Semaphore::new(2));
                let mut one = permits.acquire().await.unwrap();
                drop(one.split(0).unwrap());
                let mut part = one.split(0).unwrap();
                part.merge(one);
                let _both = permits.acquire_many(2).await.unwrap();
                drop(part);
            });
        },
    },
    Case {
        name: "a task awaits itself",
        reported: Some((Verdict::SelfDeadlock, &["the end of"])),
        run: || {
            on_runtime(async {
                let (sender, receiver) = tokio::sync::oneshot::channel();
                let task = tokio::spawn(async move {
                    let own: tokio::task::JoinHandle<()> = receiver.await.unwrap();
                    own.await.unwrap();
                });
                let abort = task.abort_handle();
                assert!(sender.send(task).is_ok());
                // The report ends the process; a busy machine takes its time.
                for _ in 0..25 {
                    crate::expect::long().await;
                }
                abort.abort();
            });
        },
    },
    Case {
        name: "a boxed future takes a mutex that its task holds",
        reported: Some((Verdict::SelfDeadlock, &["tokio Mutex"])),
        run: || {
            on_runtime(async {
                let lock = tokio::sync::Mutex::new(0);
                let outer: std::pin::Pin<Box<dyn Future<Output = ()> + '_>> = Box::pin(async {
                    let _held = lock.lock().await;
                    helper(&lock).await;
                });
                outer.await;
            });
        },
    },
];

async fn helper(lock: &tokio::sync::Mutex<i32>) {
    *lock.lock().await += 1;
}

async fn descend(permits: &tokio::sync::Semaphore, depth: u32) {
    if depth > 0 {
        let _permit = permits.acquire().await.unwrap();
        Box::pin(descend(permits, depth - 1)).await;
    }
}
