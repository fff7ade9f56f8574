//! Accesses of the fast path.
//!
//! Without optimisation the standard library's `load` and `store` are calls of calls, 30 to 50
//! instructions each, and the fast path makes ten of them. This crate is a dependency of debug builds and
//! is compiled without optimisation there. So on x86-64 such a build makes each access by the one
//! instruction that it is in the end. Everywhere else it is the standard library's.

#![allow(unsafe_code)]

#[cfg(any(loom, miri, not(debug_assertions), not(target_arch = "x86_64")))]
use std::sync::atomic::Ordering;

use super::{AtomicPtr, AtomicU32, AtomicU64};

/// An atomic as the fast path accesses it.
pub(crate) trait Fast {
    /// What it holds.
    type Value;

    /// A Relaxed load.
    fn get_relaxed(&self) -> Self::Value;

    /// An Acquire load.
    fn get_acquire(&self) -> Self::Value;

    /// A Relaxed store.
    fn set_relaxed(&self, value: Self::Value);

    /// A Release store.
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
                // SAFETY: the address is that of the atomic, so it is valid and aligned. An aligned load
                // is atomic on this architecture, and ordered as an Acquire one; without `nomem` the
                // compiler moves no access of memory across it.
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
                // SAFETY: the address is that of the atomic, which may be written through a shared
                // reference. An aligned store is atomic on this architecture, and ordered as a Release
                // one; without `nomem` the compiler moves no access of memory across it.
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

/// Reads a field that no other thread than the caller's writes, without an atomic access.
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

/// The same for a pointer.
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
