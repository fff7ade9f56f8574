//! Parked threads: any thread could unpark them, so that all have to be blocked. Only Linux shows that a thread is
//! asleep, so that no unpark came before.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use lockwarden::sync::{Mutex, mpsc};
use lockwarden::thread;
use lockwarden::watchdog::Watchdog;

use crate::expect::{Case, Expected};
use crate::steps::{Meeting, start, until_asleep};
use crate::unwinding::exit_at;

static LOCK: Mutex<u32> = Mutex::named("lock", 0);

pub(crate) const CASES: &[Case] = &[
    #[cfg(target_os = "linux")]
    Case {
        name: "parked for ever and joined",
        run: || start("parked", thread::park).join().unwrap(),
        expected: Expected::Finding("Deadlock", &["`parked`", "unparks"]),
    },
    #[cfg(target_os = "linux")]
    Case {
        name: "parked under a lock that the thread which unparks takes first",
        run: || {
            let parked = start("parked", || {
                let _held = LOCK.lock().unwrap();
                thread::park();
            });
            until_asleep("parked");
            let _held = LOCK.lock().unwrap();
            parked.thread().unpark();
        },
        expected: Expected::Finding("Deadlock", &["`parked`", "`lock`"]),
    },
    #[cfg(target_os = "linux")]
    Case {
        name: "parked under a lock after the thread which unparks came to wait",
        run: || {
            exit_at(1);
            let held = LOCK.lock().unwrap();
            let me = std::thread::current();
            start("unparks", move || {
                let _held = LOCK.lock().unwrap();
                me.unpark();
            });
            until_asleep("unparks");
            thread::park();
            drop(held);
        },
        expected: Expected::AndStays("Deadlock", &["`unparks`", "`lock`"]),
    },
    #[cfg(target_os = "linux")]
    Case {
        name: "a channel made of parks, under a lock that the sender takes",
        run: || {
            let (mailbox, theirs) = (Arc::new(Mailbox::default()), Arc::clone(&LOCKED));
            let to = Arc::clone(&mailbox);
            let sender = start("sender", move || {
                until_asleep("receiver");
                let _held = theirs.lock().unwrap();
                to.send(1);
            });
            start("receiver", move || {
                let _held = LOCKED.lock().unwrap();
                assert_eq!(mailbox.receive(), 1);
            });
            sender.join().unwrap();
        },
        expected: Expected::Finding("Deadlock", &["`sender`", "`receiver`", "`locked`"]),
    },
    #[cfg(unix)]
    Case {
        name: "a program that rests until it is ended",
        run: rest,
        expected: Expected::Nothing,
    },
    #[cfg(unix)]
    Case {
        name: "a lock is kept by a program that rests",
        run: || {
            let _held = LOCK.lock().unwrap();
            rest();
        },
        expected: Expected::Nothing,
    },
    #[cfg(unix)]
    Case {
        name: "workers share a receiver while the rest of the program is parked",
        run: || in_child(share_a_receiver, Duration::from_secs(1)),
        expected: Expected::Nothing,
    },
    #[cfg(unix)]
    Case {
        name: "a signal handler unparks a thread that keeps a lock",
        run: || {
            let held = LOCK.lock().unwrap();
            let waits = start("waits", || drop(LOCK.lock().unwrap()));
            until_asleep("waits");
            unpark_by_signal(thread::current());
            until_called(thread::park);
            drop(held);
            waits.join().unwrap();
        },
        expected: Expected::Nothing,
    },
    #[cfg(unix)]
    Case {
        name: "a signal handler unparks a thread that is joined",
        run: || {
            let parked = start("parked", || until_called(thread::park));
            unpark_by_signal(parked.thread().clone());
            parked.join().unwrap();
        },
        expected: Expected::Nothing,
    },
    Case {
        name: "the callback of a watchdog unparks a thread that keeps a lock",
        run: || {
            let me = thread::current();
            let _watchdog = Watchdog::builder()
                .wait_limit(None)
                .hold_limit(SOON)
                .on_alert(move |_| {
                    CALLED.store(true, Ordering::SeqCst);
                    me.unpark();
                })
                .spawn()
                .unwrap();
            let held = LOCK.lock().unwrap();
            let waits = start("waits", || drop(LOCK.lock().unwrap()));
            until_called(thread::park);
            drop(held);
            waits.join().unwrap();
        },
        expected: Expected::AndStays("Stall", &["`lock`"]),
    },
    Case {
        name: "the callback of a watchdog sends to a thread that keeps a lock",
        run: || {
            let (sender, receiver) = mpsc::channel();
            let _watchdog = Watchdog::builder()
                .wait_limit(SOON)
                .event_limit(Duration::from_secs(600))
                .on_alert(move |_| {
                    let _ = sender.send(());
                })
                .spawn()
                .unwrap();
            let held = LOCK.lock().unwrap();
            let waits = start("waits", || drop(LOCK.lock().unwrap()));
            receiver.recv().unwrap();
            drop(held);
            waits.join().unwrap();
        },
        expected: Expected::AndStays("Stall", &["`lock`"]),
    },
    Case {
        name: "a watchdog that leaves out waits for events calls no callback",
        run: || {
            let (sender, receiver) = mpsc::channel();
            let _watchdog = Watchdog::builder()
                .wait_limit(SOON)
                .event_limit(None)
                .on_alert(move |_| {
                    let _ = sender.send(());
                })
                .spawn()
                .unwrap();
            let held = LOCK.lock().unwrap();
            start("waits", || drop(LOCK.lock().unwrap()));
            until_asleep("waits");
            receiver.recv().unwrap();
            drop(held);
        },
        expected: Expected::Finding("Deadlock", &["`main`", "`waits`"]),
    },
    Case {
        name: "a watchdog that comes to no alert calls no callback",
        run: || {
            let (sender, receiver) = mpsc::channel();
            let _watchdog = Watchdog::builder()
                .on_alert(move |_| {
                    let _ = sender.send(());
                })
                .spawn()
                .unwrap();
            receiver.recv().unwrap();
        },
        expected: Expected::Finding("Deadlock", &["`main`", "a message"]),
    },
    Case {
        name: "an unpark that came before",
        run: || {
            thread::current().unpark();
            start("helper", || ()).join().unwrap();
            let _held = LOCK.lock().unwrap();
            thread::park();
        },
        expected: Expected::Nothing,
    },
    Case {
        name: "a stranger unparks",
        run: || {
            let held = LOCK.lock().unwrap();
            let me = std::thread::current();
            let waits = start("waits", || drop(LOCK.lock().unwrap()));
            let stranger = std::thread::spawn(move || {
                until_asleep("main");
                // Several looks find it asleep meanwhile, beside a thread that they do not track.
                std::thread::sleep(std::time::Duration::from_millis(100));
                me.unpark();
            });
            until_asleep("waits");
            thread::park();
            drop(held);
            waits.join().unwrap();
            stranger.join().unwrap();
        },
        expected: Expected::Nothing,
    },
    Case {
        name: "threads that unpark each other in turn, under locks",
        run: || {
            static MEETING: Meeting = Meeting::new();
            let others: Arc<Mutex<Vec<std::thread::Thread>>> = Arc::default();
            let players: Vec<_> = (0..2)
                .map(|number: usize| {
                    let others = Arc::clone(&others);
                    start(["ping", "pong"][number], move || {
                        others.lock().unwrap().push(std::thread::current());
                        MEETING.come();
                        let me = std::thread::current().id();
                        let other = others
                            .lock()
                            .unwrap()
                            .iter()
                            .find(|it| it.id() != me)
                            .cloned();
                        let other = other.unwrap();
                        for _ in 0..20_000 {
                            *LOCK.lock().unwrap() += 1;
                            other.unpark();
                            thread::park();
                        }
                        other.unpark();
                    })
                })
                .collect();
            for player in players {
                player.join().unwrap();
            }
        },
        expected: Expected::Nothing,
    },
];

