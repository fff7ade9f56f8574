//! Mutexes.

use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::panic::Location;
#[cfg(feature = "arc_lock")]
use std::sync::Arc;

use lockwarden::instrument::{AcquireKind, Mode, CondvarRecord, Site, Wake};

use crate::kind;
use crate::record::{Held, Record};
#[cfg(feature = "arc_lock")]
use crate::GuardSend;
use crate::{RawMutex, RawMutexFair, RawMutexTimed};

/// A mutex around a value, over a raw lock.
pub struct Mutex<R, T: ?Sized> {
    base: Base<R>,
    data: UnsafeCell<T>,
}

/// The raw lock with its record.
pub(crate) struct Base<R> {
    record: Record,
    raw: R,
}

// SAFETY: as in the original: the raw lock lets one thread at a time reach the data.
unsafe impl<R: RawMutex + Send, T: ?Sized + Send> Send for Mutex<R, T> {}
// SAFETY: as above.
unsafe impl<R: RawMutex + Sync, T: ?Sized + Send> Sync for Mutex<R, T> {}

impl<R> Base<R> {
    pub(crate) fn record(&self) -> &Record {
        &self.record
    }
}

impl<R: RawMutex> Base<R> {
    unsafe fn unlock(&self) {
        unsafe { self.raw.unlock() }
    }

    fn acquire(&self, kind: AcquireKind, site: Site, wait: impl FnOnce(&R) -> bool) -> Option<Held> {
        let raw = &self.raw;
        self.record.acquire(
            Mode::Exclusive,
            kind,
            site,
            || raw.try_lock(),
            || wait(raw),
            // SAFETY: called after the lock was taken, when nothing else will release it.
            || unsafe { raw.unlock() },
        )
    }

    fn lock(&self, site: Site) -> Held {
        let wait = |raw: &R| {
            raw.lock();
            true
        };
        match self.acquire(AcquireKind::Blocking, site, wait) {
            Some(held) => held,
            None => unreachable!("the wait has no limit"),
        }
    }

    fn retake(&self, site: Site) -> Held {
        let raw = &self.raw;
        self.record
            .reacquire(Mode::Exclusive, site, || raw.try_lock(), || raw.lock())
    }
}

impl<R: RawMutexFair> Base<R> {
    unsafe fn unlock_fair(&self) {
        unsafe { self.raw.unlock_fair() }
    }

    unsafe fn bump(&self) {
        unsafe { self.raw.bump() }
    }
}

impl<R: RawMutex, T> Mutex<R, T> {
    /// An unlocked mutex.
    #[inline]
    #[track_caller]
    pub const fn new(val: T) -> Mutex<R, T> {
        Mutex {
            base: Base {
                record: Record::around::<T>(kind::mutex::<R>()),
                raw: R::INIT,
            },
            data: UnsafeCell::new(val),
        }
    }

    /// The value.
    #[inline]
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

impl<R, T> Mutex<R, T> {
    /// A mutex over a raw lock that is there.
    #[inline]
    #[track_caller]
    pub const fn from_raw(raw_mutex: R, val: T) -> Mutex<R, T> {
        Mutex {
            base: Base {
                record: Record::around::<T>(kind::unknown_mutex()),
                raw: raw_mutex,
            },
            data: UnsafeCell::new(val),
        }
    }

    /// The same, under its older name.
    #[inline]
    #[track_caller]
    pub const fn const_new(raw_mutex: R, val: T) -> Mutex<R, T> {
        Self::from_raw(raw_mutex, val)
    }
}

impl<R: RawMutex, T: ?Sized> Mutex<R, T> {
    fn guard(&self, held: Held) -> MutexGuard<'_, R, T> {
        MutexGuard {
            lock: self,
            held,
            marker: PhantomData,
        }
    }

    fn record(&self) -> &Record {
        &self.base.record
    }

    fn mapped(&self) -> &Base<R> {
        &self.base
    }

    unsafe fn unlock_raw(&self) {
        unsafe { self.base.unlock() }
    }

    fn retake(&self, site: Site) -> Held {
        self.base.retake(site)
    }

