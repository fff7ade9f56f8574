//! Parked threads: any thread could unpark them, so that all have to be blocked. Only Linux shows that a thread is
//! asleep, so that no unpark came before.

use std::collections::VecDeque;
use std::sync::Arc;

use lockwarden::sync::Mutex;
use lockwarden::thread;

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
