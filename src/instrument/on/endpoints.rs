//! What the two ends of a channel have in common beside the messages.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
#[cfg(feature = "channel")]
use std::time::Instant;

use super::clock::{Clock, MergedClock};
use super::resource::Resource;
use crate::instrument::LockKind;
use crate::instrument::side::{Side, block_on};
#[cfg(feature = "channel")]
use crate::instrument::{Site, WaitReason};

/// The record of a channel, which all of its ends share.
#[derive(Clone, Debug)]
pub(crate) struct Endpoints(Arc<Common>);

#[derive(Debug)]
struct Common {
    record: Resource,
    /// What those did who have let go of a sending end.
    senders: MergedClock,
    /// The same of the receiving ends.
    receivers: MergedClock,
    /// How many threads wait, without a limit, to hand something over directly.
    sending: AtomicUsize,
    /// How many wait to be handed something.
    receiving: AtomicUsize,
    /// How many selections wait that have an operation here.
    #[cfg(feature = "channel")]
    selecting: AtomicUsize,
}

/// What all selections wait at together: what is done at a channel at which one waits is provided to
/// all of them. One that cannot use it finds that out when it looks up the next time.
#[cfg(feature = "channel")]
static SELECTIONS: Resource = Resource::named(&SELECT, "select");

#[cfg(feature = "channel")]
static SELECT: LockKind = LockKind::new("select");

static CHANNEL: LockKind = LockKind::new("channel");

impl Endpoints {
    /// The record of a new channel, whose class is `name`, or else the place of the call.
    #[track_caller]
    pub(crate) fn new(name: Option<&'static str>) -> Self {
        let record = match name {
            Some(name) => Resource::named(&CHANNEL, name),
            None => Resource::new(&CHANNEL),
        };
        Self(Arc::new(Common {
            record,
            senders: MergedClock::new(),
            receivers: MergedClock::new(),
            sending: AtomicUsize::new(0),
            receiving: AtomicUsize::new(0),
            #[cfg(feature = "channel")]
            selecting: AtomicUsize::new(0),
        }))
    }

    /// What waits at the channel are told to.
    pub(crate) fn record(&self) -> &Resource {
        &self.0.record
    }

    /// The calling thread has sent or received, or let go of an end.
    #[inline]
    pub(crate) fn provided(&self) {
        self.0.record.provided();
        // Acquire, as in `Party::provide`: a selection counts itself before it attempts anything, and
        // one that is not found any more is over.
        #[cfg(feature = "channel")]
        if self.0.selecting.load(Ordering::Acquire) > 0 {
            SELECTIONS.provided();
        }
    }

    /// A selection with an operation here is about to wait, until the result is dropped.
    #[cfg(feature = "channel")]
    pub(crate) fn select(&self) -> EndpointWait<'_> {
        // Relaxed: see `provided`.
        self.0.selecting.fetch_add(1, Ordering::Relaxed);
        EndpointWait(&self.0.selecting)
    }

    /// A sending end is about to be dropped.
    pub(crate) fn drop_sender(&self) {
        self.0.senders.add(&Clock::release());
    }

    /// A receiving end is about to be dropped.
    pub(crate) fn drop_receiver(&self) {
        self.0.receivers.add(&Clock::release());
    }

    /// The calling thread was told that all senders are gone.
    #[cold]
    pub(crate) fn no_senders(&self) {
        self.0.senders.acquire();
    }

    /// The calling thread was told that all receivers are gone.
    #[cold]
    pub(crate) fn no_receivers(&self) {
        self.0.receivers.acquire();
    }

    /// The calling thread waits on this side, until the result is dropped, for somebody on the
    /// other.
    pub(crate) fn register(&self, side: Side) -> EndpointWait<'_> {
        let count = self.0.count(side);
        // Sequentially consistent, as the load in `has_counterpart`: of two that come to the two sides, at
        // least one sees the other in its next look.
        count.fetch_add(1, Ordering::SeqCst);
        EndpointWait(count)
    }

    /// Whether more than `mine` wait on the other side.
    pub(crate) fn has_counterpart(&self, side: Side, mine: usize) -> bool {
        let there = self.0.count(side.opposite());
        // Sequentially consistent: see `register`.
        there.load(Ordering::SeqCst) > mine
    }

    /// One attempt, of somebody who has [come](Self::come) to `side`, at a direct hand-over.
    pub(crate) fn block_on<R>(
        &self,
        side: Side,
        limit: Option<Duration>,
        attempt: impl FnMut(Option<Duration>) -> Option<R>,
    ) -> Option<R> {
        block_on(limit, || self.has_counterpart(side, 0), attempt)
    }

    /// Whether both are ends of one channel.
    #[cfg(feature = "channel")]
    pub(crate) fn is_same(&self, other: &Endpoints) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Common {
    fn count(&self, side: Side) -> &AtomicUsize {
        match side {
            Side::Sending => &self.sending,
            Side::Receiving => &self.receiving,
        }
    }
}

/// A thread that waits on one side of a channel. Made by [`Endpoints::register`].
#[derive(Debug)]
pub(crate) struct EndpointWait<'a>(&'a AtomicUsize);

impl Drop for EndpointWait<'_> {
    fn drop(&mut self) {
        // Sequentially consistent: see `Endpoints::register`.
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What one end has of the record: to be dropped after the end of the channel itself, since those
/// who wait may go on then.
#[derive(Debug)]
pub(crate) struct Endpoint(Endpoints);

impl Endpoint {
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

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.0.provided();
    }
}

/// Waits for one of the operations of a selection, at channels of which each was told so by
/// [`Endpoints::select`]. The selection is named after the place at which it waits.
#[cfg(feature = "channel")]
pub(crate) fn wait_for_selection<R>(
    site: Site,
    attempt: impl FnMut(Option<Duration>) -> Option<R>,
) -> R {
    let record = Resource::at(&SELECT, site);
    record.wait_among(&SELECTIONS, None, WaitReason::Selection, site, attempt)
}

/// Waits for one of the operations of a selection until `deadline` at most.
#[cfg(feature = "channel")]
pub(crate) fn wait_for_selection_until<R>(
    deadline: Instant,
    site: Site,
    attempt: impl FnMut(Duration) -> Option<R>,
) -> Option<R> {
    let record = Resource::at(&SELECT, site);
    record.wait_until(WaitReason::Selection, deadline, site, attempt)
}
