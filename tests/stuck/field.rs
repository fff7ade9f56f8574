//! Programs of the shape of public bug reports, each beside the one that was meant, which has to stay silent.

use lockwarden::config::{Action, Config};
use lockwarden::parking_lot as pl;
use lockwarden::report::Verdict;
use lockwarden::sync::mpsc::{self, channel_named, sync_channel_named};
use lockwarden::sync::{Mutex, RwLock};
use lockwarden::thread::JoinHandle;

use crate::expect::{Case, Expected};
use crate::steps::{start, until_asleep};

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "a subscription takes a lock before it drops its full channel (sled #1152)",
        run: || subscription(false),
        expected: Expected::Finding("Deadlock", &["`subscribers`", "room in `events`"]),
    },
    Case {
        name: "a subscription drops its full channel before it takes a lock",
        run: || subscription(true),
        expected: Expected::Nothing,
    },
    Case {
        name: "a value is dropped under the lock that the thread needs which the destructor joins (agave #947)",
        run: || drops_under_lock(false),
        expected: Expected::Finding("Deadlock", &["`forks`", "the end of thread `handler`"]),
    },
    Case {
        name: "a value is sent under a lock to a thread that drops it",
        run: || drops_under_lock(true),
        expected: Expected::Nothing,
    },
    Case {
        name: "connections are joined under the lock of their list (ttrpc #31)",
        run: || reap(false),
        expected: Expected::Finding("Deadlock", &["`connections`", "the end of thread `serves`"]),
    },
    Case {
        name: "connections are taken out of their list and joined",
        run: || reap(true),
        expected: Expected::Nothing,
    },
    Case {
        name: "a dispatcher and its worker fill each other's channels (chroma #5283)",
        run: || dispatch(1),
        expected: Expected::Finding("Deadlock", &["room in `tasks`", "room in `requests`"]),
    },
    Case {
        name: "a dispatcher has room for all that its worker asks for",
        run: || dispatch(12),
        expected: Expected::Nothing,
    },
    Case {
        name: "a listener registers another one while it is called (nimiq #11)",
        run: || notify(false),
        expected: Expected::Finding("SelfDeadlock", &["`listeners`"]),
    },
    Case {
        name: "the listeners are copied before they are called",
        run: || notify(true),
        expected: Expected::Nothing,
    },
    Case {
        name: "a table is read again behind a queued writer (nimiq #34)",
        run: || reads_again(false),
        expected: Expected::Finding("Deadlock", &["`table`"]),
    },
    Case {
        name: "a table is read once, and a writer is queued",
        run: || reads_again(true),
        expected: Expected::Nothing,
    },
    #[cfg(feature = "queue")]
    Case {
        name: "an initialiser that runs other jobs comes to one that needs its value (rayon #1251)",
        run: || helps(false),
        expected: Expected::Finding("SelfDeadlock", &["the initialisation of `value`"]),
    },
    #[cfg(feature = "queue")]
    Case {
        name: "a value is initialised before the jobs that need it",
        run: || helps(true),
        expected: Expected::Nothing,
    },
];

fn subscription(mended: bool) {
    static SUBSCRIBERS: RwLock<u32> = RwLock::named("subscribers", 1);
    struct Subscription(Option<mpsc::Receiver<u32>>, bool);
    impl Drop for Subscription {
        fn drop(&mut self) {
            if self.1 {
                self.0.take();
            }
            *SUBSCRIBERS.write().unwrap() -= 1;
        }
    }
    let (send, receive) = sync_channel_named("events", 1);
    let subscription = Subscription(Some(receive), mended);
    let writer = start("writer", move || {
        let _subscribers = SUBSCRIBERS.read().unwrap();
        while send.send(1).is_ok() {}
    });
    until_asleep("writer");
    drop(subscription);
    writer.join().unwrap();
}

