//! Tasks that stay on one thread.
//!
//! A set keeps the waker of the task that drives it, which a probe counts. Who can call that is known if all tasks of
//! the set are: then it is listed as a wait for one of them. Where a crate may spawn tasks into the set by tokio's own
//! functions, it is not, and the task that drives the set counts as one that may go on.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use lockwarden::instrument::Site;
use pin_project_lite::pin_project;
use tokio::task::LocalEnterGuard;

use super::{JoinHandle, root};
use crate::agent::frame;
use crate::agent::leaf::{Inner, Leaf, Target, Waiting};
use crate::agent::probe::Probe;
use crate::agent::task::Kind;
use crate::examine;
use crate::runtime::Runtime;

/// As [`tokio::task::spawn_local`]; the task is watched.
///
/// # Panics
///
/// Outside of a [`LocalSet`].
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let (root, joined) = root(future, Kind::Local, Location::caller(), None);
    JoinHandle::new(tokio::task::spawn_local(root), joined)
}

/// [`tokio::task::LocalSet`], whose tasks are watched.
pub struct LocalSet {
    inner: tokio::task::LocalSet,
    made: Site,
    leaf: Leaf,
}

/// Whether each crate of the program that uses tokio uses this one: `cargo lockwarden` compiles it as `tokio`.
const IS_WHOLE: bool = matches!(
    module_path!().as_bytes(),
    [b't', b'o', b'k', b'i', b'o', b':', ..]
);

thread_local! {
    /// How many clones of its waker the future has made that is driven in the innermost set of the thread.
    static CLONES: Cell<usize> = const { Cell::new(0) };
}

/// The clones of the waker of the probe that the calling thread is in, so far.
fn clones() -> usize {
    frame::with(|frame| frame?.probe().map(Probe::clones)).unwrap_or(0)
}

/// The task of this poll is about to poll those of a set: what it holds it keeps as one that is suspended.
fn keeps_while_others_run() {
    frame::with(|frame| {
        if let Some(task) = frame.and_then(|frame| frame.known()) {
            examine::suspended(task);
        }
    });
}

/// Polls a set by `poll`, and lists that as a wait of the task that drives it.
fn poll_set<T>(
    leaf: &mut Leaf,
    cx: &mut Context<'_>,
    waiting: Waiting<impl FnOnce() -> Target>,
    poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
) -> Poll<T> {
    if !IS_WHOLE {
        return poll(cx);
    }
    /// Puts the count of the outer set back, also if the poll unwinds.
    struct Back(usize);
    impl Drop for Back {
        fn drop(&mut self) {
            CLONES.set(self.0);
        }
    }
    let _back = Back(CLONES.replace(0));
    leaf.poll_beside(
        cx,
        waiting,
        Inner::Futures,
        poll,
        |_| {},
        || Some(CLONES.get()),
    )
}

pin_project! {
    /// A future that is driven with a set.
    struct RunUntil<F> {
        made: Site,
        created: Site,
        leaf: Leaf,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for RunUntil<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let place = std::ptr::from_ref(&*self).addr();
        let this = self.project();
        let made = *this.made;
        let waiting = Waiting {
            created: this.created,
            site: this.created,
            place,
            target: || Target::Set(made),
        };
        let future = this.future;
        poll_set(this.leaf, cx, waiting, |cx| future.poll(cx))
    }
}

pin_project! {
    /// The future itself, within the poll of the set.
    struct Inside<F> {
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Inside<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let before = clones();
        let poll = self.project().future.poll(cx);
        CLONES.set(CLONES.get() + clones() - before);
        if poll.is_pending() {
            keeps_while_others_run();
        }
        poll
    }
}

impl LocalSet {
    /// As [`tokio::task::LocalSet::new`].
    #[track_caller]
    pub fn new() -> Self {
        Self {
            inner: tokio::task::LocalSet::new(),
            made: Location::caller(),
            leaf: Leaf::new(),
        }
    }

    /// As [`tokio::task::LocalSet::enter`].
    pub fn enter(&self) -> LocalEnterGuard {
        self.inner.enter()
    }

    /// As [`tokio::task::LocalSet::spawn_local`].
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let (root, joined) = root(future, Kind::Local, Location::caller(), None);
        JoinHandle::new(self.inner.spawn_local(root), joined)
    }

    /// As [`tokio::task::LocalSet::block_on`].
    #[track_caller]
    pub fn block_on<F: Future>(&self, rt: &Runtime, future: F) -> F::Output {
        rt.block_on(self.run_until(future))
    }

    /// As [`tokio::task::LocalSet::run_until`].
    #[track_caller]
    pub fn run_until<F: Future>(&self, future: F) -> impl Future<Output = F::Output> {
        RunUntil {
            made: self.made,
            created: Location::caller(),
            leaf: Leaf::new(),
            future: self.inner.run_until(Inside { future }),
        }
    }

    /// tokio's own set.
    pub fn as_tokio(&self) -> &tokio::task::LocalSet {
        &self.inner
    }
}

/// For what this type does not name: `id`, which tokio has from version 1.49 on.
impl Deref for LocalSet {
    type Target = tokio::task::LocalSet;

    fn deref(&self) -> &tokio::task::LocalSet {
        &self.inner
    }
}

impl fmt::Debug for LocalSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl Default for LocalSet {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl Future for LocalSet {
    type Output = ();

    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let site = Location::caller();
        let place = std::ptr::from_ref(&*self).addr();
        let Self { inner, made, leaf } = &mut *self;
        let made = *made;
        let waiting = Waiting {
            created: made,
            site,
            place,
            target: || Target::Set(made),
        };
        keeps_while_others_run();
        poll_set(leaf, cx, waiting, |cx| Pin::new(inner).poll(cx))
    }
}

#[cfg(test)]
mod tests {
    use super::LocalSet;

    #[test]
    fn a_set_has_the_methods_of_tokios_that_it_does_not_name() {
        fn has_what_any_version_has(set: &tokio::task::LocalSet) -> String {
            format!("{set:?}")
        }
        let set = LocalSet::new();
        assert_eq!(has_what_any_version_has(&set), format!("{set:?}"));
    }
}
