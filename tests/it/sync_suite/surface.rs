//! The names and signatures, demanded of both flavours by the same lines.

use std::fmt::Debug;
use std::time::Duration;

use super::sync::{
    Arc, Barrier, BarrierWaitResult, Condvar, LazyLock, LockResult, Mutex, MutexGuard, Once,
    OnceLock, OnceState, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError,
    TryLockResult, WaitTimeoutResult, Weak, atomic, mpsc,
};

type S = &'static str;
type Held = MutexGuard<'static, S>;
type HeldSlice = MutexGuard<'static, [S]>;
type ReadSlice = RwLockReadGuard<'static, [S]>;
type WrittenSlice = RwLockWriteGuard<'static, [S]>;

#[test]
fn the_signatures_are_those_of_std() {
    const _: fn(S) -> Mutex<S> = Mutex::new;
    const _: fn(&'static Mutex<S>) -> LockResult<Held> = Mutex::lock;
    const _: fn(&'static Mutex<S>) -> TryLockResult<Held> = Mutex::try_lock;
    const _: fn(&'static Mutex<[S]>) -> LockResult<HeldSlice> = Mutex::lock;
    const _: fn(&Mutex<[S]>) -> bool = Mutex::is_poisoned;
    const _: fn(&Mutex<[S]>) = Mutex::clear_poison;
    const _: fn(Mutex<S>) -> LockResult<S> = Mutex::into_inner;
    const _: fn(&'static mut Mutex<[S]>) -> LockResult<&'static mut [S]> = Mutex::get_mut;

    const _: fn(S) -> RwLock<S> = RwLock::new;
    const _: fn(&'static RwLock<[S]>) -> LockResult<ReadSlice> = RwLock::read;
    const _: fn(&'static RwLock<[S]>) -> TryLockResult<ReadSlice> = RwLock::try_read;
    const _: fn(&'static RwLock<[S]>) -> LockResult<WrittenSlice> = RwLock::write;
    const _: fn(&'static RwLock<[S]>) -> TryLockResult<WrittenSlice> = RwLock::try_write;
    const _: fn(WrittenSlice) -> ReadSlice = RwLockWriteGuard::downgrade;
    const _: fn(&RwLock<[S]>) -> bool = RwLock::is_poisoned;
    const _: fn(&RwLock<[S]>) = RwLock::clear_poison;
    const _: fn(RwLock<S>) -> LockResult<S> = RwLock::into_inner;
    const _: fn(&'static mut RwLock<[S]>) -> LockResult<&'static mut [S]> = RwLock::get_mut;

    type While = fn(&mut S) -> bool;
    type Timed<R> = LockResult<(Held, R)>;
    const _: fn() -> Condvar = Condvar::new;
    const _: fn(&Condvar, Held) -> LockResult<Held> = Condvar::wait;
    const _: fn(&Condvar, Held, While) -> LockResult<Held> = Condvar::wait_while;
    const _: fn(&Condvar, Held, Duration) -> Timed<WaitTimeoutResult> = Condvar::wait_timeout;
    const _: fn(&Condvar, Held, Duration, While) -> Timed<WaitTimeoutResult> =
        Condvar::wait_timeout_while;
    #[allow(deprecated)]
    const _: fn(&Condvar, Held, u32) -> Timed<bool> = Condvar::wait_timeout_ms;
    const _: fn(&Condvar) = Condvar::notify_one;
    const _: fn(&Condvar) = Condvar::notify_all;
    const _: fn(&WaitTimeoutResult) -> bool = WaitTimeoutResult::timed_out;
}

#[test]
fn everything_can_be_made_from_its_contents_and_by_default() {
    #[derive(Default)]
    struct Holder {
        mutex: Mutex<u8>,
        lock: RwLock<String>,
        _condvar: Condvar,
    }
    let holder = Holder::default();
    assert_eq!(*holder.mutex.lock().unwrap(), 0);
    assert_eq!(*holder.lock.read().unwrap(), "");
    assert_eq!(*Mutex::from(5).lock().unwrap(), 5);
    let lock: RwLock<_> = "text".into();
    assert_eq!(*lock.read().unwrap(), "text");
}

#[test]
fn a_guard_is_used_like_the_value_itself() {
    let mutex = Mutex::new(String::from("ab"));
    mutex.lock().unwrap().push('c');
    assert_eq!(mutex.lock().unwrap().len(), 3);
    let lock = RwLock::new([3, 1, 2]);
    lock.write().unwrap().sort_unstable();
    assert_eq!(lock.read().unwrap().first(), Some(&1));
}

#[test]
fn errors_pass_through_the_question_mark() {
    fn first(mutex: &Mutex<i32>) -> Result<i32, PoisonError<MutexGuard<'_, i32>>> {
        Ok(*mutex.lock()?)
    }
    fn second(mutex: &Mutex<i32>) -> Result<i32, TryLockError<MutexGuard<'_, i32>>> {
        Ok(*mutex.try_lock()?)
    }
    let mutex = Mutex::new(2);
    assert_eq!((first(&mutex).unwrap(), second(&mutex).unwrap()), (2, 2));
}

#[test]
fn the_rest_of_std_sync_is_there() {
    static LAZY: LazyLock<u8> = LazyLock::new(|| 7);
    static ONCE: Once = Once::new();
    static CELL: OnceLock<u8> = OnceLock::new();
    ONCE.call_once_force(|state: &OnceState| assert!(!state.is_poisoned()));
    assert_eq!((*LAZY, *CELL.get_or_init(|| 8)), (7, 8));
    let leader: BarrierWaitResult = Barrier::new(1).wait();
    assert!(leader.is_leader());
    let weak: Weak<()> = Arc::downgrade(&Arc::new(()));
    assert!(weak.upgrade().is_none());
    let count = atomic::AtomicU8::new(1);
    assert_eq!(count.fetch_add(1, atomic::Ordering::Relaxed), 1);
    let (sender, receiver) = mpsc::sync_channel(1);
    sender.send(1).unwrap();
    assert_eq!(receiver.recv(), Ok(1));
    assert!(CELL.get().is_some() && ONCE.is_completed());
}

#[test]
fn a_trait_object_in_a_guard_lives_as_long_as_the_guard_by_default() {
    fn lock<'a>(mutex: &'a Mutex<dyn Debug + 'a>) -> MutexGuard<'a, dyn Debug> {
        mutex.lock().unwrap()
    }
    fn read<'a>(lock: &'a RwLock<dyn Debug + 'a>) -> RwLockReadGuard<'a, dyn Debug> {
        lock.read().unwrap()
    }
    fn write<'a>(lock: &'a RwLock<dyn Debug + 'a>) -> RwLockWriteGuard<'a, dyn Debug> {
        lock.write().unwrap()
    }
    let local = String::from("a");
    assert_eq!(format!("{:?}", lock(&Mutex::new(&local))), "\"a\"");
    assert_eq!(format!("{:?}", read(&RwLock::new(&local))), "\"a\"");
    assert_eq!(format!("{:?}", write(&RwLock::new(&local))), "\"a\"");
}
