//! Waits for resources other than locks, in a build without instrumentation.

use std::time::{Duration, Instant};

use crate::engine::counts::Counts;
use crate::engine::ids::Site;
use crate::engine::wait_reason::WaitReason;
use crate::tracking::lock::kind::LockKind;

#[derive(Debug, Default)]
pub struct Resource(());

impl Resource {
    inlined! {
        #[must_use] const fn new(_kind: &'static LockKind) -> Self = Self(());
        #[must_use] const fn named(_kind: &'static LockKind, _name: &'static str) -> Self =
            Self(());
    }

    inlined! {
        fn set_label(&self, _label: impl AsRef<str>);
        fn provided(&self);
    }

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

#[derive(Debug, Default)]
pub struct Providers(());

impl Providers {
    inlined! {
        #[must_use] const fn new() -> Self = Self(());
    }

    inlined! {
        fn expect(&self, _count: usize);
        fn give_up(&self, _count: usize);
        fn enter(&self);
        fn leave(&self);
    }
}

#[inline(always)]
pub fn idle<R>(_awaited: WaitReason, _timed: bool, _site: Site, f: impl FnOnce() -> R) -> R {
    f()
}
