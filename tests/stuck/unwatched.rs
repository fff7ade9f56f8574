//! A thread waits by a type that is not watched: the system shows that it sleeps. Whether it may be parked is known by the line
//! numbers of its stack, which an optimised build lacks.

use std::time::Duration;

use lockwarden::sync::{Barrier, Condvar, Mutex, mpsc};

use crate::expect::{Case, Expected};
use crate::steps::until_asleep;
use crate::unwinding::exit_at;

static LOCK: Mutex<bool> = Mutex::named("lock", false);
static CHANGED: Condvar = Condvar::named("changed");
static SECOND: Condvar = Condvar::named("second");

/// So long the library looks several times at what stays as it is.
const MANY_LOOKS: Duration = Duration::from_millis(1_500);
/// And so long it has asked for a stack, too, and looked again.
const MOST_LOOKS: Duration = Duration::from_secs(4);

/// Waits for a notification that does not come by itself.
fn wait() {
    drop(CHANGED.wait_while(LOCK.lock().unwrap(), |done| !*done));
}

/// Ends that wait.
fn notify() {
    *LOCK.lock().unwrap() = true;
    CHANGED.notify_all();
}

/// Lets the calling thread become known.
fn lock_once() {
    drop(LOCK.lock());
}

/// Starts a thread of that name by std.
fn start(name: &str, run: impl FnOnce() + Send + 'static) -> std::thread::JoinHandle<()> {
    let builder = std::thread::Builder::new().name(name.to_owned());
    builder.spawn(run).unwrap()
}

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "main joins by std, and the thread waits for a notification",
        run: || {
            lock_once();
            start("waits", wait).join().unwrap();
        },
        expected: Expected::Saying(
            "Deadlock",
            &["`waits`", "a notification of `changed`"],
            &["thread `main` (#1) joins thread #2, in a call that lockwarden does not watch"],
            &[],
        ),
    },
    Case {
        name: "main, which is not known, joins by std",
        run: || start("waits", wait).join().unwrap(),
        expected: Expected::Finding("Deadlock", &["`waits`", "a notification of `changed`"]),
    },
    Case {
        name: "main keeps the sender and joins by std",
        run: || {
            let (sender, receiver) = mpsc::channel::<u32>();
            start("receives", move || for _ in receiver {})
                .join()
                .unwrap();
            drop(sender);
        },
        expected: Expected::Finding("Deadlock", &["`receives`", "a message"]),
    },
    Case {
        // Each is about to end for a while, and looks whether it leaves the worker behind.
        name: "main joins threads by std one after the other beside an idle worker",
        run: || {
            let worker = start("worker", wait);
            for _ in 0..30 {
                let job = || {
                    for _ in 0..4 {
                        lock_once();
                        std::thread::sleep(Duration::from_millis(5));
                    }
                };
                start("job", job).join().unwrap();
            }
            notify();
            worker.join().unwrap();
        },
        expected: Expected::Nothing,
    },
    Case {
        name: "a chain of joins by std",
        run: || {
            lock_once();
            let first = start("first", || {
                lock_once();
                let second = start("second", || _ = Barrier::named("meeting", 2).wait());
                second.join().unwrap();
            });
            first.join().unwrap();
        },
        expected: Expected::Finding("Deadlock", &["`second`", "`meeting`"]),
    },
    Case {
        name: "a join by std under the lock that the thread needs, beside a thread that runs",
        run: || {
            exit_at(1);
            let run = || loop {
                std::thread::sleep(Duration::from_millis(1));
            };
            start("runs", run);
            let held = LOCK.lock().unwrap();
            start("needs", lock_once).join().unwrap();
            drop(held);
        },
        expected: Expected::AndStays("Deadlock", &["`needs`", "`lock`", "`main`"]),
    },
    #[cfg(all(feature = "signals", debug_assertions))]
    Case {
        name: "the end of a scope of std",
        run: || {
            lock_once();
            std::thread::scope(|scope| _ = scope.spawn(wait));
        },
        expected: Expected::Saying(
            "Deadlock",
            &["a notification of `changed`"],
            &[
                "thread `main` (#1) sleeps until another thread wakes it",
                "called by stuck::unwatched::CASES",
                "scoped::scope",
            ],
            &[],
        ),
    },
    #[cfg(all(feature = "signals", debug_assertions))]
    Case {
        name: "a channel of std, of whose sender the other thread waits for a notification",
        run: || {
            let (sender, receiver) = std::sync::mpsc::channel();
            let _waits = start("waits", move || {
                wait();
                sender.send(1).unwrap();
            });
            receiver.recv().unwrap();
        },
        expected: Expected::Finding("Deadlock", &["`waits`", "a notification of `changed`"]),
    },
    Case {
        name: "a condition variable of std under a lock that another thread needs",
        run: || {
            exit_at(1);
            let _held = LOCK.lock().unwrap();
            let _needs = start("needs", lock_once);
            until_asleep("needs");
            let (mutex, changed) = (std::sync::Mutex::new(()), std::sync::Condvar::new());
            drop(changed.wait(mutex.lock().unwrap()));
        },
        expected: Expected::AndStays("Deadlock", &["`needs`", "`lock`", "`main`"]),
    },
    Case {
        name: "a thread that is joined by std takes its time, and a lock that main keeps till then",
        run: || {
            let slow = || std::thread::sleep(MANY_LOOKS);
            let held = LOCK.lock().unwrap();
            let needs = start("needs", lock_once);
            start("slow", slow).join().unwrap();
            drop(held);
            needs.join().unwrap();
        },
        expected: Expected::Nothing,
    },
    Case {
        name: "a thread that sleeps in a channel of std notifies after a message",
        run: || {
            let (sender, receiver) = std::sync::mpsc::channel();
            let notifies = start("notifies", move || {
                receiver.recv().unwrap();
                notify();
            });
            let sends = start("sends", move || {
                until_asleep("waits");
                std::thread::sleep(MANY_LOOKS);
                sender.send(()).unwrap();
            });
            start("waits", wait).join().unwrap();
            notifies.join().unwrap();
            sends.join().unwrap();
        },
        expected: Expected::Nothing,
    },
    Case {
        name: "threads that hand over by channels of std beside one that waits",
        run: || {
            let (to_second, from_first) = std::sync::mpsc::channel::<u32>();
            let (to_first, from_second) = std::sync::mpsc::channel::<u32>();
            let waits = start("waits", wait);
            let second = start("second", move || {
                lock_once();
                for message in from_first {
                    let _ = to_first.send(message);
                }
            });
            lock_once();
            let began = std::time::Instant::now();
            while began.elapsed() < Duration::from_secs(3) {
                to_second.send(1).unwrap();
                from_second.recv().unwrap();
            }
            notify();
            waits.join().unwrap();
            drop(to_second);
            second.join().unwrap();
        },
        expected: Expected::Nothing,
    },
    Case {
        name: "a signal handler ends a program whose threads all sleep",
        run: || {
            end_by_alarm();
            lock_once();
            let waits = start("waits", wait);
            let (_sender, receiver) = std::sync::mpsc::channel::<()>();
            let _ = receiver.recv();
            waits.join().unwrap();
        },
        expected: Expected::Nothing,
    },
    Case {
        name: "a program rests in a park of std until it is killed",
        run: || {
            let rests = || {
                let _waits = start("waits", wait);
                loop {
                    std::thread::park();
                }
            };
            crate::parks::in_child(rests, MOST_LOOKS);
        },
        expected: Expected::Nothing,
    },
    Case {
        name: "a program rests in a park within a scope of std until it is killed",
        run: || {
            let rests = || {
                std::thread::scope(|scope| {
                    scope.spawn(wait);
                    loop {
                        std::thread::park();
                    }
                });
            };
            crate::parks::in_child(rests, MOST_LOOKS);
        },
        expected: Expected::Nothing,
    },
    Case {
        name: "workers share a receiver of std under a watched lock while main is parked by std",
        run: || {
            let rests = || {
                let (_sender, receiver) = std::sync::mpsc::channel::<u32>();
                let receiver = std::sync::Arc::new(Mutex::named("receiver", receiver));
                let work = |receiver: std::sync::Arc<Mutex<std::sync::mpsc::Receiver<u32>>>| {
                    move || while receiver.lock().unwrap().recv().is_ok() {}
                };
                let receivers = [(); 3].map(|()| std::sync::Arc::clone(&receiver));
                let _workers = receivers.map(|receiver| start("worker", work(receiver)));
                loop {
                    std::thread::park();
                }
            };
            crate::parks::in_child(rests, MOST_LOOKS);
        },
        expected: Expected::Nothing,
    },
    Case {
        name: "a chain of joins by std, of threads that are not known, under the lock that the last one needs",
        run: || {
            exit_at(1);
            let _held = LOCK.lock().unwrap();
            let last = start("last", lock_once);
            let second = start("second", move || last.join().unwrap());
            start("first", move || second.join().unwrap())
                .join()
                .unwrap();
        },
        expected: Expected::AndStays("Deadlock", &["`last`", "`lock`", "`main`"]),
    },
    #[cfg(all(feature = "signals", debug_assertions))]
    Case {
        name: "main joins a thread by std that is not known, and that waits in a channel of std",
        run: || {
            let (sender, receiver) = std::sync::mpsc::channel::<()>();
            let waits = start("waits", move || {
                wait();
                drop(sender);
            });
            let receives = start("receives", move || _ = receiver.recv());
            receives.join().unwrap();
            waits.join().unwrap();
        },
        expected: Expected::Finding("Deadlock", &["`waits`", "a notification of `changed`"]),
    },
    Case {
        name: "a program rests at a condition variable of std until it is killed",
        run: || {
            let rests = || {
                let _waits = start("waits", wait);
                let (mutex, changed) = (std::sync::Mutex::new(()), std::sync::Condvar::new());
                drop(changed.wait_while(mutex.lock().unwrap(), |()| true));
            };
            crate::parks::in_child(rests, MOST_LOOKS);
        },
        expected: Expected::Nothing,
    },
    Case {
        name: "main joins by std beside a thread that has ended with a lock",
        run: || {
            static OTHER: Mutex<()> = Mutex::named("other", ());
            let ends = || std::mem::forget(OTHER.lock());
            crate::steps::start("ends", ends).join().unwrap();
            start("waits", wait).join().unwrap();
        },
        expected: Expected::These(&["Abandoned", "Deadlock"], &["`waits`"], 101),
    },
    Case {
        name: "a thread that was notified while main joins by std",
        run: || {
            for _ in 0..300 {
                *LOCK.lock().unwrap() = false;
                let waits = start("waits", || {
                    wait();
                    SECOND.notify_one();
                });
                notify();
                waits.join().unwrap();
            }
        },
        expected: Expected::Nothing,
    },
];

/// Lets a signal handler end the process in good order, long after a deadlock would have been reported.
#[allow(unsafe_code)]
fn end_by_alarm() {
    extern "C" fn end(_: libc::c_int) {
        // SAFETY: a signal handler may call it.
        unsafe { libc::_exit(0) };
    }
    // SAFETY: the handler calls nothing but what it may, and is in place before the signal is sent.
    unsafe {
        libc::signal(libc::SIGALRM, end as *const () as libc::sighandler_t);
        libc::alarm(4);
    }
}
