//! Threads whose turns a scheduler decides: those of an exploration, of which one runs at a time.
//!
//! This is the seam between the primitives and [`testing::explore`](crate::testing::explore()): the
//! primitives call the scheduler through a trait object that the thread carries, and know nothing of
//! strategies.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::engine::ids::{LockId, Site, ThreadId};
use crate::engine::mode::Mode;
use crate::tracking::fork_safe::ForkSafe;

/// What a thread does after it was kept waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AfterWait {
    /// It is the only thread that runs: it tries again.
    Retry,
    /// The scheduler controls no thread any more: the thread waits for itself.
    Free,
    /// The same, after a schedule in which no thread could go on: the thread unwinds if it can.
    Unwind,
}

impl AfterWait {
    /// What a thread does that no scheduler controls any more, and that is to `unwind` or not.
    pub(crate) fn free(unwind: bool) -> Self {
        if unwind { Self::Unwind } else { Self::Free }
    }
}

/// What a failed try of a thread means for the schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailedTry {
    /// Nothing: no other thread can see that it was made, so the choice of the thread is taken back.
    Unseen,
    /// Others may see it (a place in a queue), but it lets none of them go on.
    Seen,
    /// It may let others go on.
    Arrived,
}

/// What a thread does in its turn, for the reader of a schedule.
#[derive(Clone, Debug)]
pub(crate) struct Noted {
    pub(crate) verb: &'static str,
    /// The name of what it does that to, or nothing.
    pub(crate) what: String,
    /// The same for a narrow column; other things may have it, too.
    pub(crate) short: String,
    pub(crate) site: Option<Site>,
}

/// The verbs of steps in which a thread waits.
pub(crate) const JOINS: &str = "joins";
pub(crate) const WAITS_FOR: &str = "waits for";

impl Noted {
    /// Whether the thread waits.
    pub(crate) fn is_wait(&self) -> bool {
        [JOINS, WAITS_FOR].contains(&self.verb)
    }
}

/// A lock that a thread holds, or asks for.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    /// The class of the lock, and the place of the acquisition.
    pub(crate) class: (String, String),
    pub(crate) lock: LockId,
    pub(crate) mode: Mode,
    /// The thread; of a lock that is held around a scope, the one that has opened the scope.
    pub(crate) thread: ThreadId,
}

/// An acquisition that a thread is about to make, and those that it holds.
#[derive(Clone, Debug)]
pub(crate) struct Nesting {
    pub(crate) asked: Claim,
    pub(crate) held: Vec<Claim>,
}

/// What a step does that other threads can see, as far as that is known before it is made. A lock is
/// identified by its tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Touch {
    /// The thread has ended.
    Nothing,
    /// Nothing but releases of locks.
    Releases,
    /// The exclusive acquisition of a lock: it waits until all holders have released it.
    Acquires(u64),
    /// The acquisition of a lock that others may hold meanwhile, so that it waits for no release of theirs.
    Shares(u64),
    /// A look at whether a lock can be acquired.
    Tries(u64),
    /// Anything.
    Anything,
}

impl Touch {
    /// Whether the order of two steps of two threads may matter. A release matters to a try alone: an
    /// acquisition waits for it.
    pub(crate) fn depends_on(self, other: Self) -> bool {
        use Touch::{Acquires, Anything, Nothing, Releases, Shares, Tries};
        match (self, other) {
            (Nothing, _) | (_, Nothing) => false,
            (Anything, _) | (_, Anything) => true,
            (Releases, Tries(_)) | (Tries(_), Releases) => true,
            (Releases, _) | (_, Releases) => false,
            (
                Acquires(one) | Shares(one) | Tries(one),
                Acquires(other) | Shares(other) | Tries(other),
            ) => one == other,
        }
    }
}

/// The next step of a thread.
#[derive(Clone, Debug)]
pub(crate) struct Next {
    pub(crate) touch: Touch,
    /// The tags of the locks that the thread holds before it, if the scheduler [reduces](Scheduler::reduces).
    pub(crate) held: Vec<u64>,
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
    fn point(&self, thread: usize, next: Next);

