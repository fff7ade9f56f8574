//! `RwLock`: std's, watched.

#![allow(unsafe_code)]

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

use lock_api::GuardNoSend;

use super::raw::Poisoning;
use crate::instrument::{Lock, LockKind, Site, Tracked};
use crate::raw::RawRwLock;

/// A lock around a value that many may read or one may write, with the interface of
/// [`std::sync::RwLock`].
///
/// A thread that panics while it holds the lock for writing poisons it. A panic of a reader does
/// not: it cannot have left the value half changed.
///
/// A writer that waits keeps new readers out. A thread that reads while it already reads the same
/// lock can therefore wait for a writer that waits for it; the detector reports this as a
/// `RecursiveRead` before it happens.
///
/// # Examples
///
/// ```
/// use lockwarden::sync::RwLock;
///
/// static RATES: RwLock<Vec<u32>> = RwLock::new(Vec::new());
///
/// RATES.write().unwrap().push(17);
/// assert_eq!(RATES.read().unwrap().len(), 1);
/// ```
pub struct RwLock<T: ?Sized> {
    inner: lock_api::RwLock<Poisoning<RawRwLock>, T>,
}

// A panic under the lock is made known by poisoning, so the value may be looked at afterwards.
impl<T: ?Sized> UnwindSafe for RwLock<T> {}
impl<T: ?Sized> RefUnwindSafe for RwLock<T> {}

impl<T> RwLock<T> {
    /// An unlocked lock around `value`.
    ///
    /// Its class, by which reports speak of it and of all that are made in the same place, is
    /// the place of the call.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::RwLock;
    ///
    /// static LIMIT: RwLock<u32> = RwLock::new(10);
    /// assert_eq!(*LIMIT.read().unwrap(), 10);
    /// ```
    #[inline]
    #[track_caller]
    pub const fn new(value: T) -> RwLock<T> {
        Self {
            inner: lock_api::RwLock::from_raw(
                Poisoning::new(RawRwLock::of(Lock::new(&LockKind::STD_RW_LOCK))),
                value,
            ),
        }
    }

    /// An unlocked lock around `value`, whose class is `name`.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::RwLock;
    ///
    /// static ROUTES: RwLock<Vec<&str>> = RwLock::named("routes", Vec::new());
    /// ROUTES.write().unwrap().push("/health");
    /// ```
    #[inline]
    #[track_caller]
    pub const fn named(name: &'static str, value: T) -> RwLock<T> {
        Self {
            inner: lock_api::RwLock::from_raw(
                Poisoning::new(RawRwLock::of(Lock::named(&LockKind::STD_RW_LOCK, name))),
                value,
            ),
        }
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Takes the lock for reading; blocks while it is held for writing or a writer waits.
    ///
    /// # Errors
    ///
    /// If a thread has panicked while it held the lock for writing. The error holds the guard.
    ///
    /// # Panics
    ///
    /// In an instrumented build, by default, if this call would complete a deadlock, or if the
    /// calling thread holds the lock for writing. The lock is then not taken. Without
    /// instrumentation, such a call never returns.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::RwLock;
    ///
    /// let lock = RwLock::new(1);
    /// assert_eq!(*lock.read().unwrap(), 1);
    /// ```
    #[inline]
    #[track_caller]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        self.read_at(Location::caller())
    }