    /// A guard of a lock that is held, and has none.
    #[inline]
    pub unsafe fn make_guard_unchecked(&self) -> MutexGuard<'_, R, T> {
        self.guard(Held::Unlisted)
    }

    /// Takes the lock, and waits for it.
    #[inline]
    #[track_caller]
    pub fn lock(&self) -> MutexGuard<'_, R, T> {
        self.guard(self.base.lock(Location::caller()))
    }

    /// Takes the lock if it is free.
    #[inline]
    #[track_caller]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, R, T>> {
        let held = self
            .base
            .acquire(AcquireKind::Try, Location::caller(), |_| false)?;
        Some(self.guard(held))
    }

    /// The value.
    #[inline]
    pub fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }

    /// Whether the lock is held.
    #[inline]
    pub fn is_locked(&self) -> bool {
        self.base.raw.is_locked()
    }

    /// Releases the lock of a guard that was forgotten.
    #[inline]
    pub unsafe fn force_unlock(&self) {
        self.record().released(Held::Unlisted);
        unsafe { self.base.unlock() };
    }

    /// The raw lock. From here on the lock is not watched.
    #[inline]
    pub unsafe fn raw(&self) -> &R {
        self.record().hand_out();
        &self.base.raw
    }

    /// Where the value is.
    #[inline]
    pub fn data_ptr(&self) -> *mut T {
        self.data.get()
    }
}

#[cfg(feature = "arc_lock")]
impl<R: RawMutex, T: ?Sized> Mutex<R, T> {
    fn arc_guard(self: &Arc<Self>, held: Held) -> ArcMutexGuard<R, T> {
        ArcMutexGuard {
            lock: Arc::clone(self),
            held,
            marker: PhantomData,
        }
    }

    /// Takes the lock, with a guard that owns the `Arc`.
    #[inline]
    #[track_caller]
    pub fn lock_arc(self: &Arc<Self>) -> ArcMutexGuard<R, T> {
        self.arc_guard(self.base.lock(Location::caller()))
    }

    /// Takes the lock if it is free, with a guard that owns the `Arc`.
    #[inline]
    #[track_caller]
    pub fn try_lock_arc(self: &Arc<Self>) -> Option<ArcMutexGuard<R, T>> {
        let held = self
            .base
            .acquire(AcquireKind::Try, Location::caller(), |_| false)?;
        Some(self.arc_guard(held))
    }
}

impl<R: RawMutexFair, T: ?Sized> Mutex<R, T> {
    unsafe fn unlock_raw_fair(&self) {
        unsafe { self.base.unlock_fair() }
    }

    unsafe fn bump_raw(&self) {
        unsafe { self.base.bump() }
    }

    /// Hands on the lock of a guard that was forgotten.
    #[inline]
    pub unsafe fn force_unlock_fair(&self) {
        self.record().released(Held::Unlisted);
        unsafe { self.base.unlock_fair() };
    }
}

impl<R: RawMutexTimed, T: ?Sized> Mutex<R, T> {
    /// Takes the lock, and waits for so long.
    #[inline]
    #[track_caller]
    pub fn try_lock_for(&self, timeout: R::Duration) -> Option<MutexGuard<'_, R, T>> {
        let wait = |raw: &R| raw.try_lock_for(timeout);
        let held = self.base.acquire(AcquireKind::Timed, Location::caller(), wait)?;
        Some(self.guard(held))
    }

    /// Takes the lock, and waits until then.
    #[inline]
    #[track_caller]
    pub fn try_lock_until(&self, timeout: R::Instant) -> Option<MutexGuard<'_, R, T>> {
        let wait = |raw: &R| raw.try_lock_until(timeout);
        let held = self.base.acquire(AcquireKind::Timed, Location::caller(), wait)?;
        Some(self.guard(held))
    }

    /// Takes the lock, and waits for so long, with a guard that owns the `Arc`.
    #[cfg(feature = "arc_lock")]
    #[inline]
    #[track_caller]
    pub fn try_lock_arc_for(self: &Arc<Self>, timeout: R::Duration) -> Option<ArcMutexGuard<R, T>> {
        let wait = |raw: &R| raw.try_lock_for(timeout);
        let held = self.base.acquire(AcquireKind::Timed, Location::caller(), wait)?;
        Some(self.arc_guard(held))
    }

    /// Takes the lock, and waits until then, with a guard that owns the `Arc`.
    #[cfg(feature = "arc_lock")]
    #[inline]
    #[track_caller]
    pub fn try_lock_arc_until(
        self: &Arc<Self>,
        timeout: R::Instant,
    ) -> Option<ArcMutexGuard<R, T>> {
        let wait = |raw: &R| raw.try_lock_until(timeout);
        let held = self.base.acquire(AcquireKind::Timed, Location::caller(), wait)?;
        Some(self.arc_guard(held))
    }
}

