//! The executor of another crate within a task: on the only thread of a runtime it waits for ever for what that runs.

use std::future::Future;
use std::io::{Read, Write};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use futures::executor::block_on;
use futures::task::LocalSpawnExt;
use lockwarden::report::Verdict;
use lockwarden_tokio as tokio;

use crate::expect::{Case, jittered, on_current_thread, settle};

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "another crate's block_on of a task on the only thread",
        reported: Some((
            Verdict::Deadlock,
            &["for the end of task", "is being polled", "executors.rs"],
        )),
        run: || {
            on_current_thread(|runtime| {
                runtime.block_on(async {
                    let task = tokio::spawn(async { 1 });
                    assert_eq!(block_on(task).unwrap(), 1);
                });
            });
        },
    },
    Case {
        name: "a block_on by parks that are watched, of a task on the only thread",
        reported: Some((
            Verdict::Deadlock,
            &["for the end of task", "is being polled", "executors.rs"],
        )),
        run: || {
            on_current_thread(|runtime| {
                runtime.block_on(async {
                    let task = tokio::spawn(async { 1 });
                    assert_eq!(block_on_by_watched_parks(task).unwrap(), 1);
                });
            });
        },
    },
    Case {
        name: "a block_on by parks that are watched, of a task on another worker",
        reported: None,
        run: || {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            let runtime = builder.worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async {
                let inner = tokio::spawn(async {
                    settle().await;
                    1
                });
                let task = tokio::spawn(async { block_on_by_watched_parks(inner).unwrap() });
                assert_eq!(task.await.unwrap(), 1);
            });
        },
    },
    Case {
        name: "another crate's block_on of a lock whose holder is suspended on the only thread",
        reported: Some((Verdict::Deadlock, &["tokio Mutex", "is not polled"])),
        run: || {
            on_current_thread(|runtime| {
                runtime.block_on(async {
                    let lock = Arc::new(tokio::sync::Mutex::new(0));
                    hold_across_a_yield(&lock);
                    tokio::task::yield_now().await;
                    *block_on(lock.lock()) += 1;
                });
            });
        },
    },
    Case {
        name: "another crate's block_on in a spawned task, of a lock whose holder sleeps",
        reported: Some((Verdict::Deadlock, &["tokio Mutex", "is not polled"])),
        run: || {
            on_current_thread(|runtime| {
                runtime.block_on(async {
                    let lock = Arc::new(tokio::sync::Mutex::new(0));
                    let theirs = Arc::clone(&lock);
                    tokio::spawn(async move {
                        let _held = theirs.lock().await;
                        settle().await;
                    });
                    tokio::task::yield_now().await;
                    let task = tokio::spawn(async move { *block_on(lock.lock()) += 1 });
                    task.await.unwrap();
                });
            });
        },
    },
    Case {
        name: "world finds: another crate's block_on of a task on the only thread",
        reported: None,
        run: || {
            let outcome = check_on_one_thread().run(|| async {
                let task = tokio::spawn(async { 1 });
                assert_eq!(block_on(task).unwrap(), 1);
            });
            outcome.assert_finds(Verdict::Deadlock);
        },
    },
    Case {
        name: "world finds: another crate's block_on of a message of a task on the only thread",
        reported: None,
        run: || {
            let outcome = check_on_one_thread().run(|| async {
                let (sender, receiver) = tokio::sync::oneshot::channel();
                tokio::spawn(async move { sender.send(1).unwrap() });
                assert_eq!(block_on(receiver), Ok(1));
            });
            outcome.assert_finds(Verdict::Deadlock);
        },
    },
    Case {
        name: "an executor of another crate polls the holder of a lock, and a task of it blocks for the lock",
        reported: Some((Verdict::SelfDeadlock, &["tokio Mutex", "is being polled"])),
        run: || {
            on_current_thread(|runtime| {
                runtime.block_on(async {
                    let lock = Rc::new(tokio::sync::Mutex::new(0));
                    let mut pool = futures::executor::LocalPool::new();
                    let theirs = Rc::clone(&lock);
                    let holds = async move {
                        let _held = theirs.lock().await;
                        futures::pending!();
                    };
                    let blocks = async move { *park_on(lock.lock()) += 1 };
                    pool.spawner().spawn_local(holds).unwrap();
                    pool.spawner().spawn_local(blocks).unwrap();
                    pool.run();
                });
            });
        },
    },
    Case {
        name: "an executor of another crate polls the holder of a lock, then a task that blocks for the lock",
        reported: None,
        run: || {
            on_current_thread(|runtime| {
                runtime.block_on(async {
                    let lock = Rc::new(tokio::sync::Mutex::new(0));
                    let mut pool = futures::executor::LocalPool::new();
                    let theirs = Rc::clone(&lock);
                    pool.run_until(async move { *theirs.lock().await += 1 });
                    let blocks = async move { *park_on(lock.lock()) += 1 };
                    pool.spawner().spawn_local(blocks).unwrap();
                    pool.run();
                });
            });
        },
    },
    Case {
        name: "a thread that was started wakes another crate's block_on",
        reported: None,
        run: || {
            on_current_thread(|runtime| {
                runtime.block_on(async {
                    let task = tokio::spawn(async {});
                    let (sender, receiver) = futures::channel::oneshot::channel();
                    let thread = thread::spawn(move || {
                        thread::sleep(jittered(300));
                        sender.send(()).unwrap();
                    });
                    // The task cannot run, and the thread answers.
                    block_on(futures::future::select(task, receiver));
                    thread.join().unwrap();
                });
            });
        },
    },
    Case {
        name: "a thread that computes wakes another crate's block_on",
        reported: None,
        run: || {
            on_current_thread(|runtime| {
                runtime.block_on(async {
                    let lock = tokio::sync::Mutex::new(0);
                    let _held = lock.lock().await;
                    let (sender, receiver) = futures::channel::oneshot::channel();
                    let thread = thread::spawn(move || {
                        let start = std::time::Instant::now();
                        while start.elapsed() < jittered(300) {
                            std::hint::spin_loop();
                        }
                        sender.send(()).unwrap();
                    });
                    block_on(async {
                        futures::future::select(Box::pin(lock.lock()), receiver).await
                    });
                    thread.join().unwrap();
                });
            });
        },
    },
    Case {
        name: "a thread that reads a pipe wakes another crate's block_on",
        reported: None,
        run: || {
            on_current_thread(|runtime| {
                runtime.block_on(async {
                    let (mut reader, mut writer) = std::io::pipe().unwrap();
                    let (sender, receiver) = futures::channel::oneshot::channel();
                    let thread = thread::spawn(move || {
                        let mut byte = [0];
                        reader.read_exact(&mut byte).unwrap();
                        sender.send(()).unwrap();
                    });
                    let sleeper = thread::spawn(move || {
                        thread::sleep(jittered(300));
                        writer.write_all(&[1]).unwrap();
                    });
                    let task = tokio::spawn(async {});
                    block_on(futures::future::select(task, receiver));
                    thread.join().unwrap();
                    sleeper.join().unwrap();
                });
            });
        },
    },
    Case {
        name: "a thread answers later, in another crate's block_on",
        reported: None,
        run: || {
            on_current_thread(|runtime| {
                runtime.block_on(async {
                    let permits = Arc::new(tokio::sync::Semaphore::new(1));
                    let held = Arc::clone(&permits).acquire_owned().await.unwrap();
                    let thread = thread::spawn(move || {
                        thread::sleep(jittered(300));
                        drop(held);
                    });
                    let _permit = block_on(permits.acquire());
                    thread.join().unwrap();
                });
            });
        },
    },
    Case {
        name: "a closure of the blocking pool wakes another crate's block_on",
        reported: None,
        run: || {
            on_current_thread(|runtime| {
                runtime.block_on(async {
                    let job = tokio::task::spawn_blocking(|| thread::sleep(jittered(300)));
                    block_on(job).unwrap();
                });
            });
        },
    },
    Case {
        name: "a future that polls anew after a limit, in another crate's block_on",
        reported: None,
        run: || {
            on_current_thread(|runtime| {
                runtime.block_on(async {
                    let mut task = tokio::spawn(async {});
                    let start = std::time::Instant::now();
                    let limit = jittered(300);
                    // An executor of its own, that looks now and then.
                    let mut cx = Context::from_waker(Waker::noop());
                    while start.elapsed() < limit {
                        assert!(Pin::new(&mut task).poll(&mut cx).is_pending());
                        thread::park_timeout(jittered(100));
                    }
                });
            });
        },
    },
    Case {
        name: "world: a thread wakes another crate's block_on",
        reported: None,
        run: || {
            let outcome = check_on_one_thread().run(|| async {
                let (sender, receiver) = tokio::sync::oneshot::channel();
                let thread = thread::spawn(move || {
                    thread::sleep(jittered(300));
                    sender.send(1).unwrap();
                });
                assert_eq!(block_on(receiver), Ok(1));
                thread.join().unwrap();
            });
            outcome.assert_clean();
        },
    },
    Case {
        name: "world: another worker runs the task of another crate's block_on",
        reported: None,
        run: || {
            let outcome = tokio::testing::AsyncCheck::new().workers(2).run(|| async {
                let task = tokio::spawn(async {
                    let task = tokio::spawn(async {
                        settle().await;
                        1
                    });
                    // A worker keeps the task that was spawned last for itself.
                    tokio::spawn(async {});
                    block_on(task).unwrap()
                });
                assert_eq!(task.await.unwrap(), 1);
            });
            outcome.assert_clean();
        },
    },
];

fn hold_across_a_yield(lock: &Arc<tokio::sync::Mutex<i32>>) {
    let lock = Arc::clone(lock);
    tokio::spawn(async move {
        let _held = lock.lock().await;
        tokio::task::yield_now().await;
    });
}

struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// An executor that may be called in that of `futures`.
fn park_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// On a current-thread runtime: on several workers, another one polls the task.
fn check_on_one_thread() -> tokio::testing::AsyncCheck {
    tokio::testing::AsyncCheck::new().timeout(std::time::Duration::from_secs(15))
}

/// The executor of another crate as `cargo lockwarden` compiles it: its parks are watched.
fn block_on_by_watched_parks<F: Future>(future: F) -> F::Output {
    struct Unpark(lockwarden::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(lockwarden::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => lockwarden::thread::park(),
        }
    }
}