    /// [`read`](Self::read), for the call at `site`.
    #[inline]
    pub(crate) fn read_at(&self, site: Site) -> LockResult<RwLockReadGuard<'_, T>> {
        let hold = self.raw().raw.lock_shared_at(site);
        // SAFETY: the line above took the lock for reading, by this hold.
        let guard = unsafe { self.inner.make_read_guard_unchecked(hold) };
        self.raw().flag.wrap(RwLockReadGuard::new(guard))
    }

    /// Takes the lock for reading if that is possible at this moment.
    ///
    /// # Errors
    ///
    /// [`TryLockError::WouldBlock`] if it is not, [`TryLockError::Poisoned`], which holds the
    /// guard, if the lock was taken and is poisoned.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::RwLock;
    ///
    /// let lock = RwLock::new(1);
    /// let written = lock.write().unwrap();
    /// assert!(lock.try_read().is_err());
    /// # drop(written);
    /// ```
    #[inline]
    #[track_caller]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        match self.inner.try_read() {
            Some(guard) => Ok(self.raw().flag.wrap(RwLockReadGuard::new(guard))?),
            None => Err(TryLockError::WouldBlock),
        }
    }

    /// Takes the lock for writing; blocks while it is held at all.
    ///
    /// # Errors
    ///
    /// If a thread has panicked while it held the lock for writing. The error holds the guard.
    ///
    /// # Panics
    ///
    /// In an instrumented build, by default, if this call would complete a deadlock, or if the
    /// calling thread holds the lock already. The lock is then not taken and not poisoned by
    /// this call. Without instrumentation, such a call never returns.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::RwLock;
    ///
    /// let lock = RwLock::new(1);
    /// *lock.write().unwrap() += 1;
    /// assert_eq!(*lock.read().unwrap(), 2);
    /// ```
    #[inline]
    #[track_caller]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        self.write_at(Location::caller())
    }

    /// [`write`](Self::write), for the call at `site`.
    #[inline]
    pub(crate) fn write_at(&self, site: Site) -> LockResult<RwLockWriteGuard<'_, T>> {
        let exclusive = self.raw().lock_exclusive_at(site);
        // SAFETY: the line above took the lock for writing, by this acquisition.
        let guard = unsafe { self.inner.make_write_guard_unchecked(exclusive) };
        self.raw().flag.wrap(RwLockWriteGuard::new(guard))
    }

    /// Takes the lock for writing if it is free at this moment.
    ///
    /// # Errors
    ///
    /// [`TryLockError::WouldBlock`] if it is not, [`TryLockError::Poisoned`], which holds the
    /// guard, if the lock was taken and is poisoned.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::RwLock;
    ///
    /// let lock = RwLock::new(1);
    /// let read = lock.read().unwrap();
    /// assert!(lock.try_write().is_err());
    /// # drop(read);
    /// ```
    #[inline]
    #[track_caller]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        match self.inner.try_write() {
            Some(guard) => Ok(self.raw().flag.wrap(RwLockWriteGuard::new(guard))?),
            None => Err(TryLockError::WouldBlock),
        }
    }

    /// Whether a thread has panicked while it held the lock for writing.
    ///
    /// If another thread is active, the answer may be out of date when it arrives.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::RwLock;
    ///
    /// assert!(!RwLock::new(()).is_poisoned());
    /// ```
    #[inline]
    pub fn is_poisoned(&self) -> bool {
        self.raw().flag.get()
    }

    /// Says that the value is sound again: later acquisitions succeed.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    /// use lockwarden::sync::RwLock;
    ///
    /// let lock = RwLock::new(1);
    /// thread::scope(|scope| {
    ///     let failed = scope.spawn(|| {
    ///         let _held = lock.write();
    ///         panic!("with the lock held");
    ///     });
    ///     assert!(failed.join().is_err());
    /// });
    /// assert!(lock.read().is_err());
    /// lock.clear_poison();
    /// assert!(lock.read().is_ok());
    /// ```
    #[inline]
    pub fn clear_poison(&self) {
        self.raw().flag.clear();
    }

    /// The value, out of the lock.
    ///
    /// # Errors
    ///
    /// If the lock is poisoned. The error holds the value.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::RwLock;
    ///
    /// assert_eq!(RwLock::new(3).into_inner().unwrap(), 3);
    /// ```
    pub fn into_inner(self) -> LockResult<T>
    where
        T: Sized,
    {
        let (raw, value) = self.inner.into_inner_with_raw();
        raw.flag.wrap(value)
    }

    /// The value, without locking: nobody else can reach it while the lock is borrowed.
    ///
    /// # Errors
    ///
    /// If the lock is poisoned. The error holds the reference.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::RwLock;
    ///
    /// let mut lock = RwLock::new(3);
    /// *lock.get_mut().unwrap() = 4;
    /// assert_eq!(*lock.read().unwrap(), 4);
    /// ```
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        if self.is_poisoned() {
            Err(PoisonError::new(self.inner.get_mut()))
        } else {
            Ok(self.inner.get_mut())
        }
    }

    /// Names this one instance in reports, beside its class.
    ///
    /// Without instrumentation the label is dropped unread.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::RwLock;
    ///
    /// let shards: Vec<RwLock<u64>> = (0..16).map(|_| RwLock::named("shard", 0)).collect();
    /// for (number, shard) in shards.iter().enumerate() {
    ///     shard.set_label(format!("shard {number}"));
    /// }
    /// ```
    pub fn set_label(&self, label: impl AsRef<str>) {
        self.record().set_label(label.as_ref());
    }

    /// Says that this lock is taken under `parent`, a lock of the same class, whatever their ids: the
    /// lock of a child in a tree, under that of its parent. It gets the next sub-class after that of
    /// `parent`, as it is now.
    ///
    /// Where the order of classes is looked at
    /// ([`Config::classes`](crate::config::Config::classes)), two locks of one class nest in ascending
    /// order of their sub-classes, and of their ids within one sub-class; all else is told. Without
    /// instrumentation this does nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::RwLock;
    ///
    /// let leaf = RwLock::named("node", 2);
    /// let root = RwLock::named("node", 1);
    /// leaf.nested_in(&root);
    /// ```
    pub fn nested_in(&self, parent: &(impl Tracked + ?Sized)) {
        self.record().nested_in(parent.record());
    }

    /// Gives this instance a sub-class: locks of one class nest in ascending order of their
    /// sub-classes. One that is given none has sub-class 0. See [`nested_in`](Self::nested_in).
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::RwLock;
    ///
    /// let page = RwLock::named("page", 2);
    /// page.set_subclass(3);
    /// ```
    pub fn set_subclass(&self, subclass: u32) {
        self.record().set_subclass(subclass);
    }

    /// What the detector knows this lock by.
    #[inline]
    pub(crate) fn record(&self) -> &Lock {
        &self.raw().raw.record
    }

    /// The raw lock, for its flag and for its record.
    #[inline]
    pub(super) fn raw(&self) -> &Poisoning<RawRwLock> {
        // SAFETY: nothing in this crate unlocks it but with the end of the guard that holds it.
        unsafe { self.inner.raw() }
    }
}

