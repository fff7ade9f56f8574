//! Record that the two ends of a channel share.

use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::clock::{Clock, MergedClock};
use super::point::point;
use super::resource::Resource;
use super::scheduled::Scheduled;
use crate::engine::counts::Counts;
use crate::engine::ids::Site;
use crate::engine::wait_reason::WaitReason;
use crate::instrument::side::{Side, block_on};
use crate::tracking::lock::kind::LockKind;

/// Detector record of a channel, shared by all of its endpoints, each of which keeps it as an
/// [`Endpoint`].
///
/// A send or receive that does not wait only calls [`provided`](Self::provided) afterwards. One that has
/// to wait publishes the wait through [`wait`](Self::wait); if the channel has no buffer, it
/// [registers](Self::register) first and tries through [`block_on`](Self::block_on).
///
/// # Examples
///
/// ```
/// use std::panic::Location;
/// use std::sync::mpsc;
/// use lockwarden::instrument::{Endpoint, Endpoints, Side, Stamped, WaitReason};
///
/// let ends = Endpoints::new(Some("jobs"));
/// let (sender, receiver) = mpsc::channel();
/// let sending = Endpoint::new(ends.clone(), Side::Sending);
/// let receiving = Endpoint::new(ends, Side::Receiving);
/// std::thread::scope(|scope| {
///     scope.spawn(move || {
///         sender.send(Stamped::stamp("job")).unwrap();
///         sending.provided();
///         drop((sender, sending));
///     });
///     let job = receiving.wait(WaitReason::Message, 0, Location::caller(), |limit| match limit {
///         Some(limit) => receiver.recv_timeout(limit).ok(),
///         None => receiver.recv().ok(),
///     });
///     assert_eq!(job.receive(), "job");
/// });
/// ```
#[derive(Clone, Debug)]
pub struct Endpoints(Arc<Common>);

#[derive(Debug)]
struct Common {
    record: Resource,
    sending: Ends,
    receiving: Ends,
    /// The number of waiting selections that have an operation on this channel.
    selecting: AtomicUsize,
}

/// The ends of a channel on one side.
#[derive(Debug, Default)]
struct Ends {
    count: AtomicUsize,
    /// The merged clocks of their drops.
    drops: MergedClock,
    /// The number of threads that wait there, without a limit, for a direct hand-over, or to receive.
    waiting: AtomicUsize,
}

/// The resource that all selections wait for: an operation on a channel in one of them counts as
/// provided to all. A selection that cannot use it finds that out at its next check.
static SELECTIONS: Resource = Resource::named(&SELECT, "select");

static SELECT: LockKind = LockKind::new("select").resource();

static CHANNEL: LockKind = LockKind::new("channel").resource();

impl Endpoints {
    /// Creates the record of a new channel, whose class is `name`, or else the construction site.
    #[track_caller]
    pub fn new(name: Option<&'static str>) -> Self {
        let record = match name {
            Some(name) => Resource::named(&CHANNEL, name),
            None => Resource::new(&CHANNEL),
        };
        Self(Arc::new(Common {
            record,
            sending: Ends::default(),
            receiving: Ends::default(),
            selecting: AtomicUsize::new(0),
        }))
    }

    /// Returns the resource for which the waits on this channel are published.
    pub fn record(&self) -> &Resource {
        &self.0.record
    }

    /// Records that the calling thread has sent, received, or dropped an endpoint.
    #[inline]
    pub fn provided(&self) {
        self.0.record.provided();
        // Acquire, as in `ResourceState::provide`: a selection increments the count before it
        // attempts anything, and one that is not counted any more has ended.
        if self.0.selecting.load(Ordering::Acquire) > 0 {
            SELECTIONS.provided();
        }
    }

