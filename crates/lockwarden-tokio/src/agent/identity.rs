//! Who a task is, in one word.
//!
//! Most tasks of a server hold no lock and wait for nothing that is watched: of such an *anonymous* task only
//! its origin is kept. It becomes *known* when it first uses a lock, or waits for something watched, or
//! anything else needs its number.

#![allow(unsafe_code)]

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use lockwarden::instrument::{Agent, Clock};
use tokio::task::Id;

use super::origin::Origin;
use super::task::{Birth, Task};

/// Set in the word of a known task.
const KNOWN: usize = 1;
/// Set in the word when the future of the task is gone.
const OVER: usize = 2;

/// A known task.
pub(crate) struct Known {
    pub(crate) agent: Agent,
    pub(crate) task: Arc<Task>,
}

/// A pointer to an [`Origin`] that it owns a reference of, or to a [`Known`] that it owns; with marks in
/// the lowest bits.
pub(crate) struct Identity {
    word: Cell<*const ()>,
    marker: PhantomData<(Arc<Origin>, Box<Known>)>,
}

// SAFETY: an agent, a task and an origin may go to another thread, and with them what owns them.
unsafe impl Send for Identity {}

impl Identity {
    /// An anonymous task.
    pub(crate) fn anonymous(origin: Arc<Origin>) -> Self {
        origin.anonymous.fetch_add(1, Ordering::Relaxed);
        Agent::add_anonymous();
        Self::of(Arc::into_raw(origin).cast())
    }

    /// A known task, which comes after `past`.
    pub(crate) fn known_after(origin: &Origin, past: Clock, birth: Option<Birth>) -> Self {
        let known = Box::new(Known::new(origin, past, None, birth));
        Self::of(
            Box::into_raw(known)
                .cast_const()
                .cast::<()>()
                .map_addr(|at| at | KNOWN),
        )
    }

    fn of(word: *const ()) -> Self {
        Self {
            word: Cell::new(word),
            marker: PhantomData,
        }
    }

    /// Whether the task is anonymous, and has its future.
    #[inline(always)]
    pub(crate) fn is_plain(&self) -> bool {
        self.word.get().addr() & (KNOWN | OVER) == 0
    }

    /// Whether the future of the task is gone.
    #[inline(always)]
    pub(crate) fn is_over(&self) -> bool {
        self.word.get().addr() & OVER != 0
    }

    /// Notes that the future of the task is gone.
    pub(crate) fn set_over(&self) {
        self.word.set(self.word.get().map_addr(|at| at | OVER));
    }

    /// What is known of the task.
    #[inline(always)]
    pub(crate) fn known(&self) -> Option<&Known> {
        let word = self.word.get();
        if word.addr() & KNOWN == 0 {
            return None;
        }
        let known = word.map_addr(|at| at & !(KNOWN | OVER)).cast::<Known>();
        // SAFETY: with this mark it is a pointer to what this owns, which is not dropped or moved before.
        Some(unsafe { &*known })
    }

    fn origin(&self) -> *const Origin {
        self.word.get().map_addr(|at| at & !OVER).cast()
    }

    /// The origin of an anonymous task.
    pub(crate) fn anonymous_origin(&self) -> Option<&Origin> {
        if self.known().is_some() {
            return None;
        }
        // SAFETY: without the mark it is a pointer to what this owns a reference of. It is given up when
        // the task becomes known, in `become_known`, which a caller that has this borrow would have to
        // call; none does.
        Some(unsafe { &*self.origin() })
    }

    /// Makes the task known; tokio calls it `id`.
    #[cold]
    pub(crate) fn become_known(&self, id: Option<Id>) -> &Known {
        if self.known().is_none() {
            // SAFETY: the word owns this reference, and is overwritten below.
            let origin = unsafe { Arc::from_raw(self.origin()) };
            let marks = self.word.get().addr() & OVER;
            origin.anonymous.fetch_sub(1, Ordering::Relaxed);
            Agent::remove_anonymous();
            // A spawn by what has a past makes a known task.
            let known = Box::into_raw(Box::new(Known::new(&origin, Clock::unknown(), id, None)));
            let word = known.cast_const().cast::<()>();
            self.word.set(word.map_addr(|at| at | KNOWN | marks));
        }
        match self.known() {
            Some(known) => known,
            None => unreachable!("the word was just set"),
        }
    }
}

impl Known {
    /// A task that comes after `past`; tokio calls it `id`.
    pub(crate) fn new(origin: &Origin, past: Clock, id: Option<Id>, birth: Option<Birth>) -> Self {
        let mut agent = Agent::started_at(origin.spawned);
        agent.set_past(past);
        let task = Task::new(agent.id(), agent.check(), origin, id, birth);
        Self { agent, task }
    }
}

impl Drop for Identity {
    fn drop(&mut self) {
        if let Some(known) = self.known() {
            known.task.end();
            // SAFETY: the word owns it, and is not used any more.
            drop(unsafe { Box::from_raw(ptr::from_ref(known).cast_mut()) });
        } else {
            // SAFETY: the word owns this reference, and is not used any more.
            let origin = unsafe { Arc::from_raw(self.origin()) };
            origin.anonymous.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
