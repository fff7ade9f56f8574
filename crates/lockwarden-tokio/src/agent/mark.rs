//! Holds of which more has to be known than that they are there.
//!
//! Most guards are local to the future of their task: they borrow a lock that does not live for ever,
//! in a place that is pinned, so nothing can take them to another task. A *loose* guard could go: one
//! that owns its lock, one of a static, and one that was taken in a boxed future, which can be given
//! away as a whole. And what was taken in a branch of `join!` or `select!`, or in a child of a set such as
//! `FuturesUnordered`, is not held by the other branches, though by their task.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Once, Weak};
use std::task::Waker;

use lockwarden::instrument::LockId;
use parking_lot::Mutex;

use super::frame::{self, Frame};
use super::image;
use super::leaf;
use super::task::{Kind, Task};

/// Which waker a future was polled with. A set of futures, such as `FuturesUnordered`, polls each of its children with
/// a waker of its own, always the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PolledBy {
    data: usize,
    vtable: usize,
}

impl From<&Waker> for PolledBy {
    #[inline(always)]
    fn from(waker: &Waker) -> Self {
        Self {
            data: waker.data().addr(),
            vtable: std::ptr::from_ref(waker.vtable()).addr(),
        }
    }
}

/// One branch of a task, and the one that it is a branch of.
#[derive(Debug)]
pub(crate) struct Branch {
    parent: Option<Arc<Branch>>,
    /// The waker of the child of a set that it is; none for a branch of a macro.
    child: Option<PolledBy>,
    /// Whether its future has returned: what that gave, a guard perhaps, is held by the one that it is a branch of.
    is_over: AtomicBool,
}

impl Branch {
    /// A new branch of the one that the calling thread polls.
    #[cfg(feature = "macros")]
    pub(crate) fn here(frame: &Frame<'_>, polled: PolledBy) -> Arc<Self> {
        let parent = Self::of_child(frame, polled).or_else(|| frame.branch().cloned());
        Arc::new(Self {
            parent,
            child: None,
            is_over: AtomicBool::new(false),
        })
    }

    /// Its future has returned.
    #[cfg(feature = "macros")]
    pub(crate) fn end(&self) {
        // Relaxed: it is asked by the thread that polls the task.
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// The branch that the child of a set is, if the waker is of one and the branch that is polled is not within it.
    #[cold]
    pub(crate) fn of_child(frame: &Frame<'_>, polled: PolledBy) -> Option<Arc<Self>> {
        let parent = frame.branch().cloned();
        let is_known = |branch: &Self| branch.child == Some(polled);
        let is_within = parent.as_ref().is_some_and(|it| it.lineage().any(is_known));
        let is_child = !frame.is_polled_by(polled) && !is_within;
        is_child.then(|| {
            Arc::new(Self {
                parent,
                child: Some(polled),
                is_over: AtomicBool::new(false),
            })
        })
    }

    /// The branch, the one that it is a branch of, and so on.
    fn lineage(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |branch| branch.parent.as_deref())
    }

    /// The branch that holds now what was taken in this one: itself, unless that or one round it is over; none for the
    /// task.
    fn heir(&self) -> Option<&Self> {
        let over = self
            .lineage()
            .filter(|it| it.is_over.load(Ordering::Relaxed));
        match over.last() {
            Some(over) => over.parent.as_deref(),
            None => Some(self),
        }
    }

    /// Whether it is that branch, or one within it.
    fn is_within(&self, outer: &Self) -> bool {
        let is_same = |branch: &Self| {
            std::ptr::eq(branch, outer) || (branch.child.is_some() && branch.child == outer.child)
        };
        self.lineage().any(is_same)
    }
}

fn current() -> Option<Arc<Branch>> {
    frame::with(|frame| frame?.branch().cloned())
}

/// To what a task gives something away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum To {
    /// A known task that it spawns.
    Child,
    /// Any task or thread.
    Any,
}

/// A hold of a task that is marked.
#[derive(Debug)]
pub(super) struct Marked {
    number: u64,
    lock: LockId,
    is_loose: bool,
    /// Whether it may be in another task by now.
    is_let_out: bool,
    branch: Option<Arc<Branch>>,
}

/// The mark of a hold, until that is released.
#[derive(Debug)]
pub(crate) struct Mark {
    task: Weak<Task>,
    number: u64,
}