/// Parks all threads until a signal ends the process, a second later: long after it would have been reported.
#[cfg(unix)]
#[allow(unsafe_code)]
fn rest() {
    extern "C" fn end(_: libc::c_int) {
        // SAFETY: a signal handler may call it.
        unsafe { libc::_exit(0) };
    }
    let _parked = start("parked", thread::park);
    // SAFETY: the handler calls nothing but what it may, and is in place before the signal is sent.
    unsafe {
        libc::signal(libc::SIGALRM, end as *const () as libc::sighandler_t);
        libc::alarm(1);
    }
    loop {
        thread::park();
    }
}

/// The limit of a watchdog that is to call soon.
const SOON: Duration = Duration::from_millis(200);

/// Whether the handler of the signal, or the callback, was called.
static CALLED: AtomicBool = AtomicBool::new(false);

/// Parks until it was called.
fn until_called(park: fn()) {
    while !CALLED.load(Ordering::SeqCst) {
        park();
    }
}

/// Lets a signal handler unpark this thread, long after a deadlock would have been reported.
#[cfg(unix)]
#[allow(unsafe_code)]
fn unpark_by_signal(parked: std::thread::Thread) {
    static PARKED: OnceLock<std::thread::Thread> = OnceLock::new();
    extern "C" fn unpark(_: libc::c_int) {
        CALLED.store(true, Ordering::SeqCst);
        PARKED.get().unwrap().unpark();
    }
    PARKED.set(parked).unwrap();
    // SAFETY: the handler makes atomic accesses and one system call.
    unsafe {
        libc::signal(libc::SIGALRM, unpark as *const () as libc::sighandler_t);
        libc::alarm(1);
    }
}

