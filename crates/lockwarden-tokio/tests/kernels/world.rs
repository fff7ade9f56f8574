//! Waits that any task could end, in checks in which none is left that can.

use std::sync::Arc;
use std::time::Duration;

use lockwarden::report::Verdict;
use lockwarden_tokio as tokio;
use tokio::testing::AsyncCheck;

use ::tokio as real;

use crate::expect::{Case, settle};

/// Each looks at the outcome by itself.
pub(crate) const CASES: &[Case] = &[
    Case {
        name: "world: a receiver keeps a sender of its own channel",
        reported: None,
        run: || {
            let outcome = check().run(|| async {
                let (sender, mut receiver) = tokio::sync::mpsc::channel::<i32>(1);
                receiver.recv().await;
                drop(sender);
            });
            outcome.assert_finds(Verdict::SelfDeadlock);
        },
    },
    Case {
        name: "world: two actors ask each other",
        reported: None,
        run: || {
            let outcome = check().run(|| async {
                let (to_a, mut a) = tokio::sync::mpsc::channel::<Ask>(4);
                let (to_b, mut b) = tokio::sync::mpsc::channel::<Ask>(4);
                let first = tokio::spawn({
                    let to_b = to_b.clone();
                    async move { while act(&mut a, &to_b).await {} }
                });
                let second = tokio::spawn({
                    let to_a = to_a.clone();
                    async move { while act(&mut b, &to_a).await {} }
                });
                for to in [&to_a, &to_b] {
                    let (answer, _) = tokio::sync::oneshot::channel();
                    to.send(answer).await.unwrap();
                }
                first.await.unwrap();
                second.await.unwrap();
            });
            outcome.assert_finds(Verdict::Deadlock);
        },
    },
    Case {
        name: "world: a task holds a mutex and sends to a full channel, the receiver wants the mutex",
        reported: None,
        run: || {
            let outcome = check().run(|| async {
                let lock = Arc::new(tokio::sync::Mutex::new(0));
                let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
                let theirs = Arc::clone(&lock);
                let consumer = tokio::spawn(async move {
                    while let Some(n) = receiver.recv().await {
                        *theirs.lock().await += n;
                    }
                });
                let held = lock.lock().await;
                for n in 0..5 {
                    sender.send(n).await.unwrap();
                }
                drop(held);
                consumer.await.unwrap();
            });
            outcome.assert_finds(Verdict::Deadlock);
        },
    },
    Case {
        name: "world: a notification that came too early for all waiters",
        reported: None,
        run: || {
            let outcome = check().run(|| async {
                let notify = tokio::sync::Notify::new();
                notify.notify_waiters();
                notify.notified().await;
            });
            outcome.assert_finds(Verdict::SelfDeadlock);
        },
    },
    Case {
        name: "world: more permits than there are",
        reported: None,
        run: || {
            let outcome = check().run(|| async {
                let permits = tokio::sync::Semaphore::new(3);
                let _ = permits.acquire_many(5).await;
            });
            outcome.assert_finds(Verdict::SelfDeadlock);
        },
    },
    Case {
        name: "world: a task adds the permits that another waits for",
        reported: None,
        run: || {
            let outcome = check().run(|| async {
                let permits = Arc::new(tokio::sync::Semaphore::new(0));
                let theirs = Arc::clone(&permits);
                tokio::spawn(async move {
                    settle().await;
                    theirs.add_permits(1);
                });
                let _ = permits.acquire().await;
            });
            outcome.assert_clean();
        },
    },
    Case {
        name: "world: one of two never comes to the barrier",
        reported: None,
        run: || {
            let outcome = check().run(|| async {
                let barrier = tokio::sync::Barrier::new(2);
                barrier.wait().await;
            });
            outcome.assert_finds(Verdict::SelfDeadlock);
        },
    },
    Case {
        name: "world: a plain thread sends the message",
        reported: None,
        run: || {
            let outcome = check().run(|| async {
                let (sender, receiver) = tokio::sync::oneshot::channel();
                let thread = std::thread::spawn(move || {
                    std::thread::sleep(Duration::from_millis(300));
                    sender.send(1).unwrap();
                });
                assert_eq!(receiver.await, Ok(1));
                thread.join().unwrap();
            });
            outcome.assert_clean();
        },
    },
    Case {
        name: "world: a job of the blocking pool sends the message",
        reported: None,
        run: || {
            let outcome = check().run(|| async {
                let (sender, receiver) = tokio::sync::oneshot::channel();
                let job = tokio::task::spawn_blocking(move || {
                    std::thread::sleep(Duration::from_millis(300));
                    sender.send(1).unwrap();
                });
                assert_eq!(receiver.await, Ok(1));
                job.await.unwrap();
            });
            outcome.assert_clean();
        },
    },
    Case {
        name: "world: a task of tokio's own sends the message",
        reported: None,
        run: || {
            let outcome = check().run(|| async {
                let (sender, receiver) = tokio::sync::oneshot::channel();
                real::spawn(async move {
                    real::time::sleep(Duration::from_millis(300)).await;
                    sender.send(1).unwrap();
                });
                assert_eq!(receiver.await, Ok(1));
            });
            outcome.assert_clean();
        },
    },
    Case {
        name: "world: a task sleeps before it sends",
        reported: None,
        run: || {
            let outcome = check().run(|| async {
                let notify = Arc::new(tokio::sync::Notify::new());
                let theirs = Arc::clone(&notify);
                tokio::spawn(async move {
                    settle().await;
                    settle().await;
                    theirs.notify_one();
                });
                notify.notified().await;
            });
            outcome.assert_clean();
        },
    },
    Case {
        name: "world: a notification that is stored",
        reported: None,
        run: || {
            let outcome = check().run(|| async {
                let notify = tokio::sync::Notify::new();
                notify.notify_one();
                notify.notified().await;
            });
            outcome.assert_clean();
        },
    },
];

type Ask = tokio::sync::oneshot::Sender<i32>;

fn check() -> AsyncCheck {
    let check = AsyncCheck::new().timeout(Duration::from_secs(15));
    if std::env::var_os("WORKERS").is_some() {
        check.workers(2)
    } else {
        check
    }
}

/// Answers one question by a question to the other actor.
async fn act(
    own: &mut tokio::sync::mpsc::Receiver<Ask>,
    other: &tokio::sync::mpsc::Sender<Ask>,
) -> bool {
    let Some(question) = own.recv().await else {
        return false;
    };
    let (ask, answer) = tokio::sync::oneshot::channel();
    other.send(ask).await.unwrap();
    let answer = answer.await.unwrap_or(0);
    let _ = question.send(answer + 1);
    true
}
