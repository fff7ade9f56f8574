//! Guards that can leave their task, in a process with other threads.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex as BareMutex, mpsc as bare_mpsc};
use std::time::Duration;

use lockwarden::report::Verdict;
use lockwarden::thread;
use lockwarden_tokio as tokio;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};

use super::expect::{Case, jittered, long, on_runtime, pause, settle};

/// A job for a thread, with the permit that it runs under.
type Job = OwnedSemaphorePermit;

fn work(job: Job) {
    std::thread::sleep(jittered(200));
    drop(job);
}

/// Jobs in memory that is shared; the last one is none.
type Jobs = BareMutex<VecDeque<Option<Job>>>;

/// Works jobs off until the last one, and calls `wait` while there is none.
fn work_off(jobs: &Jobs, work: impl Fn(Job), wait: impl Fn()) {
    loop {
        let next = jobs.lock().unwrap().pop_front();
        match next {
            Some(Some(job)) => work(job),
            Some(None) => break,
            None => wait(),
        }
    }
}

/// Submits more jobs than may run at a time.
async fn submit(slots: &Arc<Semaphore>, mut give: impl FnMut(Job)) {
    for _ in 0..2 {
        give(Arc::clone(slots).acquire_owned().await.unwrap());
    }
    drop(slots.acquire().await.unwrap());
}

fn sleep_for_ever() {
    thread::sleep(Duration::from_secs(3600));
}

/// A task waits for a lock of which it has the guard.
async fn lock_twice(lock: Arc<Mutex<()>>) {
    let _first = Arc::clone(&lock).lock_owned().await;
    let _second = lock.lock_owned().await;
}

