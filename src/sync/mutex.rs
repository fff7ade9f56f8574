//! `Mutex`: std's, watched.

#![allow(unsafe_code)]

use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

use lock_api::{GuardNoSend, RawMutex as _};

use super::raw::{Exclusive, Poisoning};
use crate::instrument::{Hold, Lock, LockKind, Site, Tracked};
use crate::raw::RawMutex;

/// A mutual-exclusion lock around a value, with the interface of [`std::sync::Mutex`].
///
/// A thread that panics while it holds the lock poisons it: from then on, [`lock`](Self::lock)
/// hands the guard out inside an error, until [`clear_poison`](Self::clear_poison) is called.
///
/// # Examples
///
/// ```
/// use std::thread;
/// use lockwarden::sync::Mutex;
///
/// static BALANCE: Mutex<u64> = Mutex::new(100);
///
/// thread::scope(|scope| {
///     for _ in 0..4 {
///         scope.spawn(|| *BALANCE.lock().unwrap() += 1);
///     }
/// });
/// assert_eq!(*BALANCE.lock().unwrap(), 104);
/// ```
pub struct Mutex<T: ?Sized> {
    inner: lock_api::Mutex<Poisoning<RawMutex>, T>,
}

// A panic under the lock is made known by poisoning, so the value may be looked at afterwards.
impl<T: ?Sized> UnwindSafe for Mutex<T> {}
impl<T: ?Sized> RefUnwindSafe for Mutex<T> {}

impl<T> Mutex<T> {
    /// An unlocked mutex around `value`.
    ///
    /// Its class, by which reports speak of it and of all that are made in the same place, is
    /// the place of the call.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::Mutex;
    ///
    /// static COUNT: Mutex<i32> = Mutex::new(0);
    /// *COUNT.lock().unwrap() += 1;
    /// ```
    #[inline]
    #[track_caller]
    pub const fn new(value: T) -> Mutex<T> {
        Self {
            inner: lock_api::Mutex::from_raw(
                Poisoning::new(RawMutex::of(Lock::new(&LockKind::STD_MUTEX))),
                value,
            ),
        }
    }

    /// An unlocked mutex around `value`, whose class is `name`.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::Mutex;
    ///
    /// static LEDGER: Mutex<Vec<u64>> = Mutex::named("ledger", Vec::new());
    /// LEDGER.lock().unwrap().push(7);
    /// ```
    #[inline]
    #[track_caller]
    pub const fn named(name: &'static str, value: T) -> Mutex<T> {
        Self {
            inner: lock_api::Mutex::from_raw(
                Poisoning::new(RawMutex::of(Lock::named(&LockKind::STD_MUTEX, name))),
                value,
            ),
        }
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Takes the lock; blocks until it is free.
    ///
    /// The guard that is returned unlocks the mutex when it is dropped.
    ///
    /// # Errors
    ///
    /// If a thread has panicked while it held the lock. The error holds the guard.
    ///
    /// # Panics
    ///
    /// In an instrumented build, by default, if this call would complete a deadlock, or if the
    /// calling thread holds the lock already. The lock is then not taken and not poisoned by
    /// this call. Without instrumentation, a second lock by the holder never returns.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::Mutex;
    ///
    /// let mutex = Mutex::new(1);
    /// *mutex.lock().unwrap() += 1;
    /// assert_eq!(*mutex.lock().unwrap(), 2);
    /// ```
    #[inline]
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        self.lock_at(Location::caller())
    }

