//! `Once`: a piece of code that runs once.

use std::fmt;
use std::panic::Location;
use std::sync::{self, OnceState};

use crate::instrument::{InitClock, LockKind, OnceRecord, Site};

static ONCE: LockKind = LockKind::initialised_once("Once");

/// A piece of code that runs once, as with [`std::sync::Once`].
///
/// What ran, and what that thread did before, comes before what a thread does that has seen that
/// it is done.
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
    /// Nothing has run. Its class, by which reports speak of it, is the place of the call.
    #[inline]
    #[must_use]
    #[track_caller]
    #[expect(clippy::new_without_default, reason = "std's has none")]
    pub const fn new() -> Once {
        Self::of(OnceRecord::new(&ONCE))
    }

    /// Nothing has run, of the class `name`.
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

    /// Names this one instance in reports, beside the name of its class.
    ///
    /// # Examples
    ///
    /// ```
    /// lockwarden::sync::Once::new().set_label("start of worker 3");
    /// ```
    pub fn set_label(&self, label: impl AsRef<str>) {
        self.turns.set_label(label.as_ref());
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
    /// let once = lockwarden::sync::Once::new();
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
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::Once;
    ///
    /// let once = Once::new();
    /// once.call_once_force(|state| assert!(!state.is_poisoned()));
    /// assert!(once.is_completed());
    /// ```
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

    /// Whether something has run to its end. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(!lockwarden::sync::Once::new().is_completed());
    /// ```
    #[inline]
    pub fn is_completed(&self) -> bool {
        let is_completed = self.inner.is_completed();
        if is_completed {
            self.origin.acquire();
        }
        is_completed
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
    /// use lockwarden::sync::Once;
    /// use lockwarden::thread;
    ///
    /// static READY: Once = Once::new();
    ///
    /// thread::spawn(|| READY.call_once(|| ()));
    /// READY.wait();
    /// ```
    #[track_caller]
    pub fn wait(&self) {
        let site = Location::caller();
        let is_done = || self.inner.is_completed();
        self.turns.wait(is_done, true, site, || self.inner.wait());
        self.origin
            .acquire_asking(|| self.turns.ask_for_ready(site));
    }

    /// Waits until something has run to its end, also if something panicked before.
    ///
    /// # Panics
    ///
    /// If the wait would never end, as the configuration says.
    ///
    /// # Examples
    ///
    /// ```
    /// let once = lockwarden::sync::Once::new();
    /// once.call_once(|| ());
    /// once.wait_force();
    /// ```
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
