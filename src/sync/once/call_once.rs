//! `Once`: a piece of code that runs once.

use std::fmt;
use std::panic::Location;
use std::sync::{self, OnceState};

use crate::instrument::{InitClock, LockKind, OnceRecord, Site};

static ONCE: LockKind = LockKind::initialised_once("Once");

/// Piece of code that runs once, as with [`std::sync::Once`].
///
/// The code, and what its thread did before, happen before what a thread does after it has seen
/// that the code is done.
///
/// # Examples
///
/// ```
/// use lockwarden::sync::Once;
///
/// static START: Once = Once::new();
///
/// fn use_it() {
///     START.call_once(|| println!("the first one starts it"));
/// }
/// use_it();
/// use_it();
/// assert!(START.is_completed());
/// ```
pub struct Once {
    inner: sync::Once,
    origin: InitClock,
    turns: OnceRecord,
}

impl Once {
    /// Creates a `Once` that has run nothing. Its class, which reports name, is the construction
    /// site.
    #[inline]
    #[must_use]
    #[track_caller]
    #[expect(clippy::new_without_default, reason = "std's has none")]
    pub const fn new() -> Once {
        Self::of(OnceRecord::new(&ONCE))
    }

    /// Creates a `Once` that has run nothing and whose class is `name`.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::Once;
    ///
    /// static START: Once = Once::named("start");
    /// START.call_once(|| ());
    /// ```
    #[inline]
    #[must_use]
    #[track_caller]
    pub const fn named(name: &'static str) -> Once {
        Self::of(OnceRecord::named(&ONCE, name))
    }

    const fn of(turns: OnceRecord) -> Once {
        Self {
            inner: sync::Once::new(),
            origin: InitClock::new(),
            turns,
        }
    }

    /// Sets a label for this instance, which reports show beside the name of its class.
    ///
    /// # Examples
    ///
    /// ```
    /// lockwarden::sync::Once::new().set_label("start of worker 3");
    /// ```
    pub fn set_label(&self, label: impl AsRef<str>) {
        self.turns.set_label(label.as_ref());
    }

    /// Runs `f` if nothing has run; if another thread runs its closure, waits until that is done.
    ///
    /// # Panics
    ///
    /// Panics if `f` does, or an earlier closure did. Panics also if the wait would never end, as
    /// it does if `f` calls this method again, and the configuration answers that with a panic.
    #[inline]
    #[track_caller]
    pub fn call_once<F>(&self, f: F)
    where
        F: FnOnce(),
    {
        let site = Location::caller();
        if !self.inner.is_completed() {
            self.run(site, || {
                self.inner.call_once(|| {
                    f();
                    self.origin.set();
                });
            });
        }
        self.origin
            .acquire_asking(|| self.turns.ask_for_ready(site));
    }

    /// Does what [`call_once`](Self::call_once) does, but runs `f` also if an earlier closure has
    /// panicked; the argument of `f` distinguishes the two cases.
    #[inline]
    #[track_caller]
    pub fn call_once_force<F>(&self, f: F)
    where
        F: FnOnce(&OnceState),
    {
        let site = Location::caller();
        if !self.inner.is_completed() {
            self.run(site, || {
                self.inner.call_once_force(|state| {
                    f(state);
                    self.origin.set();
                });
            });
        }
        self.origin
            .acquire_asking(|| self.turns.ask_for_ready(site));
    }

    #[inline]
    fn run(&self, site: Site, call: impl FnOnce()) {
        self.turns.run(|| self.inner.is_completed(), site, call);
    }

    /// Returns whether a closure has completed. Never blocks.
    #[inline]
    pub fn is_completed(&self) -> bool {
        let is_completed = self.inner.is_completed();
        if is_completed {
            self.origin.acquire();
        }
        is_completed
    }

    /// Waits until a closure has completed.
    ///
    /// # Panics
    ///
    /// Panics if the closure panicked, or if the wait would never end and the configuration answers
    /// that with a panic.
    #[track_caller]
    pub fn wait(&self) {
        let site = Location::caller();
        let is_done = || self.inner.is_completed();
        self.turns.wait(is_done, true, site, || self.inner.wait());
        self.origin
            .acquire_asking(|| self.turns.ask_for_ready(site));
    }

    /// Waits until a closure has completed, even if an earlier one has panicked.
    ///
    /// # Panics
    ///
    /// Panics if the wait would never end and the configuration answers that with a panic.
    #[track_caller]
    pub fn wait_force(&self) {
        let site = Location::caller();
        let is_done = || self.inner.is_completed();
        self.turns
            .wait(is_done, false, site, || self.inner.wait_force());
        self.origin
            .acquire_asking(|| self.turns.ask_for_ready(site));
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
