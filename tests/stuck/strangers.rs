//! Threads that are known to no thread hold the other ends, or could: the detector is silent.

use lockwarden::sync::{Barrier, Condvar, Event, Mutex, OnceLock, Semaphore, mpsc};

use crate::expect::{Case, Expected};
use crate::steps::until_asleep;

static LOCK: Mutex<bool> = Mutex::named("lock", false);
static CHANGED: Condvar = Condvar::named("changed");
static PERMITS: Semaphore = Semaphore::named("permits", 0);
static EVENT: Event = Event::named("event");
static CELL: OnceLock<u32> = OnceLock::named("cell");
static MEETING: Barrier = Barrier::named("meeting", 2);

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "a stranger notifies",
        run: || {
            let wait = || drop(CHANGED.wait_while(LOCK.lock().unwrap(), |done| !*done));
            let notify = || {
                *LOCK.lock().unwrap() = true;
                CHANGED.notify_one();
            };
            helped(wait, notify);
        },
        expected: Expected::Nothing,
    },
    Case {
        name: "a stranger releases a permit",
        run: || helped(|| PERMITS.acquire().forget(), || PERMITS.release()),
        expected: Expected::Nothing,
    },
    Case {
        name: "a stranger sets an event",
        run: || helped(|| EVENT.wait(), || EVENT.set()),
        expected: Expected::Nothing,
    },
    Case {
        name: "a stranger initialises",
        run: || helped(|| assert_eq!(CELL.wait(), &1), || CELL.set(1).unwrap()),
        expected: Expected::Nothing,
    },
    Case {
        name: "a stranger comes to a barrier",
        run: || helped(|| _ = MEETING.wait(), || _ = MEETING.wait()),
        expected: Expected::Nothing,
    },
    Case {
        name: "a stranger makes room",
        run: || {
            let (sender, receiver) = mpsc::sync_channel(1);
            sender.send(1).unwrap();
            let receive = move || {
                assert_eq!(receiver.recv(), Ok(1));
                receiver
            };
            helped(|| sender.send(2).unwrap(), receive);
        },
        expected: Expected::Nothing,
    },
    #[cfg(feature = "queue")]
    Case {
        name: "a stranger fills a queue",
        run: || {
            static QUEUE: lockwarden::queue::Queue<u32> = lockwarden::queue::Queue::named("queue");
            helped(|| assert_eq!(QUEUE.get(), Ok(1)), || QUEUE.put(1).unwrap());
        },
        expected: Expected::Nothing,
    },
    #[cfg(feature = "channel")]
    Case {
        name: "a stranger sends to a selection",
        run: || {
            let (sender, receiver) = lockwarden::channel::bounded(0);
            let (_kept, nothing) = lockwarden::channel::bounded::<u32>(0);
            let select = || {
                lockwarden::channel::select! {
                    recv(receiver) -> it => assert_eq!(it, Ok(1)),
                    recv(nothing) -> _ => {}
                }
            };
            helped(select, move || sender.send(1).unwrap());
        },
        expected: Expected::Nothing,
    },
    #[cfg(unix)]
    Case {
        name: "a destructor of a pthread key notifies",
        run: || {
            let notifies = lockwarden::thread::spawn(|| {
                until_asleep("main");
                drop(LOCK.lock());
                notify_at_the_end();
            });
            drop(CHANGED.wait_while(LOCK.lock().unwrap(), |done| !*done));
            notifies.join().unwrap();
        },
        expected: Expected::Nothing,
    },
];

/// Lets the destructor of a key, which is younger than that of the library, notify the thread that waits.
#[cfg(unix)]
#[allow(unsafe_code)]
fn notify_at_the_end() {
    extern "C" fn notify(_: *mut std::ffi::c_void) {
        *LOCK.lock().unwrap() = true;
        CHANGED.notify_one();
    }
    let mut key: libc::pthread_key_t = 0;
    // SAFETY: the key is written before it is used, and any value but null calls its destructor.
    let is_set = unsafe {
        libc::pthread_key_create(&mut key, Some(notify)) == 0
            && libc::pthread_setspecific(key, (&raw const CHANGED).cast()) == 0
    };
    assert!(is_set);
}

/// Waits, and is helped by a thread that uses nothing that is watched before that.
fn helped<T: Send + 'static>(wait: impl FnOnce(), help: impl FnOnce() -> T + Send + 'static) {
    let stranger = std::thread::spawn(move || {
        until_asleep("main");
        help()
    });
    wait();
    drop(stranger.join().unwrap());
}
