//! Reentrant mutex: its holder may lock it again.

#![allow(unsafe_code)]

use std::fmt;

use super::lock::lock_parts;
use crate::raw::RawRemutex;

pub use ::parking_lot::RawThreadId;

/// Mutual-exclusion lock that its holder may lock again: `parking_lot`'s, tracked in an
/// instrumented build.
///
/// Its guards give shared access only, since one thread may have several of them: a `Cell` or a
/// `RefCell` inside permits changes of the data. The detector records one hold, from the first
/// acquisition of a thread to its last release.
///
/// A panic does not poison the lock.
///
/// # Examples
///
/// ```
/// use std::cell::Cell;
/// use lockwarden::parking_lot::ReentrantMutex;
///
/// let depth = ReentrantMutex::new(Cell::new(0));
/// fn descend(depth: &ReentrantMutex<Cell<u32>>, left: u32) {
///     let guard = depth.lock();
///     guard.set(guard.get() + 1);
///     if left > 0 {
///         descend(depth, left - 1);
///     }
/// }
/// descend(&depth, 3);
/// assert_eq!(depth.into_inner().get(), 4);
/// ```
// Transparent, so that a pointer to this type is also one to the lock of `lock_api`.
#[repr(transparent)]
pub struct ReentrantMutex<T: ?Sized>(
    pub(super) lock_api::ReentrantMutex<RawRemutex, RawThreadId, T>,
);

impl<T> ReentrantMutex<T> {
    /// Creates an unlocked reentrant mutex whose class is the construction site.
    #[inline]
    #[track_caller]
    pub const fn new(val: T) -> Self {
        Self::from_raw(RawRemutex::around::<T>(), RawThreadId, val)
    }

    /// Creates an unlocked reentrant mutex whose class is `name`.
    ///
    /// Locks of one name form one class, wherever they are constructed.
    #[inline]
    #[track_caller]
    pub const fn named(name: &'static str, val: T) -> Self {
        Self::from_raw(RawRemutex::named(name), RawThreadId, val)
    }

    /// Creates a reentrant mutex from an existing raw lock.
    #[inline]
    pub const fn from_raw(raw: RawRemutex, get_thread_id: RawThreadId, val: T) -> Self {
        Self(lock_api::ReentrantMutex::from_raw(raw, get_thread_id, val))
    }

    /// Consumes the lock and returns the raw lock, the source of thread ids, and the data.
    #[inline]
    pub fn into_inner_with_raw(self) -> (RawRemutex, RawThreadId, T) {
        self.0.into_inner_with_raw()
    }
}

lock_parts! { ReentrantMutex, RawRemutex }

impl<T: ?Sized> ReentrantMutex<T> {
    /// Releases an acquisition whose guard was forgotten.
    ///
    /// # Safety
    ///
    /// The thread holds the lock once more than it has guards. No reference to the data that the
    /// forgotten guard gave is used afterwards.
    #[inline]
    #[track_caller]
    pub unsafe fn force_unlock(&self) {
        // SAFETY: guaranteed by the caller, under the same conditions.
        unsafe { self.0.force_unlock() };
    }

    /// Releases an acquisition whose guard was forgotten; if it was the last, hands the lock to a
    /// thread that waits for it, if there is one.
    ///
    /// # Safety
    ///
    /// The thread holds the lock once more than it has guards. No reference to the data that the
    /// forgotten guard gave is used afterwards.
    #[inline]
    #[track_caller]
    pub unsafe fn force_unlock_fair(&self) {
        // SAFETY: guaranteed by the caller, under the same conditions.
        unsafe { self.0.force_unlock_fair() };
    }

    /// Returns whether the calling thread holds the lock.
    #[inline]
    #[track_caller]
    pub fn is_owned_by_current_thread(&self) -> bool {
        self.0.is_owned_by_current_thread()
    }
}
