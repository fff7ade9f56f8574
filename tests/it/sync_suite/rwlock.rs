use std::any::Any;
use std::cell::Cell;
use std::mem;
use std::thread;

use super::support::{LIMIT, OnDrop};
use super::sync::mpsc::channel;
use super::sync::{Arc, Barrier, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError};

#[test]
fn readers_share_and_a_writer_is_alone() {
    let lock = RwLock::new(0);
    let both = Barrier::new(2);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let read = lock.read().unwrap();
                // Passed only if both hold the lock at the same time.
                both.wait();
                assert_eq!(*read, 0);
                assert!(matches!(lock.try_write(), Err(TryLockError::WouldBlock)));
                both.wait();
            });
        }
    });
    let written = lock.write().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            assert!(matches!(lock.try_read(), Err(TryLockError::WouldBlock)));
            assert!(matches!(lock.try_write(), Err(TryLockError::WouldBlock)));
        });
    });
    drop(written);
    assert!(lock.try_write().is_ok());
}

#[test]
fn writers_do_not_lose_each_others_work() {
    const THREADS: usize = 4;
    const ROUNDS: usize = 300;
    let sum = RwLock::new(0);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    let before = *sum.read().unwrap();
                    let mut sum = sum.write().unwrap();
                    assert!(*sum >= before);
                    let seen = *sum;
                    thread::yield_now();
                    *sum = seen + 1;
                }
            });
        }
    });
    assert_eq!(sum.into_inner().unwrap(), THREADS * ROUNDS);
}

#[test]
fn a_try_to_read_succeeds_beside_a_reader() {
    let lock = RwLock::new(3);
    let first = lock.read().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(*lock.try_read().unwrap(), 3));
    });
    drop(first);
}

#[test]
fn a_static_needs_no_initialisation() {
    static LOCK: RwLock<Vec<u8>> = RwLock::new(Vec::new());
    LOCK.write().unwrap().push(1);
    assert_eq!(*LOCK.read().unwrap(), [1]);
}

#[test]
fn unsized_contents_are_locked_like_others() {
    let slice: &RwLock<[i32]> = &RwLock::new([1, 2, 3]);
    slice.write().unwrap()[0] = 10;
    assert_eq!(*slice.read().unwrap(), [10, 2, 3]);
    let reader = RwLockWriteGuard::downgrade(slice.write().unwrap());
    assert_eq!(reader.len(), 3);
    let mut any: Arc<RwLock<dyn Any + Send + Sync>> = Arc::new(RwLock::new(7_i32));
    assert_eq!(any.read().unwrap().downcast_ref(), Some(&7));
    let inner = Arc::get_mut(&mut any).unwrap().get_mut().unwrap();
    *inner.downcast_mut::<i32>().unwrap() = 8;
    assert_eq!(any.try_read().unwrap().downcast_ref(), Some(&8));
}

#[test]
fn the_value_comes_out_of_an_owned_lock() {
    let mut lock = RwLock::new(String::from("a"));
    lock.get_mut().unwrap().push('b');
    assert_eq!(lock.into_inner().unwrap(), "ab");
}

#[test]
fn the_value_is_dropped_once() {
    let drops = Cell::new(0);
    drop(RwLock::new(OnDrop(|| drops.set(drops.get() + 1))));
    assert_eq!(drops.get(), 1);
}

#[test]
fn forgotten_guards_leave_the_lock_held() {
    let lock = RwLock::new(1);
    mem::forget(lock.read());
    assert!(lock.try_read().is_ok());
    assert!(lock.try_write().is_err());
    let lock = RwLock::new(1);
    mem::forget(lock.write());
    assert!(lock.try_read().is_err());
    assert_eq!(lock.into_inner().unwrap(), 1);
}

#[test]
fn a_downgrade_lets_readers_in_and_writers_not() {
    let lock = RwLock::new(1);
    let mut writer = lock.write().unwrap();
    *writer = 2;
    assert!(lock.try_read().is_err());
    let reader = RwLockWriteGuard::downgrade(writer);
    thread::scope(|scope| {
        scope.spawn(|| {
            assert_eq!(*lock.try_read().unwrap(), 2);
            assert!(lock.try_write().is_err());
        });
    });
    assert_eq!(*reader, 2);
    drop(reader);
    assert!(lock.try_write().is_ok());
}

#[test]
fn a_downgrade_wakes_readers_that_wait() {
    let lock = Arc::new(RwLock::new(0));
    let mut writer = lock.write().unwrap();
    let (seen, heard) = channel();
    let waiter = thread::spawn({
        let lock = Arc::clone(&lock);
        move || seen.send(*lock.read().unwrap()).unwrap()
    });
    *writer = 5;
    let reader = RwLockWriteGuard::downgrade(writer);
    assert_eq!(heard.recv_timeout(LIMIT), Ok(5));
    waiter.join().unwrap();
    drop(reader);
}

#[test]
fn no_writer_comes_between_a_write_and_its_downgrade() {
    let lock = RwLock::new(0_u32);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..200 {
                    let mut writer = lock.write().unwrap();
                    *writer += 1;
                    let mine = *writer;
                    let reader = RwLockWriteGuard::downgrade(writer);
                    assert_eq!(*reader, mine);
                }
            });
        }
    });
    assert_eq!(lock.into_inner().unwrap(), 600);
}

#[test]
fn guards_show_their_value() {
    let lock = RwLock::new("text");
    assert_eq!(format!("{:>6}", lock.read().unwrap()), "  text");
    assert_eq!(format!("{:?}", lock.read().unwrap()), "\"text\"");
    assert_eq!(format!("{:>6}", lock.write().unwrap()), "  text");
    assert_eq!(format!("{:?}", lock.write().unwrap()), "\"text\"");
}

#[test]
fn a_read_guard_stands_in_for_one_of_a_shorter_lifetime() {
    fn shorter<'a, 'b>(
        guard: RwLockReadGuard<'a, &'static str>,
        _beside: &'b str,
    ) -> RwLockReadGuard<'a, &'b str> {
        guard
    }
    let lock = RwLock::new("static");
    let local = String::from("local");
    assert_eq!(*shorter(lock.read().unwrap(), &local), "static");
}
