//! A meeting point.

use std::fmt;
use std::future::Future;
use std::panic::Location;

use lockwarden::instrument::{Site, WaitReason};
use tokio::sync::BarrierWaitResult;

use super::watched::watched;
use crate::agent::leaf::Thing;

/// [`tokio::sync::Barrier`], watched.
pub struct Barrier {
    inner: tokio::sync::Barrier,
    made: Site,
}

impl Barrier {
    /// As [`tokio::sync::Barrier::new`].
    #[track_caller]
    pub fn new(n: usize) -> Barrier {
        Self {
            inner: tokio::sync::Barrier::new(n),
            made: Location::caller(),
        }
    }

    /// As [`tokio::sync::Barrier::wait`].
    #[track_caller]
    pub fn wait(&self) -> impl Future<Output = BarrierWaitResult> {
        let thing = Thing::new("Barrier", WaitReason::Arrival, self.made);
        watched(thing, self.inner.wait(), |result| result)
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