/// Runs a program that never ends in a child of a fork, without any signal handler, and kills it after that time.
#[cfg(unix)]
#[allow(unsafe_code)]
pub(crate) fn in_child(run: fn(), limit: Duration) {
    // SAFETY: this process has one thread, so its child may do what it likes.
    let child = unsafe { libc::fork() };
    if child == 0 {
        run();
        return;
    }
    std::thread::sleep(limit);
    let mut status = 0;
    // SAFETY: the child is killed and waited for, and `status` is valid for writes.
    unsafe {
        libc::kill(child, libc::SIGKILL);
        libc::waitpid(child, &mut status, 0);
    }
    assert!(libc::WIFSIGNALED(status), "{status:#x}");
}

/// Starts workers that receive under the lock of one receiver, and parks.
#[cfg(unix)]
fn share_a_receiver() {
    let (_sender, receiver) = mpsc::channel::<u32>();
    let receiver = Arc::new(Mutex::new(receiver));
    for _ in 0..3 {
        let receiver = Arc::clone(&receiver);
        start(
            "worker",
            move || while receiver.lock().unwrap().recv().is_ok() {},
        );
    }
    loop {
        thread::park();
    }
}

static LOCKED: std::sync::LazyLock<Arc<Mutex<()>>> =
    std::sync::LazyLock::new(|| Arc::new(Mutex::named("locked", ())));

/// A queue whose receiver parks, made of what no detector watches.
#[derive(Default)]
struct Mailbox {
    items: std::sync::Mutex<VecDeque<u32>>,
    receiver: std::sync::Mutex<Option<std::thread::Thread>>,
}

impl Mailbox {
    fn send(&self, item: u32) {
        self.items.lock().unwrap().push_back(item);
        if let Some(receiver) = &*self.receiver.lock().unwrap() {
            receiver.unpark();
        }
    }

    fn receive(&self) -> u32 {
        *self.receiver.lock().unwrap() = Some(std::thread::current());
        loop {
            if let Some(item) = self.items.lock().unwrap().pop_front() {
                return item;
            }
            thread::park();
        }
    }
}
