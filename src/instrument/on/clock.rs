//! Order between threads.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::detector::happens_before;
use crate::engine::acquisition::InheritedHold;
use crate::engine::clock::vector_clock::VectorClock;
use crate::tracking::thread::agent::Seat;
use crate::tracking::thread::clock_ref::ClockRef;
use crate::tracking::thread::current;

/// All that has happened up to one point in the life of a thread, for another thread to learn of.
///
/// A spawn, a join and a hand-over of a message order what comes before them before what comes
/// after: two opposite lock orders on both sides of such a point cannot deadlock. The releasing
/// side takes a `Clock` and hands it on; the receiving side calls [`acquire`](Self::acquire).
///
/// The release of a lock and its next acquisition order nothing: the other thread might have been
/// first.
///
/// # Examples
///
/// ```
/// use lockwarden::instrument::Clock;
///
/// let past = Clock::release();
/// std::thread::spawn(move || {
///     past.acquire();
///     // Nothing that the parent did before the spawn is concurrent with what follows.
/// }).join().unwrap();
/// ```
#[derive(Debug)]
#[must_use = "hand it to the thread that goes on from here"]
pub struct Clock(Option<ClockRef>);

impl Clock {
    /// All that has happened up to here.
    ///
    /// Costs a nanosecond or two; if the thread has made a nested acquisition, or learnt something,
    /// since it last did this, an allocation; and after a nested acquisition also that each one that
    /// follows is looked at anew the first time.
    #[inline]
    pub fn release() -> Self {
        Self(happens_before::release_clock())
    }

    /// Nothing.
    pub(crate) const fn unknown() -> Self {
        Self(None)
    }

    /// All that has happened up to here, if the calling thread, or the agent that it acts as, is known
    /// to the detector already: one that is not has done nothing that could matter, and is not made
    /// known by this.
    #[inline]
    #[allow(unsafe_code)]
    pub fn here_if_known() -> Self {
        if !current::slot().is_detached() {
            return Self::release();
        }
        // SAFETY: null, or a seat that is borrowed for as long as the thread acts as its agent.
        let seat = unsafe { current::seat().as_ref() };
        Self(seat.and_then(Seat::past))
    }

    pub(super) fn of_point(point: Option<ClockRef>) -> Self {
        Self(point)
    }

    pub(super) fn into_point(mut self) -> Option<ClockRef> {
        self.0.take()
    }

    /// All that the calling thread ever does, for whoever joins it: it is at its end.
    pub(crate) fn at_exit() -> Self {
        Self(happens_before::end())
    }

    /// Whether the detector was on when it was taken.
    pub(crate) fn is_known(&self) -> bool {
        self.0.is_some()
    }

    /// Whether the calling thread comes after it already, or nothing is known of the two.
    pub(crate) fn is_known_here(&self) -> bool {
        self.0.as_ref().is_none_or(happens_before::is_known)
    }

    /// The calling thread has learnt of it: what follows comes after it.
    ///
    /// Costs a few nanoseconds; when the news is new, a merge of two lists as long as the threads
    /// that they name, and what [`release`](Self::release) costs after a nested acquisition.
    #[inline]
    pub fn acquire(&self) {
        if let Some(point) = &self.0 {
            happens_before::acquire_clock(point);
        }
    }
}

impl Clock {
    /// [`acquire`](Self::acquire), by the only one who does: cheaper than that and a drop.
    #[inline]
    pub(crate) fn acquire_last(mut self) {
        if let Some(point) = self.0.take() {
            happens_before::acquire_last(point);
        }
    }
}

impl Clone for Clock {
    fn clone(&self) -> Self {
        Self(self.0.as_ref().map(ClockRef::another))
    }
}

impl Drop for Clock {
    #[inline]
    fn drop(&mut self) {
        if let Some(point) = self.0.take() {
            happens_before::forget(point);
        }
    }
}

