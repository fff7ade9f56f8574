//! `OnceLock`: a value that is written once.

use std::fmt;
use std::panic::Location;
use std::sync;

use crate::instrument::{InitClock, LockKind, OnceRecord};

static ONCE_LOCK: LockKind = LockKind::initialised_once("OnceLock");

/// Value that is written once, as with [`std::sync::OnceLock`].
///
/// What the writing thread did before happens before what a thread does after it has seen the
/// value.
///
/// The locks that the initialiser takes are learnt from the thread that runs it; that another thread
/// could have come first and run it is not examined.
///
/// # Examples
///
/// ```
/// use lockwarden::sync::OnceLock;
///
/// static NAME: OnceLock<String> = OnceLock::new();
///
/// assert_eq!(NAME.get_or_init(|| "first".to_owned()), "first");
/// assert_eq!(NAME.set("second".to_owned()), Err("second".to_owned()));
/// ```
pub struct OnceLock<T> {
    inner: sync::OnceLock<T>,
    origin: InitClock,
    turns: OnceRecord,
}

impl<T> OnceLock<T> {
    /// Creates an empty cell. Its class, which reports name, is the construction site.
    #[inline]
    #[must_use]
    #[track_caller]
    pub const fn new() -> OnceLock<T> {
        Self::of(OnceRecord::new(&ONCE_LOCK))
    }

    /// Creates an empty cell whose class is `name`.
    #[inline]
    #[must_use]
    #[track_caller]
    pub const fn named(name: &'static str) -> OnceLock<T> {
        Self::of(OnceRecord::named(&ONCE_LOCK, name))
    }

    const fn of(turns: OnceRecord) -> OnceLock<T> {
        Self {
            inner: sync::OnceLock::new(),
            origin: InitClock::new(),
            turns,
        }
    }

    /// Sets a label for this instance, which reports show beside the name of its class.
    pub fn set_label(&self, label: impl AsRef<str>) {
        self.turns.set_label(label.as_ref());
    }

    /// Returns the value, if it is written. Never blocks.
    #[inline]
    pub fn get(&self) -> Option<&T> {
        let value = self.turns.peek(|| self.inner.get())?;
        self.origin.acquire_asking(|| self.turns.peeked());
        Some(value)
    }

    /// Returns the value, if it is written. The exclusive borrow excludes other accesses, so this
    /// never waits.
    #[inline]
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.inner.get_mut()
    }

    /// Waits until the value is written.
    ///
    /// # Panics
    ///
    /// Panics if the wait would never end and the configuration answers that with a panic.
    #[inline]
    #[track_caller]
    pub fn wait(&self) -> &T {
        let is_done = || self.inner.get().is_some();
        let site = Location::caller();
        let value = self.turns.wait(is_done, false, site, || self.inner.wait());
        self.origin
            .acquire_asking(|| self.turns.ask_for_ready(site));
        value
    }

    /// Writes the value. Waits if another thread is initialising it.
    ///
    /// # Errors
    ///
    /// Returns `value` as the error if a value is already written.
    ///
    /// # Panics
    ///
    /// Panics if the wait would never end and the configuration answers that with a panic.
    #[inline]
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), T> {
        let mut value = Some(value);
        self.get_or_init(|| value.take().expect("this runs once"));
        value.map_or(Ok(()), Err)
    }

    /// Returns the value, and creates it by `f` first if it is not written. Waits if another thread
    /// is initialising it.
    ///
    /// # Panics
    ///
    /// Panics if `f` does; nothing is written then. Panics also if the wait would never end, as it
    /// does if `f` accesses the cell by this method, and the configuration answers that with a
    /// panic.
    #[inline]
    #[track_caller]
    pub fn get_or_init<F>(&self, f: F) -> &T
    where
        F: FnOnce() -> T,
    {
        let site = Location::caller();
        if let Some(value) = self.inner.get() {
            self.origin
                .acquire_asking(|| self.turns.ask_for_ready(site));
            return value;
        }
        let is_done = || self.inner.get().is_some();
        self.turns.run(is_done, site, || {
            self.inner.get_or_init(|| {
                let value = f();
                self.origin.set();
                value
            });
        });
        self.origin.acquire();
        self.inner.get().expect("it is written once this was run")
    }

    /// Consumes the cell and returns the value.
    #[inline]
    pub fn into_inner(self) -> Option<T> {
        self.inner.into_inner()
    }

    /// Takes the value out of the cell, which is empty afterwards.
    #[inline]
    pub fn take(&mut self) -> Option<T> {
        self.origin = InitClock::new();
        self.inner.take()
    }
}

impl<T> Default for OnceLock<T> {
    #[inline]
    #[track_caller]
    fn default() -> OnceLock<T> {
        OnceLock::new()
    }
}

impl<T> From<T> for OnceLock<T> {
    /// Creates a cell with this value. An access establishes no order with the thread that created
    /// it.
    #[inline]
    #[track_caller]
    fn from(value: T) -> Self {
        Self {
            inner: sync::OnceLock::from(value),
            origin: InitClock::none(),
            turns: OnceRecord::new(&ONCE_LOCK),
        }
    }
}

impl<T: Clone> Clone for OnceLock<T> {
    #[inline]
    #[track_caller]
    fn clone(&self) -> OnceLock<T> {
        match self.get() {
            Some(value) => OnceLock::from(value.clone()),
            None => OnceLock::new(),
        }
    }
}

impl<T: PartialEq> PartialEq for OnceLock<T> {
    #[inline]
    fn eq(&self, other: &OnceLock<T>) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for OnceLock<T> {}

impl<T: fmt::Debug> fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
