//! Jobs that wait for their own pool, and whoever waits for a job.

use std::sync::mpsc;
use std::time::Duration;

use lockwarden::pool::{Builder, JobHandle, ThreadPool, WaitFor, as_completed, wait};
use lockwarden::queue::Queue;
use lockwarden::report::WaitReason;
use lockwarden::sync::{Arc, Barrier, Mutex, OnceLock};
use lockwarden::thread;

use crate::expect::{Case, Expected};
use crate::steps::{WATCHED, start, until, until_asleep, until_waits_for, waits};

static POOL: OnceLock<ThreadPool> = OnceLock::new();
static NEEDED: Mutex<u32> = Mutex::named("needed", 0);
static NEVER: Queue<u32> = Queue::named("never");

const SHORT: Duration = Duration::from_millis(20);
const RESULT: Expected = Expected::Finding("Deadlock", &["the result of a job of `worker`"]);

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "a job waits for its own pool of one thread",
        run: || own_pool(|inner| inner.result().unwrap()),
        expected: RESULT,
    },
    Case {
        name: "a job waits for several jobs of its own pool of one thread",
        run: || own_pool(|inner| assert_eq!(wait([&inner], WaitFor::First), [0])),
        expected: RESULT,
    },
    Case {
        name: "a job takes the next one of its own pool of one thread",
        run: || own_pool(|inner| assert_eq!(as_completed([inner]).count(), 1)),
        expected: RESULT,
    },
    Case {
        name: "all workers wait for jobs that are queued behind them, the first one last",
        run: || all_wait_for_queued(0),
        expected: RESULT,
    },
    Case {
        name: "all workers wait for jobs that are queued behind them, the second one last",
        run: || all_wait_for_queued(1),
        expected: RESULT,
    },
    Case {
        name: "a job gives more to its own pool, which is full",
        run: own_pool_is_full,
        expected: Expected::Finding("Deadlock", &["room in `worker`"]),
    },
    Case {
        name: "the result of a job under the mutex that it needs, the others idle, the job first",
        run: || result_under_mutex(true),
        expected: Expected::Finding("Deadlock", &["the result of a job of `worker`", "`needed`"]),
    },
    Case {
        name: "the result of a job under the mutex that it needs, the others idle, the job last",
        run: || result_under_mutex(false),
        expected: Expected::Finding("Deadlock", &["the result of a job of `worker`", "`needed`"]),
    },
    Case {
        name: "the end of a pool under the mutex that a job needs, the job first",
        run: || shutdown_under_mutex(true),
        expected: Expected::Finding("Deadlock", &["the tasks of `worker`", "`needed`"]),
    },
    Case {
        name: "the end of a pool under the mutex that a job needs, the job last",
        run: || shutdown_under_mutex(false),
        expected: Expected::Finding("Deadlock", &["the tasks of `worker`", "`needed`"]),
    },
    Case {
        name: "an idle pool hides no thread that waits for ever",
        run: || {
            pool(2).submit(|| ()).result().unwrap();
            until_idle();
            NEVER.get().unwrap();
        },
        expected: Expected::Finding("Deadlock", &["an item of `never`"]),
    },
    Case {
        name: "workers become idle after a thread waits for ever",
        run: || {
            drop(pool(2).submit(|| until_asleep("main")));
            NEVER.get().unwrap();
        },
        expected: Expected::Finding("Deadlock", &["an item of `never`"]),
    },
    Case {
        name: "a job waits for the result of another one, which main cancels by a shared future",
        run: || {
            cancelled(
                |inner| assert_eq!(wait([inner], WaitFor::All), [0]),
                |_, job| {
                    assert!(job.cancel());
                },
            )
        },
        expected: Expected::Nothing,
    },
    Case {
        name: "a job waits for the result of another one, which main cancels by the end of the pool",
        run: || {
            cancelled(
                |inner| assert_eq!(wait([inner], WaitFor::First), [0]),
                |pool, _| {
                    pool.shutdown_now();
                },
            )
        },
        expected: Expected::Nothing,
    },
    Case {
        name: "a job waits for room in its own pool, which main shuts down",
        run: room_ends_with_the_pool,
        expected: Expected::Nothing,
    },
    Case {
        name: "a job shuts down its own pool while the other workers end",
        run: job_ends_its_pool,
        expected: Expected::Nothing,
    },
    Case {
        name: "jobs that wait for jobs which other workers can do",
        run: others_can,
        expected: Expected::Nothing,
    },
    Case {
        name: "a job that goes on, waited for in every way, and an idle pool",
        run: awaited_jobs,
        expected: Expected::Nothing,
    },
    Case {
        name: "a job waits for its own pool of one thread with a limit",
        run: || {
            own_pool(|inner| {
                inner.result_timeout(5 * SHORT).unwrap_err();
            });
        },
        expected: Expected::Nothing,
    },
];

fn pool(threads: usize) -> &'static ThreadPool {
    POOL.get_or_init(|| {
        let builder = Builder::new().threads(threads).name("worker");
        builder.queue_bound(8).build().unwrap()
    })
}

/// The name of the worker that this runs in.
fn this_worker() -> String {
    let name = thread::current().name().map(str::to_owned);
    name.expect("a worker has a name")
}

/// Until both workers of a pool have nothing to do.
fn until_idle() {
    for worker in ["worker-0", "worker-1"] {
        until_waits_for(worker, WaitReason::Job);
    }
}

