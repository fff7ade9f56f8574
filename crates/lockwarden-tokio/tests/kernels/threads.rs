//! Where tasks meet threads and their locks.

use std::sync::Arc;
use std::time::Duration;

use lockwarden::report::Verdict;
use lockwarden_tokio as tokio;

use crate::expect::{Case, long, on_current_thread, on_runtime, pause, settle};

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "a task holds a std lock across an await, another blocks the only thread",
        reported: Some((Verdict::Deadlock, &["is not polled", "threads.rs"])),
        run: || {
            on_current_thread(|runtime| {
                let set = tokio::task::LocalSet::new();
                let lock = std::rc::Rc::new(lockwarden::sync::Mutex::new(0));
                set.block_on(runtime, async move {
                    let theirs = std::rc::Rc::clone(&lock);
                    tokio::task::spawn_local(async move {
                        let _held = theirs.lock().unwrap();
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    });
                    settle().await;
                    *lock.lock().unwrap() += 1;
                });
            });
        },
    },
    Case {
        name: "a future of block_on holds a std lock and waits for the task that blocks its thread",
        reported: Some((
            Verdict::Deadlock,
            &["2 tasks wait for each other", "is not polled"],
        )),
        run: || {
            on_current_thread(|runtime| {
                let ours = lockwarden::sync::Arc::new(lockwarden::sync::Mutex::new(0));
                let theirs = std::sync::Arc::new(tokio::sync::Mutex::new(0));
                let (outer, inner) = (theirs.clone(), lockwarden::sync::Arc::clone(&ours));
                runtime.block_on(async move {
                    let task = tokio::spawn(async move {
                        let _held = outer.lock().await;
                        pause(50).await;
                        *inner.lock().unwrap() += 1;
                    });
                    pause(5).await;
                    let _held = ours.lock().unwrap();
                    *theirs.lock().await += 1;
                    task.await.unwrap();
                });
            });
        },
    },
    Case {
        name: "a thread is blocked by a lock that a suspended task holds",
        reported: Some((
            Verdict::HeldAcrossAwait,
            &[
                "while it is suspended",
                "threads.rs",
                "drop the guard before the `.await`, or use the asynchronous lock",
            ],
        )),
        run: || {
            on_current_thread(|runtime| {
                let lock = Arc::new(lockwarden::sync::Mutex::new(0));
                let theirs = Arc::clone(&lock);
                let (sender, receiver) = std::sync::mpsc::channel();
                let other = std::thread::spawn(move || {
                    receiver.recv().unwrap();
                    *theirs.lock().unwrap() += 1;
                });
                runtime.block_on(async {
                    let _held = lock.lock().unwrap();
                    sender.send(()).unwrap();
                    long().await;
                });
                other.join().unwrap();
            });
        },
    },
    Case {
        name: "advice followed: the guard is dropped before the await, and the thread goes on",
        reported: None,
        run: || {
            on_current_thread(|runtime| {
                let lock = Arc::new(lockwarden::sync::Mutex::new(0));
                let theirs = Arc::clone(&lock);
                let (sender, receiver) = std::sync::mpsc::channel();
                let other = std::thread::spawn(move || {
                    receiver.recv().unwrap();
                    *theirs.lock().unwrap() += 1;
                });
                runtime.block_on(async {
                    let held = lock.lock().unwrap();
                    sender.send(()).unwrap();
                    drop(held);
                    long().await;
                });
                other.join().unwrap();
            });
        },
    },
    Case {
        name: "advice followed: the lock is the runtime's, whose waiters do not block their thread",
        reported: None,
        run: || {
            on_current_thread(|runtime| {
                let lock = Arc::new(tokio::sync::Mutex::new(0));
                let theirs = Arc::clone(&lock);
                runtime.block_on(async {
                    let held = lock.lock().await;
                    let other = tokio::spawn(async move { *theirs.lock().await += 1 });
                    long().await;
                    drop(held);
                    other.await.unwrap();
                });
            });
        },
    },
    Case {
        name: "a borrowed value of a watch channel blocks the sender on the only thread",
        reported: Some((Verdict::Deadlock, &["watch channel"])),
        run: || {
            on_current_thread(|runtime| {
                let set = tokio::task::LocalSet::new();
                let (sender, receiver) = tokio::sync::watch::channel(0);
                set.block_on(runtime, async move {
                    tokio::task::spawn_local(async move {
                        let _value = receiver.borrow();
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    });
                    settle().await;
                    sender.send(1).unwrap();
                });
            });
        },
    },
    Case {
        name: "a value of a watch channel is borrowed twice, and a sender could come between",
        reported: Some((Verdict::RecursiveRead, &["watch channel"])),
        run: || {
            on_current_thread(|runtime| {
                let (sender, receiver) = tokio::sync::watch::channel(0);
                // Over before the reads, or it could come between them in truth.
                let thread = std::thread::spawn(move || sender.send(1).unwrap());
                thread.join().unwrap();
                runtime.block_on(async {
                    let first = receiver.borrow();
                    let second = receiver.borrow();
                    assert_eq!(*first, *second);
                });
            });
        },
    },
    Case {
        name: "a waker that polls in place is woken under the lock that the future takes",
        reported: Some((Verdict::SelfDeadlock, &["threads.rs"])),
        run: || {
            struct Inline(Arc<lockwarden::sync::Mutex<i32>>);
            impl std::task::Wake for Inline {
                fn wake(self: Arc<Self>) {
                    *self.0.lock().unwrap() += 1;
                }
            }
            on_current_thread(|runtime| {
                runtime.block_on(async {
                    let lock = Arc::new(lockwarden::sync::Mutex::new(0));
                    let waker = std::task::Waker::from(Arc::new(Inline(Arc::clone(&lock))));
                    let _held = lock.lock().unwrap();
                    waker.wake();
                });
            });
        },
    },
    Case {
        name: "a lock across an await that no other takes",
        reported: None,
        run: || {
            on_current_thread(|runtime| {
                let lock = lockwarden::sync::Mutex::new(0);
                runtime.block_on(async {
                    let _held = lock.lock().unwrap();
                    long().await;
                });
            });
        },
    },
    Case {
        name: "a lock that is taken and given back between awaits",
        reported: None,
        run: || {
            on_runtime(async {
                let lock = Arc::new(lockwarden::sync::Mutex::new(0));
                let mut set = tokio::task::JoinSet::new();
                for _ in 0..4 {
                    let lock = Arc::clone(&lock);
                    set.spawn(async move {
                        for _ in 0..50 {
                            *lock.lock().unwrap() += 1;
                            tokio::task::yield_now().await;
                        }
                    });
                }
                while set.join_next().await.is_some() {}
            });
        },
    },
    Case {
        name: "a job of the blocking pool waits for a task",
        reported: None,
        run: || {
            on_runtime(async {
                let lock = Arc::new(tokio::sync::Mutex::new(0));
                let held = Arc::clone(&lock).lock_owned().await;
                let job = tokio::task::spawn_blocking(move || *lock.blocking_lock() += 1);
                long().await;
                drop(held);
                job.await.unwrap();
            });
        },
    },
    Case {
        name: "a task joins a thread that blocks on a lock of the task",
        reported: Some((Verdict::Deadlock, &["threads.rs", "for the end"])),
        run: || {
            on_runtime(async {
                let total = Arc::new(tokio::sync::Mutex::new(0));
                let _held = total.lock().await;
                let (here, inner) = (tokio::runtime::Handle::current(), Arc::clone(&total));
                let update = lockwarden::thread::spawn(move || {
                    here.block_on(async { *inner.lock().await += 1 });
                });
                update.join().unwrap();
            });
        },
    },
    Case {
        name: "a task is in a scope of threads one of which blocks on a lock of the task",
        reported: Some((Verdict::Deadlock, &["threads.rs", "for the end"])),
        run: || {
            on_runtime(async {
                let total = tokio::sync::Mutex::new(0);
                let here = tokio::runtime::Handle::current();
                let held = total.lock().await;
                lockwarden::thread::scope(|scope| {
                    scope.spawn(|| here.block_on(async { *total.lock().await += 1 }));
                });
                drop(held);
            });
        },
    },
    Case {
        name: "a task joins a thread that blocks on a lock for a while, and on a task",
        reported: None,
        run: || {
            on_runtime(async {
                let total = Arc::new(tokio::sync::Mutex::new(0));
                let other = tokio::runtime::Builder::new_multi_thread()
                    .worker_threads(1)
                    .enable_all()
                    .build()
                    .unwrap();
                let (here, inner) = (other.handle().clone(), Arc::clone(&total));
                let holder = other.spawn(async move {
                    let _held = inner.lock().await;
                    pause(200).await;
                });
                settle().await;
                let inner = Arc::clone(&total);
                let update = lockwarden::thread::spawn(move || {
                    here.block_on(async { *inner.lock().await += 1 });
                    here.block_on(holder).unwrap();
                });
                update.join().unwrap();
                assert_eq!(*total.lock().await, 1);
                other.shutdown_background();
            });
        },
    },
    Case {
        name: "a value of a watch channel is borrowed by the closure that changes it",
        reported: Some((Verdict::SelfDeadlock, &["watch channel"])),
        run: || {
            on_runtime(async {
                let (sender, receiver) = tokio::sync::watch::channel(1);
                sender.send_modify(|value| *value += *receiver.borrow());
            });
        },
    },
    Case {
        name: "a value of a watch channel is borrowed beside closures that change it",
        reported: None,
        run: || {
            on_runtime(async {
                let (sender, mut receiver) = tokio::sync::watch::channel(1);
                let reader = tokio::spawn(async move {
                    while receiver.changed().await.is_ok() {
                        drop(receiver.borrow());
                    }
                });
                for _ in 0..20 {
                    sender.send_modify(|value| *value += 1);
                    assert!(!sender.send_if_modified(|_| false));
                    tokio::task::yield_now().await;
                }
                drop(sender);
                reader.await.unwrap();
            });
        },
    },
];