/// With the feature `send_guard`, the guards may be in any thread.
fn reads_again(mended: bool) {
    static TABLE: pl::RwLock<u32> = pl::RwLock::named("table", 0);
    let only_deadlocks = Config::new().on(Verdict::RecursiveRead, Action::Ignore);
    only_deadlocks.install().unwrap();
    let first = TABLE.read();
    let writer = start("writer", || *TABLE.write() += 1);
    until_asleep("writer");
    match mended {
        true => assert_eq!(*first, 0),
        false => assert_eq!(*first + *TABLE.read(), 0),
    }
    drop(first);
    writer.join().unwrap();
}

fn drops_under_lock(mended: bool) {
    static FORKS: RwLock<u32> = RwLock::named("forks", 0);
    struct Bank(Option<JoinHandle<()>>);
    impl Drop for Bank {
        fn drop(&mut self) {
            let handler = self.0.take().map(JoinHandle::join);
            if !std::thread::panicking() {
                handler.unwrap().unwrap();
            }
        }
    }
    let (give, take) = channel_named::<Bank>("banks");
    let drops = start("drops", move || take.into_iter().for_each(drop));
    let mut forks = FORKS.write().unwrap();
    let handler = start("handler", || assert_eq!(*FORKS.read().unwrap(), 1));
    let bank = Bank(Some(handler));
    until_asleep("handler");
    *forks += 1;
    match mended {
        true => give.send(bank).unwrap(),
        false => drop(bank),
    }
    drop(forks);
    drop(give);
    drops.join().unwrap();
}

fn reap(mended: bool) {
    static CONNECTIONS: Mutex<Vec<JoinHandle<()>>> = Mutex::named("connections", Vec::new());
    let (stop, stopped) = channel_named::<()>("stop");
    let serves = start("serves", move || {
        assert!(stopped.recv().is_err());
        assert!(CONNECTIONS.lock().unwrap().len() <= 1);
    });
    let mut connections = CONNECTIONS.lock().unwrap();
    connections.push(serves);
    drop(stop);
    let all: Vec<_> = connections.drain(..).collect();
    // Joined after that, or before.
    let kept = (!mended).then_some(connections);
    let ends: Vec<_> = all.into_iter().map(JoinHandle::join).collect();
    drop(kept);
    ends.into_iter().for_each(Result::unwrap);
}

fn dispatch(room: usize) {
    let (ask, asked) = sync_channel_named("requests", room);
    let (give, take) = sync_channel_named("tasks", 1);
    let worker = start("worker", move || {
        for task in take {
            // Two requests for each task.
            ask.send(task).unwrap();
            ask.send(task).unwrap();
        }
    });
    (0..6).for_each(|task| give.send(task).unwrap());
    drop(give);
    assert_eq!(asked.iter().count(), 12);
    worker.join().unwrap();
}

fn notify(mended: bool) {
    static LISTENERS: RwLock<Vec<fn()>> = RwLock::named("listeners", Vec::new());
    LISTENERS
        .write()
        .unwrap()
        .push(|| LISTENERS.write().unwrap().push(|| ()));
    if mended {
        let all = LISTENERS.read().unwrap().clone();
        all.into_iter().for_each(|listener| listener());
    } else {
        LISTENERS
            .read()
            .unwrap()
            .iter()
            .for_each(|listener| listener());
    }
}

/// As a worker of a pool does that steals while it waits.
#[cfg(feature = "queue")]
fn helps(mended: bool) {
    use lockwarden::queue::Queue;
    use lockwarden::sync::OnceLock;

    static JOBS: Queue<fn() -> u32> = Queue::named("jobs");
    static VALUE: OnceLock<u32> = OnceLock::named("value");
    let value = || {
        *VALUE.get_or_init(|| {
            while let Ok(job) = JOBS.try_get() {
                job();
            }
            1
        })
    };
    if mended {
        assert_eq!(value(), 1);
    }
    JOBS.put(value).unwrap();
    JOBS.put(value).unwrap();
    let worker = start("worker", || {
        while let Ok(job) = JOBS.try_get() {
            assert_eq!(job(), 1);
        }
    });
    worker.join().unwrap();
}