impl<R: RawMutex, T: Default> Default for Mutex<R, T> {
    #[inline]
    #[track_caller]
    fn default() -> Mutex<R, T> {
        Mutex::new(Default::default())
    }
}

impl<R: RawMutex, T> From<T> for Mutex<R, T> {
    #[inline]
    #[track_caller]
    fn from(t: T) -> Mutex<R, T> {
        Mutex::new(t)
    }
}

impl<R: RawMutex, T: ?Sized + fmt::Debug> fmt::Debug for Mutex<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Mutex");
        match self.try_lock() {
            Some(guard) => text.field("data", &&*guard),
            None => text.field("data", &format_args!("<locked>")),
        };
        text.finish()
    }
}

#[cfg(feature = "serde")]
impl<R: RawMutex, T: ?Sized + serde::Serialize> serde::Serialize for Mutex<R, T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.lock().serialize(serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de, R: RawMutex, T: serde::Deserialize<'de>> serde::Deserialize<'de> for Mutex<R, T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Mutex::new)
    }
}

/// Holds a mutex.
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct MutexGuard<'a, R: RawMutex, T: ?Sized> {
    lock: &'a Mutex<R, T>,
    held: Held,
    marker: PhantomData<(&'a mut T, R::GuardMarker)>,
}

// SAFETY: as in the original: a shared guard gives shared references to the data.
unsafe impl<'a, R: RawMutex + Sync + 'a, T: ?Sized + Sync + 'a> Sync for MutexGuard<'a, R, T> {}

impl<'a, R: RawMutex + 'a, T: ?Sized + 'a> MutexGuard<'a, R, T> {
    /// The mutex.
    pub fn mutex(s: &Self) -> &'a Mutex<R, T> {
        s.lock
    }

    /// The data, and a lock that is never released.
    pub fn leak(s: Self) -> &'a mut T {
        // SAFETY: the guard alone holds the lock, and keeps it.
        let data = unsafe { &mut *s.lock.data_ptr() };
        core::mem::forget(s);
        data
    }
}

