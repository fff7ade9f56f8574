//! Locks of published crates beside those of std: an inversion with a shard of dashmap, and the
//! types of `parking_lot` in their usual forms. `.ci/reach` runs it; it needs the registry.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use dashmap::DashMap;

static LEDGER: Mutex<u32> = Mutex::new(0);
static SETTINGS: parking_lot::Mutex<u32> = parking_lot::const_mutex(1);

fn main() {
    if std::env::args().nth(1).as_deref() == Some("lost") {
        return lost();
    }
    shard();
    condition();
    ends_lost();
    read_twice();
    hub();
    let lock = parking_lot::RwLock::new(3);
    assert_eq!(serde_json::to_string(&lock).unwrap(), "3");
    let lock = Arc::new(lock);
    let reader: parking_lot::ArcRwLockReadGuard<parking_lot::RawRwLock, i32> = lock.read_arc();
    assert_eq!(*reader, 3);
    drop(reader);
    *SETTINGS.lock() += 1;
    let reentrant = parking_lot::ReentrantMutex::new(1);
    let outer = reentrant.lock();
    assert_eq!(*reentrant.lock(), *outer);
}

/// The ledger and a shard, in both orders.
fn shard() {
    let map = DashMap::new();
    map.insert(1, 1);
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let ledger = LEDGER.lock().unwrap();
            map.insert(1, 2);
            drop(ledger);
            is_done.store(true, Ordering::Release);
        });
        scope.spawn(|| {
            while !is_done.load(Ordering::Acquire) {
                thread::yield_now();
            }
            let entry = map.get(&1).unwrap();
            *LEDGER.lock().unwrap() += *entry;
        });
    });
    // A reader of a shard may read it again, whatever writer waits.
    let (first, second) = (map.get(&1), map.get(&1));
    assert_eq!(first.map(|entry| *entry), second.map(|entry| *entry));
}

/// A wait that releases its mutex, which another thread takes meanwhile.
fn condition() {
    let pair = Arc::new((parking_lot::Mutex::new(false), parking_lot::Condvar::new()));
    let other = Arc::clone(&pair);
    let handle = thread::spawn(move || {
        *other.0.lock() = true;
        other.1.notify_one();
    });
    let mut ready = pair.0.lock();
    while !*ready {
        pair.1.wait(&mut ready);
    }
    let result = pair.1.wait_for(&mut ready, Duration::from_millis(1));
    assert!(result.timed_out());
    drop(ready);
    handle.join().unwrap();
}

/// A wait for a notification that no thread gives: reported, and the panic comes out of the wait.
fn lost() {
    let pair = Arc::new((parking_lot::Mutex::new(()), parking_lot::Condvar::new()));
    let other = Arc::clone(&pair);
    let waits = thread::spawn(move || other.1.wait(&mut other.0.lock()));
    waits.join().unwrap();
}

/// In a process of its own, since it ends by a panic.
fn ends_lost() {
    let itself = std::env::current_exe().unwrap();
    let mut child = Command::new(itself).arg("lost").spawn().unwrap();
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break Some(status);
        }
        if start.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            break None;
        }
        thread::sleep(Duration::from_millis(5));
    };
    assert!(status.is_some_and(|status| !status.success()), "{status:?}");
}

/// A writer that came between would block the second read, and the first kept it out: reported. The
/// recursive read is not.
fn read_twice() {
    let lock = parking_lot::RwLock::new(());
    let first = lock.read();
    drop(lock.read_recursive());
    drop(lock.read());
    drop(first);
}

/// The hub is read while it is read, in one call of a published crate: reported.
fn hub() {
    let error = std::fmt::Error;
    let events = sentry_core::test::with_captured_events(|| {
        sentry_core::capture_error(&error);
    });
    assert_eq!(events.len(), 1);
}
