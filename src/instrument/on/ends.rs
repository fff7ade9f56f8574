//! What the two ends of a channel have in common beside the messages.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::past::{Past, Pasts};
use super::resource::Resource;
use crate::instrument::LockKind;
use crate::instrument::side::{Side, meet};

/// The record of a channel, which all of its ends share.
#[derive(Clone, Debug)]
pub(crate) struct Ends(Arc<Common>);

#[derive(Debug)]
struct Common {
    record: Resource,
    /// What those did who have let go of a sending end.
    senders: Pasts,
    /// The same of the receiving ends.
    receivers: Pasts,
    /// How many threads wait, without a limit, to hand something over directly.
    sending: AtomicUsize,
    /// How many wait to be handed something.
    receiving: AtomicUsize,
}

static CHANNEL: LockKind = LockKind::new("channel");

impl Ends {
    /// The record of a new channel, whose class is `name`, or else the place of the call.
    #[track_caller]
    pub(crate) fn new(name: Option<&'static str>) -> Self {
        let record = match name {
            Some(name) => Resource::named(&CHANNEL, name),
            None => Resource::new(&CHANNEL),
        };
        Self(Arc::new(Common {
            record,
            senders: Pasts::new(),
            receivers: Pasts::new(),
            sending: AtomicUsize::new(0),
            receiving: AtomicUsize::new(0),
        }))
    }

    /// What waits at the channel are told to.
    pub(crate) fn record(&self) -> &Resource {
        &self.0.record
    }

    /// A sending end is about to be dropped.
    pub(crate) fn drop_sender(&self) {
        self.0.senders.add(&Past::here());
    }

    /// A receiving end is about to be dropped.
    pub(crate) fn drop_receiver(&self) {
        self.0.receivers.add(&Past::here());
    }

    /// The calling thread was told that all senders are gone.
    #[cold]
    pub(crate) fn no_senders(&self) {
        self.0.senders.arrive();
    }

    /// The calling thread was told that all receivers are gone.
    #[cold]
    pub(crate) fn no_receivers(&self) {
        self.0.receivers.arrive();
    }

    /// The calling thread waits on this side, until the result is dropped, for somebody on the
    /// other.
    pub(crate) fn come(&self, side: Side) -> Here<'_> {
        let count = self.0.count(side);
        // Sequentially consistent, as the load in `is_met`: of two that come to the two sides, at
        // least one sees the other in its next look.
        count.fetch_add(1, Ordering::SeqCst);
        Here(count)
    }

    /// Whether more than `mine` wait on the other side.
    pub(crate) fn is_met(&self, side: Side, mine: usize) -> bool {
        let there = self.0.count(side.opposite());
        // Sequentially consistent: see `come`.
        there.load(Ordering::SeqCst) > mine
    }

    /// One attempt, of somebody who has [come](Self::come) to `side`, at a direct hand-over.
    pub(crate) fn meet<R>(
        &self,
        side: Side,
        limit: Option<Duration>,
        attempt: impl FnMut(Option<Duration>) -> Option<R>,
    ) -> Option<R> {
        meet(limit, || self.is_met(side, 0), attempt)
    }

    /// Whether both are ends of one channel.
    #[cfg(feature = "channel")]
    pub(crate) fn is_same(&self, other: &Ends) -> bool {
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

/// A thread that waits on one side of a channel. Made by [`Ends::come`].
#[derive(Debug)]
pub(crate) struct Here<'a>(&'a AtomicUsize);

impl Drop for Here<'_> {
    fn drop(&mut self) {
        // Sequentially consistent: see `Ends::come`.
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
