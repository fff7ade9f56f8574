//! What the two ends of a channel have in common, in a build without instrumentation.

use std::marker::PhantomData;
use std::time::Duration;
#[cfg(feature = "channel")]
use std::time::Instant;

use super::resource::Resource;
use crate::instrument::{LockKind, Side};
#[cfg(feature = "channel")]
use crate::instrument::{Site, WaitReason};

/// The record of a channel, which all of its ends share.
#[derive(Clone, Debug)]
pub(crate) struct Endpoints(());

static CHANNEL: LockKind = LockKind::new("channel");
static RECORD: Resource = Resource::new(&CHANNEL);

impl Endpoints {
    /// The record of a new channel.
    #[inline(always)]
    pub(crate) fn new(_name: Option<&'static str>) -> Self {
        Self(())
    }

    /// What waits at the channel are told to.
    #[inline(always)]
    pub(crate) fn record(&self) -> &Resource {
        &RECORD
    }

    /// The calling thread has sent or received, or let go of an end.
    #[inline(always)]
    pub(crate) fn provided(&self) {}

    /// A selection with an operation here is about to wait.
    #[inline(always)]
    pub(crate) fn select(&self) -> EndpointWait<'_> {
        EndpointWait(PhantomData)
    }

    /// A sending end is about to be dropped.
    #[inline(always)]
    pub(crate) fn drop_sender(&self) {}

    /// A receiving end is about to be dropped.
    #[inline(always)]
    pub(crate) fn drop_receiver(&self) {}

    /// The calling thread was told that all senders are gone.
    #[inline(always)]
    pub(crate) fn no_senders(&self) {}

    /// The calling thread was told that all receivers are gone.
    #[inline(always)]
    pub(crate) fn no_receivers(&self) {}

    /// The calling thread waits on this side.
    #[inline(always)]
    pub(crate) fn register(&self, _side: Side) -> EndpointWait<'_> {
        EndpointWait(PhantomData)
    }

    /// Whether somebody waits on the other side: nobody asks in this build.
    #[inline(always)]
    pub(crate) fn has_counterpart(&self, _side: Side, _mine: usize) -> bool {
        false
    }

    /// One attempt at a direct hand-over.
    #[inline(always)]
    pub(crate) fn block_on<R>(
        &self,
        _side: Side,
        limit: Option<Duration>,
        mut attempt: impl FnMut(Option<Duration>) -> Option<R>,
    ) -> Option<R> {
        attempt(limit)
    }

    /// Whether both are ends of one channel: nobody asks in this build.
    #[inline(always)]
    pub(crate) fn is_same(&self, _other: &Endpoints) -> bool {
        false
    }
}

/// A thread that waits on one side of a channel. Made by [`Endpoints::register`].
#[derive(Debug)]
pub(crate) struct EndpointWait<'a>(PhantomData<&'a ()>);

/// What one end has of the record.
#[derive(Debug)]
pub(crate) struct Endpoint(Endpoints);

impl Endpoint {
    #[inline(always)]
    pub(crate) fn of(ends: Endpoints) -> Self {
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
#[cfg(feature = "channel")]
pub(crate) fn wait_for_selection<R>(
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
#[cfg(feature = "channel")]
pub(crate) fn wait_for_selection_until<R>(
    deadline: Instant,
    site: Site,
    attempt: impl FnMut(Duration) -> Option<R>,
) -> Option<R> {
    RECORD.wait_until(WaitReason::Selection, deadline, site, attempt)
}
