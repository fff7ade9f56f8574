//! Mutexes that their holder may take again.

use core::cell::{Cell, UnsafeCell};
use core::fmt;
use core::marker::PhantomData;
use core::panic::Location;
use core::sync::atomic::{AtomicUsize, Ordering};
#[cfg(feature = "arc_lock")]
use std::sync::Arc;

use lockwarden::instrument::{AcquireKind, Mode, Site};

use crate::kind;
use crate::record::{Held, Record};
use crate::{GetThreadId, RawMutex, RawMutexFair, RawMutexTimed};

/// A raw mutex that its holder may take again.
pub struct RawReentrantMutex<R, G> {
    record: Record,
    owner: AtomicUsize,
    lock_count: Cell<usize>,
    /// The hold of the outermost acquisition; only the owner touches it.
    held: UnsafeCell<Held>,
    mutex: R,
    get_thread_id: G,
}

// SAFETY: as in the original; the fields beside are those of the owner alone.
unsafe impl<R: RawMutex + Send, G: GetThreadId + Send> Send for RawReentrantMutex<R, G> {}
// SAFETY: as above.
unsafe impl<R: RawMutex + Sync, G: GetThreadId + Sync> Sync for RawReentrantMutex<R, G> {}

impl<R, G> RawReentrantMutex<R, G> {
    const fn of(record: Record, mutex: R, get_thread_id: G) -> Self {
        RawReentrantMutex {
            record,
            owner: AtomicUsize::new(0),
            lock_count: Cell::new(0),
            held: UnsafeCell::new(Held::Untracked),
            mutex,
            get_thread_id,
        }
    }

    /// Each guard asks it; the hold is here, so theirs are empty.
    fn record(&self) -> &Record {
        &self.record
    }
}

impl<R: RawMutex, G: GetThreadId> RawReentrantMutex<R, G> {
    /// An unlocked mutex.
    pub const INIT: Self = Self::of(Record::new(kind::reentrant()), R::INIT, G::INIT);

    #[inline]
    fn acquire(&self, kind: AcquireKind, site: Site, wait: impl FnOnce(&R) -> bool) -> bool {
        let id = self.get_thread_id.nonzero_thread_id().get();
        // Relaxed: only this thread ever stores its own id.
        if self.owner.load(Ordering::Relaxed) == id {
            let count = self.lock_count.get().checked_add(1);
            self.lock_count
                .set(count.expect("ReentrantMutex lock count overflow"));
            return true;
        }
        let raw = &self.mutex;
        let held = self.record.acquire(
            Mode::Exclusive,
            kind,
            site,
            || raw.try_lock(),
            || wait(raw),
            // SAFETY: called after the lock was taken, when nothing else will release it.
            || unsafe { raw.unlock() },
        );
        match held {
            Some(held) => {
                self.own(id, held);
                true
            }
            None => false,
        }
    }

    fn own(&self, id: usize, held: Held) {
        self.owner.store(id, Ordering::Relaxed);
        self.lock_count.set(1);
        // SAFETY: this thread holds the raw mutex.
        unsafe { *self.held.get() = held };
    }

    /// The end of the outermost acquisition, but for the release of the raw mutex.
    fn disown(&self) {
        self.owner.store(0, Ordering::Relaxed);
        // SAFETY: this thread holds the raw mutex.
        let held = unsafe { core::mem::replace(&mut *self.held.get(), Held::Untracked) };
        self.record.released(held);
    }

    fn retake(&self, site: Site) -> Held {
        let id = self.get_thread_id.nonzero_thread_id().get();
        if self.owner.load(Ordering::Relaxed) == id {
            self.lock_count.set(self.lock_count.get() + 1);
        } else {
            let raw = &self.mutex;
            let held =
                self.record
                    .reacquire(Mode::Exclusive, site, || raw.try_lock(), || raw.lock());
            self.own(id, held);
        }
        Held::Untracked
    }

    /// Takes the mutex, and waits for it.
    #[inline]
    #[track_caller]
    pub fn lock(&self) {
        let wait = |raw: &R| {
            raw.lock();
            true
        };
        self.acquire(AcquireKind::Blocking, Location::caller(), wait);
    }

