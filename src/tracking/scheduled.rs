//! Threads whose turns a scheduler decides: those of an exploration, of which one runs at a time.
//!
//! This is the seam between the primitives and [`testing::explore`](crate::testing::explore()): the
//! primitives call the scheduler through a trait object that the thread carries, and know nothing of
//! strategies.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

/// What a thread does after it was kept waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is the only thread that runs: it tries again.
    Retry,
    /// The scheduler controls no thread any more: the thread waits for itself.
    Free,
    /// The same, after a schedule in which no thread could go on: the thread unwinds if it can.
    Unwind,
}

/// What a failed try of a thread means for the schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// Nothing: no other thread can see that it was made, so the choice of the thread is taken back.
    Unseen,
    /// Others may see it (a place in a queue), but it lets none of them go on.
    Seen,
    /// It may let others go on.
    Arrived,
}

/// Decides which thread of a set goes on. Threads are numbered from zero in the order in which they
/// were registered.
pub(crate) trait Scheduler: fmt::Debug + Send + Sync {
    /// A thread is about to be started: its number.
    fn register(&self) -> usize;

    /// A registered thread will not begin.
    fn withdraw(&self, thread: usize);

    /// The calling thread has begun; returns at its first turn.
    fn begin(&self, thread: usize);

    /// The calling thread has ended.
    fn end(&self, thread: usize);

    /// The calling thread is about to do what others can see; returns at its turn.
    fn point(&self, thread: usize);

    /// The calling thread lets others go first; returns at its turn.
    fn give_way(&self, thread: usize);

    /// The calling thread has tried since its turn began, failed, and done nothing else; returns when
    /// another thread has done something.
    fn wait(&self, thread: usize, failed: Failed) -> Turn;

    /// The calling thread waits, as a writer, until the readers of the lock at this address are gone;
    /// `false` takes that back.
    fn drain(&self, thread: usize, lock: usize, drains: bool);

    /// Whether a thread other than this one waits so.
    fn is_drained(&self, thread: usize, lock: usize) -> bool;

    /// The calling thread sleeps on the condition variable at this address until it is
    /// [awake](Self::awake).
    fn sleep(&self, thread: usize, condvar: usize);

    /// Whether the thread was notified since it went to sleep.
    fn is_notified(&self, thread: usize) -> bool;

    /// The calling thread does not sleep any more.
    fn awake(&self, thread: usize);

    /// Notifies the thread that sleeps longest on this condition variable, or all: how many.
    fn notify(&self, condvar: usize, all: bool) -> usize;

    /// The program does something whose result depends on whether a lock is held at that moment.
    fn note_try(&self);

    /// Whether a thread that has acquired a lock is at a point.
    fn has_points_after_acquisitions(&self) -> bool;
}

/// A thread, and the scheduler that controls it.
#[derive(Clone, Debug)]
pub(crate) struct Participant {
    pub(crate) scheduler: Arc<dyn Scheduler>,
    pub(crate) thread: usize,
}

thread_local! {
    static HERE: RefCell<Option<Participant>> = const { RefCell::new(None) };
}

/// That of the calling thread. `None` also while its thread-locals are being destroyed.
pub(crate) fn here() -> Option<Participant> {
    HERE.try_with(|here| here.borrow().clone()).ok().flatten()
}

/// Sets that of the calling thread.
pub(crate) fn set(participant: Option<Participant>) {
    // The old value is dropped outside of the borrow.
    let _old = HERE.try_with(|here| here.replace(participant));
}
