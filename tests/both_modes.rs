//! The whole public interface, used once, in a file that compiles and passes with and without
//! instrumentation.
//!
//! What differs between the two is what is *found*; that is in the other tests. Here everything is
//! used rightly, and does what the original does.

use std::panic::Location;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lockwarden::acquire::{
    Acquire, Each, GuardSet, Guards, LockOrderViolation, LockRef, Lockable, Read, ViolationReason,
    Write,
};
use lockwarden::acquire::{each, read, write};
use lockwarden::config::{Action, Config, Counters, InstallError, Limit, OffReason, Status};
use lockwarden::instrument::{
    self, AcquireKind, Clock, Hold, InheritedHolds, LockKind, Mode, ReadPolicy,
};
use lockwarden::report::{
    Basis, Edge, HeldInfo, LockId, LockInfo, Report, Site, Stack, ThreadId, ThreadInfo, Verdict,
    WaitInfo, WaitsFor,
};
use lockwarden::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, TryLockError};
use lockwarden::{acquire, parking_lot as pl, thread};

/// Whether this build is instrumented.
const ON: bool = cfg!(any(debug_assertions, feature = "always"));
const SHORT: Duration = Duration::from_millis(1);

static COUNT: Mutex<u32> = Mutex::new(0);
static NAMED: RwLock<u32> = RwLock::named("named", 0);
static SIGNAL: Condvar = Condvar::new();
static PL: pl::Mutex<u32> = pl::Mutex::named("static", 0);
static PL_FAIR: pl::FairMutex<u32> = pl::FairMutex::new(0);
static PL_RW: pl::RwLock<u32> = pl::RwLock::new(0);
static PL_RECURSIVE: pl::RecursiveRwLock<u32> = pl::RecursiveRwLock::named("recursive", 0);
static PL_REENTRANT: pl::ReentrantMutex<u32> = pl::ReentrantMutex::new(7);
static PL_SIGNAL: pl::Condvar = pl::Condvar::named("signal");

#[test]
fn locks_live_in_statics() {
    *COUNT.lock().unwrap() += 1;
    *NAMED.write().unwrap() += 1;
    *PL.lock() += 1;
    *PL_FAIR.lock() += 1;
    *PL_RW.write() += 1;
    *PL_RECURSIVE.write() += 1;
    assert_eq!(*PL_REENTRANT.lock(), 7);
    SIGNAL.notify_all();
    PL_SIGNAL.notify_all();
    assert_eq!(*COUNT.lock().unwrap() + *NAMED.read().unwrap(), 2);
}

#[test]
fn the_std_mutex() {
    let mut mutex = Mutex::named("mutex", vec![1]);
    mutex.set_label("one");
    mutex.set_label(String::from("another"));
    mutex.get_mut().unwrap().push(2);
    {
        let mut guard: MutexGuard<'_, Vec<i32>> = mutex.lock().unwrap();
        assert!(matches!(mutex.try_lock(), Err(TryLockError::WouldBlock)));
        guard.push(3);
    }
    assert_eq!(
        format!("{mutex:?}"),
        "Mutex { data: [1, 2, 3], poisoned: false, .. }"
    );
    assert_eq!(mutex.try_lock().unwrap().len(), 3);
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _guard = mutex.lock().unwrap();
        panic!("with the lock held");
    }));
    assert!(caught.is_err() && mutex.is_poisoned());
    assert_eq!(
        mutex.lock().unwrap_or_else(PoisonError::into_inner).len(),
        3
    );
    mutex.clear_poison();
    assert_eq!(mutex.into_inner().unwrap(), [1, 2, 3]);

    let unsized_mutex: Box<Mutex<[u8]>> = Box::new(Mutex::new([1, 2]));
    unsized_mutex.lock().unwrap()[0] = 9;
    assert_eq!(Mutex::from(1).into_inner().unwrap(), 1);
    assert_eq!(Mutex::<u8>::default().into_inner().unwrap(), 0);
}

