//! The mutex of the detector's own data: `parking_lot`'s; the thread that holds it is inside the detector.

use std::ops::{Deref, DerefMut};

use crate::tracking::thread::section::Inside;

/// A mutex. The acquisitions of a signal handler, or of an allocator, that uses a tracked lock while this one
/// is held are not tracked, and so do not wait for this one.
#[derive(Debug)]
pub(crate) struct Mutex<T>(parking_lot::Mutex<T>);

/// The guard of the data, which is dropped first, and the section.
#[derive(Debug)]
pub(crate) struct MutexGuard<'a, T> {
    data: parking_lot::MutexGuard<'a, T>,
    _inside: Inside,
}

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(parking_lot::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        // First the section: a handler that comes in between finds the lock free.
        let inside = Inside::enter();
        MutexGuard {
            data: self.0.lock(),
            _inside: inside,
        }
    }

    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        let inside = Inside::enter();
        Some(MutexGuard {
            data: self.0.try_lock()?,
            _inside: inside,
        })
    }

    pub(crate) fn is_locked(&self) -> bool {
        self.0.is_locked()
    }

    /// # Safety
    ///
    /// The holder does not exist any more and has not unlocked it.
    #[allow(unsafe_code)]
    pub(crate) unsafe fn force_unlock(
        &self,
        guard: <parking_lot::RawMutex as lock_api::RawMutex>::Guard,
    ) {
        // SAFETY: the caller guarantees it.
        unsafe { self.0.force_unlock(guard) };
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.data
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.data
    }
}
