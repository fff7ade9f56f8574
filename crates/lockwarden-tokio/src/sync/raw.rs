//! What the mutex and the reader-writer lock have in common.

use lockwarden::instrument::{Kind, Lock, LockKind, Mode, SendableHold, Site};
use tokio::sync::{AcquireError, Semaphore, SemaphorePermit, TryLockError};

use crate::agent::frame;
use crate::agent::leaf::Target;

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

    /// Records that the calling task, or thread, has taken the lock. The permit is given back by the
    /// hold.
    #[inline]
    pub(crate) fn taken(
        &self,
        permit: Result<SemaphorePermit<'_>, AcquireError>,
        mode: Mode,
        site: Site,
    ) -> Option<SendableHold> {
        // The semaphore is never closed. Kept until the record is made, which can panic.
        let permit = permit.unwrap_or_else(|_| unreachable!("the semaphore of a lock is closed"));
        let hold = self.record_hold(mode, Kind::Blocking, site);
        permit.forget();
        hold
    }

    #[inline]
    fn record_hold(&self, mode: Mode, kind: Kind, site: Site) -> Option<SendableHold> {
        let kind = match kind {
            // What is held may belong to a sibling, so it makes no order.
            Kind::Blocking if frame::is_beside_a_wait() => Kind::Try,
            kind => kind,
        };
        is_recorded().then(|| self.record.acquired_sendable(mode, kind, site))
    }

    /// Takes the lock if that is possible at once.
    pub(crate) fn try_take(
        &self,
        mode: Mode,
        site: Site,
    ) -> Result<Option<SendableHold>, TryLockError> {
        match self.semaphore.try_acquire_many(self.share(mode)) {
            Ok(permit) => {
                let hold = self.record_hold(mode, Kind::Try, site);
                permit.forget();
                Ok(hold)
            }
            Err(_) => Err(would_block()),
        }
    }

    /// Gives the lock back.
    #[inline]
    pub(crate) fn release(&self, hold: Option<SendableHold>, permits: u32) {
        if let Some(hold) = hold {
            self.record.released_anywhere(hold);
        }
        self.semaphore.add_permits(permits as usize);
    }
}

/// Whether what the calling thread takes is listed. A task that this crate did not spawn has no place
/// to list it: it would be found with the thread, on which other tasks are polled next.
#[inline]
fn is_recorded() -> bool {
    frame::is_there() || frame::is_job() || tokio::task::try_id().is_none()
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
