//! Jobs that wait for their own pool, and whoever waits for a job.

use std::sync::mpsc;
use std::time::Duration;

use lockwarden::pool::{Builder, Future, ThreadPool, WaitFor, as_completed, wait};
use lockwarden::queue::Queue;
use lockwarden::sync::{Arc, Barrier, Mutex, OnceLock};
use lockwarden::thread;

use crate::expect::{Case, Told};
use crate::steps::until_asleep;

static POOL: OnceLock<ThreadPool> = OnceLock::new();
static NEEDED: Mutex<u32> = Mutex::named("needed", 0);
static NEVER: Queue<u32> = Queue::named("never");

const SHORT: Duration = Duration::from_millis(20);
const RESULT: Told = Told::Finding("Deadlock", &["the result of a job of `worker`"]);

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "a job waits for its own pool of one thread",
        run: || own_pool(|inner| inner.result().unwrap()),
        told: Told::Finding("SelfDeadlock", &["the result of a job of `worker`"]),
    },
    Case {
        name: "a job waits for several jobs of its own pool of one thread",
        run: || own_pool(|inner| assert_eq!(wait([&inner], WaitFor::First), [0])),
        told: Told::Finding("SelfDeadlock", &["the result of a job of `worker`"]),
    },
    Case {
        name: "a job takes the next one of its own pool of one thread",
        run: || own_pool(|inner| assert_eq!(as_completed([inner]).count(), 1)),
        told: Told::Finding("SelfDeadlock", &["the result of a job of `worker`"]),
    },
    Case {
        name: "all workers wait for jobs that are queued behind them",
        run: all_wait_for_queued,
        told: RESULT,
    },
    Case {
        name: "a job gives more to its own pool, which is full",
        run: own_pool_is_full,
        told: Told::Finding("SelfDeadlock", &["room in `worker`"]),
    },
    Case {
        name: "the result of a job under the mutex that it needs, the others idle",
        run: result_under_mutex,
        told: Told::Finding("Deadlock", &["the result of a job of `worker`", "`needed`"]),
    },
    Case {
        name: "the end of a pool under the mutex that a job needs",
        run: shutdown_under_mutex,
        told: Told::Finding("Deadlock", &["the tasks of `worker`", "`needed`"]),
    },
    Case {
        name: "an idle pool hides nobody who waits for ever",
        run: || {
            pool(2).submit(|| ()).result().unwrap();
            // Either order: the workers wait before this, or after it.
            NEVER.get().unwrap();
        },
        told: Told::Finding("Deadlock", &["an item of `never`"]),
    },
    Case {
        name: "workers become idle after somebody waits for ever",
        run: || {
            drop(pool(2).submit(|| until_asleep("main")));
            NEVER.get().unwrap();
        },
        told: Told::Finding("Deadlock", &["an item of `never`"]),
    },
    Case {
        name: "jobs that wait for jobs which other workers can do",
        run: others_can,
        told: Told::Nothing,
    },
    Case {
        name: "a slow job, waited for in every way, and an idle pool",
        run: slow_jobs,
        told: Told::Nothing,
    },
    Case {
        name: "a job waits for its own pool of one thread with a limit",
        run: || {
            own_pool(|inner| {
                inner.result_timeout(5 * SHORT).unwrap_err();
            });
        },
        told: Told::Nothing,
    },
];

fn pool(threads: usize) -> &'static ThreadPool {
    POOL.get_or_init(|| {
        let builder = Builder::new().threads(threads).name("worker");
        builder.queue_bound(8).build().unwrap()
    })
}

/// Waits as nobody does who could be told of anything, and panics if the job did.
fn poll<T>(job: Future<T>) -> T {
    while !job.done() {
        std::thread::sleep(Duration::from_millis(1));
    }
    job.result().unwrap()
}

fn own_pool(waits: impl FnOnce(Future<()>) + Send + 'static) {
    let pool = pool(1);
    let outer = pool.submit(move || waits(pool.submit(|| ())));
    poll(outer);
    pool.shutdown();
}

fn all_wait_for_queued() {
    let pool = pool(2);
    let all = Arc::new(Barrier::new(2));
    let outer = [0; 2].map(|_| {
        let all = Arc::clone(&all);
        pool.submit(move || {
            all.wait();
            pool.submit(|| ()).result().unwrap();
        })
    });
    // One of them is given up, and the other one goes on.
    let outer = outer.map(|job| {
        while !job.done() {
            std::thread::sleep(Duration::from_millis(1));
        }
        job.result()
    });
    assert_eq!(outer.iter().filter(|result| result.is_ok()).count(), 1);
    for result in outer {
        result.unwrap();
    }
}

fn own_pool_is_full() {
    let pool = pool(1);
    poll(pool.submit(move || {
        for _ in 0..9 {
            drop(pool.submit(|| ()));
        }
    }));
}

fn result_under_mutex() {
    let pool = pool(3);
    let waits = thread::spawn(|| {
        let guard = NEEDED.lock().unwrap();
        pool.submit(|| drop(NEEDED.lock())).result().unwrap();
        drop(guard);
    });
    while !waits.is_finished() {
        std::thread::sleep(Duration::from_millis(1));
    }
    waits.join().unwrap();
}

fn shutdown_under_mutex() {
    let pool = pool(2);
    let guard = NEEDED.lock().unwrap();
    let job = pool.submit(|| drop(NEEDED.lock()));
    pool.shutdown();
    drop(guard);
    job.result().unwrap();
}

fn others_can() {
    let pool = pool(2);
    for _ in 0..20 {
        let outer = pool.submit(|| {
            let inner = pool.submit(|| {
                thread::sleep(Duration::from_millis(2));
                1
            });
            inner.result().unwrap() + 1
        });
        assert_eq!(outer.result().unwrap(), 2);
    }
    pool.shutdown();
}

fn slow_jobs() {
    let pool = pool(2);
    let slow = || pool.submit(|| thread::sleep(5 * SHORT));
    slow().result().unwrap();
    assert_eq!(wait(&[slow(), slow(), slow()], WaitFor::All), [0, 1, 2]);
    assert_eq!(as_completed([slow(), slow()]).count(), 2);
    // Idle, while somebody lets time pass.
    thread::sleep(5 * SHORT);
    let (go, held) = mpsc::channel();
    let job = pool.submit(move || held.recv().unwrap());
    thread::scope(|s| {
        s.spawn(|| job.result().unwrap());
        thread::sleep(5 * SHORT);
        go.send(()).unwrap();
    });
    drop([slow(), slow(), slow()]);
    pool.shutdown();
}
