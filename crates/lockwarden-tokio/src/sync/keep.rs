//! The part of a guard that gives the lock back.

#![allow(unsafe_code)]

use std::mem::ManuallyDrop;
use std::ptr;
use std::sync::Arc;

use lockwarden::instrument::{Mode, SendableHold};

use super::raw::{Raw, Taken};
use crate::agent::mark::Mark;

/// Something that leads to a lock: a reference or an `Arc`.
pub(crate) trait Leads {
    /// Whether it owns the lock, so that the guard can be sent to any task.
    const OWNS: bool;

    fn raw(&self) -> &Raw;
}

impl Leads for &Raw {
    const OWNS: bool = false;

    #[inline]
    fn raw(&self) -> &Raw {
        self
    }
}

/// A lock with data.
pub(crate) trait HasRaw {
    fn raw(&self) -> &Raw;
}

impl<L: HasRaw + ?Sized> Leads for &L {
    const OWNS: bool = false;

    #[inline]
    fn raw(&self) -> &Raw {
        L::raw(self)
    }
}

impl<L: HasRaw + ?Sized> Leads for Arc<L> {
    const OWNS: bool = true;

    #[inline]
    fn raw(&self) -> &Raw {
        L::raw(self)
    }
}

/// A held lock; dropped, it is released.
pub(crate) struct Keep<P: Leads> {
    owner: P,
    hold: Option<SendableHold>,
    // Dropped with the rest of the release.
    mark: ManuallyDrop<Option<Mark>>,
    is_loose: bool,
    permits: u32,
}

impl<P: Leads> Keep<P> {
    #[inline]
    pub(crate) fn new(owner: P, taken: Taken, mode: Mode) -> Self {
        let permits = owner.raw().share(mode);
        let Taken {
            hold,
            mark,
            is_loose,
        } = taken;
        if P::OWNS && is_loose {
            owner.raw().begin_owned();
        }
        Self {
            owner,
            hold,
            mark: ManuallyDrop::new(mark),
            is_loose,
            permits,
        }
    }

    #[inline]
    pub(crate) fn owner(&self) -> &P {
        &self.owner
    }

    /// Makes the exclusive hold a shared one.
    pub(crate) fn downgrade(&mut self) {
        let raw = self.owner.raw();
        if let Some(hold) = &self.hold {
            raw.record.converted_anywhere(hold, Mode::Shared);
        }
        raw.semaphore.give(self.permits as usize - 1);
        self.permits = 1;
    }

    /// What most releases need: no branch has to be looked for, and the lock is the one that its task, which is the
    /// calling one, took last. Whether that was so, and the lock is released.
    #[inline(always)]
    fn release_at_once(&mut self) -> bool {
        if self.mark.is_some() {
            return false;
        }
        let Some(hold) = self.hold.take() else {
            return false;
        };
        let raw = self.owner.raw();
        if let Err(hold) = raw.record.released_last(hold) {
            self.hold = Some(hold);
            return false;
        }
        if self.is_loose {
            raw.end_loose();
        }
        raw.semaphore.give(self.permits as usize);
        true
    }

    #[cold]
    #[inline(never)]
    fn release(&mut self) {
        let raw = self.owner.raw();
        if let Some(hold) = self.hold.take() {
            raw.record.released_anywhere(hold);
        }
        if self.is_loose {
            raw.end_loose();
        }
        raw.semaphore.give(self.permits as usize);
        drop(self.mark.take());
    }
}

impl<'a, L: HasRaw + ?Sized> Keep<&'a L> {
    /// The same hold, that does not know what the lock protects.
    #[inline(always)]
    pub(crate) fn erase(self) -> Keep<&'a Raw> {
        let this = ManuallyDrop::new(self);
        // SAFETY: each field is read once, and `this` is not used or dropped any more.
        let (hold, mark) = unsafe {
            (
                ptr::read(&raw const this.hold),
                ptr::read(&raw const this.mark),
            )
        };
        Keep {
            owner: this.owner.raw(),
            hold,
            mark,
            is_loose: this.is_loose,
            permits: this.permits,
        }
    }
}

impl<P: Leads> Drop for Keep<P> {
    #[inline(always)]
    fn drop(&mut self) {
        if !self.release_at_once() {
            self.release();
        }
    }
}