    /// Takes the mutex if it is free or held by this thread.
    #[inline]
    #[track_caller]
    pub fn try_lock(&self) -> bool {
        self.acquire(AcquireKind::Try, Location::caller(), |_| false)
    }

    /// Ends the last acquisition.
    #[inline]
    pub unsafe fn unlock(&self) {
        let count = self.lock_count.get() - 1;
        self.lock_count.set(count);
        if count == 0 {
            self.disown();
            unsafe { self.mutex.unlock() };
        }
    }

    /// Whether the mutex is held.
    #[inline]
    pub fn is_locked(&self) -> bool {
        self.mutex.is_locked()
    }

    /// Whether this thread holds the mutex.
    #[inline]
    pub fn is_owned_by_current_thread(&self) -> bool {
        let id = self.get_thread_id.nonzero_thread_id().get();
        self.owner.load(Ordering::Relaxed) == id
    }
}

impl<R: RawMutexFair, G: GetThreadId> RawReentrantMutex<R, G> {
    /// Ends the last acquisition, and hands the mutex over.
    #[inline]
    pub unsafe fn unlock_fair(&self) {
        let count = self.lock_count.get() - 1;
        self.lock_count.set(count);
        if count == 0 {
            self.disown();
            unsafe { self.mutex.unlock_fair() };
        }
    }

    /// Lets a waiter have the mutex for once.
    #[inline]
    pub unsafe fn bump(&self) {
        if self.lock_count.get() == 1 {
            let id = self.owner.load(Ordering::Relaxed);
            // The hold stays listed, with the mutex in other hands meanwhile.
            self.owner.store(0, Ordering::Relaxed);
            self.lock_count.set(0);
            let held = unsafe { core::mem::replace(&mut *self.held.get(), Held::Untracked) };
            unsafe { self.mutex.bump() };
            self.own(id, held);
        }
    }
}

impl<R: RawMutexTimed, G: GetThreadId> RawReentrantMutex<R, G> {
    /// Takes the mutex, and waits until then.
    #[inline]
    #[track_caller]
    pub fn try_lock_until(&self, timeout: R::Instant) -> bool {
        let wait = |raw: &R| raw.try_lock_until(timeout);
        self.acquire(AcquireKind::Timed, Location::caller(), wait)
    }

    /// Takes the mutex, and waits for so long.
    #[inline]
    #[track_caller]
    pub fn try_lock_for(&self, timeout: R::Duration) -> bool {
        let wait = |raw: &R| raw.try_lock_for(timeout);
        self.acquire(AcquireKind::Timed, Location::caller(), wait)
    }
}

/// A mutex around a value that its holder may take again.
pub struct ReentrantMutex<R, G, T: ?Sized> {
    raw: RawReentrantMutex<R, G>,
    data: UnsafeCell<T>,
}

// SAFETY: as in the original.
unsafe impl<R: RawMutex + Send, G: GetThreadId + Send, T: ?Sized + Send> Send
    for ReentrantMutex<R, G, T>
{
}
// SAFETY: as in the original.
unsafe impl<R: RawMutex + Sync, G: GetThreadId + Sync, T: ?Sized + Send> Sync
    for ReentrantMutex<R, G, T>
{
}

impl<R: RawMutex, G: GetThreadId, T> ReentrantMutex<R, G, T> {
    /// An unlocked mutex.
    #[inline]
    #[track_caller]
    pub const fn new(val: T) -> ReentrantMutex<R, G, T> {
        Self::from_raw(R::INIT, G::INIT, val)
    }

    /// The value.
    #[inline]
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

impl<R, G, T> ReentrantMutex<R, G, T> {
    /// A mutex over a raw one that is there.
    #[inline]
    #[track_caller]
    pub const fn from_raw(raw_mutex: R, get_thread_id: G, val: T) -> ReentrantMutex<R, G, T> {
        ReentrantMutex {
            raw: RawReentrantMutex::of(
                Record::around::<T>(kind::reentrant()),
                raw_mutex,
                get_thread_id,
            ),
            data: UnsafeCell::new(val),
        }
    }

