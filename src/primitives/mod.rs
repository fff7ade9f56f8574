//! What threads of the tracking share memory by: one place decides whose it is.
//!
//! It is the standard library's and `parking_lot`'s, under their own names, so nothing stands
//! between the tracking and the machine. In the models (`--cfg loom`, unit tests only) it is
//! [`model`]'s: the same code then runs in every order, and with every stale value, that the memory
//! model allows. Run them with:
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test --release --features always --lib models
//! ```
//!
//! Statics that a model does not reach (counters of ids, tables of classes) stay outside.

pub(crate) mod fork_safe;
pub(crate) mod signals;

#[cfg(not(all(loom, test)))]
pub(crate) use std::hint::spin_loop;
#[cfg(not(all(loom, test)))]
pub(crate) use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, fence};
#[cfg(not(all(loom, test)))]
pub(crate) use std::thread::yield_now;

#[cfg(not(all(loom, test)))]
pub(crate) use parking_lot::{Mutex, MutexGuard};

#[cfg(all(loom, test))]
pub(crate) mod model;
#[cfg(all(loom, test))]
pub(crate) use self::model::{
    AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Mutex, MutexGuard, fence, spin_loop, yield_now,
};

/// Reads a field that no other thread than the caller's writes, without an atomic access.
///
/// # Safety
///
/// No other thread writes the field.
#[inline(always)]
#[allow(unsafe_code)]
pub(crate) unsafe fn own_u64(field: &AtomicU64) -> u64 {
    #[cfg(all(loom, test))]
    return field.load(std::sync::atomic::Ordering::Relaxed);
    #[cfg(not(all(loom, test)))]
    // SAFETY: there is nobody to race with.
    unsafe {
        field.as_ptr().read()
    }
}

/// The same for a pointer.
///
/// # Safety
///
/// No other thread writes the field.
#[inline(always)]
#[allow(unsafe_code)]
pub(crate) unsafe fn own_ptr<T>(field: &AtomicPtr<T>) -> *mut T {
    #[cfg(all(loom, test))]
    return field.load(std::sync::atomic::Ordering::Relaxed);
    #[cfg(not(all(loom, test)))]
    // SAFETY: there is nobody to race with.
    unsafe {
        field.as_ptr().read()
    }
}