#[test]
fn the_std_rwlock() {
    use lockwarden::sync::{RwLockReadGuard, RwLockWriteGuard};

    let mut rwlock = RwLock::new((1, 2));
    rwlock.set_label("pair");
    rwlock.get_mut().unwrap().0 = 3;
    {
        let reader: RwLockReadGuard<'_, (i32, i32)> = rwlock.read().unwrap();
        assert!(matches!(rwlock.try_write(), Err(TryLockError::WouldBlock)));
        assert_eq!(reader.0, 3);
    }
    {
        let mut writer: RwLockWriteGuard<'_, (i32, i32)> = rwlock.write().unwrap();
        writer.1 = 4;
        let reader = RwLockWriteGuard::downgrade(writer);
        assert_eq!(*reader, (3, 4));
    }
    rwlock.try_write().unwrap().0 = 5;
    assert_eq!(rwlock.try_read().unwrap().0, 5);
    assert!(!rwlock.is_poisoned());
    rwlock.clear_poison();
    assert_eq!(rwlock.into_inner().unwrap(), (5, 4));
}

#[test]
fn the_std_condvar() {
    let (mutex, signal) = (Mutex::new(0), Condvar::named("signal"));
    signal.set_label("of the test");
    let guard = mutex.lock().unwrap();
    let (guard, outcome) = signal.wait_timeout(guard, SHORT).unwrap();
    assert!(outcome.timed_out());
    let (guard, outcome) = signal
        .wait_timeout_while(guard, SHORT, |count| *count == 0)
        .unwrap();
    assert!(outcome.timed_out());
    drop(guard);
    thread::scope(|scope| {
        scope.spawn(|| {
            for expected in [1, 2] {
                let count = signal
                    .wait_while(mutex.lock().unwrap(), |count| *count < expected)
                    .unwrap();
                assert!(*count >= expected);
            }
            let mut count = mutex.lock().unwrap();
            while *count < 3 {
                count = signal.wait(count).unwrap();
            }
        });
        for _ in 0..3 {
            *mutex.lock().unwrap() += 1;
            signal.notify_one();
            signal.notify_all();
        }
    });
}

#[test]
fn what_std_has_beside_locks() {
    use lockwarden::sync::{Barrier, BarrierWaitResult, LazyLock, Once, OnceLock, OnceState};

    static LAZY: LazyLock<u32> = LazyLock::named("lazy", || 1);
    static CELL: OnceLock<u32> = OnceLock::named("cell");
    static ONCE: Once = Once::named("once");
    static BARRIER: Barrier = Barrier::named("barrier", 2);
    LazyLock::set_label(&LAZY, "one");
    CELL.set_label("two");
    ONCE.set_label("three");
    BARRIER.set_label("four");
    thread::scope(|scope| {
        scope.spawn(|| ONCE.call_once_force(|state: &OnceState| assert!(!state.is_poisoned())));
        scope.spawn(|| CELL.set(2));
        ONCE.wait();
        ONCE.wait_force();
        assert_eq!(*LAZY + CELL.wait(), 3);
        let other = scope.spawn(|| BARRIER.wait().is_leader());
        let result: BarrierWaitResult = BARRIER.wait();
        assert_ne!(result.is_leader(), other.join().unwrap());
    });
    ONCE.call_once(|| unreachable!());
    assert!(ONCE.is_completed());
    assert_eq!((CELL.get_or_init(|| 3), CELL.set(4)), (&2, Err(4)));
    assert_eq!(LazyLock::force(&LAZY), LazyLock::get(&LAZY).unwrap());
}

#[test]
fn barriers_that_are_broken() {
    use lockwarden::sync::{Barrier, BarrierTimeoutError, BrokenBarrierError};

    let barrier = Barrier::new(2);
    let alone: BarrierTimeoutError = barrier.wait_timeout(SHORT).unwrap_err();
    assert_eq!(alone, BarrierTimeoutError::Timeout);
    assert!(barrier.is_broken());
    barrier.reset();
    assert_eq!(barrier.n_waiting(), 0);
    barrier.abort();
    let broken: BrokenBarrierError = barrier.wait_checked().unwrap_err();
    assert!(!broken.to_string().is_empty());
}

#[test]
fn semaphores_and_events() {
    use lockwarden::sync::{BoundedSemaphore, Event, Permit, Semaphore, TooManyReleases};

    static SEMAPHORE: Semaphore = Semaphore::named("semaphore", 2);
    static EVENT: Event = Event::named("event");
    SEMAPHORE.set_label("of the test");
    EVENT.set_label("of the test");
    let permit: Permit<'_> = SEMAPHORE.acquire();
    assert!(SEMAPHORE.try_acquire_many(2).is_none());
    assert!(SEMAPHORE.acquire_many_timeout(2, SHORT).is_none());
    let another = SEMAPHORE.try_acquire().unwrap();
    assert!(SEMAPHORE.acquire_timeout(SHORT).is_none());
    another.forget();
    thread::scope(|scope| {
        scope.spawn(|| {
            assert!(!EVENT.is_set());
            drop(permit);
            SEMAPHORE.release();
            EVENT.set();
        });
        assert_eq!(SEMAPHORE.acquire_many(2).count(), 2);
        EVENT.wait();
        assert!(EVENT.wait_timeout(SHORT));
    });
    EVENT.clear();
    SEMAPHORE.release_many(3);
    assert_eq!(SEMAPHORE.available_permits(), 5);

    let bounded = BoundedSemaphore::new(1);
    let refused: TooManyReleases = bounded.release().unwrap_err();
    assert!(!refused.to_string().is_empty());
    bounded.acquire().forget();
    assert!(bounded.release_many(1).is_ok());
}