    /// [`lock`](Self::lock), for the call at `site`.
    #[inline]
    pub(crate) fn lock_at(&self, site: Site) -> LockResult<MutexGuard<'_, T>> {
        let exclusive = self.raw().lock_at(site);
        // SAFETY: the line above took the lock, by this acquisition.
        unsafe { self.locked_by(exclusive) }
    }

    /// Takes the lock if it is free at this moment.
    ///
    /// # Errors
    ///
    /// [`TryLockError::WouldBlock`] if the lock is held, [`TryLockError::Poisoned`], which holds
    /// the guard, if it was taken and is poisoned.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::Mutex;
    ///
    /// let mutex = Mutex::new(1);
    /// let held = mutex.try_lock().unwrap();
    /// assert!(mutex.try_lock().is_err());
    /// # drop(held);
    /// ```
    #[inline]
    #[track_caller]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        match self.raw().try_lock() {
            // SAFETY: the call took the lock, by this acquisition.
            Some(exclusive) => Ok(unsafe { self.locked_by(exclusive) }?),
            None => Err(TryLockError::WouldBlock),
        }
    }

    /// Whether a thread has panicked while it held the lock.
    ///
    /// If another thread is active, the answer may be out of date when it arrives.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    /// use lockwarden::sync::Mutex;
    ///
    /// let mutex = Mutex::new(());
    /// thread::scope(|scope| {
    ///     let failed = scope.spawn(|| {
    ///         let _held = mutex.lock();
    ///         panic!("with the lock held");
    ///     });
    ///     assert!(failed.join().is_err());
    /// });
    /// assert!(mutex.is_poisoned());
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
    /// use lockwarden::sync::Mutex;
    ///
    /// let mutex = Mutex::new(1);
    /// thread::scope(|scope| {
    ///     let failed = scope.spawn(|| {
    ///         let _held = mutex.lock();
    ///         panic!("with the lock held");
    ///     });
    ///     assert!(failed.join().is_err());
    /// });
    ///
    /// let value = mutex.lock().unwrap_or_else(|mut poisoned| {
    ///     **poisoned.get_mut() = 0;
    ///     mutex.clear_poison();
    ///     poisoned.into_inner()
    /// });
    /// assert_eq!(*value, 0);
    /// assert!(!mutex.is_poisoned());
    /// ```
    #[inline]
    pub fn clear_poison(&self) {
        self.raw().flag.clear();
    }

    /// The value, out of the mutex.
    ///
    /// # Errors
    ///
    /// If the mutex is poisoned. The error holds the value.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::Mutex;
    ///
    /// assert_eq!(Mutex::new(3).into_inner().unwrap(), 3);
    /// ```
    pub fn into_inner(self) -> LockResult<T>
    where
        T: Sized,
    {
        let (raw, value) = self.inner.into_inner_with_raw();
        raw.flag.wrap(value)
    }

    /// The value, without locking: nobody else can reach it while the mutex is borrowed.
    ///
    /// # Errors
    ///
    /// If the mutex is poisoned. The error holds the reference.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::Mutex;
    ///
    /// let mut mutex = Mutex::new(3);
    /// *mutex.get_mut().unwrap() = 4;
    /// assert_eq!(*mutex.lock().unwrap(), 4);
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
    /// use lockwarden::sync::Mutex;
    ///
    /// let accounts: Vec<Mutex<u64>> = (0..20).map(|_| Mutex::named("account", 100)).collect();
    /// for (number, account) in accounts.iter().enumerate() {
    ///     account.set_label(format!("account {number}"));
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
    /// use lockwarden::sync::Mutex;
    ///
    /// let leaf = Mutex::named("node", 2);
    /// let root = Mutex::named("node", 1);
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
    /// use lockwarden::sync::Mutex;
    ///
    /// let page = Mutex::named("page", 2);
    /// page.set_subclass(3);
    /// ```
    pub fn set_subclass(&self, subclass: u32) {
        self.record().set_subclass(subclass);
    }

    /// What the detector knows this mutex by.
    #[inline]
    pub(crate) fn record(&self) -> &Lock {
        &self.raw().raw.record
    }

    /// The raw lock, for acquisitions, for its flag and for its record.
    #[inline]
    pub(super) fn raw(&self) -> &Poisoning<RawMutex> {
        // SAFETY: nothing in this crate unlocks it but with the end of the guard that holds it.
        unsafe { self.inner.raw() }
    }

    /// The guard of an acquisition.
    ///
    /// # Safety
    ///
    /// The calling thread has just taken this lock, by `exclusive`.
    #[inline]
    unsafe fn locked_by(&self, exclusive: Exclusive) -> LockResult<MutexGuard<'_, T>> {
        self.raw().flag.wrap(MutexGuard {
            mutex: self,
            exclusive: ManuallyDrop::new(exclusive),
            stays_here: PhantomData,
        })
    }
}

