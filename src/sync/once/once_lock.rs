//! `OnceLock`: a value that is written once.

use std::fmt;
use std::panic::Location;
use std::sync;

use crate::instrument::{InitClock, LockKind, OnceRecord};

static ONCE_LOCK: LockKind = LockKind::initialised_once("OnceLock");

/// A value that is written once, as with [`std::sync::OnceLock`].
///
/// What the thread that wrote it did before comes before what a thread does that has seen it.
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
    /// Nothing is written. Its class, by which reports speak of it, is the place of the call.
    #[inline]
    #[must_use]
    #[track_caller]
    pub const fn new() -> OnceLock<T> {
        Self::of(OnceRecord::new(&ONCE_LOCK))
    }

    /// Nothing is written, in a cell of the class `name`.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::OnceLock;
    ///
    /// static NAME: OnceLock<String> = OnceLock::named("name");
    /// assert_eq!(NAME.get(), None);
    /// ```
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

    /// Names this one instance in reports, beside the name of its class.
    ///
    /// # Examples
    ///
    /// ```
    /// let name = lockwarden::sync::OnceLock::from("ada");
    /// name.set_label("name of user 3");
    /// ```
    pub fn set_label(&self, label: impl AsRef<str>) {
        self.turns.set_label(label.as_ref());
    }

    /// The value, if it is written. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(lockwarden::sync::OnceLock::<u8>::new().get(), None);
    /// ```
    #[inline]
    pub fn get(&self) -> Option<&T> {
        let value = self.inner.get()?;
        self.origin.acquire();
        Some(value)
    }

    /// The value, if it is written. Nobody else can see it meanwhile, so nothing is waited for.
    #[inline]
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.inner.get_mut()
    }

    /// Waits until the value is written.
    ///
    /// # Panics
    ///
    /// If the wait would never end, as the configuration says.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::OnceLock;
    /// use lockwarden::thread;
    ///
    /// let answer = OnceLock::new();
    /// thread::scope(|scope| {
    ///     scope.spawn(|| answer.set(42));
    ///     assert_eq!(answer.wait(), &42);
    /// });
    /// ```
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

    /// Writes the value. Waits if another thread is at it.
    ///
    /// # Errors
    ///
    /// If one is written already. The error is the value that was not.
    ///
    /// # Panics
    ///
    /// If the wait would never end, as the configuration says.
    ///
    /// # Examples
    ///
    /// ```
    /// let cell = lockwarden::sync::OnceLock::new();
    /// assert_eq!((cell.set(1), cell.set(2)), (Ok(()), Err(2)));
    /// ```
    #[inline]
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), T> {
        let mut value = Some(value);
        self.get_or_init(|| value.take().expect("this runs once"));
        value.map_or(Ok(()), Err)
    }

    /// The value, which `f` makes if it is not written. Waits if another thread is at it.
    ///
    /// # Panics
    ///
    /// If `f` does; nothing is written then. If the wait would never end, as the configuration says:
    /// so it is if `f` comes back here.
    ///
    /// # Examples
    ///
    /// ```
    /// let cell = lockwarden::sync::OnceLock::new();
    /// assert_eq!(cell.get_or_init(|| 1), &1);
    /// assert_eq!(cell.get_or_init(|| 2), &1);
    /// ```
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

    /// The value, out of its cell.
    #[inline]
    pub fn into_inner(self) -> Option<T> {
        self.inner.into_inner()
    }

    /// The value, out of its cell, in which another can be written then.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut cell = lockwarden::sync::OnceLock::from(1);
    /// assert_eq!(cell.take(), Some(1));
    /// assert_eq!(cell.set(2), Ok(()));
    /// ```
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
    /// A cell in which this is written. Whoever gets to see the cell is not told by it who made it.
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
