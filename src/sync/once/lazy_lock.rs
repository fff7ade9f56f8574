//! `LazyLock`: a value that is created at its first access.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync;

use crate::instrument::{InitClock, LockKind, OnceRecord};

static LAZY_LOCK: LockKind = LockKind::initialised_once("LazyLock");

/// Value that is created at its first access, as with [`std::sync::LazyLock`].
///
/// What the creating thread did up to that point happens before what a thread does after it has
/// seen the value.
///
/// The locks that the creating function takes are learnt from the thread that runs it; that another thread
/// could have come first and run it is not examined.
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
    /// Creates a cell whose value `f` creates at the first access. Its class, which reports name,
    /// is the construction site.
    #[inline]
    #[track_caller]
    pub const fn new(f: F) -> LazyLock<T, F> {
        Self {
            inner: sync::LazyLock::new(f),
            origin: InitClock::new(),
            turns: OnceRecord::new(&LAZY_LOCK),
        }
    }

    /// Creates a cell, of the class `name`, whose value `f` creates at the first access.
    #[inline]
    #[track_caller]
    pub const fn named(name: &'static str, f: F) -> LazyLock<T, F> {
        Self {
            inner: sync::LazyLock::new(f),
            origin: InitClock::new(),
            turns: OnceRecord::named(&LAZY_LOCK, name),
        }
    }

    /// Returns the value, and creates it first if needed. Waits if another thread is creating it.
    ///
    /// # Panics
    ///
    /// Panics if the initialiser does, or has done so before. Panics also if the wait would never
    /// end, as it does if the initialiser accesses the value, and the configuration answers that
    /// with a panic.
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

    /// Returns a mutable reference to the value, and creates it first if needed.
    ///
    /// # Panics
    ///
    /// Panics as [`force`](Self::force) does.
    #[inline]
    pub fn force_mut(this: &mut LazyLock<T, F>) -> &mut T {
        let value = sync::LazyLock::force_mut(&mut this.inner);
        // Sets the clock if the value was created just now. Otherwise the first thread that
        // accesses it later would count as its creator.
        this.origin.set();
        value
    }
}

impl<T, F> LazyLock<T, F> {
    /// Sets a label for this instance, which reports show beside the name of its class.
    pub fn set_label(this: &LazyLock<T, F>, label: impl AsRef<str>) {
        this.turns.set_label(label.as_ref());
    }

    /// Returns the value, if it has been created. Never blocks.
    #[inline]
    pub fn get(this: &LazyLock<T, F>) -> Option<&T> {
        let value = this.turns.peek(|| sync::LazyLock::get(&this.inner))?;
        this.origin.acquire_asking(|| this.turns.peeked());
        Some(value)
    }

    /// Returns a mutable reference to the value, if it has been created.
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
