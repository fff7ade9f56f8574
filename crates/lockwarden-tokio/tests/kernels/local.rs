//! Tasks that are polled by others: those of a `LocalSet`, and those of a `block_on` within a task.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use lockwarden::report::Verdict;
use lockwarden_tokio as tokio;
use lockwarden_tokio::testing::AsyncCheck;

use crate::expect::{Case, long, on_runtime, pause, settle};

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "local: a task reads a lock of threads across an await, and one of the set that it drives writes",
        reported: Some((
            Verdict::Deadlock,
            &["RwLock", "that it polls in turn", "before its `.await`"],
        )),
        run: || {
            on_runtime(async {
                let lock = Rc::new(lockwarden::sync::RwLock::new(0));
                let theirs = Rc::clone(&lock);
                tokio::task::LocalSet::new()
                    .run_until(async move {
                        let writer = tokio::task::spawn_local(async move {
                            pause(10).await;
                            *theirs.write().unwrap() += 1;
                        });
                        let seen = lock.read().unwrap();
                        long().await;
                        drop(seen);
                        writer.await.unwrap();
                    })
                    .await;
            });
        },
    },
    // linera-io/linera-protocol PR#4138
    Case {
        name: "world finds: local: a task keeps a lock of threads across an await, which is one finding",
        reported: None,
        run: || {
            let check = AsyncCheck::new().timeout(Duration::from_secs(2));
            let outcome = check.run(|| async {
                let lock = Arc::new(lockwarden::sync::Mutex::new(0));
                let theirs = Arc::clone(&lock);
                let local = tokio::task::LocalSet::new();
                local
                    .run_until(async move {
                        let holds = tokio::task::spawn_local(async move {
                            let held = theirs.lock().unwrap();
                            pause(20).await;
                            drop(held);
                        });
                        let waits = tokio::task::spawn_local(async move {
                            pause(5).await;
                            *lock.lock().unwrap() += 1;
                        });
                        holds.await.unwrap();
                        waits.await.unwrap();
                    })
                    .await;
            });
            let found: Vec<_> = outcome.findings().iter().map(|one| one.verdict).collect();
            assert_eq!(found, [Verdict::Deadlock]);
        },
    },
    Case {
        name: "local: a task copies what it reads, and one of the set that it drives writes",
        reported: None,
        run: || {
            on_runtime(async {
                let lock = Rc::new(lockwarden::sync::RwLock::new(0));
                let theirs = Rc::clone(&lock);
                tokio::task::LocalSet::new()
                    .run_until(async move {
                        let writer = tokio::task::spawn_local(async move {
                            pause(10).await;
                            *theirs.write().unwrap() += 1;
                        });
                        let seen = *lock.read().unwrap();
                        settle().await;
                        writer.await.unwrap();
                        assert_eq!(*lock.read().unwrap(), seen + 1);
                    })
                    .await;
            });
        },
    },
    Case {
        name: "local: a task drops a guard right after it has driven a set, and threads contend for the lock",
        reported: None,
        run: || {
            on_runtime(async {
                let lock = Arc::new(lockwarden::sync::Mutex::new(0));
                let local = tokio::task::LocalSet::new();
                let held = lock.lock().unwrap();
                // The set is done in the poll in which it begins.
                local.run_until(std::future::ready(())).await;
                local.await;
                drop(held);
                let theirs = [Arc::clone(&lock), Arc::clone(&lock)];
                let threads = theirs.map(|lock| {
                    lockwarden::thread::spawn(move || {
                        let held = lock.lock().unwrap();
                        std::thread::sleep(Duration::from_millis(400));
                        drop(held);
                    })
                });
                pause(700).await;
                for thread in threads {
                    thread.join().unwrap();
                }
            });
        },
    },
    // tokio-rs/tokio#7892
    Case {
        name: "local: a task that has left its worker blocks on a lock that a boxed future of it was given",
        reported: Some((Verdict::Deadlock, &["tokio Mutex", "is to have first"])),
        run: || block_beside(false),
    },
    Case {
        name: "local: a task that has left its worker blocks on a lock that a boxed future of it had asked for",
        reported: None,
        run: || block_beside(true),
    },
];

/// A task asks for a lock by a boxed future, which is dropped then or kept, and asks again in a `block_on`.
fn block_beside(is_dropped: bool) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let task = async move {
        let lock = Arc::new(tokio::sync::Mutex::new(0));
        let theirs = Arc::clone(&lock);
        let holder = tokio::spawn(async move {
            let _held = theirs.lock().await;
            pause(100).await;
        });
        settle().await;
        let mut queued = Some(Box::pin(Arc::clone(&lock).lock_owned()));
        poll_fn(|cx| {
            assert!(queued.as_mut().unwrap().as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        if is_dropped {
            queued = None;
        }
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async { *lock.lock().await += 1 });
        });
        drop(queued);
        holder.await.unwrap();
    };
    let runtime = runtime.expect("a runtime can be made");
    runtime.block_on(async { tokio::spawn(task).await.unwrap() });
}
