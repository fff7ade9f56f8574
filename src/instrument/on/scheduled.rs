//! Threads of an exploration, of which one runs at a time.
//!
//! The fast paths know nothing of it. The slot of such a thread looks as if locks were held around it
//! and as if it had no room, so that each of its acquisitions takes a slow path, where it finds the
//! scheduler here. The bare lock, if it was acquired on the way there, is released again before the
//! scheduler is asked: no other thread has run meanwhile, so none has seen it.

use std::any::Any;
use std::cell::Cell;
use std::panic::resume_unwind;
use std::sync::Arc;

use crate::detector;
use crate::engine::ids::{LockId, Site};
use crate::report::LockInfo;
use crate::tracking::lock::record::LockRecord;
use crate::tracking::scheduled::{
    self, AfterWait, FailedTry, Next, Noted, Participant, Scheduler, Touch,
};
use crate::tracking::thread::current;
use crate::tracking::thread::slot::Flag;
use crate::watchdog::startup::attach;

/// A scheduling point like [`point`](super::point::point), before an operation on the primitive with this record.
#[inline(always)]
pub(super) fn point_of(verb: &'static str, record: &LockRecord) {
    if scheduled::is_any() {
        point_if_controlled(verb, Some(record));
    }
}

#[cold]
#[inline(never)]
pub(super) fn point_if_controlled(verb: &'static str, record: Option<&LockRecord>) {
    if let Some(turn) = Scheduled::here() {
        turn.point();
        turn.note(verb, record, None);
    }
}

/// The payload with which threads unwind that no schedule lets go on.
struct Abandoned;

/// Whether a thread has ended because its exploration has given it up.
pub fn is_abandoned(payload: &(dyn Any + Send)) -> bool {
    payload.is::<Abandoned>()
}

/// A thread on its way to its first turn; registered until this is dropped or
/// [`begin`](Self::begin)s.
#[derive(Debug)]
pub struct Child(Option<Participant>);

impl Child {
    /// A thread that the calling one is about to start; controlled if the calling one is.
    pub fn here() -> Self {
        if let Some(body) = scheduled::begin_body() {
            let begun = Self(Some(body)).begin();
            // A thread whose thread-locals are being destroyed ends its turn here.
            let _ = BODY.try_with(|body| body.set(Some(begun)));
        }
        Self(Scheduled::here().map(|Scheduled(parent)| Participant {
            thread: parent.scheduler.register(),
            scheduler: parent.scheduler,
        }))
    }

    /// The next thread of this scheduler.
    pub(crate) fn of(scheduler: Arc<dyn Scheduler>) -> Self {
        Self(Some(Participant {
            thread: scheduler.register(),
            scheduler,
        }))
    }

    /// The calling thread is the one; returns at its first turn. Its control ends when the result is
    /// dropped.
    pub fn begin(mut self) -> Begun {
        let participant = self.0.take();
        if let Some(participant) = &participant {
            participant.scheduler.begin(participant.thread);
            if let Some(slot) = attach() {
                slot.life.set(Flag::Scheduled, true);
                slot.set_surrounded(false);
                slot.maintain();
            }
            scheduled::set(Some(participant.clone()));
        }
        Begun(participant)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if let Some(Participant { scheduler, thread }) = self.0.take() {
            scheduler.withdraw(thread);
        }
    }
}

/// A thread between its first turn and its end.
#[derive(Debug)]
pub struct Begun(Option<Participant>);

impl Drop for Begun {
    fn drop(&mut self) {
        let Some(Participant { scheduler, thread }) = self.0.take() else {
            return;
        };
        scheduled::set(None);
        let slot = current::slot();
        if !slot.is_detached() {
            slot.life.set(Flag::Scheduled, false);
            let surrounded = detector::with_own(slot, |own| own.is_surrounded());
            slot.set_surrounded(surrounded);
            slot.maintain();
        }
        scheduler.end(thread);
    }
}

thread_local! {
    /// The turn of the body of a schedule that began in the middle of a thread; it ends with the thread.
    static BODY: Cell<Option<Begun>> = const { Cell::new(None) };
}

/// The calling thread, controlled by a scheduler.
#[derive(Debug)]
pub struct Scheduled(pub(super) Participant);

impl Scheduled {
    /// `None` for all threads but those of an exploration, outside of calls of the detector.
    #[inline]
    pub fn here() -> Option<Self> {
        let slot = current::slot();
        if !slot.life.has(Flag::Scheduled) {
            return None;
        }
        // What a sink or a callback locks is no step of the program.
        if detector::with_own(slot, |own| own.busy > 0) {
            return None;
        }
        scheduled::here().map(Self)
    }

    /// [`here`](Self::here), at the cost of two instructions as long as no exploration has run in the process.
    #[inline(always)]
    pub fn if_any() -> Option<Self> {
        if scheduled::is_any() {
            Self::here()
        } else {
            None
        }
    }

    /// The thread is about to do what others can see: returns at its turn.
    pub fn point(&self) {
        self.point_of(Touch::Anything);
    }

    /// The thread releases locks, at most, or waits for the end of a thread: returns at its turn.
    pub fn point_of_releases(&self) {
        self.point_of(Touch::Releases);
    }

    pub(super) fn point_of(&self, touch: Touch) {
        self.0.scheduler.point(self.0.thread, self.next(touch));
    }

    pub(super) fn next(&self, touch: Touch) -> Next {
        let mut held = Vec::new();
        if self.0.scheduler.reduces() {
            for hold in current::slot().held().unwrap_or_default() {
                held.push(hold.ident().tag());
            }
        }
        Next { touch, held }
    }

