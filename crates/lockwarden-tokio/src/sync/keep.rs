//! The part of a guard that gives the lock back.

use std::sync::Arc;

use lockwarden::instrument::{Mode, SendableHold};

use super::raw::{Raw, Taken};
use crate::agent::mark::Mark;

/// Something that leads to a lock: a reference or an `Arc`.
pub(crate) trait Leads {
    fn raw(&self) -> &Raw;
}

impl Leads for &Raw {
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
    #[inline]
    fn raw(&self) -> &Raw {
        L::raw(self)
    }
}

impl<L: HasRaw + ?Sized> Leads for Arc<L> {
    #[inline]
    fn raw(&self) -> &Raw {
        L::raw(self)
    }
}

/// A held lock; dropped, it is released.
pub(crate) struct Keep<P: Leads> {
    owner: P,
    hold: Option<SendableHold>,
    mark: Option<Mark>,
    permits: u32,
}

impl<P: Leads> Keep<P> {
    #[inline]
    pub(crate) fn new(owner: P, taken: Taken, mode: Mode) -> Self {
        let permits = owner.raw().share(mode);
        let Taken { hold, mark } = taken;
        Self {
            owner,
            hold,
            mark,
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
        raw.semaphore.add_permits(self.permits as usize - 1);
        self.permits = 1;
    }
}

impl<'a, L: HasRaw + ?Sized> Keep<&'a L> {
    /// The same hold, that does not know what the lock protects.
    pub(crate) fn erase(mut self) -> Keep<&'a Raw> {
        let raw = self.owner.raw();
        let (hold, mark, permits) = (self.hold.take(), self.mark.take(), self.permits);
        self.permits = 0;
        Keep {
            owner: raw,
            hold,
            mark,
            permits,
        }
    }
}

impl<P: Leads> Drop for Keep<P> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.permits != 0 {
            let hold = self.hold.take();
            self.owner.raw().release(hold, self.permits);
        }
    }
}
