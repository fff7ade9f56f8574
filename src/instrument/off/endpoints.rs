//! Record that the two ends of a channel share, in a build without instrumentation.

use std::marker::PhantomData;
use std::time::{Duration, Instant};

use super::resource::Resource;
use crate::instrument::{LockKind, Side, Site, WaitReason};

/// Detector record of a channel, shared by all of its endpoints.
#[derive(Clone, Debug)]
pub struct Endpoints(());

static CHANNEL: LockKind = LockKind::new("channel");
static RECORD: Resource = Resource::new(&CHANNEL);

impl Endpoints {
    /// Creates the record of a new channel.
    #[inline(always)]
    pub fn new(_name: Option<&'static str>) -> Self {
        Self(())
    }

    /// Returns the resource for which the waits on this channel are published.
    #[inline(always)]
    pub fn record(&self) -> &Resource {
        &RECORD
    }

    /// Records that the calling thread has sent, received, or dropped an endpoint.
    #[inline(always)]
    pub fn provided(&self) {}

    /// Records that a selection with an operation on this channel is about to wait.
    #[inline(always)]
    pub fn select(&self) -> EndpointWait<'_> {
        EndpointWait(PhantomData)
    }

    /// Records that a sending end is about to be dropped.
    #[inline(always)]
    pub fn drop_sender(&self) {}

    /// Records that a receiving end is about to be dropped.
    #[inline(always)]
    pub fn drop_receiver(&self) {}

    /// Records that the calling thread has observed that all senders are dropped.
    #[inline(always)]
    pub fn no_senders(&self) {}

    /// Records that the calling thread has observed that all receivers are dropped.
    #[inline(always)]
    pub fn no_receivers(&self) {}

    /// Registers the calling thread as a waiter on `side`.
    #[inline(always)]
    pub fn register(&self, _side: Side) -> EndpointWait<'_> {
        EndpointWait(PhantomData)
    }

    /// Returns `false`; this build never calls it.
    #[inline(always)]
    pub fn has_counterpart(&self, _side: Side, _mine: usize) -> bool {
        false
    }

    /// Attempts a direct hand-over.
    #[inline(always)]
    pub fn block_on<R>(
        &self,
        _side: Side,
        limit: Option<Duration>,
        mut attempt: impl FnMut(Option<Duration>) -> Option<R>,
    ) -> Option<R> {
        attempt(limit)
    }

    /// Returns `false`; this build never calls it.
    #[inline(always)]
    pub fn is_same(&self, _other: &Endpoints) -> bool {
        false
    }
}

/// Registration of a waiter on one side of a channel. Returned by [`Endpoints::register`].
#[derive(Debug)]
pub struct EndpointWait<'a>(PhantomData<&'a ()>);

/// The record as a field of one endpoint.
#[derive(Debug)]
pub struct Endpoint(Endpoints);

impl Endpoint {
    /// Creates the field of an endpoint of this channel.
    #[inline(always)]
    pub fn new(ends: Endpoints) -> Self {
        Self(ends)
    }
}

impl std::ops::Deref for Endpoint {
    type Target = Endpoints;

    #[inline(always)]
    fn deref(&self) -> &Endpoints {
        &self.0
    }
}

/// Waits for one of the operations of a selection.
pub fn wait_for_selection<R>(
    _site: Site,
    mut attempt: impl FnMut(Option<Duration>) -> Option<R>,
) -> R {
    loop {
        if let Some(done) = attempt(None) {
            return done;
        }
    }
}

/// Waits for one of the operations of a selection until `deadline` at most.
pub fn wait_for_selection_until<R>(
    deadline: Instant,
    site: Site,
    attempt: impl FnMut(Duration) -> Option<R>,
) -> Option<R> {
    RECORD.wait_until(WaitReason::Selection, deadline, site, attempt)
}
