//! Atomic accesses of the fast path.
//!
//! Without optimisation the standard library's `load` and `store` are nested calls, 30 to 50 instructions
//! each, and the fast path makes ten of them. This crate is a dependency of debug builds and is compiled
//! without optimisation there. So on x86-64 such a build makes each access by the one instruction that it
//! amounts to. Everywhere else the access is the standard library's.

#![allow(unsafe_code)]

#[cfg(any(loom, miri, not(debug_assertions), not(target_arch = "x86_64")))]
use std::sync::atomic::Ordering;

use super::{AtomicPtr, AtomicU32, AtomicU64};

/// An atomic, with the accesses of the fast path.
pub(crate) trait Fast {
    /// The type of its value.
    type Value;

    /// Loads the value, Relaxed.
    fn get_relaxed(&self) -> Self::Value;

    /// Loads the value, Acquire.
    fn get_acquire(&self) -> Self::Value;

    /// Stores the value, Relaxed.
    fn set_relaxed(&self, value: Self::Value);

    /// Stores the value, Release.
    fn set_release(&self, value: Self::Value);
}

macro_rules! fast {
    ($atomic:ty, $value:ty, $size:literal, $register:literal $(, $generic:ident)?) => {
        #[cfg(not(all(debug_assertions, target_arch = "x86_64", not(miri), not(loom))))]
        impl $(<$generic>)? Fast for $atomic {
            type Value = $value;

            #[inline(always)]
            fn get_relaxed(&self) -> $value {
                self.load(Ordering::Relaxed)
            }

            #[inline(always)]
            fn get_acquire(&self) -> $value {
                self.load(Ordering::Acquire)
            }

            #[inline(always)]
            fn set_relaxed(&self, value: $value) {
                self.store(value, Ordering::Relaxed);
            }

            #[inline(always)]
            fn set_release(&self, value: $value) {
                self.store(value, Ordering::Release);
            }
        }

        #[cfg(all(debug_assertions, target_arch = "x86_64", not(miri), not(loom)))]
        impl $(<$generic>)? Fast for $atomic {
            type Value = $value;

            #[inline(always)]
            fn get_relaxed(&self) -> $value {
                self.get_acquire()
            }

            #[inline(always)]
            fn get_acquire(&self) -> $value {
                let value: $value;
                // SAFETY: the address is that of the atomic, so it is valid and aligned. An aligned load is
                // atomic on this architecture, and ordered as an Acquire load; without `nomem` the compiler
                // moves no memory access across it.
                unsafe {
                    std::arch::asm!(
                        concat!("mov {value", $register, "}, ", $size, " ptr [{field}]"),
                        value = out(reg) value,
                        field = in(reg) self,
                        options(nostack, preserves_flags),
                    );
                }
                value
            }

            #[inline(always)]
            fn set_relaxed(&self, value: $value) {
                self.set_release(value);
            }

            #[inline(always)]
            fn set_release(&self, value: $value) {
                // SAFETY: the address is that of the atomic, which may be written through a shared reference.
                // An aligned store is atomic on this architecture, and ordered as a Release store; without
                // `nomem` the compiler moves no memory access across it.
                unsafe {
                    std::arch::asm!(
                        concat!("mov ", $size, " ptr [{field}], {value", $register, "}"),
                        value = in(reg) value,
                        field = in(reg) self,
                        options(nostack, preserves_flags),
                    );
                }
            }
        }
    };
}

fast!(AtomicU64, u64, "qword", "");
fast!(AtomicU32, u32, "dword", ":e");
fast!(AtomicPtr<T>, *mut T, "qword", "", T);

/// Keeps the compiler from moving memory accesses across this point; for what a signal handler of the same thread
/// may see.
#[inline(always)]
pub(crate) fn compiler_barrier() {
    #[cfg(not(all(debug_assertions, target_arch = "x86_64", not(miri))))]
    std::sync::atomic::compiler_fence(std::sync::atomic::Ordering::SeqCst);
    #[cfg(all(debug_assertions, target_arch = "x86_64", not(miri)))]
    // SAFETY: there is no instruction. Without `nomem` the compiler moves no memory access across it; without
    // optimisation `compiler_fence` is a call.
    unsafe {
        std::arch::asm!("", options(nostack, preserves_flags));
    }
}

/// Reads an integer field that only the calling thread writes, without an atomic access.
///
/// # Safety
///
/// No other thread writes the field.
#[inline(always)]
pub(crate) unsafe fn own_u64(field: &AtomicU64) -> u64 {
    #[cfg(all(loom, test))]
    return field.load(Ordering::Relaxed);
    #[cfg(not(all(loom, test)))]
    // SAFETY: no other thread writes the field, and an atomic has the layout of its value.
    unsafe {
        *(field as *const AtomicU64 as *const u64)
    }
}

/// Reads a pointer field that only the calling thread writes, without an atomic access.
///
/// # Safety
///
/// No other thread writes the field.
#[inline(always)]
pub(crate) unsafe fn own_ptr<T>(field: &AtomicPtr<T>) -> *mut T {
    #[cfg(all(loom, test))]
    return field.load(Ordering::Relaxed);
    #[cfg(not(all(loom, test)))]
    // SAFETY: no other thread writes the field, and an atomic has the layout of its value.
    unsafe {
        *(field as *const AtomicPtr<T> as *const *mut T)
    }
}
