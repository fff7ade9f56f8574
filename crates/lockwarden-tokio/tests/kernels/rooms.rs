//! Waits for room in a channel, and for messages of those who have all of it.

use std::pin::pin;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use futures::poll;
use lockwarden::report::Verdict;
use lockwarden_tokio as tokio;
use tokio::sync::{Mutex, Semaphore, mpsc, oneshot};

use crate::expect::{Case, jittered, long, on_current_thread, on_runtime, pause, settle};
use crate::world::check;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "futurelock of two sends on a channel with room for one",
        reported: Some((
            Verdict::Deadlock,
            &[
                "has been given",
                "for room in the mpsc channel",
                "for a message of the mpsc",
            ],
        )),
        run: || {
            on_runtime(async {
                let (sender, receiver) = mpsc::channel(1);
                sender.send(0).await.unwrap();
                let mut first = pin!(sender.send(1));
                tokio::select! {
                    biased;
                    _ = &mut first => {}
                    () = std::future::ready(()) => {
                        // The channel is full; it will have room for the first.
                        tokio::spawn(consume(receiver));
                        sender.send(2).await.unwrap();
                    }
                }
            });
        },
    },
    Case {
        name: "a boxed send that is not polled has the only place",
        reported: Some((Verdict::Deadlock, &["has been given"])),
        run: || {
            on_runtime(async {
                let (sender, receiver) = mpsc::channel(1);
                // A task that is spawned later could be given the future.
                let start = Arc::new(tokio::sync::Notify::new());
                let theirs = Arc::clone(&start);
                tokio::spawn(async move {
                    theirs.notified().await;
                    consume(receiver).await;
                });
                sender.send(0).await.unwrap();
                let theirs = sender.clone();
                let mut first = Box::pin(async move { theirs.send(1).await });
                assert!(poll!(&mut first).is_pending());
                start.notify_one();
                sender.send(2).await.unwrap();
                first.await.unwrap();
            });
        },
    },
    Case {
        name: "a permit of the only place is kept while the same task sends",
        reported: Some((Verdict::Deadlock, &["for room in the mpsc channel"])),
        run: || {
            on_runtime(async {
                let (sender, receiver) = mpsc::channel(1);
                let consumer = tokio::spawn(consume(receiver));
                sender.send(0).await.unwrap();
                let permit = sender.reserve().await.unwrap();
                sender.send(1).await.unwrap();
                permit.send(2);
                consumer.await.unwrap();
            });
        },
    },
    Case {
        name: "a receiver keeps a permit of the only place of its own channel",
        reported: Some((
            Verdict::SelfDeadlock,
            &["for a message of the mpsc channel"],
        )),
        run: || {
            on_runtime(async {
                let (sender, mut receiver) = mpsc::channel::<i32>(1);
                let permit = sender.reserve().await.unwrap();
                assert_eq!(receiver.recv().await, None);
                permit.send(1);
            });
        },
    },
    Case {
        name: "a sender holds what the receiver of a full channel wants",
        reported: Some((
            Verdict::Deadlock,
            &["for room in the mpsc channel", "tokio Mutex"],
        )),
        run: || {
            on_runtime(async {
                let lock = Arc::new(Mutex::new(0));
                let (sender, mut receiver) = mpsc::channel(1);
                let theirs = Arc::clone(&lock);
                let consumer = tokio::spawn(async move {
                    while let Some(n) = receiver.recv().await {
                        *theirs.lock().await += n;
                    }
                });
                settle().await;
                let held = lock.lock().await;
                for n in 0..5 {
                    sender.send(n).await.unwrap();
                }
                drop(held);
                consumer.await.unwrap();
            });
        },
    },
    Case {
        name: "two actors fill each other's mailboxes",
        reported: Some((Verdict::Deadlock, &["for room in the mpsc channel"])),
        run: || {
            on_runtime(async {
                let (to_a, a) = mpsc::channel(1);
                let (to_b, b) = mpsc::channel(1);
                let first = tokio::spawn(answer_twice(a, to_b.clone()));
                let second = tokio::spawn(answer_twice(b, to_a.clone()));
                to_a.send(1).await.unwrap();
                to_b.send(1).await.unwrap();
                drop((to_a, to_b));
                first.await.unwrap();
                second.await.unwrap();
            });
        },
    },
    Case {
        name: "an actor sends itself more messages than its mailbox holds, and they own something",
        reported: Some((Verdict::SelfDeadlock, &["for room in the mpsc channel"])),
        run: || {
            on_runtime(async {
                let (sender, mut mailbox) = mpsc::channel::<String>(1);
                let itself = sender.clone();
                let actor = tokio::spawn(async move {
                    while let Some(text) = mailbox.recv().await {
                        for word in text.split(' ') {
                            itself.send(word.to_owned()).await.unwrap();
                        }
                    }
                });
                sender.send("to be split".to_owned()).await.unwrap();
                actor.await.unwrap();
            });
        },
    },
    Case {
        name: "an actor sends itself a message, gives its mailbox away and sends another one",
        reported: None,
        run: || {
            on_runtime(async {
                let (sender, mut mailbox) = mpsc::channel::<String>(1);
                let (to_heir, mut heir) = mpsc::channel::<mpsc::Receiver<String>>(1);
                tokio::spawn(async move {
                    let mut mailbox = heir.recv().await.unwrap();
                    long().await;
                    while mailbox.recv().await.is_some() {}
                });
                sender.send("first".to_owned()).await.unwrap();
                tokio::spawn(async move {
                    mailbox.recv().await.unwrap();
                    sender.send("second".to_owned()).await.unwrap();
                    to_heir.send(mailbox).await.unwrap();
                    sender.send("third".to_owned()).await.unwrap();
                })
                .await
                .unwrap();
            });
        },
    },
    Case {
        name: "a closure of the blocking pool sends to the task that awaits it",
        reported: Some((
            Verdict::Deadlock,
            &[
                "for room in the mpsc channel",
                "help: the send at tests/kernels/rooms.rs:",
            ],
        )),
        run: || {
            on_runtime(async {
                let (sender, mut receiver) = mpsc::channel(1);
                let job = tokio::task::spawn_blocking(move || {
                    thread::sleep(Duration::from_millis(50));
                    for n in 0..4 {
                        sender.blocking_send(n).unwrap();
                    }
                });
                // From here on it could be given to another task only by a message, or a spawn.
                for n in 0..2 {
                    assert_eq!(receiver.recv().await, Some(n));
                    settle().await;
                }
                job.await.unwrap();
                while receiver.recv().await.is_some() {}
            });
        },
    },
    Case {
        name: "a closure of the blocking pool acquires a permit of the task that awaits it",
        reported: Some((Verdict::Deadlock, &["for a permit of the Semaphore"])),
        run: || {
            on_runtime(async {
                let permits = Arc::new(Semaphore::new(1));
                let theirs = Arc::clone(&permits);
                let _held = permits.acquire().await.unwrap();
                let job = tokio::task::spawn_blocking(move || {
                    let _held = theirs.blocking_acquire().unwrap();
                });
                job.await.unwrap();
            });
        },
    },
    Case {
        name: "a task acquires a permit of a closure that waits for it",
        reported: Some((Verdict::Deadlock, &["for a permit of the Semaphore"])),
        run: || {
            on_runtime(async {
                let permits = Arc::new(Semaphore::new(1));
                let theirs = Arc::clone(&permits);
                let task = tokio::spawn(async move {
                    settle().await;
                    let _held = theirs.acquire().await.unwrap();
                });
                let handle = tokio::runtime::Handle::current();
                let job = tokio::task::spawn_blocking(move || {
                    let _held = permits.blocking_acquire().unwrap();
                    handle.block_on(task).unwrap();
                });
                job.await.unwrap();
            });
        },
    },
    Case {
        name: "a thread waits for a permit of a task that waits for a lock of the thread",
        reported: Some((
            Verdict::Deadlock,
            &["for a permit of the Semaphore", "tokio Mutex"],
        )),
        run: || {
            on_runtime(async {
                let lock = Arc::new(Mutex::new(0));
                let permits = Arc::new(Semaphore::new(1));
                let (theirs, their_permits) = (Arc::clone(&lock), Arc::clone(&permits));
                let (began, begin) = oneshot::channel();
                let _held = permits.acquire().await.unwrap();
                thread::spawn(move || {
                    let _held = theirs.blocking_lock();
                    began.send(()).unwrap();
                    let _permit = their_permits.blocking_acquire().unwrap();
                });
                begin.await.unwrap();
                *lock.lock().await += 1;
            });
        },
    },
    Case {
        name: "world finds: a closure waits for a message of the task that awaits it",
        reported: None,
        run: || {
            let outcome = check().run(|| async {
                let (sender, receiver) = oneshot::channel::<i32>();
                let job = tokio::task::spawn_blocking(move || receiver.blocking_recv());
                let _ = job.await.unwrap();
                drop(sender);
            });
            outcome.assert_finds(Verdict::Deadlock);
        },
    },
    Case {
        name: "world finds: a closure waits for messages of the task that awaits it",
        reported: None,
        run: || {
            let outcome = check().run(|| async {
                let (sender, mut receiver) = mpsc::channel::<i32>(1);
                let job = tokio::task::spawn_blocking(move || {
                    let mut all = Vec::new();
                    while receiver.blocking_recv_many(&mut all, 4) != 0 {}
                    all
                });
                sender.send(1).await.unwrap();
                let _ = job.await.unwrap();
                drop(sender);
            });
            outcome.assert_finds(Verdict::Deadlock);
        },
    },
    Case {
        name: "world finds: a thread waits for a message of the task that waits for the thread",
        reported: None,
        run: || {
            let outcome = check().run(|| async {
                let (sender, mut receiver) = mpsc::channel::<i32>(1);
                let (done, end) = oneshot::channel::<()>();
                lockwarden::thread::spawn(move || {
                    while receiver.blocking_recv().is_some() {}
                    done.send(()).unwrap();
                });
                sender.send(1).await.unwrap();
                let _ = end.await;
                drop(sender);
            });
            outcome.assert_finds(Verdict::Deadlock);
        },
    },
    Case {
        name: "world: a thread that is known sends the message later",
        reported: None,
        run: || {
            let outcome = check().run(|| async {
                let (sender, receiver) = oneshot::channel();
                let thread = lockwarden::thread::spawn(move || {
                    thread::sleep(jittered(300));
                    sender.send(1).unwrap();
                });
                assert_eq!(receiver.await, Ok(1));
                thread.join().unwrap();
            });
            outcome.assert_clean();
        },
    },
    Case {
        name: "world: a thread that has used a lock sends the message later",
        reported: None,
        run: || {
            let outcome = check().run(|| async {
                let (sender, receiver) = oneshot::channel();
                let thread = thread::spawn(move || {
                    *lockwarden::sync::Mutex::new(0).lock().unwrap() += 1;
                    thread::sleep(jittered(300));
                    sender.send(1).unwrap();
                });
                assert_eq!(receiver.await, Ok(1));
                thread.join().unwrap();
            });
            outcome.assert_clean();
        },
    },
    Case {
        name: "world finds: a permit was forgotten",
        reported: None,
        run: || {
            let outcome = check().run(|| async {
                let permits = Semaphore::new(1);
                permits.acquire().await.unwrap().forget();
                let _permit = permits.acquire().await.unwrap();
            });
            outcome.assert_finds(Verdict::SelfDeadlock);
            let text = outcome.findings()[0].to_string();
            let place = format!("1 permit was forgotten at {}", file!());
            assert!(text.contains(&place), "no {place:?} in\n{text}");
            assert!(text.contains("`add_permits`"), "{text}");
        },
    },
    Case {
        name: "world: a rate limiter forgets permits and adds some",
        reported: None,
        run: || {
            let outcome = check().run(|| async {
                let permits = Arc::new(Semaphore::new(1));
                let theirs = Arc::clone(&permits);
                let refill = tokio::spawn(async move {
                    for _ in 0..4 {
                        pause(30).await;
                        theirs.add_permits(1);
                    }
                });
                for _ in 0..4 {
                    permits.acquire().await.unwrap().forget();
                }
                refill.await.unwrap();
            });
            outcome.assert_clean();
        },
    },
    Case {
        name: "a rate limiter forgets permits and a thread adds some",
        reported: None,
        run: || {
            on_runtime(async {
                let permits = Arc::new(Semaphore::new(1));
                let theirs = Arc::clone(&permits);
                permits.acquire().await.unwrap().forget();
                let refill = thread::spawn(move || {
                    thread::sleep(jittered(300));
                    theirs.add_permits(1);
                });
                permits.acquire().await.unwrap().forget();
                refill.join().unwrap();
            });
        },
    },
    Case {
        name: "a send that is not polled has one of two places",
        reported: None,
        run: || {
            on_runtime(async {
                let (sender, receiver) = mpsc::channel(2);
                let consumer = tokio::spawn(consume(receiver));
                sender.send(0).await.unwrap();
                sender.send(0).await.unwrap();
                let mut first = pin!(sender.send(1));
                let is_pending = poll!(&mut first).is_pending();
                for n in 2..8 {
                    sender.send(n).await.unwrap();
                }
                if is_pending {
                    first.await.unwrap();
                }
                consumer.abort();
            });
        },
    },
    Case {
        name: "a permit of the only place is used after a while",
        reported: None,
        run: || {
            on_runtime(async {
                let (sender, receiver) = mpsc::channel(1);
                let consumer = tokio::spawn(consume(receiver));
                let theirs = sender.clone();
                let holds = tokio::spawn(async move {
                    let permit = theirs.reserve().await.unwrap();
                    pause(300).await;
                    permit.send(1);
                });
                tokio::task::yield_now().await;
                sender.send(2).await.unwrap();
                holds.await.unwrap();
                drop(sender);
                consumer.await.unwrap();
            });
        },
    },
    Case {
        name: "a permit goes to a task that sends with it",
        reported: None,
        run: || {
            on_runtime(async {
                let (sender, receiver) = mpsc::channel(1);
                let consumer = tokio::spawn(consume(receiver));
                let permit = sender.clone().reserve_owned().await.unwrap();
                let task = tokio::spawn(async move {
                    pause(300).await;
                    permit.send(1);
                });
                sender.send(2).await.unwrap();
                task.await.unwrap();
                drop(sender);
                consumer.await.unwrap();
            });
        },
    },
    Case {
        name: "a thread has the only place",
        reported: None,
        run: || {
            on_runtime(async {
                let (sender, mut receiver) = mpsc::channel(1);
                let permit = sender.clone().reserve_owned().await.unwrap();
                let thread = thread::spawn(move || {
                    thread::sleep(jittered(300));
                    permit.send(1);
                });
                let send = async { sender.send(2).await.unwrap() };
                let receive = async { receiver.recv().await.unwrap() };
                let (_, n) = tokio::join!(send, receive);
                assert_eq!(n, 1);
                thread.join().unwrap();
            });
        },
    },
    Case {
        name: "a receiver of several tasks waits for a lock of the sender",
        reported: None,
        run: || {
            on_runtime(async {
                // Whichever task takes the mutex has the receiver then.
                let (sender, receiver) = mpsc::channel(1);
                let receiver = Arc::new(Mutex::new(receiver));
                let lock = Arc::new(Mutex::new(0));
                let tasks: Vec<_> = [0, 300]
                    .map(|wait| {
                        let (receiver, lock) = (Arc::clone(&receiver), Arc::clone(&lock));
                        tokio::spawn(async move {
                            pause(wait + 1).await;
                            loop {
                                let message = receiver.lock().await.recv().await;
                                match message {
                                    Some(0) => drop(lock.lock().await),
                                    Some(_) => {}
                                    None => break,
                                }
                            }
                        })
                    })
                    .into();
                let held = lock.lock().await;
                for n in 0..6 {
                    sender.send(n).await.unwrap();
                }
                drop(held);
                drop(sender);
                for task in tasks {
                    task.await.unwrap();
                }
            });
        },
    },
    Case {
        name: "a receiver is given to another task by a message",
        reported: None,
        run: || {
            on_runtime(async {
                let (sender, mut receiver) = mpsc::channel(1);
                let (give, given) = oneshot::channel();
                let lock = Arc::new(Mutex::new(0));
                let theirs = Arc::clone(&lock);
                let first = tokio::spawn(async move {
                    receiver.recv().await.unwrap();
                    give.send(receiver).unwrap();
                    *theirs.lock().await += 1;
                });
                let second = tokio::spawn(async move {
                    let mut receiver: mpsc::Receiver<i32> = given.await.unwrap();
                    pause(300).await;
                    while receiver.recv().await.is_some() {}
                });
                let held = lock.lock().await;
                for n in 0..4 {
                    sender.send(n).await.unwrap();
                }
                drop(held);
                drop(sender);
                first.await.unwrap();
                second.await.unwrap();
            });
        },
    },
    Case {
        name: "a send with a timeout has the only place",
        reported: None,
        run: || {
            on_runtime(async {
                let (sender, receiver) = mpsc::channel(1);
                sender.send(0).await.unwrap();
                let theirs = sender.clone();
                let mut first =
                    Box::pin(async move { theirs.send_timeout(1, Duration::from_secs(60)).await });
                assert!(poll!(&mut first).is_pending());
                let consumer = tokio::spawn(consume(receiver));
                let task = tokio::spawn(async move {
                    pause(300).await;
                    drop(first);
                });
                sender.send(2).await.unwrap();
                task.await.unwrap();
                drop(sender);
                consumer.await.unwrap();
            });
        },
    },
    Case {
        name: "a receiver that is also woken by a timer gives the place back",
        reported: None,
        run: || {
            on_runtime(async {
                let (sender, mut receiver) = mpsc::channel(1);
                let consumer = tokio::spawn(async move {
                    assert!(receiver.recv().await.is_some());
                    tokio::select! {
                        _ = receiver.recv() => {}
                        () = pause(300) => receiver.close(),
                    }
                });
                sender.send(0).await.unwrap();
                let mut first = pin!(sender.send(1));
                if poll!(&mut first).is_pending() {
                    // The receiver closes the channel.
                    let _ = sender.send(2).await;
                }
                consumer.await.unwrap();
            });
        },
    },
    Case {
        name: "a thread blocks in a send, and the task receives",
        reported: None,
        run: || {
            on_runtime(async {
                let (sender, mut receiver) = mpsc::channel(1);
                let thread = thread::spawn(move || {
                    for n in 0..4 {
                        sender.blocking_send(n).unwrap();
                    }
                });
                while receiver.recv().await.is_some() {
                    pause(60).await;
                }
                thread.join().unwrap();
            });
        },
    },
    Case {
        name: "a closure blocks in a receipt, and the task sends",
        reported: None,
        run: || {
            on_runtime(async {
                let (sender, mut receiver) = mpsc::channel(1);
                let job = tokio::task::spawn_blocking(
                    move || {
                        while receiver.blocking_recv().is_some() {}
                    },
                );
                for n in 0..4 {
                    pause(60).await;
                    sender.send(n).await.unwrap();
                }
                drop(sender);
                job.await.unwrap();
            });
        },
    },
    Case {
        name: "a thread blocks for a permit, and a task releases it",
        reported: None,
        run: || {
            on_current_thread(|runtime| {
                let permits = Arc::new(Semaphore::new(1));
                runtime.block_on(async {
                    let held = permits.acquire().await.unwrap();
                    let theirs = Arc::clone(&permits);
                    let thread = thread::spawn(move || drop(theirs.blocking_acquire_owned()));
                    pause(300).await;
                    drop(held);
                    thread.join().unwrap();
                });
            });
        },
    },
];

/// Receives until the channel is closed.
async fn consume(mut receiver: mpsc::Receiver<i32>) {
    while receiver.recv().await.is_some() {}
}

/// Answers each message with two.
async fn answer_twice(mut own: mpsc::Receiver<i32>, other: mpsc::Sender<i32>) {
    while let Some(n) = own.recv().await {
        for _ in 0..2 {
            other.send(n).await.unwrap();
        }
    }
}