    /// The same, under its older name.
    #[inline]
    #[track_caller]
    pub const fn const_new(raw_mutex: R, get_thread_id: G, val: T) -> ReentrantMutex<R, G, T> {
        Self::from_raw(raw_mutex, get_thread_id, val)
    }
}

impl<R: RawMutex, G: GetThreadId, T: ?Sized> ReentrantMutex<R, G, T> {
    fn guard(&self) -> ReentrantMutexGuard<'_, R, G, T> {
        ReentrantMutexGuard {
            lock: self,
            held: Held::Untracked,
            marker: PhantomData,
        }
    }

    fn record(&self) -> &Record {
        self.raw.record()
    }

    fn mapped(&self) -> &RawReentrantMutex<R, G> {
        &self.raw
    }

    unsafe fn unlock_raw(&self) {
        unsafe { self.raw.unlock() }
    }

    fn retake(&self, site: Site) -> Held {
        self.raw.retake(site)
    }

    /// A guard of a mutex that is held, and has one too few.
    #[inline]
    pub unsafe fn make_guard_unchecked(&self) -> ReentrantMutexGuard<'_, R, G, T> {
        self.guard()
    }

    /// Takes the mutex, and waits for it.
    #[inline]
    #[track_caller]
    pub fn lock(&self) -> ReentrantMutexGuard<'_, R, G, T> {
        self.raw.lock();
        self.guard()
    }

    /// Takes the mutex if it is free or held by this thread.
    #[inline]
    #[track_caller]
    pub fn try_lock(&self) -> Option<ReentrantMutexGuard<'_, R, G, T>> {
        self.raw.try_lock().then(|| self.guard())
    }

    /// The value.
    #[inline]
    pub fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }

    /// Whether the mutex is held.
    #[inline]
    pub fn is_locked(&self) -> bool {
        self.raw.is_locked()
    }

    /// Whether this thread holds the mutex.
    #[inline]
    pub fn is_owned_by_current_thread(&self) -> bool {
        self.raw.is_owned_by_current_thread()
    }

    /// Ends an acquisition whose guard was forgotten.
    #[inline]
    pub unsafe fn force_unlock(&self) {
        unsafe { self.raw.unlock() };
    }

    /// The raw mutex. From here on the lock is not watched.
    #[inline]
    pub unsafe fn raw(&self) -> &R {
        self.record().hand_out();
        &self.raw.mutex
    }

    /// Where the value is.
    #[inline]
    pub fn data_ptr(&self) -> *mut T {
        self.data.get()
    }
}

#[cfg(feature = "arc_lock")]
impl<R: RawMutex, G: GetThreadId, T: ?Sized> ReentrantMutex<R, G, T> {
    fn arc_guard(self: &Arc<Self>) -> ArcReentrantMutexGuard<R, G, T> {
        ArcReentrantMutexGuard {
            lock: Arc::clone(self),
            held: Held::Untracked,
            marker: PhantomData,
        }
    }

    /// A guard of a mutex that is held, and has one too few, that owns the `Arc`.
    #[inline]
    pub unsafe fn make_arc_guard_unchecked(self: &Arc<Self>) -> ArcReentrantMutexGuard<R, G, T> {
        self.arc_guard()
    }

    /// Takes the mutex, with a guard that owns the `Arc`.
    #[inline]
    #[track_caller]
    pub fn lock_arc(self: &Arc<Self>) -> ArcReentrantMutexGuard<R, G, T> {
        self.raw.lock();
        self.arc_guard()
    }

    /// Takes the mutex if that is possible at once, with a guard that owns the `Arc`.
    #[inline]
    #[track_caller]
    pub fn try_lock_arc(self: &Arc<Self>) -> Option<ArcReentrantMutexGuard<R, G, T>> {
        self.raw.try_lock().then(|| self.arc_guard())
    }
}

impl<R: RawMutexFair, G: GetThreadId, T: ?Sized> ReentrantMutex<R, G, T> {
    unsafe fn unlock_raw_fair(&self) {
        unsafe { self.raw.unlock_fair() }
    }

    unsafe fn bump_raw(&self) {
        unsafe { self.raw.bump() }
    }

    /// Ends an acquisition whose guard was forgotten, and hands the mutex over.
    #[inline]
    pub unsafe fn force_unlock_fair(&self) {
        unsafe { self.raw.unlock_fair() };
    }
}

