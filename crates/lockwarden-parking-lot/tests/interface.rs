//! A crate that is written for `parking_lot` 0.12 compiles and works over the watched locks.

use std::sync::Arc;
use std::time::Duration;

use lockwarden_parking_lot as parking_lot;
use parking_lot::{
    Condvar, MappedMutexGuard, Mutex, MutexGuard, Once, OnceState, RwLock,
    RwLockUpgradableReadGuard, RwLockWriteGuard, WaitTimeoutResult, const_mutex, const_rwlock,
};

static TABLE: RwLock<Vec<u32>> = const_rwlock(Vec::new());
static STATE: Mutex<(u32, bool)> = const_mutex((0, false));

fn first() -> MappedMutexGuard<'static, u32> {
    MutexGuard::map(STATE.lock(), |state| &mut state.0)
}

#[test]
fn statics_are_made_by_the_const_functions() {
    TABLE.write().push(1);
    let reader = TABLE.upgradable_read();
    let mut writer = RwLockUpgradableReadGuard::upgrade(reader);
    writer.push(2);
    let reader = RwLockWriteGuard::downgrade(writer);
    assert_eq!(*reader, [1, 2]);
    drop(reader);
    *first() += 1;
    assert_eq!(STATE.lock().0, 1);
}

#[test]
fn waits_take_the_guard_by_reference() {
    let pair = Arc::new((Mutex::new(false), Condvar::new()));
    let other = Arc::clone(&pair);
    let handle = std::thread::spawn(move || {
        *other.0.lock() = true;
        other.1.notify_one()
    });
    let mut ready = pair.0.lock();
    pair.1.wait_while(&mut ready, |ready| !*ready);
    assert!(*ready);
    let result: WaitTimeoutResult = pair.1.wait_for(&mut ready, Duration::from_millis(1));
    assert!(result.timed_out());
    drop(ready);
    handle.join().unwrap();
}

#[test]
fn a_condition_that_is_false_at_the_time_limit_has_not_timed_out() {
    let (mutex, condvar) = (Mutex::new(0), Condvar::new());
    let mut looks = mutex.lock();
    let result = condvar.wait_while_for(
        &mut looks,
        |looks| {
            *looks += 1;
            *looks == 1
        },
        Duration::from_millis(1),
    );
    assert!(!result.timed_out());
    assert_eq!(*looks, 2);
}

#[test]
fn a_once_says_its_state() {
    let once = Once::new();
    assert_eq!(once.state(), OnceState::New);
    once.call_once(|| ());
    assert_eq!(once.state(), OnceState::Done);
}

#[cfg(feature = "arc_lock")]
#[test]
fn guards_can_own_their_lock() {
    let guard: parking_lot::ArcMutexGuard<parking_lot::RawMutex, u32> =
        Arc::new(Mutex::new(3)).lock_arc();
    assert_eq!(*guard, 3);
}
