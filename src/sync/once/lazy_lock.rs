//! `LazyLock`: a value that is made when it is first wanted.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync;

use crate::instrument::{InitClock, LockKind, OnceRecord};

static LAZY_LOCK: LockKind = LockKind::initialised_once("LazyLock");

/// A value that is made when it is first wanted, as with [`std::sync::LazyLock`].
///
/// What the thread that made it did up to then comes before what a thread does that has seen it.
///
/// # Examples
///
/// ```
/// use lockwarden::sync::LazyLock;
///
/// static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| "a b c".split(' ').collect());
///
/// assert_eq!(WORDS.len(), 3);
/// ```
pub struct LazyLock<T, F = fn() -> T> {
    inner: sync::LazyLock<T, F>,
    origin: InitClock,
    turns: OnceRecord,
}

impl<T, F: FnOnce() -> T> LazyLock<T, F> {
    /// A value that `f` is to make. Its class, by which reports speak of it, is the place of the
    /// call.
    #[inline]
    #[track_caller]
    pub const fn new(f: F) -> LazyLock<T, F> {
        Self {
            inner: sync::LazyLock::new(f),
            origin: InitClock::new(),
            turns: OnceRecord::new(&LAZY_LOCK),
        }
    }

    /// A value that `f` is to make, of the class `name`.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::LazyLock;
    ///
    /// static ANSWER: LazyLock<u8> = LazyLock::named("answer", || 42);
    /// assert_eq!(*ANSWER, 42);
    /// ```
    #[inline]
    #[track_caller]
    pub const fn named(name: &'static str, f: F) -> LazyLock<T, F> {
        Self {
            inner: sync::LazyLock::new(f),
            origin: InitClock::new(),
            turns: OnceRecord::named(&LAZY_LOCK, name),
        }
    }

    /// The value, which is made if it is not there. Waits if another thread is at it.
    ///
    /// # Panics
    ///
    /// If what makes it does, or has done so before. If the wait would never end, as the
    /// configuration says: so it is if what makes it comes back here.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::LazyLock;
    ///
    /// let answer = LazyLock::new(|| 42);
    /// assert_eq!(LazyLock::force(&answer), &42);
    /// ```
    #[inline]
    #[track_caller]
    pub fn force(this: &LazyLock<T, F>) -> &T {
        let site = Location::caller();
        let ask = || this.turns.ask_for_ready(site);
        this.origin.first(ask, || {
            let is_done = || sync::LazyLock::get(&this.inner).is_some();
            this.turns.run(is_done, site, || {
                sync::LazyLock::force(&this.inner);
                this.origin.set();
            });
        });
        sync::LazyLock::force(&this.inner)
    }

    /// The value, which is made if it is not there, to be changed.
    ///
    /// # Panics
    ///
    /// As [`force`](Self::force) does.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::LazyLock;
    ///
    /// let mut answer = LazyLock::new(|| 41);
    /// *LazyLock::force_mut(&mut answer) += 1;
    /// assert_eq!(*answer, 42);
    /// ```
    #[inline]
    pub fn force_mut(this: &mut LazyLock<T, F>) -> &mut T {
        let value = sync::LazyLock::force_mut(&mut this.inner);
        // If it was made just now. Else the first of those who share it from now on would be taken
        // for the one who made it.
        this.origin.set();
        value
    }
}

impl<T, F> LazyLock<T, F> {
    /// Names this one instance in reports, beside the name of its class.
    ///
    /// # Examples
    ///
    /// ```
    /// let answer = lockwarden::sync::LazyLock::new(|| 42);
    /// lockwarden::sync::LazyLock::set_label(&answer, "the answer");
    /// ```
    pub fn set_label(this: &LazyLock<T, F>, label: impl AsRef<str>) {
        this.turns.set_label(label.as_ref());
    }

    /// The value, if it is there. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::LazyLock;
    ///
    /// let answer = LazyLock::new(|| 42);
    /// assert_eq!(LazyLock::get(&answer), None);
    /// ```
    #[inline]
    pub fn get(this: &LazyLock<T, F>) -> Option<&T> {
        let value = sync::LazyLock::get(&this.inner)?;
        this.origin.acquire();
        Some(value)
    }

    /// The value, if it is there, to be changed.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::LazyLock;
    ///
    /// let mut answer = LazyLock::new(|| 42);
    /// assert_eq!(LazyLock::get_mut(&mut answer), None);
    /// ```
    #[inline]
    pub fn get_mut(this: &mut LazyLock<T, F>) -> Option<&mut T> {
        sync::LazyLock::get_mut(&mut this.inner)
    }
}

impl<T, F: FnOnce() -> T> Deref for LazyLock<T, F> {
    type Target = T;

    #[inline]
    #[track_caller]
    fn deref(&self) -> &T {
        LazyLock::force(self)
    }
}

impl<T, F: FnOnce() -> T> DerefMut for LazyLock<T, F> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        LazyLock::force_mut(self)
    }
}

impl<T: Default> Default for LazyLock<T> {
    #[track_caller]
    fn default() -> LazyLock<T> {
        LazyLock::new(T::default)
    }
}

impl<T: fmt::Debug, F> fmt::Debug for LazyLock<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
