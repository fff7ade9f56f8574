//! Thread-safe cells and lazy values.

use std::cell::Cell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::{Location, RefUnwindSafe};

use lockwarden::instrument::{InitClock, LockKind, OnceRecord};
use once_cell_original::sync as original;

static ONCE_CELL: LockKind = LockKind::initialised_once("OnceCell");
static LAZY: LockKind = LockKind::initialised_once("Lazy");

/// A cell that is written once. Threads that wait for its initialiser do so in the record.
pub struct OnceCell<T> {
    inner: original::OnceCell<T>,
    origin: InitClock,
    turns: OnceRecord,
}

impl<T> OnceCell<T> {
    #[track_caller]
    pub const fn new() -> OnceCell<T> {
        Self::of(&ONCE_CELL)
    }

    #[track_caller]
    pub const fn with_value(value: T) -> OnceCell<T> {
        Self {
            inner: original::OnceCell::with_value(value),
            origin: InitClock::none(),
            turns: OnceRecord::new(&ONCE_CELL),
        }
    }

    #[track_caller]
    const fn of(kind: &'static LockKind) -> OnceCell<T> {
        Self {
            inner: original::OnceCell::new(),
            origin: InitClock::new(),
            turns: OnceRecord::new(kind),
        }
    }

    #[inline]
    pub fn get(&self) -> Option<&T> {
        let value = self.turns.peek(|| self.inner.get())?;
        self.origin.acquire_asking(|| self.turns.peeked());
        Some(value)
    }

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

    #[inline]
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.inner.get_mut()
    }

    /// # Safety
    ///
    /// The value is written, and the thread has seen that it is.
    #[inline]
    pub unsafe fn get_unchecked(&self) -> &T {
        // SAFETY: as the caller promises.
        unsafe { self.inner.get_unchecked() }
    }

    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), T> {
        match self.try_insert(value) {
            Ok(_) => Ok(()),
            Err((_, value)) => Err(value),
        }
    }

    #[track_caller]
    pub fn try_insert(&self, value: T) -> Result<&T, (&T, T)> {
        let mut value = Some(value);
        let written = self.get_or_init(|| value.take().expect("this runs once"));
        match value {
            None => Ok(written),
            Some(value) => Err((written, value)),
        }
    }

    #[inline]
    #[track_caller]
    pub fn get_or_init<F>(&self, f: F) -> &T
    where
        F: FnOnce() -> T,
    {
        enum Never {}
        match self.get_or_try_init(|| Ok::<T, Never>(f())) {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    #[inline]
    #[track_caller]
    pub fn get_or_try_init<F, E>(&self, f: F) -> Result<&T, E>
    where
        F: FnOnce() -> Result<T, E>,
    {
        let site = Location::caller();
        if let Some(value) = self.inner.get() {
            self.origin
                .acquire_asking(|| self.turns.ask_for_ready(site));
            return Ok(value);
        }
        self.initialise(f, site)?;
        self.origin.acquire();
        Ok(self.inner.get().expect("it is written once this was run"))
    }

    #[cold]
    fn initialise<F, E>(&self, f: F, site: &'static Location<'static>) -> Result<(), E>
    where
        F: FnOnce() -> Result<T, E>,
    {
        let is_done = || self.inner.get().is_some();
        let mut result = Ok(());
        self.turns.run(is_done, site, || {
            let written = self.inner.get_or_try_init(|| {
                let value = f()?;
                self.origin.set();
                Ok(value)
            });
            result = written.map(drop);
        });
        result
    }

    #[inline]
    pub fn take(&mut self) -> Option<T> {
        self.origin = InitClock::new();
        self.inner.take()
    }

    #[inline]
    pub fn into_inner(self) -> Option<T> {
        self.inner.into_inner()
    }
}

impl<T> Default for OnceCell<T> {
    #[track_caller]
    fn default() -> OnceCell<T> {
        OnceCell::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl<T: Clone> Clone for OnceCell<T> {
    #[track_caller]
    fn clone(&self) -> OnceCell<T> {
        match self.get() {
            Some(value) => Self::with_value(value.clone()),
            None => Self::new(),
        }
    }

    #[track_caller]
    fn clone_from(&mut self, source: &Self) {
        match (self.get_mut(), source.get()) {
            (Some(this), Some(source)) => this.clone_from(source),
            _ => *self = source.clone(),
        }
    }
}

impl<T> From<T> for OnceCell<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::with_value(value)
    }
}

impl<T: PartialEq> PartialEq for OnceCell<T> {
    fn eq(&self, other: &OnceCell<T>) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for OnceCell<T> {}

/// A value that is created at its first access.
pub struct Lazy<T, F = fn() -> T> {
    cell: OnceCell<T>,
    init: Cell<Option<F>>,
}

impl<T: fmt::Debug, F> fmt::Debug for Lazy<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lazy")
            .field("cell", &self.cell)
            .field("init", &"..")
            .finish()
    }
}

// SAFETY: no `&F` is ever made from a `&Lazy<T, F>`. The function is taken by the one initialiser that runs.
unsafe impl<T, F: Send> Sync for Lazy<T, F> where OnceCell<T>: Sync {}

impl<T, F: RefUnwindSafe> RefUnwindSafe for Lazy<T, F> where OnceCell<T>: RefUnwindSafe {}

/// An access to a value whose function has panicked.
fn poisoned() -> ! {
    panic!("Lazy instance has previously been poisoned")
}

impl<T, F> Lazy<T, F> {
    #[track_caller]
    pub const fn new(f: F) -> Lazy<T, F> {
        Lazy {
            cell: OnceCell::of(&LAZY),
            init: Cell::new(Some(f)),
        }
    }

    pub fn into_value(this: Lazy<T, F>) -> Result<T, F> {
        let Lazy { cell, init } = this;
        cell.into_inner()
            .ok_or_else(|| init.into_inner().unwrap_or_else(|| poisoned()))
    }
}

impl<T, F: FnOnce() -> T> Lazy<T, F> {
    #[inline]
    #[track_caller]
    pub fn force(this: &Lazy<T, F>) -> &T {
        this.cell.get_or_init(|| match this.init.take() {
            Some(f) => f(),
            None => poisoned(),
        })
    }

    pub fn force_mut(this: &mut Lazy<T, F>) -> &mut T {
        let Lazy { cell, init } = this;
        if cell.inner.get_mut().is_none() {
            let value = match init.get_mut().take() {
                Some(f) => f(),
                None => poisoned(),
            };
            cell.inner = original::OnceCell::with_value(value);
            cell.origin.set();
        }
        cell.inner
            .get_mut()
            .expect("it is written once this was run")
    }

    #[inline]
    pub fn get(this: &Lazy<T, F>) -> Option<&T> {
        this.cell.get()
    }

    #[inline]
    pub fn get_mut(this: &mut Lazy<T, F>) -> Option<&mut T> {
        this.cell.get_mut()
    }
}

impl<T, F: FnOnce() -> T> Deref for Lazy<T, F> {
    type Target = T;

    #[inline]
    #[track_caller]
    fn deref(&self) -> &T {
        Lazy::force(self)
    }
}

impl<T, F: FnOnce() -> T> DerefMut for Lazy<T, F> {
    fn deref_mut(&mut self) -> &mut T {
        Lazy::force_mut(self)
    }
}

impl<T: Default> Default for Lazy<T> {
    #[track_caller]
    fn default() -> Lazy<T> {
        Lazy::new(T::default)
    }
}
