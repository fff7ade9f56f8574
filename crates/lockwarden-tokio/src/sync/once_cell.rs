//! A value that is initialised once, asynchronously.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use lockwarden::instrument::{AcquireKind, Lock, LockKind, Mode, Site};
use pin_project_lite::pin_project;
use tokio::sync::SetError;

use super::raw::Taken;
use super::sited::Sited;
use crate::agent::frame;
use crate::agent::leaf::{Inner, Leaf, Target, Waiting};
use crate::agent::mark;

static KIND: LockKind = LockKind::new("tokio OnceCell").sendable();

/// [`tokio::sync::OnceCell`], watched: an initialisation that is under way is a held lock, for which
/// the others wait.
pub struct OnceCell<T> {
    inner: tokio::sync::OnceCell<T>,
    record: Lock,
}

impl<T> OnceCell<T> {
    /// As [`tokio::sync::OnceCell::new`].
    #[track_caller]
    pub fn new() -> Self {
        Self {
            inner: tokio::sync::OnceCell::new(),
            record: Lock::new(&KIND),
        }
    }

    /// As [`tokio::sync::OnceCell::const_new`].
    #[track_caller]
    pub const fn const_new() -> Self {
        Self {
            inner: tokio::sync::OnceCell::const_new(),
            record: Lock::new(&KIND),
        }
    }

    /// As [`tokio::sync::OnceCell::new_with`].
    #[track_caller]
    pub fn new_with(value: Option<T>) -> Self {
        Self {
            inner: tokio::sync::OnceCell::new_with(value),
            record: Lock::new(&KIND),
        }
    }

    /// As [`tokio::sync::OnceCell::const_new_with`].
    #[track_caller]
    pub const fn const_new_with(value: T) -> Self {
        Self {
            inner: tokio::sync::OnceCell::const_new_with(value),
            record: Lock::new(&KIND),
        }
    }

    /// As [`tokio::sync::OnceCell::initialized`].
    pub fn initialized(&self) -> bool {
        self.inner.initialized()
    }

    /// As [`tokio::sync::OnceCell::get`].
    pub fn get(&self) -> Option<&T> {
        self.inner.get()
    }

    /// As [`tokio::sync::OnceCell::get_mut`].
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.inner.get_mut()
    }

    /// As [`tokio::sync::OnceCell::set`].
    ///
    /// # Errors
    ///
    /// The value, if there is one already, or an initialisation is under way.
    pub fn set(&self, value: T) -> Result<(), SetError<T>> {
        self.inner.set(value)
    }

    /// As [`tokio::sync::OnceCell::get_or_init`].
    #[track_caller]
    pub fn get_or_init<F, Fut>(&self, f: F) -> impl Future<Output = &T>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = T>,
    {
        let created = Location::caller();
        Sited::new(Getting {
            record: &self.record,
            created,
            leaf: Leaf::new(),
            future: self.inner.get_or_init(move || self.initialise(f, created)),
        })
    }

    /// As [`tokio::sync::OnceCell::get_or_try_init`].
    ///
    /// # Errors
    ///
    /// That of the initialisation.
    #[track_caller]
    pub fn get_or_try_init<E, F, Fut>(&self, f: F) -> impl Future<Output = Result<&T, E>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let created = Location::caller();
        Sited::new(Getting {
            record: &self.record,
            created,
            leaf: Leaf::new(),
            future: self
                .inner
                .get_or_try_init(move || self.initialise(f, created)),
        })
    }

    /// As [`tokio::sync::OnceCell::into_inner`].
    pub fn into_inner(self) -> Option<T> {
        self.inner.into_inner()
    }

    /// As [`tokio::sync::OnceCell::take`].
    pub fn take(&mut self) -> Option<T> {
        self.inner.take()
    }

    fn initialise<F, Fut>(&self, f: F, site: Site) -> Initialising<'_, Fut>
    where
        F: FnOnce() -> Fut,
    {
        Initialising {
            future: f(),
            held: Held {
                record: &self.record,
                site,
                taken: None,
            },
        }
    }
}

pin_project! {
    /// An initialisation under way.
    struct Initialising<'a, F> {
        // Dropped before the record says that it is over.
        #[pin]
        future: F,
        held: Held<'a>,
    }
}

struct Held<'a> {
    record: &'a Lock,
    site: Site,
    taken: Option<Taken>,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(hold) = self.taken.take().and_then(|taken| taken.hold) {
            self.record.released_anywhere(hold);
        }
    }
}

impl<F: Future> Future for Initialising<'_, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        INITIALISES.set(true);
        let place = std::ptr::from_ref(&*self).addr();
        let this = self.project();
        let held = this.held;
        if held.taken.is_none() {
            held.taken = frame::with(|frame| {
                let frame = frame?;
                let (record, site) = (held.record, held.site);
                let hold = record.acquired_sendable(Mode::Exclusive, AcquireKind::Blocking, site);
                let own = std::ptr::from_ref(record).addr();
                let is_loose = mark::is_loose(frame, own, place);
                let mark = is_loose.then(|| frame.task().mark(record.id(), is_loose));
                Some(Taken {
                    hold: Some(hold),
                    mark,
                    is_loose,
                })
            });
        }
        let poll = this.future.poll(cx);
        // Others may have been polled within.
        INITIALISES.set(true);
        poll
    }
}

thread_local! {
    /// Whether the innermost wait for a value that the thread polls has polled its initialisation.
    static INITIALISES: Cell<bool> = const { Cell::new(false) };
}

pin_project! {
    /// A wait for a value, by initialising it or for the one who does.
    struct Getting<'a, F> {
        record: &'a Lock,
        created: Site,
        leaf: Leaf,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Getting<'_, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let place = std::ptr::from_ref(&*self).addr();
        let this = self.project();
        let (record, created) = (*this.record, *this.created);
        let waiting = Waiting {
            created,
            site: frame::outer_site(created),
            place,
            target: || Target::Lock(record.info(), Mode::Exclusive, None),
        };
        // The one who initialises waits for what the initialisation waits for, and for nothing else.
        let before = INITIALISES.replace(false);
        let future = this.future;
        let others = || (!INITIALISES.get()).then_some(0);
        let poll = this.leaf.poll_beside(
            cx,
            waiting,
            Inner::Futures,
            |cx| future.poll(cx),
            |_| {},
            others,
        );
        INITIALISES.set(before);
        poll
    }
}

impl<T> Default for OnceCell<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl<T: Clone> Clone for OnceCell<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        Self::new_with(self.inner.get().cloned())
    }
}

impl<T: PartialEq> PartialEq for OnceCell<T> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for OnceCell<T> {}

impl<T> From<T> for OnceCell<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new_with(Some(value))
    }
}