/// The pasts of several threads, gathered for whoever goes on after all of them: after the end of
/// a scope, or at a barrier.
///
/// # Examples
///
/// ```
/// use lockwarden::instrument::{Clock, MergedClock};
///
/// let ends = MergedClock::new();
/// std::thread::scope(|scope| {
///     for _ in 0..3 {
///         scope.spawn(|| ends.add(&Clock::release()));
///     }
/// });
/// ends.acquire();
/// // Nothing that the three did before they added their past is concurrent with what follows.
/// ```
#[derive(Debug, Default)]
pub struct MergedClock(Mutex<VectorClock>);

// Nothing of the program's runs while it is changed, so no panic finds it half done.
impl std::panic::RefUnwindSafe for MergedClock {}

impl MergedClock {
    /// Nothing, as yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Mutex::new(VectorClock::new()))
    }

    /// Adds what happened up to one point.
    ///
    /// Costs a look-up for every thread that the point names, and 24 bytes for a new one that has not ended.
    pub fn add(&self, past: &Clock) {
        if let Some(point) = &past.0 {
            self.0.lock().merge_segment(point.segment());
        }
    }

    /// The same, by the only one who can: without a lock.
    #[cfg(feature = "queue")]
    pub(crate) fn add_mut(&mut self, past: &Clock) {
        if let Some(point) = &past.0 {
            self.0.get_mut().merge_segment(point.segment());
        }
    }

    /// What was added so far, and nothing of what is added later.
    #[cfg(feature = "queue")]
    pub(crate) fn snapshot(&self) -> Self {
        Self(Mutex::new(self.0.lock().clone()))
    }

    /// The calling thread has learnt of all of it: what follows comes after it.
    pub fn acquire(&self) {
        // A copy: a thread that is seen for the first time tells the program's sinks so.
        let clock = self.0.lock().clone();
        if !clock.is_empty() {
            happens_before::acquire_merged(&clock);
        }
    }
}

/// [`MergedClock`] that several hold together.
#[derive(Clone, Debug)]
pub(crate) struct SharedMergedClock(Arc<MergedClock>);

impl SharedMergedClock {
    /// Nothing, as yet.
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }

    /// Adds what happened up to one point.
    pub(crate) fn add(&self, past: &Clock) {
        self.0.add(past);
    }

    /// The calling thread has learnt of all of it: what follows comes after it.
    pub(crate) fn acquire(&self) {
        self.0.acquire();
    }
}

/// The locks that the calling thread holds for as long as other threads run: around a scope, or a
/// parallel iterator.
///
/// Whatever those threads take, they take under these locks.
///
/// # Examples
///
/// ```
/// use lockwarden::instrument::InheritedHolds;
///
/// let around = InheritedHolds::current();
/// std::thread::scope(|scope| {
///     scope.spawn(|| {
///         let _within = around.enter();
///     });
/// });
/// ```
#[derive(Clone, Debug)]
#[must_use = "enter them in the threads that run within"]
pub struct InheritedHolds(Vec<InheritedHold>);

impl InheritedHolds {
    /// The locks that the calling thread holds, with those that are held around it.
    pub fn current() -> Self {
        Self(happens_before::holds_to_inherit())
    }

    /// The calling thread runs within them until the result is dropped.
    pub fn enter(&self) -> ScopeGuard {
        if self.0.is_empty() {
            return ScopeGuard { before: None };
        }
        ScopeGuard {
            before: Some(happens_before::inherit_holds(self.0.clone())),
        }
    }
}

/// A thread that runs within the critical sections of another. Made by [`InheritedHolds::enter`].
#[derive(Debug)]
#[must_use = "the surroundings end when this is dropped"]
pub struct ScopeGuard {
    before: Option<Vec<InheritedHold>>,
}

impl Drop for ScopeGuard {
    fn drop(&mut self) {
        if let Some(before) = self.before.take() {
            happens_before::inherit_holds(before);
        }
    }
}