#[test]
fn the_parking_lot_once() {
    static ONCE: pl::Once = pl::Once::named("once");
    ONCE.set_label("of the test");
    assert_eq!(ONCE.state(), pl::OnceState::New);
    thread::scope(|scope| {
        scope.spawn(|| ONCE.call_once_force(|state| assert!(!state.is_poisoned())));
        ONCE.wait();
    });
    ONCE.call_once(|| unreachable!());
    assert!(ONCE.is_completed() && pl::Once::new_completed().is_completed());
}

#[test]
fn the_parking_lot_mutexes() {
    let mut mutex = pl::Mutex::named("mutex", (1, 2));
    mutex.set_label("pair");
    mutex.get_mut().0 = 3;
    {
        let mut guard = mutex.lock();
        assert!(mutex.is_locked());
        assert!(mutex.try_lock().is_none());
        assert!(mutex.try_lock_for(SHORT).is_none());
        assert!(mutex.try_lock_until(Instant::now()).is_none());
        pl::MutexGuard::bump(&mut guard);
        pl::MutexGuard::unlocked(&mut guard, || assert!(mutex.try_lock().is_some()));
        pl::MutexGuard::unlocked_fair(&mut guard, || assert!(!mutex.is_locked()));
        let mut second = pl::MutexGuard::map(guard, |pair| &mut pair.1);
        *second += 1;
        let second: pl::MappedMutexGuard<'_, i32> = second;
        drop(second);
        pl::MutexGuard::unlock_fair(mutex.lock());
    }
    assert_eq!(mutex.into_inner(), (3, 3));

    let fair = pl::FairMutex::named("fair", 1);
    *fair.lock() += 1;
    assert_eq!(*fair.try_lock_for(SHORT).unwrap(), 2);

    let reentrant = pl::ReentrantMutex::named("reentrant", 1);
    let outer = reentrant.lock();
    let inner = reentrant.lock();
    assert!(reentrant.is_owned_by_current_thread());
    assert_eq!(*outer + *inner, 2);
    assert!(reentrant.try_lock().is_some());
}

#[test]
fn the_parking_lot_rwlocks() {
    use pl::{RecursiveRwLockUpgradableReadGuard, RwLockUpgradableReadGuard, RwLockWriteGuard};

    let rwlock = pl::RwLock::named("rwlock", 1);
    rwlock.set_label("one");
    {
        let upgradable = rwlock.upgradable_read();
        assert!(rwlock.try_read().is_some() && rwlock.try_upgradable_read().is_none());
        let mut writer = RwLockUpgradableReadGuard::upgrade(upgradable);
        assert!(rwlock.is_locked_exclusive());
        *writer += 1;
        let upgradable = RwLockWriteGuard::downgrade_to_upgradable(writer);
        let reader = RwLockUpgradableReadGuard::downgrade(upgradable);
        assert!(rwlock.try_write_for(SHORT).is_none());
        drop(reader);
    }
    {
        let mut upgradable = rwlock.upgradable_read();
        upgradable.with_upgraded(|value| *value += 1);
        let Ok(writer) = RwLockUpgradableReadGuard::try_upgrade(upgradable) else {
            panic!("no thread reads");
        };
        drop(RwLockWriteGuard::downgrade(writer));
    }
    assert_eq!(*rwlock.try_read_for(SHORT).unwrap(), 3);

    let recursive = pl::RecursiveRwLock::new(1);
    let (first, second) = (recursive.read(), recursive.read());
    assert_eq!(*first + *second, 2);
    drop((first, second));
    let upgradable = recursive.upgradable_read();
    *RecursiveRwLockUpgradableReadGuard::upgrade(upgradable) += 1;
    assert_eq!(recursive.into_inner(), 2);
}