impl<R: RawMutexTimed, G: GetThreadId, T: ?Sized> ReentrantMutex<R, G, T> {
    /// Takes the mutex, and waits for so long.
    #[inline]
    #[track_caller]
    pub fn try_lock_for(&self, timeout: R::Duration) -> Option<ReentrantMutexGuard<'_, R, G, T>> {
        self.raw.try_lock_for(timeout).then(|| self.guard())
    }

    /// Takes the mutex, and waits until then.
    #[inline]
    #[track_caller]
    pub fn try_lock_until(&self, timeout: R::Instant) -> Option<ReentrantMutexGuard<'_, R, G, T>> {
        self.raw.try_lock_until(timeout).then(|| self.guard())
    }

    /// Takes the mutex, and waits for so long, with a guard that owns the `Arc`.
    #[cfg(feature = "arc_lock")]
    #[inline]
    #[track_caller]
    pub fn try_lock_arc_for(
        self: &Arc<Self>,
        timeout: R::Duration,
    ) -> Option<ArcReentrantMutexGuard<R, G, T>> {
        self.raw.try_lock_for(timeout).then(|| self.arc_guard())
    }

    /// Takes the mutex, and waits until then, with a guard that owns the `Arc`.
    #[cfg(feature = "arc_lock")]
    #[inline]
    #[track_caller]
    pub fn try_lock_arc_until(
        self: &Arc<Self>,
        timeout: R::Instant,
    ) -> Option<ArcReentrantMutexGuard<R, G, T>> {
        self.raw.try_lock_until(timeout).then(|| self.arc_guard())
    }
}

impl<R: RawMutex, G: GetThreadId, T: Default> Default for ReentrantMutex<R, G, T> {
    #[inline]
    #[track_caller]
    fn default() -> ReentrantMutex<R, G, T> {
        ReentrantMutex::new(Default::default())
    }
}

impl<R: RawMutex, G: GetThreadId, T> From<T> for ReentrantMutex<R, G, T> {
    #[inline]
    #[track_caller]
    fn from(t: T) -> ReentrantMutex<R, G, T> {
        ReentrantMutex::new(t)
    }
}

impl<R: RawMutex, G: GetThreadId, T: ?Sized + fmt::Debug> fmt::Debug for ReentrantMutex<R, G, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("ReentrantMutex");
        match self.try_lock() {
            Some(guard) => text.field("data", &&*guard),
            None => text.field("data", &format_args!("<locked>")),
        };
        text.finish()
    }
}

#[cfg(feature = "serde")]
impl<R: RawMutex, G: GetThreadId, T: ?Sized + serde::Serialize> serde::Serialize
    for ReentrantMutex<R, G, T>
{
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.lock().serialize(serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de, R: RawMutex, G: GetThreadId, T: serde::Deserialize<'de>> serde::Deserialize<'de>
    for ReentrantMutex<R, G, T>
{
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(ReentrantMutex::new)
    }
}

/// Holds a reentrant mutex.
#[must_use = "if unused the ReentrantMutex will immediately unlock"]
pub struct ReentrantMutexGuard<'a, R: RawMutex, G: GetThreadId, T: ?Sized> {
    lock: &'a ReentrantMutex<R, G, T>,
    held: Held,
    marker: PhantomData<(&'a T, *mut ())>,
}

// SAFETY: as in the original.
unsafe impl<'a, R: RawMutex + Sync + 'a, G: GetThreadId + Sync + 'a, T: ?Sized + Sync + 'a> Sync
    for ReentrantMutexGuard<'a, R, G, T>
{
}

impl<'a, R: RawMutex + 'a, G: GetThreadId + 'a, T: ?Sized + 'a> ReentrantMutexGuard<'a, R, G, T> {
    /// The mutex.
    pub fn remutex(s: &Self) -> &'a ReentrantMutex<R, G, T> {
        s.lock
    }
}

