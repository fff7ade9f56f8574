//! A lock of std and a raw lock of a dependency in both orders; and the ways of guards.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use lock_api::RwLockWriteGuard;
use store::{ReadGuard, RwLock, Store};

static LEDGER: Mutex<usize> = Mutex::new(0);

fn main() {
    guards();
    let store = Store::new();
    let is_put = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let ledger = LEDGER.lock().unwrap();
            store.put("a");
            drop(ledger);
            is_put.store(true, Ordering::Release);
        });
        scope.spawn(|| {
            while !is_put.load(Ordering::Acquire) {
                thread::yield_now();
            }
            let names = store.all();
            *LEDGER.lock().unwrap() += names.len();
        });
    });
}

/// Guards are released in every way that there is, so that none is left behind: a second reader and
/// a writer after it would be reported.
fn guards() {
    let lock = Arc::new(RwLock::new((1, 2)));
    let first = ReadGuard::map(lock.read(), |pair| &pair.0);
    assert_eq!(*first, 1);
    drop(first);
    assert!(ReadGuard::try_map(lock.read(), |_| None::<&u32>).is_err());
    let mut writer = lock.write();
    writer.1 = 3;
    drop(RwLockWriteGuard::downgrade(writer));
    let reader = lock.read_arc();
    assert_eq!(reader.1, 3);
    drop(reader);
    std::mem::forget(lock.read());
    // SAFETY: the guard above was forgotten.
    unsafe { lock.force_unlock_read() };
    let mut writer = lock.write();
    RwLockWriteGuard::unlocked(&mut writer, || assert!(lock.try_read().is_some()));
    drop(writer);
    assert!(lock.try_write().is_some());
}