#[test]
fn the_parking_lot_condvar() {
    let (mutex, signal) = (pl::Mutex::new(0), pl::Condvar::new());
    signal.set_label("of the test");
    let mut guard = mutex.lock();
    assert!(signal.wait_for(&mut guard, SHORT).timed_out());
    assert!(signal.wait_until(&mut guard, Instant::now()).timed_out());
    assert!(
        signal
            .wait_while_for(&mut guard, |n| *n == 0, SHORT)
            .timed_out()
    );
    assert_eq!((signal.notify_one(), signal.notify_all()), (false, 0));
    drop(guard);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut guard = mutex.lock();
            signal.wait_while(&mut guard, |n| *n < 1);
            while *guard < 2 {
                signal.wait(&mut guard);
            }
        });
        for _ in 0..2 {
            *mutex.lock() += 1;
            signal.notify_all();
        }
    });
}

#[test]
fn several_locks_together() {
    let (a, b) = (Mutex::named("a", 1), pl::Mutex::named("b", 2));
    let (c, d) = (RwLock::named("c", 3), pl::RecursiveRwLock::named("d", 4));
    {
        let mut held = acquire((&a, &b, read(&c), write(&d))).unwrap();
        *held.1 += 1;
        *held.3 += 1;
        let (a, b, c, d) = held.split();
        assert_eq!((*a.unwrap(), *b, *c.unwrap(), *d), (1, 3, 3, 5));
    }
    let row: Vec<Mutex<u32>> = (0..5).map(Mutex::new).collect();
    {
        let held = acquire(&row).unwrap().checked().unwrap();
        assert_eq!(held.iter().map(|value| **value).sum::<u32>(), 10);
    }
    assert_eq!(acquire(each(row.iter().rev())).unwrap().len(), 5);
    assert_eq!(acquire([&row[1], &row[0]]).unwrap().len(), 2);
    assert_eq!(acquire(vec![read(&c)]).unwrap().len(), 1);

    let refused: LockOrderViolation = acquire((&row[0], &row[0])).unwrap_err();
    assert_eq!(refused.reason(), ViolationReason::AskedTwice);
    let asked: &LockRef = refused.asked();
    assert_eq!(asked, refused.held());
    assert!(!refused.to_string().is_empty());
}

#[test]
fn a_primitive_of_ones_own() {
    static KIND: LockKind = LockKind::new("SpinLock");

    struct SpinLock {
        locked: std::sync::atomic::AtomicBool,
        record: instrument::Lock,
    }

    impl SpinLock {
        #[track_caller]
        fn lock(&self) -> Hold {
            let site: Site = Location::caller();
            if !self.locked.swap(true, Ordering::Acquire) {
                return self
                    .record
                    .acquired(Mode::Exclusive, AcquireKind::Blocking, site);
            }
            let attempt = self
                .record
                .attempt(Mode::Exclusive, AcquireKind::Blocking, site);
            while self.locked.swap(true, Ordering::Acquire) {
                std::thread::yield_now();
            }
            attempt.acquired()
        }

        fn unlock(&self, hold: Hold) {
            self.record.released(hold);
            self.locked.store(false, Ordering::Release);
        }
    }

    let spin = SpinLock {
        locked: Default::default(),
        record: instrument::Lock::named(&KIND, "spin"),
    };
    spin.record.set_label("one");
    let other = instrument::Lock::new(&LockKind::RW_LOCK);
    // A record without instrumentation has no size, and so perhaps no place of its own.
    assert!(!ON || spin.record.id() != other.id());
    assert_eq!(KIND.noun(), "SpinLock");
    assert_eq!(
        LockKind::RECURSIVE_RW_LOCK.policy(),
        ReadPolicy::ReadersPass
    );
    let count = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..100 {
                    let hold = spin.lock();
                    count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
                    spin.unlock(hold);
                }
            });
        }
    });
    assert_eq!(count.into_inner(), 200);

    let past = Clock::release();
    past.acquire();
    let _within = InheritedHolds::current().enter();
}

#[test]
fn threads() {
    let total = Arc::new(Mutex::new(0));
    let theirs = Arc::clone(&total);
    let builder = thread::Builder::new().name("worker".into());
    let handle: thread::JoinHandle<()> =
        builder.spawn(move || *theirs.lock().unwrap() += 1).unwrap();
    assert_eq!(handle.thread().name(), Some("worker"));
    handle.join().unwrap();
    assert_eq!(thread::spawn(|| 2).join().unwrap(), 2);
    let sum: i32 = thread::scope(|scope| {
        let handles: Vec<thread::ScopedJoinHandle<'_, i32>> =
            (0..3).map(|n| scope.spawn(move || n)).collect();
        handles
            .into_iter()
            .map(|handle| handle.join().unwrap())
            .sum()
    });
    assert_eq!(sum, 3);
    assert_eq!(*total.lock().unwrap(), 1);
}

