//! Who has the places of a bounded channel.
//!
//! A place is free, or holds a message, or is a permit, or was granted to a future that has not run since. tokio
//! says how many there are in all. What is listed here is who has a permit, and who used the receiver last; the
//! futures that wait are listed with their tasks. So if the permits and the grants are as many as the places, the
//! queue is empty, and the next message comes from one of those who have them. And a place becomes free only if
//! one of those gives it up, or the receiver takes a message.

use std::borrow::Borrow;
use std::fmt;
use std::mem::needs_drop;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use lockwarden::instrument::{Site, ThreadId, WaitReason};

use super::NOUN;
use crate::agent::frame::{self, Frame};
use crate::agent::leaf::{Target, Thing};
use crate::agent::mark::To;
use crate::agent::registry;
use crate::agent::task::{Stamp, Task};
use crate::sync::permits::{Holder, Permits};
use crate::sync::watched::Awaited;

/// What is known of the places of one channel.
#[derive(Debug)]
pub(crate) struct Room {
    /// Who has permits; the count is that of all places.
    permits: Permits,
    /// The receiver was closed: then a future that waits is woken without a grant.
    is_closed: AtomicBool,
    /// How many changes of the list of permits have begun, and how many are over. A future that could take a place
    /// without being listed is a change for as long as it lives.
    begun: AtomicU64,
    over: AtomicU64,
    receiver: LastUser,
}

/// The task that used the receiver last.
#[derive(Debug, Default)]
struct LastUser {
    /// Its number; zero for none, and for one that is not known. The lowest bit is set if the receiver is a part of
    /// the future of the task.
    task: AtomicU64,
    /// When the task had last let something out that may own a guard, or a receiver.
    let_out: AtomicU64,
}

impl Room {
    pub(super) fn new(made: Site, places: usize) -> Arc<Self> {
        Arc::new(Self {
            permits: Permits::new(made, places),
            is_closed: AtomicBool::new(false),
            begun: AtomicU64::new(0),
            over: AtomicU64::new(0),
            receiver: LastUser::default(),
        })
    }

    /// Where the channel was made.
    pub(crate) fn made(&self) -> Site {
        self.permits.made
    }

    /// What is waited for.
    pub(crate) fn thing(&self, awaited: WaitReason) -> Thing {
        Thing::new(NOUN, awaited, self.made())
    }

    /// How many places there are.
    pub(crate) fn places(&self) -> u64 {
        self.permits.count as u64
    }

    /// Who has permits.
    pub(crate) fn holders(&self) -> Vec<Holder> {
        self.permits.holders()
    }

    /// A number that differs from one change to the next; none while one is under way, and once the receiver was
    /// closed.
    pub(crate) fn version(&self) -> Option<u64> {
        // Acquire pairs with the Release in `Change::drop`: who reads that a change is over reads all of it.
        let over = self.over.load(Ordering::Acquire);
        // Sequentially consistent, as in `change`: who has read a part of a change before reads that it had begun.
        let begun = self.begun.load(Ordering::SeqCst);
        (begun == over && !self.is_closed.load(Ordering::SeqCst)).then_some(over)
    }

    /// The list is about to change, until the result is dropped.
    pub(super) fn change(&self) -> Change<'_> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        Change(self)
    }

    /// The receiver is about to be closed.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
    }

    /// The task of this poll uses the receiver, which lies at `place`.
    #[inline(always)]
    pub(super) fn receives(&self, frame: &Frame<'_>, place: usize) {
        let task = frame.task();
        // Relaxed: the end of the poll publishes both. Who reads one of them older than the other takes the
        // receiver for one that has left its task, or looks again.
        self.receiver
            .let_out
            .store(task.let_out(), Ordering::Relaxed);
        let user = task.id.get() << 1 | u64::from(frame.contains(place));
        self.receiver.task.store(user, Ordering::Relaxed);
    }

    /// The task of this poll has sent a message of type `T` into the channel, which may own something. It takes the receiver
    /// of the channel nowhere: none but that could take it out of the queue again.
    #[inline(always)]
    pub(super) fn lets_out<T>(&self) {
        if needs_drop::<T>() {
            self.lets_out_owner();
        }
    }

    fn lets_out_owner(&self) {
        let before = frame::with(|frame| frame?.known().map(|task| task.let_out()));
        frame::let_out(To::Any);
        if before == Some(self.receiver.let_out.load(Ordering::Relaxed)) {
            self.stays();
        }
    }

    /// The receiver stays where it is, if the task that this thread polls used it last.
    #[cold]
    fn stays(&self) {
        frame::with(|frame| {
            let Some(task) = frame.and_then(|frame| frame.known()) else {
                return;
            };
            let user = task.id.get() << 1 | 1;
            if self.receiver.task.load(Ordering::Relaxed) == user {
                // Relaxed, as in `receives`.
                self.receiver
                    .let_out
                    .store(task.let_out(), Ordering::Relaxed);
            }
        });
    }

    /// The task that has the receiver, if that is known: a task that waits for a message borrows it, and one in
    /// whose future it lay when it was last used still has it, if the task has let nothing out since.
    pub(crate) fn receiving_task(&self) -> Option<Arc<Task>> {
        let user = self.receiver.task.load(Ordering::Relaxed);
        let let_out = self.receiver.let_out.load(Ordering::Relaxed);
        if user == 0 {
            return None;
        }
        let task = registry::find(ThreadId::new(user >> 1))?;
        let is_inside = user & 1 != 0 && task.let_out() == let_out;
        (is_inside || self.is_received_by(&task)).then_some(task)
    }

    /// Whether the task is in a receipt, polled or not, that is a part of it.
    fn is_received_by(&self, task: &Task) -> bool {
        let waits = task.waits.lock();
        waits.iter().any(|wait| {
            let is_own = match &wait.target {
                Target::Message(room, _) => std::ptr::eq(&raw const **room, self),
                _ => false,
            };
            is_own && (wait.is_inline || !task.has_let_out_since(wait.began))
        })
    }
}