impl<T> From<T> for Mutex<T> {
    /// Like [`Mutex::new`]. Through `into()`, the class is a line of the standard library that
    /// all such mutexes share: name them, or call `from`.
    #[inline]
    #[track_caller]
    fn from(value: T) -> Self {
        Mutex::new(value)
    }
}

impl<T: Default> Default for Mutex<T> {
    #[inline]
    #[track_caller]
    fn default() -> Mutex<T> {
        Mutex::new(T::default())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Mutex");
        match self.try_lock() {
            Ok(guard) => {
                shown.field("data", &&*guard);
            }
            Err(TryLockError::Poisoned(poisoned)) => {
                shown.field("data", &&**poisoned.get_ref());
            }
            Err(TryLockError::WouldBlock) => {
                // In quotation marks, unlike that of `RwLock`: std prints it so.
                shown.field("data", &"<locked>");
            }
        }
        shown.field("poisoned", &self.is_poisoned());
        shown.finish_non_exhaustive()
    }
}

/// The lock of a [`Mutex`], held: gives access to the value and unlocks when it is dropped.
///
/// Like std's, it stays in the thread that took the lock, with and without the feature
/// `send_guard`.
///
/// # Examples
///
/// ```
/// use lockwarden::sync::{Mutex, MutexGuard};
///
/// let mutex = Mutex::new(vec![1]);
/// let mut guard: MutexGuard<'_, Vec<i32>> = mutex.lock().unwrap();
/// guard.push(2);
/// assert_eq!(guard.len(), 2);
/// ```
#[must_use = "if unused the Mutex will immediately unlock"]
#[clippy::has_significant_drop]
#[expect(
    explicit_outlives_requirements,
    reason = "as in std, it makes `'a` the default lifetime of a trait object in here"
)]
pub struct MutexGuard<'a, T: ?Sized + 'a> {
    mutex: &'a Mutex<T>,
    // Handed back exactly once, in `drop`.
    exclusive: ManuallyDrop<Exclusive>,
    stays_here: PhantomData<(&'a mut T, GuardNoSend)>,
}

// SAFETY: a shared guard gives out shared references to the value and nothing else.
unsafe impl<T: ?Sized + Sync> Sync for MutexGuard<'_, T> {}

impl<T: ?Sized> UnwindSafe for MutexGuard<'_, T> {}
impl<T: ?Sized> RefUnwindSafe for MutexGuard<'_, T> {}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// The raw mutex and the hold, for a wait that lets go of the lock and takes it again.
    ///
    /// # Safety
    ///
    /// When the caller is done with the hold, also by a panic, it is that of an acquisition of
    /// this lock that lasts.
    #[inline]
    pub(super) unsafe fn parts(&mut self) -> (&'a RawMutex, &mut Hold) {
        (&self.mutex.raw().raw, &mut self.exclusive.hold)
    }

    /// The guard, as an error if the lock has been poisoned in the meantime.
    #[inline]
    pub(super) fn checked(self) -> LockResult<Self> {
        self.mutex.raw().flag.wrap(self)
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the lock is held by this acquisition, and neither is used again after this.
        unsafe {
            self.mutex
                .inner
                .force_unlock(ManuallyDrop::take(&mut self.exclusive));
        }
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the lock is held, and what this guard gives out is bound to its own borrow.
        unsafe { &*self.mutex.inner.data_ptr() }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held, and this guard, the only one, is borrowed exclusively.
        unsafe { &mut *self.mutex.inner.data_ptr() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}