    /// Records that a selection with an operation on this channel is about to wait, until the
    /// result is dropped.
    pub fn select(&self) -> EndpointWait<'_> {
        // Relaxed: see `provided`.
        self.0.selecting.fetch_add(1, Ordering::Relaxed);
        EndpointWait(&self.0.selecting)
    }

    /// Waits at this channel, without a time limit. Reports say how many messages are in the channel, none
    /// or `places`, and how many ends the other side has.
    ///
    /// # Panics
    ///
    /// As [`Resource::wait`](crate::instrument::Resource::wait).
    pub fn wait<R>(
        &self,
        awaited: WaitReason,
        places: usize,
        site: Site,
        attempt: impl FnMut(Option<Duration>) -> Option<R>,
    ) -> R {
        let (messages, others) = match awaited {
            WaitReason::Message => (0, Side::Sending),
            _ => (places, Side::Receiving),
        };
        // Relaxed: a number for display.
        let counts = || {
            Counts::new(
                places,
                messages,
                self.0.ends(others).count.load(Ordering::Relaxed),
            )
        };
        self.0.record.wait_counted(counts, awaited, site, attempt)
    }

    /// Records that a sending end is about to be dropped.
    pub fn drop_sender(&self) {
        point("leaves", &self.0.record);
        self.0.sending.drops.add(&Clock::release());
    }

    /// Records that a receiving end is about to be dropped.
    pub fn drop_receiver(&self) {
        point("leaves", &self.0.record);
        self.0.receiving.drops.add(&Clock::release());
    }

    /// Records that the calling thread has observed that all senders are dropped.
    #[cold]
    pub fn no_senders(&self) {
        self.0.sending.drops.acquire();
    }

    /// Records that the calling thread has observed that all receivers are dropped.
    #[cold]
    pub fn no_receivers(&self) {
        self.0.receiving.drops.acquire();
    }

    /// Registers the calling thread, until the result is dropped, as a waiter on `side` for a
    /// thread on the other side.
    pub fn register(&self, side: Side) -> EndpointWait<'_> {
        let count = &self.0.ends(side).waiting;
        // Sequentially consistent, as the load in `has_counterpart`: of two threads that register
        // on the two sides, at least one sees the other at its next check.
        count.fetch_add(1, Ordering::SeqCst);
        if let Some(turn) = Scheduled::here() {
            turn.offer(ptr::from_ref(count).addr(), true);
        }
        EndpointWait(count)
    }

    /// The address that identifies the waiters on `side` to a scheduler.
    pub fn place(&self, side: Side) -> usize {
        ptr::from_ref(&self.0.ends(side).waiting).addr()
    }

    /// Returns whether more than `mine` threads wait on the other side.
    pub fn has_counterpart(&self, side: Side, mine: usize) -> bool {
        let there = &self.0.ends(side.opposite()).waiting;
        // Sequentially consistent: see `register`.
        there.load(Ordering::SeqCst) > mine
    }

    /// Attempts a direct hand-over, for a thread that is [registered](Self::register) on `side`.
    pub fn block_on<R>(
        &self,
        side: Side,
        limit: Option<Duration>,
        attempt: impl FnMut(Option<Duration>) -> Option<R>,
    ) -> Option<R> {
        let partners = [self.place(side.opposite())];
        block_on(limit, || self.has_counterpart(side, 0), &partners, attempt)
    }

    /// Returns whether both belong to the same channel.
    pub fn is_same(&self, other: &Endpoints) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Common {
    fn ends(&self, side: Side) -> &Ends {
        match side {
            Side::Sending => &self.sending,
            Side::Receiving => &self.receiving,
        }
    }
}

/// Registration of a waiter on one side of a channel. Returned by [`Endpoints::register`].
#[derive(Debug)]
pub struct EndpointWait<'a>(&'a AtomicUsize);

impl Drop for EndpointWait<'_> {
    fn drop(&mut self) {
        // Sequentially consistent: see `Endpoints::register`.
        self.0.fetch_sub(1, Ordering::SeqCst);
        if let Some(turn) = Scheduled::here() {
            turn.offer(ptr::from_ref(self.0).addr(), false);
        }
    }
}

/// The record as a field of one endpoint. It has to be dropped after the endpoint of the wrapped
/// channel, since its drop records that waiters may continue.
#[derive(Debug)]
pub struct Endpoint(Endpoints, Side);

impl Endpoint {
    /// Creates the field of an endpoint of this channel, on this side.
    pub fn new(ends: Endpoints, side: Side) -> Self {
        // Relaxed: a number for display.
        ends.0.ends(side).count.fetch_add(1, Ordering::Relaxed);
        Self(ends, side)
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
        // Relaxed: a number for display.
        self.0.0.ends(self.1).count.fetch_sub(1, Ordering::Relaxed);
        self.0.provided();
    }
}

/// Waits for one of the operations of a selection, on channels that were each prepared by
/// [`Endpoints::select`]. The selection is named after the line at which it waits.
pub fn wait_for_selection<R>(site: Site, attempt: impl FnMut(Option<Duration>) -> Option<R>) -> R {
    let record = Resource::at(&SELECT, site);
    record.wait_among(&SELECTIONS, None, WaitReason::Selection, site, attempt)
}

/// Waits for one of the operations of a selection until `deadline` at most.
pub fn wait_for_selection_until<R>(
    deadline: Instant,
    site: Site,
    attempt: impl FnMut(Duration) -> Option<R>,
) -> Option<R> {
    let record = Resource::at(&SELECT, site);
    record.wait_until(WaitReason::Selection, deadline, site, attempt)
}