#[test]
fn suppressions() {
    use lockwarden::suppress::{self, Rule, Subject, SuppressError, Unused};

    let rule = Rule::new(
        Subject::Lock,
        "a lock of no test",
        "to see that it can be said",
    );
    assert_eq!(rule.reason(), "to see that it can be said");
    suppress::add(rule).unwrap();
    let refused: SuppressError = suppress::add(Rule::new(Subject::Place, "", "why")).unwrap_err();
    assert!(!refused.to_string().is_empty());
    assert!(suppress::add_file("/there/is/no/such/file").is_err());
    let unused: Vec<Unused> = suppress::unused();
    assert_eq!(unused.len(), 1);
    assert!(
        Subject::ALL
            .iter()
            .all(|subject| !subject.name().is_empty())
    );
}

/// The one test of this process that installs a configuration.
#[test]
fn settings_and_status() {
    static REPORTS: AtomicUsize = AtomicUsize::new(0);

    lockwarden::declare_order(&["first", "second"]).unwrap();
    assert!(lockwarden::declare_order(&["second", "first"]).is_err());
    Config::new()
        .on(Verdict::Stall, Action::Report)
        .callback(|report: &Report| {
            assert!(report.headline().starts_with("lockwarden: "));
            REPORTS.fetch_add(1, Ordering::Relaxed);
        })
        .stderr(false)
        .tracing(false)
        .enabled(true)
        .max_reports(10)
        .contexts_per_edge(8)
        .search_steps(10_000)
        .install()
        .unwrap();
    let second: InstallError = Config::default().install().unwrap_err();
    assert!(second.to_string().contains("both_modes.rs"), "{second}");

    let (a, b) = (pl::Mutex::named("a", 0), pl::Mutex::named("b", 0));
    for (first, second) in [(&a, &b), (&b, &a)] {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let _first = first.lock();
                let _second = second.lock();
            });
        });
    }
    match lockwarden::status() {
        Status::On(Counters { reports, .. }) => {
            assert!(reports >= 1);
            assert_eq!(REPORTS.load(Ordering::Relaxed), 1);
        }
        Status::Off(reason) => {
            assert_eq!(reason, OffReason::NotCompiledIn);
            assert_eq!(REPORTS.load(Ordering::Relaxed), 0);
        }
        status => unreachable!("{status}"),
    }
    assert_eq!(lockwarden::status().is_on(), ON);
}

/// Every type that a user may have to name can be named, and is what it has to be.
#[test]
fn every_type_can_be_named() {
    fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<(Config, InstallError, Status, Limit, LockOrderViolation)>();
    is_send_and_sync::<(
        Report,
        Edge,
        LockInfo,
        ThreadInfo,
        HeldInfo,
        WaitInfo,
        WaitsFor,
        Stack,
    )>();
    is_send_and_sync::<(
        Basis,
        LockId,
        ThreadId,
        Verdict,
        Action,
        lockwarden::OrderError,
    )>();
    is_send_and_sync::<(
        Mutex<u8>,
        RwLock<u8>,
        Condvar,
        pl::Mutex<u8>,
        pl::RwLock<u8>,
    )>();
    is_send_and_sync::<(
        pl::FairMutex<u8>,
        pl::RecursiveRwLock<u8>,
        pl::ReentrantMutex<u8>,
    )>();

    fn takes<A: Acquire<Guards = G>, G: GuardSet>(
        locks: A,
    ) -> Result<Guards<G>, LockOrderViolation> {
        acquire(locks)
    }
    fn is_lockable<L: Lockable>(_: &L) {}
    let (a, b) = (Mutex::new(1), RwLock::new(2));
    is_lockable(&&a);
    let (reading, writing): (Read<'_, RwLock<i32>>, Write<'_, RwLock<i32>>) = (read(&b), write(&b));
    is_lockable(&reading);
    is_lockable(&writing);
    assert!(takes((&a, reading)).is_ok());
    let all: Each<[&Mutex<i32>; 1]> = each([&a]);
    assert!(takes(all).is_ok());
}
