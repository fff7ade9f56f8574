//! Waiting for what is no lock, in a build without instrumentation.

use std::time::{Duration, Instant};

use crate::instrument::{Counts, LockKind, Site, WaitReason};

/// The record of something that threads wait for and that is no lock.
#[derive(Debug, Default)]
pub struct Resource(());

impl Resource {
    /// The record of a resource whose class is the place of the call.
    #[inline(always)]
    #[must_use]
    pub const fn new(_kind: &'static LockKind) -> Self {
        Self(())
    }

    /// The record of a resource whose class is `name`.
    #[inline(always)]
    #[must_use]
    pub const fn named(_kind: &'static LockKind, _name: &'static str) -> Self {
        Self(())
    }

    /// Names this one instance in reports, beside the name of its class.
    #[inline(always)]
    pub fn set_label(&self, _label: impl AsRef<str>) {}

    /// Tells that the calling thread has just done what may let a waiter go on.
    #[inline(always)]
    pub fn provided(&self) {}

    /// Waits, without a limit, until `attempt` returns something.
    #[inline(always)]
    pub fn wait<T>(
        &self,
        _awaited: WaitReason,
        _site: Site,
        mut attempt: impl FnMut(Option<Duration>) -> Option<T>,
    ) -> T {
        loop {
            if let Some(done) = attempt(None) {
                return done;
            }
        }
    }

    /// The same, where nobody but `providers` can end the wait.
    #[inline(always)]
    pub fn wait_by<T>(
        &self,
        _providers: &Providers,
        awaited: WaitReason,
        site: Site,
        attempt: impl FnMut(Option<Duration>) -> Option<T>,
    ) -> T {
        self.wait(awaited, site, attempt)
    }

    /// Waits like [`wait`](Self::wait).
    #[inline(always)]
    pub fn wait_counted<T>(
        &self,
        _counts: impl Fn() -> Counts,
        awaited: WaitReason,
        site: Site,
        attempt: impl FnMut(Option<Duration>) -> Option<T>,
    ) -> T {
        self.wait(awaited, site, attempt)
    }

    /// Waits like [`wait`](Self::wait).
    #[inline(always)]
    pub fn wait_among<T>(
        &self,
        _other: &Resource,
        _providers: Option<&Providers>,
        awaited: WaitReason,
        site: Site,
        attempt: impl FnMut(Option<Duration>) -> Option<T>,
    ) -> T {
        self.wait(awaited, site, attempt)
    }

    /// Waits until `deadline` at most.
    #[inline(always)]
    pub fn wait_until<T>(
        &self,
        _awaited: WaitReason,
        deadline: Instant,
        _site: Site,
        mut attempt: impl FnMut(Duration) -> Option<T>,
    ) -> Option<T> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let done = attempt(left);
            if done.is_some() || left.is_zero() {
                return done;
            }
        }
    }
}

/// Threads of which one has to act before a wait can end.
#[derive(Debug, Default)]
pub struct Providers(());

impl Providers {
    /// Nobody, as yet.
    #[inline(always)]
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }

    /// So many threads more will [`enter`](Self::enter), or have to be given up.
    #[inline(always)]
    pub fn expect(&self, _count: usize) {}

    /// So many of those that were expected will not enter.
    #[inline(always)]
    pub fn give_up(&self, _count: usize) {}

    /// The calling thread is one of them from now on, until [`leave`](Self::leave).
    #[inline(always)]
    pub fn enter(&self) {}

    /// The calling thread is not one of them any more.
    #[inline(always)]
    pub fn leave(&self) {}
}

/// The calling thread lets time pass, or is parked.
#[inline(always)]
pub(crate) fn idle<R>(_awaited: WaitReason, _timed: bool, _site: Site, f: impl FnOnce() -> R) -> R {
    f()
}
