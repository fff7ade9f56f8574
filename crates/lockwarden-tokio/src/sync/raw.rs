//! What the mutex and the reader-writer lock have in common.

use std::sync::{Arc, OnceLock};

use lockwarden::instrument::{AcquireKind, Lock, LockKind, Mode, SendableHold, Site};
use tokio::sync::{AcquireError, TryLockError};

use super::fast_semaphore::{FastSemaphore, Permit};
use crate::agent::frame::{self, Frame};
use crate::agent::leaf::Target;
use crate::agent::mark::{self, Branch, Loose, Mark, PolledBy};

/// A lock without data: a semaphore, as in tokio's own locks, and the record for the detector.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) record: Lock,
    pub(crate) semaphore: FastSemaphore,
    /// How many permits it has: all of them are the exclusive hold.
    pub(crate) permits: u32,
    /// The holds that may have gone to another task; made for the first of them, or the first waiter.
    loose: OnceLock<Arc<Loose>>,
}

impl Raw {
    #[track_caller]
    pub(crate) fn new(kind: &'static LockKind, permits: u32) -> Self {
        Self {
            record: Lock::new(kind),
            semaphore: FastSemaphore::new(permits as usize),
            permits,
            loose: OnceLock::new(),
        }
    }

    #[track_caller]
    pub(crate) const fn const_new(kind: &'static LockKind, permits: u32) -> Self {
        Self {
            record: Lock::new(kind),
            semaphore: FastSemaphore::const_new(permits as usize),
            permits,
            loose: OnceLock::new(),
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
        // First: it waits until the first holder has stored the identity of the lock, which `Lock::id` would make anew.
        let info = self.record.info();
        let loose = self.loose.get_or_init(|| Loose::new(info.id));
        let loose = Some(Arc::clone(loose));
        Target::Lock(info, mode, loose)
    }

    #[inline]
    fn loose(&self) -> &Arc<Loose> {
        self.loose.get_or_init(|| Loose::new(self.record.id()))
    }

    /// Records that the calling task, or thread, has taken the lock, with a future at `place` that was polled by
    /// `polled`, if it was. The permit is given back by what is returned.
    #[inline(always)]
    pub(crate) fn taken(
        &self,
        permit: Result<Permit<'_>, AcquireError>,
        mode: Mode,
        site: Site,
        place: usize,
        polled: Option<PolledBy>,
    ) -> Taken {
        // The semaphore is never closed. Kept until the record is made, which can panic.
        let permit = permit.unwrap_or_else(|_| unreachable!("the semaphore of a lock is closed"));
        let taken = frame::with(move |frame| match frame {
            // The children of a set of futures lie outside of the future of the task.
            Some(frame)
                if !frame.is_divided()
                    && (frame.contains(place)
                        || polled.is_some_and(|it| frame.is_polled_by(it))) =>
            {
                let hold = self
                    .record
                    .acquired_sendable(mode, AcquireKind::Blocking, site);
                self.held(frame, hold, None, place)
            }
            _ => self.taken_otherwise(mode, site, place, polled),
        });
        permit.keep();
        taken
    }

    #[inline(always)]
    fn held(
        &self,
        frame: &Frame<'_>,
        hold: SendableHold,
        mark: Option<Mark>,
        place: usize,
    ) -> Taken {
        let is_loose = mark::is_loose(frame, std::ptr::from_ref(self).addr(), place);
        if is_loose {
            self.loose().begin();
        }
        Taken {
            hold: Some(hold),
            mark,
            is_loose,
        }
    }

    #[cold]
    fn taken_otherwise(
        &self,
        mode: Mode,
        site: Site,
        place: usize,
        polled: Option<PolledBy>,
    ) -> Taken {
        frame::with(|frame| match frame {
            Some(frame) => {
                let child = polled.and_then(|polled| Branch::of_child(frame, polled));
                let take = || self.taken_by_task(frame, mode, AcquireKind::Blocking, site, place);
                match child {
                    Some(child) => frame.in_branch(&child, take),
                    None => take(),
                }
            }
            None => self.taken_by_thread(mode, AcquireKind::Blocking, site),
        })
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
        // What is held may be a sibling's, or have been sent away, so it makes no order.
        // Asked in any case: what was sent and is dropped by now is forgotten there, before the lock is listed again.
        let is_elsewhere = frame.task().holds_elsewhere();
        if frame.is_pending() || is_elsewhere {
            kind = AcquireKind::Try;
        }
        let hold = self.record.acquired_sendable(mode, kind, site);
        let is_in_branch = frame.branch().is_some();
        let mark = is_in_branch.then(|| frame.task().mark(self.record.id(), false));
        self.held(frame, hold, mark, place)
    }

    #[cold]
    fn taken_by_thread(&self, mode: Mode, kind: AcquireKind, site: Site) -> Taken {
        // A task that this crate did not spawn has no place to list what it holds: it would be found
        // with the thread, on which other tasks are polled next.
        let is_job = frame::job().is_some();
        let is_recorded = is_job || tokio::task::try_id().is_none();
        let hold = is_recorded.then(|| self.record.acquired_sendable(mode, kind, site));
        if is_job {
            // The closure can give the guard to a task.
            self.loose().begin();
        }
        Taken {
            hold,
            mark: None,
            is_loose: is_job,
        }
    }

    /// Takes the lock if that is possible at once.
    pub(crate) fn try_take(&self, mode: Mode, site: Site) -> Result<Taken, TryLockError> {
        let share = self.share(mode);
        if self.semaphore.try_take(share).is_err() {
            return Err(would_block());
        }
        // Kept until the record is made, which can panic.
        let permit = Permit::new(&self.semaphore, share);
        let taken = frame::with(|frame| match frame {
            // Where the guard will be is not known.
            Some(frame) => self.taken_by_task(frame, mode, AcquireKind::Try, site, 0),
            None => self.taken_by_thread(mode, AcquireKind::Try, site),
        });
        permit.keep();
        Ok(taken)
    }

    /// A guard that could go to another task, and of which `begin` is noted, owns the lock.
    #[inline(always)]
    pub(crate) fn begin_owned(&self) {
        // It is there: the hold has begun.
        if let Some(loose) = self.loose.get() {
            loose.begin_owned();
        }
    }

    /// A guard that could have gone to another task is dropped.
    #[inline(always)]
    pub(crate) fn end_loose(&self) {
        // Its begin has made it.
        if let Some(loose) = self.loose.get() {
            loose.end();
        }
    }
}

/// What is known of a hold.
#[derive(Debug)]
pub(crate) struct Taken {
    /// The record; `None` if it is not listed.
    pub(crate) hold: Option<SendableHold>,
    /// The branch of its task, if it was taken in one.
    pub(crate) mark: Option<Mark>,
    /// Whether the guard may have gone to another task.
    pub(crate) is_loose: bool,
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
