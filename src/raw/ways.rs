//! The ways of acquisition that all raw locks have in each mode, beside the first one, which waits without a limit.

#![allow(unsafe_code)]

use std::time::{Duration, Instant};

use super::bare::Bare;
use super::slow;
use crate::instrument::{self, AcquireKind, Hold, Site};

/// Acquisitions for a call whose site is known.
pub(super) trait Ways: Bare + Sized {
    /// Acquires the lock if that is possible without waiting.
    #[inline]
    fn try_lock_at(&self, site: Site) -> Option<Hold> {
        if self.attempt() {
            // SAFETY: the bare lock was acquired just now.
            unsafe { self.granted(AcquireKind::Try, site) }
        } else if instrument::ON {
            slow::try_lock(self, site)
        } else {
            None
        }
    }

    /// Acquires the lock, unless `timeout` passes first. Reads the clock only if it has to wait.
    #[inline]
    fn lock_for_at(&self, timeout: Duration, site: Site) -> Option<Hold> {
        if !instrument::ON {
            self.block_for(timeout).then_some(())?;
        } else if !self.attempt() {
            return slow::lock_until(self, slow::deadline(timeout), site);
        }
        // SAFETY: the bare lock was acquired just now.
        unsafe { self.granted(AcquireKind::Timed, site) }
    }

    /// Acquires the lock, unless the deadline comes first.
    #[inline]
    fn lock_until_at(&self, deadline: Instant, site: Site) -> Option<Hold> {
        if !instrument::ON {
            self.block_until(deadline).then_some(())?;
        } else if !self.attempt() {
            return slow::lock_until(self, Some(deadline), site);
        }
        // SAFETY: the bare lock was acquired just now.
        unsafe { self.granted(AcquireKind::Timed, site) }
    }

    /// Acquires again the lock that the same call has released. A deadlock is reported, and does not panic.
    #[inline]
    fn relock_at(&self, site: Site) -> Hold {
        if !instrument::ON {
            self.block();
            return self.record().reacquired(self.mode(), site);
        }
        if !self.spin() {
            return slow::relock(self, site);
        }
        // SAFETY: the bare lock was acquired just now.
        unsafe { slow::record_again(self, site) }
    }

    /// Records an acquisition of the bare lock by a try or with a limit.
    ///
    /// # Safety
    ///
    /// The bare lock was acquired in this mode, and that is not recorded.
    #[inline(always)]
    unsafe fn granted(&self, kind: AcquireKind, site: Site) -> Option<Hold> {
        match self
            .record()
            .acquired_known::<false>(self.mode(), kind, site)
        {
            Some(hold) => Some(hold),
            // SAFETY: the caller's promise.
            None => unsafe { slow::record_try(self, kind, site) },
        }
    }
}

impl<B: Bare> Ways for B {}
