//! `Once`: a piece of code that runs once.

use std::fmt;
use std::panic::Location;

use ::parking_lot::OnceState;

use crate::instrument::{InitClock, LockKind, OnceRecord, Site};

static ONCE: LockKind = LockKind::initialised_once("Once");

/// Piece of code that runs once: `parking_lot`'s, tracked in an instrumented build.
///
/// The code, and what its thread did before, happen before what a thread does after it has seen
/// that the code is done. A thread that arrives while another one runs the code waits for it, and
/// is part of a deadlock if that one waits for it in turn; a thread that waits for itself is
/// reported before it blocks.
///
/// # Examples
///
/// ```
/// use lockwarden::parking_lot::Once;
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
    inner: ::parking_lot::Once,
    origin: InitClock,
    turns: OnceRecord,
}

impl Once {
    /// Creates a `Once` that has run nothing, whose class is the construction site.
    #[inline]
    #[track_caller]
    pub const fn new() -> Once {
        Self::of(
            ::parking_lot::Once::new(),
            InitClock::new(),
            OnceRecord::new(&ONCE),
        )
    }

    /// Creates a `Once` that has run nothing, whose class is `name`.
    #[inline]
    #[track_caller]
    pub const fn named(name: &'static str) -> Once {
        Self::of(
            ::parking_lot::Once::new(),
            InitClock::new(),
            OnceRecord::named(&ONCE, name),
        )
    }

    /// Creates a `Once` that counts as completed.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::parking_lot::{Once, OnceState};
    ///
    /// static DONE: Once = Once::new_completed();
    /// DONE.call_once(|| unreachable!());
    /// assert_eq!(DONE.state(), OnceState::Done);
    /// ```
    #[inline]
    #[track_caller]
    pub const fn new_completed() -> Once {
        Self::of(
            ::parking_lot::Once::new_completed(),
            InitClock::none(),
            OnceRecord::new(&ONCE),
        )
    }

    const fn of(inner: ::parking_lot::Once, origin: InitClock, turns: OnceRecord) -> Once {
        Self {
            inner,
            origin,
            turns,
        }
    }

    /// Sets a label for this instance, which reports show beside the name of its class.
    #[inline]
    pub fn set_label(&self, label: impl AsRef<str>) {
        self.turns.set_label(label.as_ref());
    }

    /// Returns the present state. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::parking_lot::{Once, OnceState};
    ///
    /// assert_eq!(Once::new().state(), OnceState::New);
    /// ```
    #[inline]
    pub fn state(&self) -> OnceState {
        let state = self.inner.state();
        if state == OnceState::Done {
            self.origin.acquire();
        }
        state
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

    /// Runs `f` if nothing has run; if another thread runs its closure, waits until that is done.
    ///
    /// # Panics
    ///
    /// Panics if `f` does, or an earlier closure did. Panics also if the wait would never end, as
    /// it does if `f` calls this method again, and the configuration answers that with a panic.
    ///
    /// # Examples
    ///
    /// ```
    /// let once = lockwarden::parking_lot::Once::new();
    /// let mut runs = 0;
    /// once.call_once(|| runs += 1);
    /// once.call_once(|| runs += 1);
    /// assert_eq!(runs, 1);
    /// ```
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
    ///
    /// # Panics
    ///
    /// Panics if `f` does, or if the wait would never end and the configuration answers that with a
    /// panic.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::parking_lot::Once;
    ///
    /// let once = Once::new();
    /// once.call_once_force(|state| assert!(!state.is_poisoned()));
    /// assert!(once.is_completed());
    /// ```
    #[inline]
    #[track_caller]
    pub fn call_once_force<F>(&self, f: F)
    where
        F: FnOnce(OnceState),
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

    /// Waits until a closure has completed.
    ///
    /// # Panics
    ///
    /// Panics if the closure panicked, or if the wait would never end and the configuration answers
    /// that with a panic.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::parking_lot::Once;
    /// use lockwarden::thread;
    ///
    /// static READY: Once = Once::new();
    ///
    /// thread::spawn(|| READY.call_once(|| ()));
    /// READY.wait();
    /// ```
    #[inline]
    #[track_caller]
    pub fn wait(&self) {
        self.wait_for(true, Location::caller(), || self.inner.wait());
    }

    /// Waits until a closure has completed, even if an earlier one has panicked.
    ///
    /// # Panics
    ///
    /// Panics if the wait would never end and the configuration answers that with a panic.
    #[inline]
    #[track_caller]
    pub fn wait_force(&self) {
        self.wait_for(false, Location::caller(), || self.inner.wait_force());
    }

    #[inline]
    fn wait_for(&self, or_failed: bool, site: Site, see: impl FnOnce()) {
        let is_done = || self.inner.is_completed();
        self.turns.wait(is_done, or_failed, site, see);
        self.origin
            .acquire_asking(|| self.turns.ask_for_ready(site));
    }
}

impl Default for Once {
    #[inline]
    #[track_caller]
    fn default() -> Once {
        Once::new()
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