guard_parts!(
    ['a, R: RawMutex + 'a, G: GetThreadId + 'a, T: ?Sized + 'a] [ReentrantMutexGuard<'a, R, G, T>],
    T, retake: retake, unlock: unlock_raw
);
guard_fair!(
    ['a, R: RawMutexFair + 'a, G: GetThreadId + 'a, T: ?Sized + 'a]
    [ReentrantMutexGuard<'a, R, G, T>],
    retake: retake, unlock_fair: unlock_raw_fair, bump: bump_raw
);
guard_map!(
    ['a, R: RawMutex + 'a, G: GetThreadId + 'a, T: ?Sized + 'a] [ReentrantMutexGuard<'a, R, G, T>]
        => [MappedReentrantMutexGuard<'a, R, G, U>] MappedReentrantMutexGuard,
    T, from_ref
);

#[cfg(feature = "owning_ref")]
// SAFETY: the data stays where the lock is.
unsafe impl<'a, R: RawMutex + 'a, G: GetThreadId + 'a, T: ?Sized + 'a> owning_ref::StableAddress
    for ReentrantMutexGuard<'a, R, G, T>
{
}

/// Holds a reentrant mutex, and owns an `Arc` of it.
#[cfg(feature = "arc_lock")]
#[must_use = "if unused the ReentrantMutex will immediately unlock"]
pub struct ArcReentrantMutexGuard<R: RawMutex, G: GetThreadId, T: ?Sized> {
    lock: Arc<ReentrantMutex<R, G, T>>,
    held: Held,
    marker: PhantomData<*const ()>,
}

#[cfg(feature = "arc_lock")]
impl<R: RawMutex, G: GetThreadId, T: ?Sized> ArcReentrantMutexGuard<R, G, T> {
    /// The mutex.
    pub fn remutex(s: &Self) -> &Arc<ReentrantMutex<R, G, T>> {
        &s.lock
    }
}

#[cfg(feature = "arc_lock")]
guard_parts!(
    [R: RawMutex, G: GetThreadId, T: ?Sized] [ArcReentrantMutexGuard<R, G, T>], T,
    retake: retake, unlock: unlock_raw
);
#[cfg(feature = "arc_lock")]
guard_fair!(
    [R: RawMutexFair, G: GetThreadId, T: ?Sized] [ArcReentrantMutexGuard<R, G, T>],
    retake: retake, unlock_fair: unlock_raw_fair, bump: bump_raw
);
#[cfg(feature = "arc_lock")]
guard_arc!(
    [R: RawMutex, G: GetThreadId, T: ?Sized] [ArcReentrantMutexGuard<R, G, T>],
    ReentrantMutex<R, G, T>, unlock: unlock_raw
);
#[cfg(feature = "arc_lock")]
guard_arc_fair!(
    [R: RawMutexFair, G: GetThreadId, T: ?Sized] [ArcReentrantMutexGuard<R, G, T>],
    ReentrantMutex<R, G, T>, unlock_fair: unlock_raw_fair
);

/// Holds a reentrant mutex, and gives access to a part of its data.
#[must_use = "if unused the ReentrantMutex will immediately unlock"]
pub struct MappedReentrantMutexGuard<'a, R: RawMutex, G: GetThreadId, T: ?Sized> {
    lock: &'a RawReentrantMutex<R, G>,
    data: *const T,
    held: Held,
    marker: PhantomData<&'a T>,
}

// SAFETY: as in the original.
unsafe impl<'a, R: RawMutex + Sync + 'a, G: GetThreadId + Sync + 'a, T: ?Sized + Sync + 'a> Sync
    for MappedReentrantMutexGuard<'a, R, G, T>
{
}

mapped_guard!(
    MappedReentrantMutexGuard,
    ['a, R: RawMutex + 'a, G: GetThreadId + 'a, T: ?Sized + 'a]
    [MappedReentrantMutexGuard<'a, R, G, T>]
        => [MappedReentrantMutexGuard<'a, R, G, U>],
    T, unlock: unlock, or_err: try_map_or_err, from_ref
);
mapped_guard_fair!(
    ['a, R: RawMutexFair + 'a, G: GetThreadId + 'a, T: ?Sized + 'a]
    [MappedReentrantMutexGuard<'a, R, G, T>],
    unlock_fair: unlock_fair
);

#[cfg(feature = "owning_ref")]
// SAFETY: the data stays where the lock is.
unsafe impl<'a, R: RawMutex + 'a, G: GetThreadId + 'a, T: ?Sized + 'a> owning_ref::StableAddress
    for MappedReentrantMutexGuard<'a, R, G, T>
{
}