impl<T> From<T> for RwLock<T> {
    /// Like [`RwLock::new`]. Through `into()`, the class is a line of the standard library that
    /// all such locks share: name them, or call `from`.
    #[inline]
    #[track_caller]
    fn from(value: T) -> Self {
        RwLock::new(value)
    }
}

impl<T: Default> Default for RwLock<T> {
    #[inline]
    #[track_caller]
    fn default() -> RwLock<T> {
        RwLock::new(T::default())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("RwLock");
        match self.try_read() {
            Ok(guard) => {
                shown.field("data", &&*guard);
            }
            Err(TryLockError::Poisoned(poisoned)) => {
                shown.field("data", &&**poisoned.get_ref());
            }
            Err(TryLockError::WouldBlock) => {
                shown.field("data", &format_args!("<locked>"));
            }
        }
        shown.field("poisoned", &self.is_poisoned());
        shown.finish_non_exhaustive()
    }
}

/// A [`RwLock`], held for reading: gives shared access to the value and unlocks when dropped.
///
/// Like std's, it stays in the thread that took the lock, with and without the feature
/// `send_guard`.
///
/// # Examples
///
/// ```
/// use lockwarden::sync::{RwLock, RwLockReadGuard};
///
/// let lock = RwLock::new(5);
/// let guard: RwLockReadGuard<'_, i32> = lock.read().unwrap();
/// assert_eq!(*guard, 5);
/// ```
#[must_use = "if unused the RwLock will immediately unlock"]
#[clippy::has_significant_drop]
#[expect(
    explicit_outlives_requirements,
    reason = "as in std, it makes `'a` the default lifetime of a trait object in here"
)]
pub struct RwLockReadGuard<'a, T: ?Sized + 'a> {
    // The mapped guard points to the value alone and not to the lock around it. So this guard,
    // like std's, is covariant in `T`, and is `Sync` without asking for `T: Send`.
    inner: lock_api::MappedRwLockReadGuard<'a, Poisoning<RawRwLock>, T>,
    stays_here: PhantomData<GuardNoSend>,
}