/// A task keeps the permits of sessions in a table, and waits for another one, until a second task clears the table.
async fn keep_in_table<P: Send + 'static>(slots: usize, acquire: impl AsyncFn() -> P) {
    let table = Arc::new(BareMutex::new(Vec::new()));
    let all = Arc::clone(&table);
    let reaper = tokio::spawn(async move {
        for _ in 0..2 {
            pause(200).await;
            all.lock().unwrap().clear();
        }
    });
    for _ in 0..=slots {
        let permit = acquire().await;
        table.lock().unwrap().push(permit);
    }
    reaper.abort();
}

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "a table of sessions has the permits, and another task clears it",
        reported: None,
        run: || {
            on_runtime(async {
                let slots = Arc::new(Semaphore::new(2));
                keep_in_table(2, async || {
                    Arc::clone(&slots).acquire_owned().await.unwrap()
                })
                .await;
            });
        },
    },
    Case {
        name: "a table of sessions has parts of the permits of one acquisition",
        reported: None,
        run: || {
            on_runtime(async {
                let slots = Arc::new(Semaphore::new(2));
                let two = async || {
                    let slots = Arc::clone(&slots);
                    let mut both = slots.acquire_many_owned(2).await.unwrap();
                    (both.split(1).unwrap(), both)
                };
                keep_in_table(1, two).await;
            });
        },
    },
    Case {
        name: "a table of sessions has the permits of a static semaphore",
        reported: None,
        run: || {
            static SLOTS: Semaphore = Semaphore::const_new(2);
            on_runtime(keep_in_table(2, async || SLOTS.acquire().await.unwrap()));
        },
    },
    Case {
        name: "a job with its permit goes to a plain thread that was there before",
        reported: None,
        run: || {
            let (sender, receiver) = bare_mpsc::channel();
            let worker = std::thread::spawn(move || receiver.into_iter().for_each(work));
            on_runtime(async {
                let slots = Arc::new(Semaphore::new(1));
                submit(&slots, |job| sender.send(job).unwrap()).await;
            });
            drop(sender);
            worker.join().unwrap();
        },
    },
    Case {
        name: "a job with its permit goes to a thread that was started for it",
        reported: None,
        run: || {
            on_runtime(async {
                let slots = Arc::new(Semaphore::new(1));
                submit(&slots, |job| drop(thread::spawn(move || work(job)))).await;
            });
        },
    },
    Case {
        name: "a job with its permit goes to a thread of a scope that is left by then",
        reported: None,
        run: || {
            on_runtime(async {
                let slots = Arc::new(Semaphore::new(1));
                let kept = BareMutex::new(None);
                let job = Arc::clone(&slots).acquire_owned().await.unwrap();
                thread::scope(|scope| {
                    scope.spawn(|| *kept.lock().unwrap() = Some(job));
                });
                let job = kept.into_inner().unwrap().unwrap();
                std::thread::spawn(move || work(job));
                drop(slots.acquire().await.unwrap());
            });
        },
    },
    Case {
        name: "a job with its permit goes through a watched channel",
        reported: None,
        run: || {
            let (sender, receiver) = lockwarden::sync::mpsc::channel();
            let worker = thread::spawn(move || receiver.into_iter().for_each(work));
            on_runtime(async {
                let slots = Arc::new(Semaphore::new(1));
                submit(&slots, |job| sender.send(job).unwrap()).await;
            });
            drop(sender);
            worker.join().unwrap();
        },
    },
    Case {
        name: "a job with its permit goes to a pool that is woken by a condition variable",
        reported: None,
        run: || {
            let shared = Arc::new((
                Jobs::default(),
                lockwarden::sync::Mutex::new(()),
                lockwarden::sync::Condvar::new(),
            ));
            let pool = Arc::clone(&shared);
            let worker = thread::spawn(move || {
                let (jobs, awake, changed) = &*pool;
                work_off(jobs, work, || {
                    let awake = awake.lock().unwrap();
                    let is_empty = |(): &mut ()| jobs.lock().unwrap().is_empty();
                    drop(changed.wait_while(awake, is_empty).unwrap());
                });
            });
            let give = |job| {
                let (jobs, awake, changed) = &*shared;
                jobs.lock().unwrap().push_back(job);
                drop(awake.lock().unwrap());
                changed.notify_one();
            };
            on_runtime(async {
                let slots = Arc::new(Semaphore::new(1));
                submit(&slots, |job| give(Some(job))).await;
            });
            give(None);
            worker.join().unwrap();
        },
    },
    Case {
        name: "a job with its permit goes to a thread that is unparked",
        reported: None,
        run: || {
            let jobs = Arc::new(Jobs::default());
            let pool = Arc::clone(&jobs);
            let worker = thread::spawn(move || work_off(&pool, work, thread::park));
            let give = |job| {
                jobs.lock().unwrap().push_back(job);
                worker.thread().unpark();
            };
            on_runtime(async {
                let slots = Arc::new(Semaphore::new(1));
                submit(&slots, |job| give(Some(job))).await;
            });
            give(None);
            worker.join().unwrap();
        },
    },
    Case {
        name: "a job with its permit goes to a pool that has worked from its start on",
        reported: None,
        run: || {
            // It takes the jobs in turn, and is woken for none of them.
            let jobs = Arc::new(Jobs::default());
            let pool = Arc::clone(&jobs);
            let worker = thread::spawn(move || {
                let work = |job| {
                    thread::sleep(jittered(200));
                    drop(job);
                };
                work_off(&pool, work, std::hint::spin_loop);
            });
            on_runtime(async {
                let slots = Arc::new(Semaphore::new(1));
                submit(&slots, |job| jobs.lock().unwrap().push_back(Some(job))).await;
            });
            jobs.lock().unwrap().push_back(None);
            worker.join().unwrap();
        },
    },
    Case {
        name: "a job with its permit goes to a thread that drives a future for it",
        reported: None,
        run: || {
            let (sender, receiver) = bare_mpsc::channel::<(tokio::runtime::Handle, Job)>();
            let worker = std::thread::spawn(move || {
                for (runtime, job) in receiver {
                    runtime.block_on(pause(200));
                    drop(job);
                }
            });
            on_runtime(async {
                let here = tokio::runtime::Handle::current();
                let slots = Arc::new(Semaphore::new(1));
                submit(&slots, |job| sender.send((here.clone(), job)).unwrap()).await;
            });
            drop(sender);
            worker.join().unwrap();
        },
    },
    Case {
        name: "a future that holds a mutex goes to a thread that was started for it",
        reported: None,
        run: || {
            on_runtime(async {
                let total = Arc::new(Mutex::new(0));
                let inner = Arc::clone(&total);
                let mut update = Box::pin(async move {
                    let mut held = inner.lock().await;
                    pause(50).await;
                    *held += 1;
                });
                tokio::select! {
                    biased;
                    () = &mut update => unreachable!(),
                    () = std::future::ready(()) => {}
                }
                let here = tokio::runtime::Handle::current();
                thread::spawn(move || here.block_on(update));
                assert_eq!(*total.lock().await, 1);
            });
        },
    },
    Case {
        name: "a guard that owns its lock, beside a thread that was started by then",
        reported: Some((Verdict::SelfDeadlock, &["release"])),
        run: || {
            on_runtime(async {
                let lock = Arc::new(Mutex::new(()));
                drop(lock.lock().await);
                thread::spawn(sleep_for_ever);
                settle().await;
                lock_twice(lock).await;
            });
        },
    },
    Case {
        name: "a guard that owns its lock, beside threads that wait for messages and sleep again and again",
        reported: Some((Verdict::SelfDeadlock, &["exclusive"])),
        run: || {
            on_runtime(async {
                let total = Arc::new(Mutex::new(0));
                drop(total.lock().await);
                let (sender, receiver) = lockwarden::sync::mpsc::channel::<u32>();
                thread::spawn(move || receiver.into_iter().sum::<u32>());
                thread::spawn(move || {
                    while sender.send(1).is_ok() {
                        thread::sleep(Duration::from_millis(1));
                    }
                });
                long().await;
                let _held = Arc::clone(&total).lock_owned().await;
                *total.lock().await += 1;
            });
        },
    },
    Case {
        name: "a guard that owns its lock, beside a plain thread that has slept since before",
        reported: Some((Verdict::SelfDeadlock, &["release"])),
        run: || {
            std::thread::spawn(|| std::thread::sleep(Duration::from_secs(3600)));
            on_runtime(async {
                settle().await;
                lock_twice(Arc::new(Mutex::new(()))).await;
            });
        },
    },
];
