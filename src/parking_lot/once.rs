//! `Once`: a piece of code that runs once.

use std::fmt;
use std::panic::Location;

use ::parking_lot::OnceState;

use crate::instrument::{InitClock, LockKind, OnceRecord, Site};

static ONCE: LockKind = LockKind::initialised_once("Once");

/// A piece of code that runs once: `parking_lot`'s, watched in an instrumented build.
///
/// What ran, and what that thread did before, comes before what a thread does that has seen that
/// it is done. A thread that comes while another one is at it waits for that one, and is part of a
/// deadlock if that one waits for it; if it is itself that one, it is told so before it blocks.
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
    /// Nothing has run. Its class is the place of the call.
    #[inline]
    #[track_caller]
    pub const fn new() -> Once {
        Self::of(
            ::parking_lot::Once::new(),
            InitClock::new(),
            OnceRecord::new(&ONCE),
        )
    }

    /// Nothing has run, of the class `name`.
    #[inline]
    #[track_caller]
    pub const fn named(name: &'static str) -> Once {
        Self::of(
            ::parking_lot::Once::new(),
            InitClock::new(),
            OnceRecord::named(&ONCE, name),
        )
    }

    /// Whatever is to run counts as done.
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

    /// Names this one instance in reports, beside the name of its class.
    #[inline]
    pub fn set_label(&self, label: impl AsRef<str>) {
        self.turns.set_label(label.as_ref());
    }

    /// How far it is. Never blocks.
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

    /// Whether something has run to its end. Never blocks.
    #[inline]
    pub fn is_completed(&self) -> bool {
        let is_completed = self.inner.is_completed();
        if is_completed {
            self.origin.acquire();
        }
        is_completed
    }

    /// Runs `f` if nothing has run; if another thread is at it, waits until that is done.
    ///
    /// # Panics
    ///
    /// If `f` does, or what ran before did. If the wait would never end, as the configuration says:
    /// so it is if `f` comes back here.
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

    /// Like [`call_once`](Self::call_once), but runs `f` also if what ran before has panicked,
    /// which `f` can ask.
    ///
    /// # Panics
    ///
    /// If `f` does. If the wait would never end, as the configuration says.
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

    /// Waits until something has run to its end.
    ///
    /// # Panics
    ///
    /// If that panicked. If the wait would never end, as the configuration says.
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

    /// Waits until something has run to its end, also if something panicked before.
    ///
    /// # Panics
    ///
    /// If the wait would never end, as the configuration says.
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
