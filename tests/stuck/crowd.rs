//! Five hundred threads that wait at the same time, for things of all kinds, and all go on.

use std::sync::Barrier as Start;

use lockwarden::sync::{Arc, Barrier, Condvar, Event, Mutex, OnceLock, RwLock, Semaphore, mpsc};
use lockwarden::thread::{self, JoinHandle};

use crate::expect::{Case, Expected};
use crate::steps::{WATCHED, start, until};

/// How many wait for each kind of thing.
const EACH: usize = 50;
/// How many kinds there are.
const KINDS: usize = 10;

static MUTEX: Mutex<()> = Mutex::named("mutex", ());
static SHARED: RwLock<()> = RwLock::named("shared", ());
static READY: Mutex<bool> = Mutex::named("ready", false);
static CHANGED: Condvar = Condvar::named("changed");
static PERMITS: Semaphore = Semaphore::named("permits", 0);
static EVENT: Event = Event::named("event");
static CELL: OnceLock<()> = OnceLock::named("cell");
static MEETING: Barrier = Barrier::named("meeting", EACH + 1);

pub(crate) const CASES: &[Case] = &[Case {
    name: "five hundred threads wait at the same time, and none of them for ever",
    run: crowd,
    expected: Expected::Nothing,
}];

fn crowd() {
    let (messages, inbox) = mpsc::channel_named("inbox");
    let (full, outbox) = mpsc::sync_channel_named("outbox", 1);
    full.send(()).unwrap();
    let inbox = Arc::new(Mutex::named("receiver", Some(inbox)));
    let holds = std::sync::Arc::new(Start::new(2));
    let begin = std::sync::Arc::clone(&holds);
    // The one that runs. All others, this one too, wait for it, or for others that do.
    let helps = start("helps", move || {
        let held = (MUTEX.lock().unwrap(), SHARED.write().unwrap());
        begin.wait();
        until_all_wait();
        drop(held);
        *READY.lock().unwrap() = true;
        CHANGED.notify_all();
        (0..EACH).for_each(|_| PERMITS.release());
        EVENT.set();
        CELL.set(()).unwrap();
        (0..EACH).for_each(|_| messages.send(()).unwrap());
        (0..=EACH).for_each(|_| outbox.recv().unwrap());
        MEETING.wait();
    });
    holds.wait();
    let mut waiters: Vec<JoinHandle<()>> = Vec::new();
    for _ in 0..EACH {
        let (full, inbox) = (full.clone(), Arc::clone(&inbox));
        let sets = thread::spawn(|| EVENT.wait());
        waiters.extend([
            thread::spawn(move || sets.join().unwrap()),
            thread::spawn(|| drop(MUTEX.lock())),
            thread::spawn(|| drop(SHARED.read())),
            thread::spawn(|| {
                let ready = READY.lock().unwrap();
                drop(CHANGED.wait_while(ready, |ready| !*ready));
            }),
            thread::spawn(|| PERMITS.acquire().forget()),
            thread::spawn(|| _ = CELL.wait()),
            thread::spawn(|| _ = MEETING.wait()),
            thread::spawn(move || full.send(()).unwrap()),
            // One of them waits for a message, the others for the receiver.
            thread::spawn(move || inbox.lock().unwrap().as_ref().unwrap().recv().unwrap()),
        ]);
    }
    for waiter in waiters {
        waiter.join().unwrap();
    }
    helps.join().unwrap();
}

fn until_all_wait() {
    until(|| {
        let dump = lockwarden::watchdog::dump();
        let waiting = dump.threads.iter().filter(|thread| thread.waits.is_some());
        // With the one that started them.
        !WATCHED || waiting.count() == KINDS * EACH + 1
    });
}