fn own_pool(waits: impl FnOnce(JobHandle<()>) + Send + 'static) {
    let pool = pool(1);
    let outer = pool.submit(move || waits(pool.submit(|| ())));
    outer.result().unwrap();
    pool.shutdown();
}

/// A job waits for one that is queued behind it, until main cancels that.
fn cancelled(
    waits: impl FnOnce(&JobHandle<()>) + Send + 'static,
    cancel: impl FnOnce(&ThreadPool, &JobHandle<()>),
) {
    let pool = pool(1);
    let (give, take) = mpsc::channel();
    let outer = pool.submit(move || {
        let inner = Arc::new(pool.submit(|| ()));
        give.send(Arc::clone(&inner)).unwrap();
        waits(&inner);
    });
    let inner = take.recv().unwrap();
    until_waits_for("worker-0", WaitReason::Result);
    cancel(pool, &inner);
    outer.result().unwrap();
}

fn room_ends_with_the_pool() {
    let pool = pool(1);
    let outer = pool.submit(move || {
        for _ in 0..9 {
            drop(pool.submit(|| ()));
        }
    });
    until_waits_for("worker-0", WaitReason::Room);
    pool.shutdown();
    outer.result().unwrap();
}

fn job_ends_its_pool() {
    for _ in 0..200 {
        let pool = Arc::new(Builder::new().threads(2).name("worker").build().unwrap());
        let inner = Arc::clone(&pool);
        pool.submit(move || inner.shutdown()).result().unwrap();
    }
}

fn all_wait_for_queued(last: usize) {
    static FIRST: OnceLock<String> = OnceLock::new();
    let pool = pool(2);
    let all = Arc::new(Barrier::new(2));
    let outer = [0, 1].map(|number| {
        let all = Arc::clone(&all);
        pool.submit(move || {
            all.wait();
            let inner = pool.submit(|| ());
            if number == last {
                until(|| FIRST.get().is_some());
                until_waits_for(FIRST.get().unwrap(), WaitReason::Result);
            } else {
                FIRST.set(this_worker()).unwrap();
            }
            inner.result().unwrap();
        })
    });
    // One of them is given up, and the other one goes on.
    let outer = outer.map(JobHandle::result);
    assert_eq!(outer.iter().filter(|result| result.is_ok()).count(), 1);
    for result in outer {
        result.unwrap();
    }
}

fn own_pool_is_full() {
    let pool = pool(1);
    let outer = pool.submit(move || {
        for _ in 0..9 {
            drop(pool.submit(|| ()));
        }
    });
    outer.result().unwrap();
}

/// A job that needs the mutex, which the calling thread has; one that waits for `awaited` before
/// that job does, or after it.
fn needs_mutex(
    pool: &'static ThreadPool,
    (name, awaited): Waiter,
    job_first: bool,
) -> JobHandle<()> {
    static WORKER: OnceLock<String> = OnceLock::new();
    let job = pool.submit(move || {
        if job_first {
            WORKER.set(this_worker()).unwrap();
        } else {
            until_waits_for(name, awaited);
        }
        drop(NEEDED.lock());
    });
    if job_first {
        until(|| WORKER.get().is_some_and(|worker| waits(worker)));
    }
    job
}

/// The name of a thread, and what it is to wait for.
type Waiter = (&'static str, WaitReason);

fn result_under_mutex(job_first: bool) {
    let pool = pool(3);
    let waits = start("waits", move || {
        let guard = NEEDED.lock().unwrap();
        let job = needs_mutex(pool, ("waits", WaitReason::Result), job_first);
        job.result().unwrap();
        drop(guard);
    });
    until(|| waits.is_finished());
    waits.join().unwrap();
}

fn shutdown_under_mutex(job_first: bool) {
    let pool = pool(2);
    let guard = NEEDED.lock().unwrap();
    let job = needs_mutex(pool, ("main", WaitReason::Tasks), job_first);
    pool.shutdown();
    drop(guard);
    job.result().unwrap();
}

fn others_can() {
    let pool = pool(2);
    for asleep in [false, true].repeat(10) {
        let outer = pool.submit(move || {
            let waits = this_worker();
            let inner = pool.submit(move || {
                if asleep {
                    until_waits_for(&waits, WaitReason::Result);
                }
                1
            });
            inner.result().unwrap() + 1
        });
        assert_eq!(outer.result().unwrap(), 2);
    }
    pool.shutdown();
}

fn awaited_jobs() {
    let pool = pool(2);
    // Each is at work until a thread waits for it.
    let slow = || pool.submit(|| until_asleep("main"));
    slow().result().unwrap();
    assert_eq!(wait(&[slow(), slow(), slow()], WaitFor::All), [0, 1, 2]);
    assert_eq!(as_completed([slow(), slow()]).count(), 2);
    // Idle, while a thread lets time pass.
    until(|| {
        thread::sleep(Duration::from_millis(1));
        !WATCHED || waits("worker-0") && waits("worker-1")
    });
    thread::sleep(Duration::from_millis(1));
    let (go, held) = mpsc::channel();
    let job = pool.submit(move || held.recv().unwrap());
    let asks = start("asks", move || job.result().unwrap());
    until_asleep("asks");
    go.send(()).unwrap();
    asks.join().unwrap();
    drop([slow(), slow(), slow()]);
    pool.shutdown();
}
