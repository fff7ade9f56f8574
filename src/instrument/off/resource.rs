//! Waits for resources other than locks, in a build without instrumentation.

use std::time::{Duration, Instant};

use crate::instrument::{Counts, LockKind, Site, WaitReason};

/// Detector record of a resource: anything but a lock that threads wait for.
#[derive(Debug, Default)]
pub struct Resource(());

impl Resource {
    /// Creates the record of a resource whose class is the construction site, that is, the caller's
    /// line.
    #[inline(always)]
    #[must_use]
    pub const fn new(_kind: &'static LockKind) -> Self {
        Self(())
    }

    /// Creates the record of a resource whose class is `name`.
    #[inline(always)]
    #[must_use]
    pub const fn named(_kind: &'static LockKind, _name: &'static str) -> Self {
        Self(())
    }

    /// Sets a label for this instance, which reports show beside the name of its class.
    #[inline(always)]
    pub fn set_label(&self, _label: impl AsRef<str>) {}

    /// Records that the calling thread has just done something that may end the wait of another.
    #[inline(always)]
    pub fn provided(&self) {}

    /// Waits, without a limit, until `attempt` returns `Some`, and returns that value.
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

    /// Waits like [`wait`](Self::wait), where only `providers` can end the wait.
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

/// Set of threads of which one has to act before a wait can end.
#[derive(Debug, Default)]
pub struct Providers(());

impl Providers {
    /// Creates an empty set.
    #[inline(always)]
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }

    /// Announces that `count` more threads will [`enter`](Self::enter), or else be [given
    /// up](Self::give_up).
    #[inline(always)]
    pub fn expect(&self, _count: usize) {}

    /// Records that `count` of the expected threads will not enter.
    #[inline(always)]
    pub fn give_up(&self, _count: usize) {}

    /// Adds the calling thread to the set, until it [leaves](Self::leave).
    #[inline(always)]
    pub fn enter(&self) {}

    /// Removes the calling thread from the set.
    #[inline(always)]
    pub fn leave(&self) {}
}

/// Runs `f`, which sleeps or parks.
#[inline(always)]
pub fn idle<R>(_awaited: WaitReason, _timed: bool, _site: Site, f: impl FnOnce() -> R) -> R {
    f()
}