    /// Returns what this acquisition of a lock changes, for the search that leaves schedules out.
    pub(super) fn touch(&self, touch: fn(u64) -> Touch, record: &LockRecord) -> Touch {
        if !self.0.scheduler.reduces() {
            return Touch::Anything;
        }
        let slot = current::slot();
        touch(detector::identify(slot, record).tag())
    }

    /// The thread is over: those that join it wait for this address.
    pub fn leaves(&self, end: usize) {
        self.0.scheduler.leaves(self.0.thread, end);
    }

    /// The thread has joined the one with this address.
    pub fn joined(&self, end: usize) {
        self.0.scheduler.joined(self.0.thread, end);
    }

    /// The thread lets others go first.
    pub fn give_way(&self) {
        let next = self.next(Touch::Anything);
        if self.0.scheduler.give_way(self.0.thread, next) == AfterWait::Unwind {
            self.abandon();
        }
    }

    /// A time limit of the thread is over when it has its next turn, unless what it waits for has come: returns then.
    pub fn lapse(&self) {
        let next = self.next(Touch::Anything);
        if self.0.scheduler.lapse(self.0.thread, next) == AfterWait::Unwind {
            self.abandon();
        }
    }

    /// The thread has acquired a lock: has its release take the slow path, if there is to be a point.
    pub fn acquired(&self) {
        if self.0.scheduler.has_points_before_releases() {
            current::slot().slow_releases();
        }
    }

    /// The thread is about to release a lock, or to hold it in a weaker mode: returns at its turn, if the
    /// program asks whether locks are held.
    pub(super) fn point_before_release() {
        if let Some(turn) = Self::here()
            && turn.0.scheduler.has_points_before_releases()
        {
            turn.point_of_releases();
        }
    }

    /// The program asks whether a lock is held at this moment: a try, or a wait with a limit.
    pub fn note_try(&self) {
        self.0.scheduler.note_try();
    }

    /// The thread has failed at what it had its turn for. `true` says that it has its turn again, and
    /// `false` that it is to wait for itself, without the scheduler.
    ///
    /// Unwinds instead, if it `may`, when no thread of the schedule could go on.
    pub fn wait(&self, failed: FailedTry, may_unwind: bool) -> bool {
        match self.0.scheduler.wait(self.0.thread, failed) {
            AfterWait::Retry => true,
            AfterWait::Unwind if may_unwind => {
                self.abandon();
                false
            }
            AfterWait::Unwind | AfterWait::Free => false,
        }
    }

    /// The thread was given up and is ready to unwind.
    pub(super) fn abandon(&self) {
        if !std::thread::panicking() {
            resume_unwind(Box::new(Abandoned));
        }
    }

    /// The thread, which has the turn, does this.
    pub(super) fn note(&self, verb: &'static str, record: Option<&LockRecord>, site: Option<Site>) {
        let Participant { scheduler, thread } = &self.0;
        if scheduler.is_noting() {
            let lock = record.map(info_of);
            let noted = Noted {
                verb,
                what: lock.as_ref().map_or(String::new(), LockInfo::to_string),
                short: lock.as_ref().map_or(String::new(), LockInfo::in_a_column),
                site,
            };
            scheduler.note(*thread, noted);
        }
    }

    /// The thread begins to wait at this place for the partner of a hand-over without a buffer, or ends that wait.
    pub(super) fn offer(&self, place: usize, waits: bool) {
        self.0.scheduler.offer(self.0.thread, place, waits);
    }

    /// Lets a thread that waits at one of these places run beside this one, until both have
    /// [parted](Self::part); whether there is one.
    pub fn meet(&self, places: &[usize]) -> bool {
        self.0.scheduler.meet(self.0.thread, places)
    }

    /// Whether the thread runs beside another one, to hand a message over.
    pub fn is_meeting(&self) -> bool {
        self.0.scheduler.is_meeting(self.0.thread)
    }

    /// The thread has met the other one. Returns to the one that has the turn when the other one has come
    /// here too, and to the other one at its next turn.
    pub fn part(&self) {
        self.0.scheduler.part(self.0.thread);
    }

    /// Whether one thread runs at a time.
    pub fn has_turns(&self) -> bool {
        self.0.scheduler.has_turns()
    }

    /// Whether a thread other than this one waits until the readers of this lock are gone.
    pub fn is_drained(&self, lock: usize) -> bool {
        self.0.scheduler.is_drained(self.0.thread, lock)
    }

    /// The thread waits until the readers of this lock are gone, as long as the result lives.
    pub fn drain(&self, lock: usize) -> Drain<'_> {
        self.0.scheduler.drain(self.0.thread, lock, true);
        Drain { thread: self, lock }
    }
}

/// The lock of a record, for the reader of a schedule. A record that has no identity yet gets none here: its holder may be
/// about to give it one.
fn info_of(record: &LockRecord) -> LockInfo {
    match record.ident() {
        Some(ident) => detector::lock_info(ident),
        None => {
            let mut lock = LockInfo::new(LockId::LAST, record.kind().noun(), record.place());
            lock.name = record.name();
            lock
        }
    }
}

/// A writer that waits for readers and keeps further ones out.
#[derive(Debug)]
pub struct Drain<'a> {
    thread: &'a Scheduled,
    lock: usize,
}

impl Drop for Drain<'_> {
    fn drop(&mut self) {
        let Participant { scheduler, thread } = &self.thread.0;
        scheduler.drain(*thread, self.lock, false);
    }
}
