//! The future round a whole task.

#![allow(unsafe_code)]

use std::future::Future;
use std::mem::{ManuallyDrop, needs_drop};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use lockwarden::instrument::{self, Clock, Site};

use super::frame::{self, Frame, Polling};
use super::identity::Identity;
use super::origin::Origin;
use super::runtime::RuntimeState;
use super::task::{Joined, Kind, Task};

/// This file, which calls the future of a task: its lines are where a future is seen that is a whole task.
pub(super) const FILE: &str = file!();

/// A task: who it is, and its future.
// The frame of a poll takes the address of the identity for that of the whole.
#[repr(C)]
pub(crate) struct Root<F> {
    identity: Identity,
    // Dropped in place when it is done or the task is dropped, so that what it holds is released by the
    // agent that took it.
    future: ManuallyDrop<F>,
}

/// What a task has come to, and what it did, for those who join it.
#[derive(Debug)]
pub(crate) struct Ended<T> {
    value: T,
    past: Clock,
}

impl<T> Ended<T> {
    /// The calling task is over, with this result.
    #[inline]
    pub(crate) fn here(value: T) -> Self {
        Self {
            value,
            past: Clock::release_if_attached(),
        }
    }

    /// The result, in a task that joins it: what that does comes after all that it did.
    #[inline]
    pub(crate) fn joined(self) -> T {
        self.past.acquire_last();
        self.value
    }

    /// The result, in the thread that has driven it.
    #[inline]
    pub(crate) fn driven(self) -> T {
        self.value
    }
}

impl<F: Future> Root<F> {
    /// A task that is spawned at `spawned`.
    pub(crate) fn new(
        future: F,
        kind: Kind,
        spawned: Site,
        runtime: Option<&Arc<RuntimeState>>,
    ) -> (Self, Joined) {
        let origin = Origin::of(kind, spawned, runtime);
        let past = Clock::release_if_attached();
        // A task of a check is known from the start: all of them are looked at together.
        let is_in_no_check = || {
            let check = frame::with(|frame| frame?.known().map(|task| task.check));
            instrument::is_unattached() || check == Some(0)
        };
        let parent = frame::known();
        let may_have_permits = || {
            parent
                .as_ref()
                .is_some_and(|parent| parent.may_have_permits())
        };
        let identity = if !past.is_known() && is_in_no_check() && !may_have_permits() {
            Identity::anonymous(Arc::clone(&origin))
        } else {
            Identity::known_after(&origin, past, parent.map(|parent| parent.spawns()))
        };
        let joined = match identity.known() {
            Some(known) => Joined::Known(Arc::clone(&known.task)),
            None => Joined::Anonymous(origin),
        };
        let root = Self {
            future: ManuallyDrop::new(future),
            identity,
        };
        (root, joined)
    }

    /// Gives the task, which was not polled yet, a place in the detector, as one that runs: so a wait of the thread that
    /// polls it, which any thread could end, is no end of the task for the detector of threads.
    pub(crate) fn attach(&self) {
        let known = self.identity.become_known(None);
        // SAFETY: the agent is borrowed meanwhile, and no other thread acts as it: none polls the task.
        let acting = unsafe { known.agent.act() };
        instrument::ensure_attached();
        acting.end();
    }

    /// The task, which is known from now on; it was not polled yet.
    pub(crate) fn task(&self) -> &Arc<Task> {
        &self.identity.become_known(None).task
    }
}

impl<F: Future> Future for Root<F> {
    type Output = Ended<F::Output>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the future is not moved out of it: it is polled and dropped in place.
        let this = unsafe { self.get_unchecked_mut() };
        let frame = Frame::new(&this.identity, size_of::<Self>(), cx.waker());
        let polling = Polling::begin(&frame);
        let mut waker = cx.waker();
        if !this.identity.is_plain() || !instrument::is_unattached() {
            waker = frame.begin(cx).unwrap_or(waker);
        }
        let mut cx = Context::from_waker(waker);
        // SAFETY: as above.
        let future = unsafe { Pin::new_unchecked(&mut *this.future) };
        match future.poll(&mut cx) {
            Poll::Pending => {
                polling.suspend();
                Poll::Pending
            }
            Poll::Ready(value) => {
                this.identity.set_over();
                // SAFETY: it is pinned and not over until now; it is dropped once, here.
                unsafe { ManuallyDrop::drop(&mut this.future) };
                // The result could own a guard.
                if !needs_drop::<F::Output>() {
                    frame.note_leaks();
                } else if let Some(task) = frame.known() {
                    task.gives_result();
                }
                let ended = Ended::here(value);
                drop(polling);
                Poll::Ready(ended)
            }
        }
    }
}

impl<F> Drop for Root<F> {
    fn drop(&mut self) {
        if !self.identity.is_over() {
            let frame = Frame::new(&self.identity, size_of::<Self>(), Waker::noop());
            let polling = Polling::begin(&frame);
            if !self.identity.is_plain() || !instrument::is_unattached() {
                frame.begin_drop();
            }
            self.identity.set_over();
            // SAFETY: it is not over until now; it is dropped once, in place.
            unsafe { ManuallyDrop::drop(&mut self.future) };
            frame.note_leaks();
            drop(polling);
        }
    }
}