// A panic of the program leaves what is listed as right as any other moment.
impl UnwindSafe for Room {}
impl RefUnwindSafe for Room {}

/// A change of the list of permits.
#[derive(Debug)]
pub(super) struct Change<'a>(&'a Room);

impl Drop for Change<'_> {
    fn drop(&mut self) {
        self.0.over.fetch_add(1, Ordering::Release);
    }
}

/// A permit of tokio's for so many places, which are listed.
pub(super) struct Kept<P, R: Deref<Target = Room>> {
    // Always there, but for the drop.
    permit: Option<P>,
    room: R,
    /// Of the acquisition in the list; zero for none.
    number: u64,
    places: usize,
}

impl<P, R: Deref<Target = Room>> Kept<P, R> {
    /// A permit that the calling task has, and that borrows a sender; within a [`Room::change`].
    pub(super) fn new(permit: P, room: R, places: usize) -> Self {
        // The sender may be a static.
        Self::of(frame::current().map(Stamp::of), permit, room, places)
    }

    /// A permit that owns its sender, so that it can be anywhere, in a thread that is not known too; within a
    /// [`Room::change`].
    pub(super) fn owned(permit: P, room: R) -> Self {
        Self::of(None, permit, room, 1)
    }

    fn of(task: Option<Stamp>, permit: P, room: R, places: usize) -> Self {
        let number = match places {
            0 => 0,
            _ => room.permits.add(task, places, true, None),
        };
        Self {
            permit: Some(permit),
            room,
            number,
            places,
        }
    }

    /// Gives `f` tokio's permit, which is listed no more.
    pub(super) fn give<T>(mut self, f: impl FnOnce(P) -> T) -> T {
        let permit = self.permit.take();
        let _change = self.room.change();
        self.unlist();
        match permit {
            Some(permit) => f(permit),
            None => unreachable!("a permit is there until it is dropped"),
        }
    }

    /// A message of type `T` is sent by this permit, see [`Room::lets_out`].
    #[inline(always)]
    pub(super) fn lets_out<T>(&self) {
        self.room.lets_out::<T>();
    }

    fn unlist(&self) {
        if self.number != 0 {
            self.room.permits.set(self.number, 0);
        }
    }

    pub(super) fn permit(&self) -> &P {
        match &self.permit {
            Some(permit) => permit,
            None => unreachable!("a permit is there until it is dropped"),
        }
    }
}

impl<'a, P: Iterator> Kept<P, &'a Room> {
    /// One of several.
    pub(super) fn next(&mut self) -> Option<Kept<P::Item, &'a Room>> {
        let _change = self.room.change();
        let permit = self.permit.as_mut()?.next()?;
        self.places -= 1;
        self.number = match self.places {
            0 => {
                self.unlist();
                0
            }
            places => self.room.permits.set(self.number, places),
        };
        Some(Kept::new(permit, self.room, 1))
    }
}

impl<P> Kept<P, Arc<Room>> {
    pub(super) fn room(&self) -> Arc<Room> {
        Arc::clone(&self.room)
    }
}

impl<P, R: Deref<Target = Room>> Drop for Kept<P, R> {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            let _change = self.room.change();
            self.unlist();
            drop(permit);
        }
    }
}

impl<P: fmt::Debug, R: Deref<Target = Room>> fmt::Debug for Kept<P, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.permit().fmt(f)
    }
}

/// A wait for a place, or for several.
pub(super) struct ForRoom<R> {
    pub(super) room: R,
    pub(super) places: usize,
    /// Whether the result is a permit.
    pub(super) is_kept: bool,
}

impl<R: Borrow<Arc<Room>>> Awaited for ForRoom<R> {
    const IS_GRANTED: bool = true;

    fn target(&self) -> Target {
        Target::Room(Arc::clone(self.room.borrow()), self.places)
    }

    fn poll_begins(&self) -> impl Sized {
        self.is_kept.then(|| self.room.borrow().change())
    }
}
