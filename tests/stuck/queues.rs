//! Threads that wait at queues.

use std::time::Duration;

use lockwarden::config::Config;
use lockwarden::queue::{PriorityQueue, Queue, Shutdown};
use lockwarden::sync::Mutex;
use lockwarden::thread;

use crate::expect::{Case, Told};
use crate::steps::until_asleep;

static JOBS: Queue<u32> = Queue::named("jobs");
static FULL: Queue<u32> = Queue::bounded_named("full", 1);
static RANKED: PriorityQueue<u32> = PriorityQueue::named("ranked");
static NEEDED: Mutex<u32> = Mutex::named("needed", 0);

const SHORT: Duration = Duration::from_millis(20);

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "a put into a full queue whose only consumer has ended",
        run: put_after_the_consumer,
        told: Told::Finding("Deadlock", &["room in `full`"]),
    },
    Case {
        name: "the only consumer of a full queue ends while somebody puts",
        run: consumer_ends_during_put,
        told: Told::Finding("Deadlock", &["room in `full`"]),
    },
    Case {
        name: "a get from a queue that nobody fills",
        run: || {
            RANKED.get().unwrap();
        },
        told: Told::Finding("Deadlock", &["an item of `ranked`"]),
    },
    Case {
        name: "a join of a queue whose worker has ended without a word",
        run: || {
            JOBS.put(1).unwrap();
            thread::spawn(|| JOBS.get().unwrap()).join().unwrap();
            JOBS.join();
        },
        told: Told::Finding("Deadlock", &["the tasks of `jobs`"]),
    },
    Case {
        name: "a join of a queue whose worker forgets to say that it is done",
        run: || {
            end_when_told();
            JOBS.put(1).unwrap();
            thread::spawn(|| while JOBS.get().is_ok() {});
            JOBS.join();
        },
        told: Told::AndStays("Deadlock", &["the tasks of `jobs`", "an item of `jobs`"]),
    },
    Case {
        name: "a join of a queue under the mutex that the worker needs",
        run: join_under_mutex,
        told: Told::AndStays("Deadlock", &["the tasks of `jobs`", "`needed`"]),
    },
    Case {
        name: "a queue is joined whose worker takes its time",
        run: join_of_a_slow_one,
        told: Told::Nothing,
    },
    Case {
        name: "threads wait at queues for one that lets time pass",
        run: somebody_runs,
        told: Told::Nothing,
    },
    Case {
        name: "waits at queues that have a limit",
        run: timed,
        told: Told::Nothing,
    },
];

/// Ends the program at the first report. If the worker is the one that closes the deadlock, its
/// panic leaves the other one behind, who is then told for a second time.
fn end_when_told() {
    let config = Config::new().callback(|_| std::process::exit(0));
    config.install().unwrap();
}

fn put_after_the_consumer() {
    let consumer = thread::spawn(|| FULL.get().unwrap());
    FULL.put(1).unwrap();
    assert_eq!(consumer.join().unwrap(), 1);
    FULL.put(2).unwrap();
    FULL.put(3).unwrap();
}

fn consumer_ends_during_put() {
    FULL.put(1).unwrap();
    thread::spawn(|| {
        let _ = JOBS.get_timeout(SHORT);
        FULL.get().unwrap();
        // The other one fills it again and waits.
        until_asleep("main");
    });
    for item in 2..4 {
        FULL.put(item).unwrap();
    }
}

fn join_under_mutex() {
    end_when_told();
    JOBS.put(1).unwrap();
    let guard = NEEDED.lock().unwrap();
    thread::spawn(|| {
        *NEEDED.lock().unwrap() += JOBS.get().unwrap();
        JOBS.task_done().unwrap();
    });
    JOBS.join();
    drop(guard);
}

fn join_of_a_slow_one() {
    let worker = thread::spawn(|| {
        while let Ok(item) = JOBS.get() {
            thread::sleep(Duration::from_millis(item.into()));
            JOBS.task_done().unwrap();
        }
    });
    for item in [300, 0, 5] {
        JOBS.put(item).unwrap();
    }
    JOBS.join();
    JOBS.shutdown(Shutdown::Graceful);
    worker.join().unwrap();
}

fn somebody_runs() {
    FULL.put(1).unwrap();
    JOBS.put(1).unwrap();
    let waiters = [
        thread::spawn(|| FULL.put(2).unwrap()),
        thread::spawn(|| assert_eq!(RANKED.get(), Ok(7))),
        thread::spawn(|| JOBS.join()),
    ];
    thread::sleep(10 * SHORT);
    assert_eq!(FULL.get(), Ok(1));
    RANKED.put(7).unwrap();
    JOBS.shutdown(Shutdown::Immediate);
    for waiter in waiters {
        waiter.join().unwrap();
    }
}

fn timed() {
    FULL.put(1).unwrap();
    thread::scope(|s| {
        s.spawn(|| FULL.put_timeout(2, 10 * SHORT).unwrap_err());
        s.spawn(|| RANKED.get_timeout(10 * SHORT).unwrap_err());
        s.spawn(|| FULL.join_timeout(10 * SHORT).unwrap_err());
    });
}
