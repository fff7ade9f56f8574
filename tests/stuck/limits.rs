//! Waits with a limit, and attempts without waiting, where no thread can end that: none is stuck.

use std::time::{Duration, Instant};

use lockwarden::parking_lot as pl;
use lockwarden::sync::{
    Barrier, BoundedSemaphore, Condvar, Event, Mutex, OnceLock, RwLock, Semaphore, mpsc,
};
use lockwarden::thread;

use crate::expect::{Case, Expected};

static LOCK: Mutex<()> = Mutex::named("lock", ());
static SHARED: RwLock<()> = RwLock::named("shared", ());
static CHANGED: Condvar = Condvar::named("changed");
static PERMITS: Semaphore = Semaphore::named("permits", 0);
static BOUNDED: BoundedSemaphore = BoundedSemaphore::named("bounded", 1);
static EVENT: Event = Event::named("event");
static MEETING: Barrier = Barrier::named("meeting", 2);

const SHORT: Duration = Duration::from_millis(20);

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "waits with a limit, and no thread can end that",
        run: timed,
        expected: Expected::Nothing,
    },
    Case {
        name: "attempts without waiting, and no thread can end that",
        run: without_waiting,
        expected: Expected::Nothing,
    },
];

fn timed() {
    assert!(PERMITS.acquire_timeout(SHORT).is_none());
    let _kept = BOUNDED.acquire();
    assert!(BOUNDED.acquire_timeout(SHORT).is_none());
    assert!(!EVENT.wait_timeout(SHORT));
    assert!(MEETING.wait_timeout(SHORT).is_err());
    let (_guard, result) = CHANGED.wait_timeout(LOCK.lock().unwrap(), SHORT).unwrap();
    assert!(result.timed_out());
    let (lock, changed) = (pl::Mutex::new(()), pl::Condvar::new());
    let result = changed.wait_for(&mut lock.lock(), SHORT);
    assert!(result.timed_out());
    let deadline = Instant::now() + SHORT;
    assert!(changed.wait_until(&mut lock.lock(), deadline).timed_out());
    let _held = lock.lock();
    assert!(thread::scope(|scope| {
        let other = scope.spawn(|| lock.try_lock_for(SHORT).is_none());
        other.join().unwrap()
    }));
    let (_sender, receiver) = mpsc::channel::<()>();
    assert!(receiver.recv_timeout(SHORT).is_err());
    thread::park_timeout(SHORT);
    thread::sleep(SHORT);
}

fn without_waiting() {
    assert!(PERMITS.try_acquire().is_none());
    let _kept = BOUNDED.acquire();
    assert!(BOUNDED.try_acquire().is_none());
    assert!(!EVENT.is_set());
    assert!(OnceLock::<()>::new().get().is_none());
    let (_lock, _shared) = (LOCK.lock().unwrap(), SHARED.write().unwrap());
    assert!(LOCK.try_lock().is_err() && SHARED.try_read().is_err());
    let (sender, receiver) = mpsc::sync_channel(1);
    assert!(receiver.try_recv().is_err());
    sender.send(1).unwrap();
    assert!(sender.try_send(2).is_err());
}