impl Drop for Mark {
    fn drop(&mut self) {
        if let Some(task) = self.task.upgrade() {
            task.unmark(self.number);
        }
    }
}

/// The loose holds of each lock that has had a guard which owns it.
static LISTED: Mutex<Option<HashMap<LockId, Weak<Loose>>>> = Mutex::new(None);

/// Whether a lock was ever listed: before, the list is not looked at.
static IS_ANY_LISTED: AtomicBool = AtomicBool::new(false);

/// The loose holds of one lock.
#[derive(Debug)]
pub(crate) struct Loose {
    lock: LockId,
    count: AtomicUsize,
    /// When the first of them began, on the clock of `leaf::next`.
    since: AtomicU64,
    /// Done when it is listed in `LISTED`.
    listing: Once,
}

impl Loose {
    /// Of a lock that has none yet.
    #[cold]
    pub(crate) fn new(lock: LockId) -> Arc<Self> {
        Arc::new(Self {
            lock,
            count: AtomicUsize::new(0),
            since: AtomicU64::new(0),
            listing: Once::new(),
        })
    }

    /// Those of `locks` that are held by a guard which owns them, as far as is known: a lock that has had such a guard is
    /// held, and not by one that borrows from its task.
    pub(crate) fn owned(locks: impl FnOnce() -> Vec<LockId>) -> Vec<LockId> {
        // Relaxed: the caller asks for what it has taken itself.
        if !IS_ANY_LISTED.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let mut locks = locks();
        let found: Vec<Arc<Self>> = {
            let listed = LISTED.lock();
            let loose = |lock| listed.as_ref()?.get(lock)?.upgrade();
            locks.iter().filter_map(loose).collect()
        };
        // The list is free again: one that is dropped takes itself off it.
        locks.retain(|lock| {
            let own = found.iter().find(|loose| loose.lock == *lock);
            own.is_some_and(|loose| loose.is_any())
        });
        locks
    }

    /// A hold is that of a guard which owns the lock.
    #[inline]
    pub(crate) fn begin_owned(self: &Arc<Self>) {
        if !self.listing.is_completed() {
            self.list();
        }
    }

    #[cold]
    fn list(self: &Arc<Self>) {
        self.listing.call_once(|| {
            LISTED
                .lock()
                .get_or_insert_default()
                .insert(self.lock, Arc::downgrade(self));
            IS_ANY_LISTED.store(true, Ordering::Relaxed);
        });
    }

    /// A hold begins.
    #[inline]
    pub(crate) fn begin(&self) {
        // Relaxed: who reads an older time takes more guards for sent away.
        if self.count.fetch_add(1, Ordering::Relaxed) == 0 {
            self.since.store(leaf::next(), Ordering::Relaxed);
        }
    }

    /// A hold is over.
    #[inline]
    pub(crate) fn end(&self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether there is one.
    pub(crate) fn is_any(&self) -> bool {
        self.count.load(Ordering::Relaxed) != 0
    }

    /// When the first of them began, on the clock of `leaf::next`.
    pub(crate) fn since(&self) -> u64 {
        self.since.load(Ordering::Relaxed)
    }
}

impl Drop for Loose {
    fn drop(&mut self) {
        if !self.listing.is_completed() {
            return;
        }
        if let Some(listed) = &mut *LISTED.lock() {
            let own: *const Self = self;
            // A lock without an identity is listed with its address, which another can have by now.
            if listed
                .get(&self.lock)
                .is_some_and(|other| other.as_ptr() == own)
            {
                listed.remove(&self.lock);
            }
        }
    }
}

/// Whether a guard could go to another task, of a lock at `lock` and a future at `future`.
#[inline(always)]
pub(crate) fn is_loose(frame: &Frame<'_>, lock: usize, future: usize) -> bool {
    !frame.contains(future) || image::may_be_static(lock)
}

/// Whether what was taken of a lock at `lock`, with a future at `future`, can be in memory that its task shares with
/// others, where any of them can drop it: it owns the lock, for which `future` is zero, or the lock is a static.
#[inline(always)]
pub(crate) fn can_be_shared(lock: usize, future: usize) -> bool {
    future == 0 || image::may_be_static(lock)
}

impl Task {
    /// Marks a hold of the task, which the calling thread polls.
    #[cold]
    pub(crate) fn mark(self: &Arc<Self>, lock: LockId, is_loose: bool) -> Mark {
        let number = leaf::next();
        let mut marks = self.marks.lock();
        marks.push(Marked {
            number,
            lock,
            is_loose,
            is_let_out: false,
            branch: current(),
        });
        self.marked.store(marks.len(), Ordering::Relaxed);
        frame::with(|frame| {
            if let Some(frame) = frame {
                frame.note_mark();
            }
        });
        Mark {
            task: Arc::downgrade(self),
            number,
        }
    }