guard_parts!(
    ['a, R: RawMutex + 'a, T: ?Sized + 'a] [MutexGuard<'a, R, T>], T,
    retake: retake, unlock: unlock_raw
);
guard_mut!(
    ['a, R: RawMutex + 'a, T: ?Sized + 'a] [MutexGuard<'a, R, T>], T, |s| s.lock.data_ptr()
);
guard_fair!(
    ['a, R: RawMutexFair + 'a, T: ?Sized + 'a] [MutexGuard<'a, R, T>],
    retake: retake, unlock_fair: unlock_raw_fair, bump: bump_raw
);
guard_map!(
    ['a, R: RawMutex + 'a, T: ?Sized + 'a] [MutexGuard<'a, R, T>]
        => [MappedMutexGuard<'a, R, U>] MappedMutexGuard,
    T, from_mut, mut
);

#[cfg(feature = "owning_ref")]
// SAFETY: the data stays where the lock is.
unsafe impl<'a, R: RawMutex + 'a, T: ?Sized + 'a> owning_ref::StableAddress
    for MutexGuard<'a, R, T>
{
}

/// Holds a mutex, and owns an `Arc` of it.
#[cfg(feature = "arc_lock")]
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct ArcMutexGuard<R: RawMutex, T: ?Sized> {
    lock: Arc<Mutex<R, T>>,
    held: Held,
    marker: PhantomData<*const ()>,
}

#[cfg(feature = "arc_lock")]
// SAFETY: as in the original.
unsafe impl<R: RawMutex<GuardMarker = GuardSend> + Send + Sync, T: Send + ?Sized> Send
    for ArcMutexGuard<R, T>
{
}
#[cfg(feature = "arc_lock")]
// SAFETY: as in the original.
unsafe impl<R: RawMutex<GuardMarker = GuardSend> + Sync, T: Sync + ?Sized> Sync
    for ArcMutexGuard<R, T>
{
}

#[cfg(feature = "arc_lock")]
impl<R: RawMutex, T: ?Sized> ArcMutexGuard<R, T> {
    /// The mutex.
    #[inline]
    pub fn mutex(s: &Self) -> &Arc<Mutex<R, T>> {
        &s.lock
    }
}

#[cfg(feature = "arc_lock")]
guard_parts!(
    [R: RawMutex, T: ?Sized] [ArcMutexGuard<R, T>], T,
    retake: retake, unlock: unlock_raw
);
#[cfg(feature = "arc_lock")]
guard_mut!([R: RawMutex, T: ?Sized] [ArcMutexGuard<R, T>], T, |s| s.lock.data_ptr());
#[cfg(feature = "arc_lock")]
guard_fair!(
    [R: RawMutexFair, T: ?Sized] [ArcMutexGuard<R, T>],
    retake: retake, unlock_fair: unlock_raw_fair, bump: bump_raw
);
#[cfg(feature = "arc_lock")]
guard_arc!([R: RawMutex, T: ?Sized] [ArcMutexGuard<R, T>], Mutex<R, T>, unlock: unlock_raw);
#[cfg(feature = "arc_lock")]
guard_arc_fair!(
    [R: RawMutexFair, T: ?Sized] [ArcMutexGuard<R, T>], Mutex<R, T>, unlock_fair: unlock_raw_fair
);

/// Holds a mutex, and gives access to a part of its data.
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct MappedMutexGuard<'a, R: RawMutex, T: ?Sized> {
    lock: &'a Base<R>,
    data: *mut T,
    held: Held,
    marker: PhantomData<(&'a mut T, R::GuardMarker)>,
}

// SAFETY: as in the original.
unsafe impl<'a, R: RawMutex + Sync + 'a, T: ?Sized + Sync + 'a> Sync
    for MappedMutexGuard<'a, R, T>
{
}
// SAFETY: as in the original.
unsafe impl<'a, R: RawMutex + 'a, T: ?Sized + Send + 'a> Send for MappedMutexGuard<'a, R, T> where
    R::GuardMarker: Send
{
}

mapped_guard!(
    MappedMutexGuard, ['a, R: RawMutex + 'a, T: ?Sized + 'a] [MappedMutexGuard<'a, R, T>]
        => [MappedMutexGuard<'a, R, U>],
    T, unlock: unlock, or_err: try_map_or_err, from_mut, mut
);
guard_mut!(['a, R: RawMutex + 'a, T: ?Sized + 'a] [MappedMutexGuard<'a, R, T>], T, |s| s.data);
mapped_guard_fair!(
    ['a, R: RawMutexFair + 'a, T: ?Sized + 'a] [MappedMutexGuard<'a, R, T>],
    unlock_fair: unlock_fair
);

#[cfg(feature = "owning_ref")]
// SAFETY: the data stays where the lock is.
unsafe impl<'a, R: RawMutex + 'a, T: ?Sized + 'a> owning_ref::StableAddress
    for MappedMutexGuard<'a, R, T>
{
}

/// Returns the record of the lock of the guard.
#[doc(hidden)]
pub fn record_of<'a, R: RawMutex, T: ?Sized>(
    guard: &MutexGuard<'a, R, T>,
) -> &'a lockwarden::instrument::Lock {
    &guard.lock.record().lock
}

/// Waits by `wait` for a condition variable with the record `signal`, which releases the lock of the
/// guard meanwhile; `wait` says whether a notification ended it, or `wake`, which wakes a thread that would
/// wait for ever.
#[doc(hidden)]
pub fn wait<R: RawMutex, T: ?Sized>(
    guard: &mut MutexGuard<'_, R, T>,
    signal: &CondvarRecord,
    wake: Option<Wake>,
    kind: AcquireKind,
    site: Site,
    wait: impl FnOnce(&mut MutexGuard<'_, R, T>) -> bool,
) -> bool {
    let held = core::mem::replace(&mut guard.held, Held::Untracked);
    let mutex = guard.lock;
    let guard: *mut MutexGuard<'_, R, T> = guard;
    mutex.record().wait(
        held,
        (signal, wake),
        kind,
        site,
        // SAFETY: the guard is borrowed exclusively by this function, and not used by the wait when
        // the hold comes back.
        |held| unsafe { (*guard).held = held },
        // SAFETY: as above.
        || wait(unsafe { &mut *guard }),
    )
}