impl<T: ?Sized + RefUnwindSafe> UnwindSafe for RwLockReadGuard<'_, T> {}
impl<T: ?Sized + RefUnwindSafe> RefUnwindSafe for RwLockReadGuard<'_, T> {}

impl<'a, T: ?Sized> RwLockReadGuard<'a, T> {
    #[inline]
    fn new(inner: lock_api::RwLockReadGuard<'a, Poisoning<RawRwLock>, T>) -> Self {
        Self {
            inner: lock_api::RwLockReadGuard::map(inner, |value| value),
            stays_here: PhantomData,
        }
    }
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

/// A [`RwLock`], held for writing: gives access to the value and unlocks when it is dropped.
///
/// Like std's, it stays in the thread that took the lock, with and without the feature
/// `send_guard`.
///
/// # Examples
///
/// ```
/// use lockwarden::sync::{RwLock, RwLockWriteGuard};
///
/// let lock = RwLock::new(5);
/// let mut guard: RwLockWriteGuard<'_, i32> = lock.write().unwrap();
/// *guard += 1;
/// assert_eq!(*guard, 6);
/// ```
#[must_use = "if unused the RwLock will immediately unlock"]
#[clippy::has_significant_drop]
#[expect(
    explicit_outlives_requirements,
    reason = "as in std, it makes `'a` the default lifetime of a trait object in here"
)]
pub struct RwLockWriteGuard<'a, T: ?Sized + 'a> {
    inner: lock_api::RwLockWriteGuard<'a, Poisoning<RawRwLock>, T>,
    stays_here: PhantomData<GuardNoSend>,
}

// SAFETY: a shared guard gives out shared references to the value and nothing else; the raw
// lock beside the value may be shared by itself.
unsafe impl<T: ?Sized + Sync> Sync for RwLockWriteGuard<'_, T> {}

impl<T: ?Sized> UnwindSafe for RwLockWriteGuard<'_, T> {}
impl<T: ?Sized> RefUnwindSafe for RwLockWriteGuard<'_, T> {}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    #[inline]
    fn new(inner: lock_api::RwLockWriteGuard<'a, Poisoning<RawRwLock>, T>) -> Self {
        Self {
            inner,
            stays_here: PhantomData,
        }
    }

    /// Goes on reading what was written, without a moment in which the lock is free.
    ///
    /// Other readers are let in at once; no writer comes in between. A panic from here on poisons
    /// nothing, even one that is under way. This is an associated function, called as
    /// `RwLockWriteGuard::downgrade(guard)`, so that it hides no method of the value.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::{RwLock, RwLockWriteGuard};
    ///
    /// let lock = RwLock::new(1);
    /// let mut writer = lock.write().unwrap();
    /// *writer = 2;
    /// let reader = RwLockWriteGuard::downgrade(writer);
    /// assert_eq!(*lock.try_read().unwrap(), 2);
    /// assert_eq!(*reader, 2);
    /// ```
    pub fn downgrade(s: Self) -> RwLockReadGuard<'a, T> {
        RwLockReadGuard::new(lock_api::RwLockWriteGuard::downgrade(s.inner))
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}