    fn unmark(&self, number: u64) {
        let mut marks = self.marks.lock();
        marks.retain(|mark| mark.number != number);
        self.marked.store(marks.len(), Ordering::Relaxed);
    }

    /// Notes that something that could own a guard of the task can be anywhere by now.
    pub(super) fn scatters(&self) {
        self.scattered.store(leaf::next(), Ordering::Release);
    }

    /// Notes that the result of the task could own a guard.
    pub(crate) fn gives_result(&self) {
        // That of a `block_on` goes to its caller.
        if self.kind != Kind::Driven {
            self.let_out.store(leaf::next(), Ordering::Release);
        }
    }

    /// Notes that the task, which the calling thread polls, gives something away that could own a
    /// guard: to `to`, or else to any task.
    pub(crate) fn lets_out(&self, to: To) {
        self.let_out.store(leaf::next(), Ordering::Release);
        if to == To::Any {
            self.scatters();
        }
        self.sent.note();
        if self.marked.load(Ordering::Relaxed) != 0 {
            let mut marks = self.marks.lock();
            for mark in marks.iter_mut().filter(|mark| mark.is_loose) {
                mark.is_let_out = true;
            }
        }
    }

    /// When it last gave something away, on the clock of `leaf::next`; zero if it never did.
    #[inline(always)]
    pub(crate) fn let_out(&self) -> u64 {
        self.let_out.load(Ordering::Acquire)
    }

    /// Whether it has given something away since then, on the clock of `leaf::next`.
    pub(crate) fn has_let_out_since(&self, then: u64) -> bool {
        self.let_out.load(Ordering::Acquire) > then
    }

    /// Whether it has given something away since then, on the same clock, in another way than to a known task at the spawn
    /// of that.
    pub(crate) fn has_scattered_since(&self, then: u64) -> bool {
        self.scattered.load(Ordering::Acquire) > then
    }

    /// Whether no guard that cannot leave the future of the task has gone elsewhere: it has given nothing away,
    /// and its result is not that of a `block_on`, which may borrow.
    pub(super) fn keeps_guards(&self) -> bool {
        self.kind != Kind::Driven && !self.has_let_out_since(0)
    }

    /// Whether it may have given away a guard of this lock.
    pub(crate) fn may_have_let_out(&self, lock: LockId) -> bool {
        let marks = self.marks.lock();
        marks
            .iter()
            .any(|mark| mark.lock == lock && mark.is_let_out)
    }

    /// Whether more is known of some of its holds.
    #[inline]
    pub(crate) fn has_marks(&self) -> bool {
        // Relaxed: written by the thread that polls, or by one that takes a mark away.
        self.marked.load(Ordering::Relaxed) != 0
    }

    /// Whether guards that the task is listed with may be elsewhere.
    #[inline]
    pub(super) fn has_sent(&self) -> bool {
        self.sent.is_any()
    }

    /// Whether what the task acquires, which the calling thread acts as, makes no order with what it is listed with: that may
    /// be held by a sibling of the branch that is polled, or by whom the guard was sent to.
    pub(crate) fn holds_elsewhere(&self) -> bool {
        // First what was sent: that forgets what is dropped by now.
        self.sent.holds() || self.holds_beside()
    }

    /// Whether the task holds something in a branch beside the one that the calling thread polls.
    fn holds_beside(&self) -> bool {
        self.has_marks() && self.holds_in_sibling()
    }

    #[cold]
    fn holds_in_sibling(&self) -> bool {
        let here = current();
        let marks = self.marks.lock();
        marks.iter().any(|mark| {
            let there = mark.branch.as_ref().and_then(|branch| branch.heir());
            let (Some(here), Some(there)) = (&here, there) else {
                return false;
            };
            !here.is_within(there) && !there.is_within(here)
        })
    }
}
