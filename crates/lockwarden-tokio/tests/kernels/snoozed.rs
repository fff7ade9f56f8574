//! Futures that their task does not poll any more, and that hold or were given what it waits for.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::poll;
use lockwarden::report::Verdict;
use lockwarden_tokio as tokio;

use crate::expect::{Case, on_runtime};

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "futurelock of a boxed future (RFD 609)",
        reported: Some((Verdict::SelfDeadlock, &["has been given", "does not poll"])),
        run: || on_runtime(rfd_609()),
    },
    Case {
        name: "futurelock of a future in place",
        reported: Some((Verdict::SelfDeadlock, &["has been given", "does not poll"])),
        run: || {
            on_runtime(async {
                let lock = Arc::new(tokio::sync::Mutex::new(0));
                hold_for_a_while(&lock).await;
                let mut first = pin!(add(&lock));
                tokio::select! {
                    () = &mut first => {}
                    () = tokio::time::sleep(Duration::from_millis(5)) => add(&lock).await,
                }
            });
        },
    },
    Case {
        name: "two acquisitions begun, the second awaited",
        reported: Some((Verdict::SelfDeadlock, &["has been given"])),
        run: || {
            on_runtime(async {
                let lock = Arc::new(tokio::sync::Mutex::new(0));
                hold_for_a_while(&lock).await;
                let mut first = pin!(lock.lock());
                let mut second = pin!(lock.lock());
                assert!(poll!(&mut first).is_pending());
                assert!(poll!(&mut second).is_pending());
                let _held = second.await;
            });
        },
    },
    Case {
        name: "two permits wanted, the second awaited",
        reported: Some((Verdict::SelfDeadlock, &["has been given", "Semaphore"])),
        run: || {
            on_runtime(async {
                let permits = Arc::new(tokio::sync::Semaphore::new(1));
                let theirs = Arc::clone(&permits);
                let held = permits.acquire().await.unwrap();
                let mut first = pin!(theirs.acquire());
                let mut second = pin!(theirs.acquire());
                assert!(poll!(&mut first).is_pending());
                assert!(poll!(&mut second).is_pending());
                drop(held);
                let _held = second.await;
            });
        },
    },
    Case {
        name: "a guard in a future that is not polled",
        reported: Some((Verdict::SelfDeadlock, &["tokio Mutex"])),
        run: || {
            on_runtime(async {
                let lock = tokio::sync::Mutex::new(0);
                let mut holds = pin!(async {
                    let _held = lock.lock().await;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                });
                assert!(poll!(&mut holds).is_pending());
                *lock.lock().await += 1;
            });
        },
    },
    Case {
        name: "a buffered stream whose futures hold the lock of its body",
        reported: Some((Verdict::SelfDeadlock, &["tokio Mutex"])),
        run: || {
            on_runtime(async {
                let lock = tokio::sync::Mutex::new(0);
                let work = |n: u64| {
                    let lock = &lock;
                    async move {
                        if n > 0 {
                            let held = lock.lock().await;
                            tokio::time::sleep(Duration::from_millis(5)).await;
                            drop(held);
                        }
                    }
                };
                futures::stream::iter(0..4)
                    .map(work)
                    .buffered(2)
                    .for_each(|()| async {
                        *lock.lock().await += 1;
                    })
                    .await;
            });
        },
    },
    Case {
        name: "a value that is initialised by a future that is not polled",
        reported: Some((Verdict::SelfDeadlock, &["OnceCell"])),
        run: || {
            on_runtime(async {
                let cell = tokio::sync::OnceCell::new();
                let mut first = pin!(cell.get_or_init(|| async {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    1
                }));
                assert!(poll!(&mut first).is_pending());
                cell.get_or_init(|| async { 2 }).await;
            });
        },
    },
    Case {
        name: "a leaked future keeps the place at the head of the queue",
        reported: Some((Verdict::SelfDeadlock, &["has been given", "does not poll"])),
        run: || {
            on_runtime(async {
                let lock = Arc::new(tokio::sync::Mutex::new(0));
                hold_for_a_while(&lock).await;
                let mut leaked = Box::pin(Arc::clone(&lock).lock_owned());
                assert!(poll!(&mut leaked).is_pending());
                std::mem::forget(leaked);
                *lock.lock().await += 1;
            });
        },
    },
    Case {
        name: "the owner of a guard waits for a message in a future that is not polled",
        reported: Some((Verdict::SelfDeadlock, &["tokio Mutex"])),
        run: || {
            on_runtime(async {
                let lock = tokio::sync::Mutex::new(0);
                let (_answer, question) = tokio::sync::oneshot::channel::<i32>();
                let mut dequeue = pin!(async {
                    let held = lock.lock().await;
                    let _ = question.await;
                    drop(held);
                });
                assert!(poll!(&mut dequeue).is_pending());
                *lock.lock().await += 1;
            });
        },
    },
    Case {
        name: "an acquisition that was polled once by a waker that does nothing, and another one",
        reported: Some((Verdict::SelfDeadlock, &["snoozed.rs"])),
        run: || {
            on_runtime(async {
                let total = tokio::sync::Mutex::new(0);
                let held = total.lock().await;
                let mut first = Box::pin(total.lock());
                assert!(futures::FutureExt::now_or_never(&mut first).is_none());
                drop(held);
                *total.lock().await += 1;
                drop(first.await);
            });
        },
    },
];

/// A task holds the lock, and gives it back soon.
async fn hold_for_a_while(lock: &Arc<tokio::sync::Mutex<i32>>) {
    let lock = Arc::clone(lock);
    let (sender, receiver) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let _held = lock.lock().await;
        sender.send(()).unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    });
    receiver.await.unwrap();
}

async fn add(lock: &tokio::sync::Mutex<i32>) {
    *lock.lock().await += 1;
}

fn boxed<'a>(
    lock: &'a Arc<tokio::sync::Mutex<i32>>,
) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
    Box::pin(add(lock))
}

async fn rfd_609() {
    let lock = Arc::new(tokio::sync::Mutex::new(0));
    hold_for_a_while(&lock).await;
    let mut first = boxed(&lock);
    tokio::select! {
        () = &mut first => {}
        () = tokio::time::sleep(Duration::from_millis(5)) => add(&lock).await,
    }
}