    /// The calling thread lets others go first; returns at its turn.
    fn give_way(&self, thread: usize, next: Next) -> AfterWait;

    /// A time limit of the calling thread is over, if it has its next turn before what it waits for comes; returns
    /// at that turn. A thread that does this in a loop lets others go first.
    fn lapse(&self, thread: usize, next: Next) -> AfterWait;

    /// Whether schedules are left out that differ in the order of independent steps alone.
    fn reduces(&self) -> bool;

    /// The calling thread is over: those that join it wait for this address.
    fn leaves(&self, thread: usize, end: usize);

    /// The calling thread has joined the one with this address.
    fn joined(&self, thread: usize, end: usize);

    /// The calling thread has tried since its turn began, failed, and done nothing else; returns when
    /// another thread has done something.
    fn wait(&self, thread: usize, failed: FailedTry) -> AfterWait;

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

    /// The calling thread begins to wait at this place for the partner of a hand-over without a buffer, or ends that
    /// wait.
    fn offer(&self, thread: usize, place: usize, waits: bool);

    /// Lets a thread that waits at one of these places run beside the calling one, until both have
    /// [parted](Self::part); whether there is one.
    fn meet(&self, thread: usize, places: &[usize]) -> bool;

    /// Whether the thread runs beside another one.
    fn is_meeting(&self, thread: usize) -> bool;

    /// The calling thread has met the other one; returns at its turn.
    fn part(&self, thread: usize);

    /// Whether one thread runs at a time.
    fn has_turns(&self) -> bool;

    /// The program does something whose result depends on whether a lock is held at that moment.
    fn note_try(&self);

    /// Whether the operations of the schedule are recorded.
    fn is_noting(&self) -> bool;

    /// The calling thread, which has the turn, does this.
    fn note(&self, thread: usize, step: Noted);

    /// Whether the schedule depends on which locks are acquired.
    fn has_aim(&self) -> bool;

    /// The calling thread is about to acquire a lock.
    fn comes(&self, thread: usize, nesting: Nesting);

    /// Whether the panics of its threads are not to be printed.
    fn is_quiet(&self) -> bool;

    /// Whether a thread that is about to release a lock is at a point.
    fn has_points_before_releases(&self) -> bool;
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

/// Whether there was ever a thread that a scheduler controls.
static ANY: AtomicBool = AtomicBool::new(false);

/// Returns whether there was ever a thread that a scheduler controls.
#[inline(always)]
pub(crate) fn is_any() -> bool {
    // Relaxed: a controlled thread has set it itself.
    ANY.load(Ordering::Relaxed)
}

/// Begins a schedule with the calling thread as its body; `None` if that fails.
type BeginBody = fn() -> Option<Participant>;

/// What is called by the first thread that starts another one, once.
pub(super) static BODY: ForkSafe<Option<BeginBody>> = ForkSafe::new(None);
/// Whether there is something to be called.
static AWAITS_BODY: AtomicBool = AtomicBool::new(false);

/// The first thread that starts another one is the body of a schedule, which `begin` begins.
pub(crate) fn await_body(begin: BeginBody) {
    *BODY.lock() = Some(begin);
    AWAITS_BODY.store(true, Ordering::Release);
}

/// The calling thread is about to start another one: begins the schedule of which it is the body, if one is
/// awaited.
pub(crate) fn begin_body() -> Option<Participant> {
    // Acquire pairs with the Release in `await_body`.
    if !AWAITS_BODY.load(Ordering::Acquire) {
        return None;
    }
    let begin = BODY.lock().take()?;
    AWAITS_BODY.store(false, Ordering::Relaxed);
    begin()
}

/// That of the calling thread. `None` also while its thread-locals are being destroyed.
pub(crate) fn here() -> Option<Participant> {
    HERE.try_with(|here| here.borrow().clone()).ok().flatten()
}

/// Sets that of the calling thread.
pub(crate) fn set(participant: Option<Participant>) {
    ANY.store(true, Ordering::Relaxed);
    // The old value is dropped outside of the borrow.
    let _old = HERE.try_with(|here| here.replace(participant));
}
