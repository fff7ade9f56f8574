//! What the mutex and the reader-writer lock have in common.

use lockwarden::instrument::{AcquireKind, Lock, LockKind, Mode, SendableHold, Site};
use tokio::sync::{AcquireError, Semaphore, SemaphorePermit, TryLockError};

use crate::agent::frame::{self, Frame};
use crate::agent::leaf::Target;
use crate::agent::mark::{self, Mark};

/// A lock without data: tokio's semaphore, as in tokio's own locks, and the record for the detector.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) record: Lock,
    pub(crate) semaphore: Semaphore,
    /// How many permits it has: all of them are the exclusive hold.
    pub(crate) permits: u32,
}

impl Raw {
    #[track_caller]
    pub(crate) fn new(kind: &'static LockKind, permits: u32) -> Self {
        Self {
            record: Lock::new(kind),
            semaphore: Semaphore::new(permits as usize),
            permits,
        }
    }

    #[track_caller]
    pub(crate) const fn const_new(kind: &'static LockKind, permits: u32) -> Self {
        Self {
            record: Lock::new(kind),
            semaphore: Semaphore::const_new(permits as usize),
            permits,
        }
    }

    /// How many permits a hold in this mode takes.
    #[inline]
    pub(crate) fn share(&self, mode: Mode) -> u32 {
        match mode {
            Mode::Exclusive => self.permits,
            Mode::Shared | Mode::Upgradable => 1,
        }
    }

    /// What a wait in this mode is listed with.
    pub(crate) fn target(&self, mode: Mode) -> Target {
        Target::Lock(self.record.info(), mode)
    }

    /// Records that the calling task, or thread, has taken the lock, with a future at `place`. The
    /// permit is given back by what is returned.
    #[inline(always)]
    pub(crate) fn taken(
        &self,
        permit: Result<SemaphorePermit<'_>, AcquireError>,
        mode: Mode,
        site: Site,
        place: usize,
    ) -> Taken {
        // The semaphore is never closed. Kept until the record is made, which can panic.
        let permit = permit.unwrap_or_else(|_| unreachable!("the semaphore of a lock is closed"));
        let taken = frame::with(|frame| match frame {
            Some(frame) if self.is_usual(frame, place) => Taken {
                hold: Some(
                    self.record
                        .acquired_sendable(mode, AcquireKind::Blocking, site),
                ),
                mark: None,
            },
            _ => self.taken_otherwise(mode, site, place),
        });
        permit.forget();
        taken
    }

    #[cold]
    fn taken_otherwise(&self, mode: Mode, site: Site, place: usize) -> Taken {
        frame::with(|frame| match frame {
            Some(frame) => self.taken_by_task(frame, mode, AcquireKind::Blocking, site, place),
            None => self.taken_by_thread(mode, AcquireKind::Blocking, site),
        })
    }

    /// Whether nothing has to be known of a hold but that it is there.
    #[inline(always)]
    fn is_usual(&self, frame: &Frame<'_>, place: usize) -> bool {
        !frame.is_pending.get()
            && !frame.task.has_marks()
            && !mark::is_in_branch()
            && !mark::is_loose(frame, std::ptr::from_ref(self).addr(), place)
    }

    #[cold]
    fn taken_by_task(
        &self,
        frame: &Frame<'_>,
        mode: Mode,
        mut kind: AcquireKind,
        site: Site,
        place: usize,
    ) -> Taken {
        // What is held may be a sibling's, so it makes no order.
        if frame.is_pending.get() || frame.task.holds_beside() {
            kind = AcquireKind::Try;
        }
        let hold = Some(self.record.acquired_sendable(mode, kind, site));
        let is_loose = mark::is_loose(frame, std::ptr::from_ref(self).addr(), place);
        let needs_mark = is_loose || mark::is_in_branch();
        let mark = needs_mark.then(|| frame.task.mark(self.record.id(), is_loose));
        Taken { hold, mark }
    }

    #[cold]
    fn taken_by_thread(&self, mode: Mode, kind: AcquireKind, site: Site) -> Taken {
        // A task that this crate did not spawn has no place to list what it holds: it would be found
        // with the thread, on which other tasks are polled next.
        let is_recorded = frame::is_job() || tokio::task::try_id().is_none();
        let hold = is_recorded.then(|| self.record.acquired_sendable(mode, kind, site));
        Taken { hold, mark: None }
    }

    /// Takes the lock if that is possible at once.
    pub(crate) fn try_take(&self, mode: Mode, site: Site) -> Result<Taken, TryLockError> {
        let Ok(permit) = self.semaphore.try_acquire_many(self.share(mode)) else {
            return Err(would_block());
        };
        let taken = frame::with(|frame| match frame {
            // Where the guard will be is not known.
            Some(frame) => self.taken_by_task(frame, mode, AcquireKind::Try, site, 0),
            None => self.taken_by_thread(mode, AcquireKind::Try, site),
        });
        permit.forget();
        Ok(taken)
    }

    /// Gives the lock back.
    #[inline(always)]
    pub(crate) fn release(&self, hold: Option<SendableHold>, permits: u32) {
        if let Some(hold) = hold {
            self.record.released_anywhere(hold);
        }
        self.semaphore.add_permits(permits as usize);
    }
}

/// What is known of a hold.
#[derive(Debug)]
pub(crate) struct Taken {
    /// The record; `None` if it is not listed.
    pub(crate) hold: Option<SendableHold>,
    /// What else its task has recorded of it.
    pub(crate) mark: Option<Mark>,
}

/// tokio's error of that name, which only tokio can make.
#[cold]
fn would_block() -> TryLockError {
    let lock = tokio::sync::Mutex::new(());
    let _guard = lock.try_lock();
    match lock.try_lock() {
        Err(error) => error,
        Ok(_) => unreachable!("a lock that is held was taken"),
    }
}
