//! Happens-before order between threads: released and acquired clocks, and inherited holds.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::detector::happens_before;
use crate::engine::acquisition::InheritedHold;
use crate::engine::clock::vector_clock::VectorClock;
use crate::tracking::thread::agent::Seat;
use crate::tracking::thread::clock_ref::ClockRef;
use crate::tracking::thread::current;
use crate::watchdog::startup::attach;

/// Released clock of a thread: a point in its execution, to be acquired by another thread.
///
/// A spawn, a join and the hand-over of a message order what precedes them before what follows: two
/// opposite lock orders on the two sides of such a point cannot deadlock. The releasing side
/// creates a `Clock` with [`release`](Self::release) and passes it on; the receiving side calls
/// [`acquire`](Self::acquire).
///
/// The release of a lock and its next acquisition establish no such order, since another schedule
/// could have reversed them.
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
pub struct Clock(pub(super) Option<ClockRef>);

impl Clock {
    /// Releases the clock of the calling thread at this point.
    ///
    /// Costs a nanosecond or two. If the thread has made a nested acquisition or acquired a newer
    /// clock since its last release, it costs an allocation too; after a nested acquisition, it
    /// also makes the thread check each later acquisition anew the first time.
    #[inline]
    pub fn release() -> Self {
        Self(attach().map(happens_before::release_clock))
    }

    /// Creates an empty value.
    pub const fn unknown() -> Self {
        Self(None)
    }

    /// Releases the clock of the calling thread, or of the agent that it acts as, if that is attached to
    /// the detector already; otherwise returns what the agent was started after, or nothing. Does not
    /// attach the thread.
    #[inline]
    #[allow(unsafe_code)]
    pub fn release_if_attached() -> Self {
        if !current::slot().is_detached() {
            return Self::release();
        }
        // SAFETY: null, or a seat that is borrowed for as long as the thread acts as its agent.
        let seat = unsafe { current::seat().as_ref() };
        Self(seat.and_then(Seat::past))
    }

    /// Returns the final clock of the calling thread, which is about to end, for the thread that
    /// joins it.
    pub fn at_exit() -> Self {
        Self(attach().map(happens_before::end))
    }

    /// Returns whether the detector was on when the clock was released.
    pub fn is_known(&self) -> bool {
        self.0.is_some()
    }

    /// Returns whether the clock already happens before the calling thread's present, or is
    /// unknown.
    pub fn is_known_here(&self) -> bool {
        let point = self.0.as_ref();
        point.is_none_or(|point| attach().is_none_or(|slot| happens_before::is_known(slot, point)))
    }

    /// Acquires the clock: all that the calling thread does from here on happens after the release.
    ///
    /// Costs a few nanoseconds; if the clock is newer than that of the thread, a merge of two lists
    /// as long as the threads that they name, and what [`release`](Self::release) costs after a
    /// nested acquisition.
    #[inline]
    pub fn acquire(&self) {
        if let Some(point) = &self.0
            && let Some(slot) = attach()
        {
            happens_before::acquire_clock(slot, point);
        }
    }

    /// Acquires the clock and consumes it: cheaper than [`acquire`](Self::acquire) and a drop.
    #[inline]
    pub fn acquire_last(mut self) {
        if let Some(point) = self.0.take() {
            match attach() {
                Some(slot) => happens_before::acquire_last(slot, point),
                None => point.drop_alone(),
            }
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

/// Merged clocks of several threads, for a thread that continues after all of them: after the end
/// of a scope, or at a barrier.
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

// The program's code never runs while the clock is changed, so no panic leaves it half changed.
impl std::panic::RefUnwindSafe for MergedClock {}

impl MergedClock {
    /// Creates an empty merged clock.
    #[must_use]
    pub const fn new() -> Self {
        Self(Mutex::new(VectorClock::new()))
    }

    /// Merges a released clock into this one.
    ///
    /// Costs a look-up for every thread that the clock names, and 24 bytes for a new one that has
    /// not ended.
    pub fn add(&self, past: &Clock) {
        if let Some(point) = &past.0 {
            self.0.lock().merge_segment(point.segment());
        }
    }

    /// Merges a released clock into this one without locking it.
    pub fn add_mut(&mut self, past: &Clock) {
        if let Some(point) = &past.0 {
            self.0.get_mut().merge_segment(point.segment());
        }
    }

    /// Returns a copy, which later additions do not change.
    pub fn snapshot(&self) -> Self {
        Self(Mutex::new(self.0.lock().clone()))
    }

    /// Acquires the merged clock: all that the calling thread does from here on happens after the
    /// merged releases.
    pub fn acquire(&self) {
        // A copy, so that the lock is not held while the first event of a thread calls the
        // program's sinks.
        let clock = self.0.lock().clone();
        if !clock.is_empty()
            && let Some(slot) = attach()
        {
            happens_before::acquire_merged(slot, &clock);
        }
    }
}

/// [`MergedClock`] with shared ownership, for a value that is read by other threads than those that add
/// to it. A clone refers to the same clock.
#[derive(Clone, Debug, Default)]
pub struct SharedMergedClock(Arc<MergedClock>);

impl SharedMergedClock {
    /// Creates an empty merged clock.
    pub fn new() -> Self {
        Self(Arc::default())
    }

    /// Merges a released clock into this one.
    pub fn add(&self, past: &Clock) {
        self.0.add(past);
    }

    /// Acquires the merged clock: all that the calling thread does from here on happens after the
    /// merged releases.
    pub fn acquire(&self) {
        self.0.acquire();
    }
}

/// Locks that the calling thread holds for as long as other threads run: around a scope, or a
/// parallel iterator.
///
/// Every acquisition of those threads counts as made under these locks.
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
    /// Returns the locks that the calling thread holds, and those that it has inherited itself.
    pub fn current() -> Self {
        Self(happens_before::holds_to_inherit())
    }

    /// Makes the calling thread inherit these locks until the returned guard is dropped.
    pub fn enter(&self) -> ScopeGuard {
        if self.0.is_empty() {
            return ScopeGuard { before: None };
        }
        ScopeGuard {
            before: attach().map(|slot| happens_before::inherit_holds(slot, self.0.clone())),
        }
    }
}

/// Scope in which a thread inherits the locks of another. Returned by [`InheritedHolds::enter`].
#[derive(Debug)]
#[must_use = "the surroundings end when this is dropped"]
pub struct ScopeGuard {
    before: Option<Vec<InheritedHold>>,
}

impl Drop for ScopeGuard {
    fn drop(&mut self) {
        if let Some(before) = self.before.take()
            && let Some(slot) = attach()
        {
            happens_before::inherit_holds(slot, before);
        }
    }
}
