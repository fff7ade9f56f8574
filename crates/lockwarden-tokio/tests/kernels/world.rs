//! Waits that any task could end, in checks in which none is left that can.

use std::sync::Arc;
use std::time::Duration;

use lockwarden::report::Verdict;
use lockwarden::sync::{Condvar, Mutex};
use lockwarden_tokio as tokio;
use tokio::testing::AsyncCheck;

use ::tokio as real;

use crate::expect::{Case, jittered, settle};

/// Each looks at the outcome by itself.
pub(crate) const CASES: &[Case] = &[
    Case {
        name: "world finds: a receiver keeps a sender of its own channel",
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
        name: "world finds: a task takes a static lock that it holds, and has sent a text under it",
        reported: None,
        run: || {
            static LOCK: tokio::sync::Mutex<u8> = tokio::sync::Mutex::const_new(0);
            let outcome = check().run(|| async {
                let (sender, _receiver) = tokio::sync::mpsc::unbounded_channel();
                let _held = LOCK.lock().await;
                sender.send("text".to_owned()).unwrap();
                drop(LOCK.lock().await);
            });
            outcome.assert_finds(Verdict::SelfDeadlock);
        },
    },
    Case {
        name: "world finds: a task blocks its thread at a condition variable, and the notifier wants a lock of it",
        reported: None,
        run: || {
            let outcome = check().run(|| async {
                let lock = Arc::new(tokio::sync::Mutex::new(0));
                let ready = Arc::new((Mutex::new(false), Condvar::new()));
                let (theirs, notifies) = (Arc::clone(&lock), Arc::clone(&ready));
                let held = lock.lock().await;
                tokio::spawn(async move {
                    let _held = theirs.lock().await;
                    *notifies.0.lock().unwrap() = true;
                    notifies.1.notify_all();
                });
                settle().await;
                drop(ready.1.wait_while(ready.0.lock().unwrap(), |ready| !*ready));
                drop(held);
            });
            outcome.assert_finds(Verdict::Deadlock);
        },
    },
    Case {
        name: "closures of a check hand a turn to each other at a condition variable",
        reported: None,
        run: || {
            let outcome = check().run(|| async {
                let turn = Arc::new((Mutex::new(0), Condvar::new()));
                let hand_over = |turn: Arc<(Mutex<u32>, Condvar)>, own: u32| {
                    move || {
                        for _ in 0..500 {
                            let now = turn.0.lock().unwrap();
                            let mut now = turn.1.wait_while(now, |now| *now % 2 != own).unwrap();
                            *now += 1;
                            turn.1.notify_all();
                        }
                    }
                };
                let other = tokio::task::spawn_blocking(hand_over(Arc::clone(&turn), 1));
                let one = tokio::task::spawn_blocking(hand_over(turn, 0));
                one.await.unwrap();
                other.await.unwrap();
            });
            outcome.assert_clean();
        },
    },
    Case {
        name: "a guard of a static lock is sent in a check, and dropped later",
        reported: None,
        run: || {
            static LOCK: tokio::sync::Mutex<u8> = tokio::sync::Mutex::const_new(0);
            let outcome = check().run(|| async {
                let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
                tokio::spawn(async move {
                    let received = receiver.recv().await;
                    crate::expect::long().await;
                    drop(received);
                });
                assert!(sender.send(LOCK.lock().await).is_ok());
                drop(LOCK.lock().await);
            });
            outcome.assert_clean();
        },
    },
    Case {
        name: "world finds: two actors ask each other",
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
        name: "world finds: a task holds a mutex and sends to a full channel, the receiver wants the mutex",
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
        name: "world finds: a notification that came too early for all waiters",
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
        name: "world finds: more permits than there are",
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
        name: "world finds: one of two never comes to the barrier",
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
                    std::thread::sleep(jittered(300));
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
                    std::thread::sleep(jittered(300));
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
                    real::time::sleep(jittered(300)).await;
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
    Case {
        name: "world finds: two sends on a full channel, the second awaited",
        reported: None,
        run: || {
            let outcome = check().run(|| async {
                let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
                sender.send(0).await.unwrap();
                let mut first = std::pin::pin!(sender.send(1));
                assert!(futures::poll!(&mut first).is_pending());
                assert_eq!(receiver.recv().await, Some(0));
                // The room was given to the first.
                sender.send(2).await.unwrap();
                first.await.unwrap();
            });
            outcome.assert_finds(Verdict::SelfDeadlock);
        },
    },
    Case {
        name: "world finds: a receiver keeps a permit of its own channel",
        reported: None,
        run: || {
            let outcome = check().run(|| async {
                let (sender, mut receiver) = tokio::sync::mpsc::channel::<i32>(1);
                let permit = sender.reserve_owned().await.unwrap();
                receiver.recv().await;
                drop(permit);
            });
            outcome.assert_finds(Verdict::SelfDeadlock);
        },
    },
    Case {
        name: "world finds: the future of a connection is made and never polled",
        reported: None,
        run: || {
            let outcome = check().run(|| async {
                let (answer, receiver) = tokio::sync::oneshot::channel();
                let connection = async move { answer.send(1).unwrap() };
                assert_eq!(receiver.await, Ok(1));
                connection.await;
            });
            outcome.assert_finds(Verdict::SelfDeadlock);
        },
    },
    Case {
        name: "world finds: a waiter that was cancelled is still counted",
        reported: None,
        run: || {
            let outcome = check().run(|| async {
                let idle = tokio::sync::Notify::new();
                let busy = std::cell::Cell::new(0);
                let work = async {
                    busy.set(busy.get() + 1);
                    // A sleep might be over with the limit, where the thread does not run for a while.
                    std::future::pending::<()>().await;
                    busy.set(busy.get() - 1);
                    idle.notify_one();
                };
                // The count stays one too high.
                let _ = tokio::time::timeout(Duration::from_millis(1), work).await;
                while busy.get() != 0 {
                    idle.notified().await;
                }
            });
            outcome.assert_finds(Verdict::SelfDeadlock);
        },
    },
    Case {
        name: "world finds: a pool wakes a waiter that has gone",
        reported: None,
        run: || {
            let outcome = check().run(|| async {
                let free = std::cell::Cell::new(false);
                let (first, gone) = tokio::sync::oneshot::channel::<()>();
                let (second, receiver) = tokio::sync::oneshot::channel::<()>();
                drop(gone);
                // A pool that gives up when the waiter at the head of its queue does not answer.
                free.set(true);
                let _ = first.send(());
                let _idle = second;
                let _ = receiver.await;
            });
            outcome.assert_finds(Verdict::SelfDeadlock);
        },
    },
    Case {
        name: "world finds: a task of a set that is not driven is awaited",
        reported: None,
        run: || {
            let outcome = check().run(|| async {
                let set = tokio::task::LocalSet::new();
                let task = set.spawn_local(async { 1 });
                assert_eq!(task.await.unwrap(), 1);
            });
            outcome.assert_finds(Verdict::Deadlock);
        },
    },
    Case {
        name: "world finds: a service keeps the permit of a slot that it does not use",
        reported: None,
        run: || {
            let outcome = check().run(|| async {
                let slots = Arc::new(tokio::sync::Semaphore::new(1));
                let (sender, mut requests) = tokio::sync::mpsc::channel::<()>(1);
                // Ready, and idle: its slot is taken before there is a request.
                let theirs = Arc::clone(&slots);
                tokio::spawn(async move {
                    let _slot = theirs.acquire_owned().await.unwrap();
                    requests.recv().await;
                });
                settle().await;
                let _slot = slots.acquire().await.unwrap();
                sender.send(()).await.unwrap();
            });
            outcome.assert_finds(Verdict::Deadlock);
        },
    },
    Case {
        name: "world finds: a task blocks the only thread until a task sends it a message",
        reported: None,
        run: || {
            let check = AsyncCheck::new().timeout(Duration::from_secs(8));
            let outcome = check.run(|| async {
                let (sender, receiver) = lockwarden::sync::mpsc::channel();
                tokio::spawn(async move {
                    settle().await;
                    sender.send(1).unwrap();
                });
                assert_eq!(receiver.recv(), Ok(1));
            });
            outcome.assert_finds(Verdict::Deadlock);
        },
    },
    Case {
        name: "world: a task blocks the only thread until a thread sends it a message",
        reported: None,
        run: || {
            let outcome = AsyncCheck::new().run(|| async {
                let (sender, receiver) = lockwarden::sync::mpsc::channel();
                let thread = lockwarden::thread::spawn(move || {
                    std::thread::sleep(jittered(200));
                    sender.send(1).unwrap();
                });
                tokio::spawn(settle());
                assert_eq!(receiver.recv(), Ok(1));
                thread.join().unwrap();
            });
            outcome.assert_clean();
        },
    },
    Case {
        name: "world finds: a future that registers nowhere hangs, and is shown",
        reported: None,
        run: || {
            let outcome = check().timeout(Duration::from_millis(300)).run(|| async {
                std::future::poll_fn(|_| std::task::Poll::<()>::Pending).await;
            });
            let hang = outcome.hung().expect("it hangs").to_string();
            assert!(hang.contains("suspended"), "{hang}");
        },
    },
    Case {
        name: "world: a task of a set that is driven is awaited",
        reported: None,
        run: || {
            let outcome = check().run(|| async {
                let set = tokio::task::LocalSet::new();
                let task = set.spawn_local(async {
                    settle().await;
                    1
                });
                let value = set.run_until(async { task.await.unwrap() }).await;
                assert_eq!(value, 1);
            });
            outcome.assert_clean();
        },
    },
];

type Ask = tokio::sync::oneshot::Sender<i32>;

pub(crate) fn check() -> AsyncCheck {
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
