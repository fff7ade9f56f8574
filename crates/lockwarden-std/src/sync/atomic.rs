//! [`std::sync::atomic`](bare::sync::atomic), each operation of which is a scheduling point of explorations.
//!
//! The types have the layout of std's, and lead to them by `Deref`: an operation that is not listed here is
//! std's own, and no point. Outside of an exploration an operation costs two instructions more.

#![allow(unsafe_code)]

use core::fmt;
use core::ops::Deref;

use bare::sync::atomic as std_atomic;
#[doc(no_inline)]
pub use bare::sync::atomic::*;
use lockwarden::testing::explore::point;

/// A compare-and-exchange of std, at a scheduling point.
macro_rules! exchange {
    ($value:ty, $name:ident) => {
        /// As std's, at a scheduling point.
        ///
        /// # Errors
        ///
        /// As for std's.
        #[inline]
        #[track_caller]
        pub fn $name(
            &self,
            current: $value,
            new: $value,
            success: Ordering,
            failure: Ordering,
        ) -> Result<$value, $value> {
            point();
            self.0.$name(current, new, success, failure)
        }
    };
}

/// A type around one of std, with the operations that all of them have.
macro_rules! atomic {
    ($name:ident<$($generic:ident)?> of $value:ty) => {
        #[doc = concat!("[`std::sync::atomic::", stringify!($name), "`](bare::sync::atomic::", stringify!($name), ").")]
        #[repr(transparent)]
        pub struct $name$(<$generic>)?(std_atomic::$name$(<$generic>)?);

        impl$(<$generic>)? $name$(<$generic>)? {
            /// As std's.
            #[inline]
            #[must_use]
            pub const fn new(value: $value) -> Self {
                Self(std_atomic::$name::new(value))
            }

            /// As std's.
            ///
            /// # Safety
            ///
            /// As for std's.
            #[inline]
            pub const unsafe fn from_ptr<'a>(value: *mut $value) -> &'a Self {
                // SAFETY: the caller's promise is that of std's function, and the type is transparent, so
                // the reference that this returns is one to `Self` too.
                unsafe { &*(std_atomic::$name::from_ptr(value) as *const std_atomic::$name$(<$generic>)? as *const Self) }
            }

            /// As std's.
            #[inline]
            pub const fn as_ptr(&self) -> *mut $value {
                self.0.as_ptr()
            }

            /// As std's.
            #[inline]
            pub fn get_mut(&mut self) -> &mut $value {
                self.0.get_mut()
            }

            /// As std's.
            #[inline]
            #[must_use]
            pub const fn into_inner(self) -> $value {
                self.0.into_inner()
            }

            /// As std's, at a scheduling point.
            #[inline]
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $value {
                point();
                self.0.load(order)
            }

            /// As std's, at a scheduling point.
            #[inline]
            #[track_caller]
            pub fn store(&self, value: $value, order: Ordering) {
                point();
                self.0.store(value, order);
            }

            /// As std's, at a scheduling point.
            #[inline]
            #[track_caller]
            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                point();
                self.0.swap(value, order)
            }

            exchange!($value, compare_exchange);
            exchange!($value, compare_exchange_weak);

            /// As std's, at a scheduling point.
            #[inline]
            #[track_caller]
            #[allow(deprecated, reason = "std still has it")]
            #[deprecated = "use `compare_exchange` or `compare_exchange_weak` instead"]
            pub fn compare_and_swap(&self, current: $value, new: $value, order: Ordering) -> $value {
                point();
                self.0.compare_and_swap(current, new, order)
            }

            /// As std's: a scheduling point before the load, and one before each exchange.
            ///
            /// # Errors
            ///
            /// As for std's.
            #[inline]
            #[track_caller]
            pub fn fetch_update<F>(
                &self,
                set_order: Ordering,
                fetch_order: Ordering,
                mut f: F,
            ) -> Result<$value, $value>
            where
                F: FnMut($value) -> Option<$value>,
            {
                let mut before = self.load(fetch_order);
                while let Some(next) = f(before) {
                    match self.compare_exchange_weak(before, next, set_order, fetch_order) {
                        Ok(old) => return Ok(old),
                        Err(now) => before = now,
                    }
                }
                Err(before)
            }
        }

        impl$(<$generic>)? Deref for $name$(<$generic>)? {
            type Target = std_atomic::$name$(<$generic>)?;

            #[inline]
            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }

        impl$(<$generic>)? Default for $name$(<$generic>)? {
            #[inline]
            fn default() -> Self {
                Self(Default::default())
            }
        }

        impl$(<$generic>)? From<$value> for $name$(<$generic>)? {
            #[inline]
            fn from(value: $value) -> Self {
                Self::new(value)
            }
        }

        impl$(<$generic>)? fmt::Debug for $name$(<$generic>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

/// Operations that change a value and return the one before.
macro_rules! changes {
    ($name:ident of $value:ty: $($operation:ident)*) => {
        impl $name {
            $(
                /// As std's, at a scheduling point.
                #[inline]
                #[track_caller]
                pub fn $operation(&self, value: $value, order: Ordering) -> $value {
                    point();
                    self.0.$operation(value, order)
                }
            )*
        }
    };
}

macro_rules! integers {
    ($($bits:literal $name:ident of $value:ty;)*) => {
        $(
            #[cfg(target_has_atomic = $bits)]
            atomic!($name<> of $value);
            #[cfg(target_has_atomic = $bits)]
            changes!($name of $value: fetch_add fetch_sub fetch_and fetch_nand fetch_or fetch_xor fetch_max fetch_min);
        )*
    };
}

integers! {
    "8" AtomicI8 of i8;
    "8" AtomicU8 of u8;
    "16" AtomicI16 of i16;
    "16" AtomicU16 of u16;
    "32" AtomicI32 of i32;
    "32" AtomicU32 of u32;
    "64" AtomicI64 of i64;
    "64" AtomicU64 of u64;
    "ptr" AtomicIsize of isize;
    "ptr" AtomicUsize of usize;
}

#[cfg(target_has_atomic = "8")]
atomic!(AtomicBool<> of bool);
#[cfg(target_has_atomic = "8")]
changes!(AtomicBool of bool: fetch_and fetch_nand fetch_or fetch_xor);

#[cfg(target_has_atomic = "8")]
impl AtomicBool {
    /// As std's, at a scheduling point.
    #[inline]
    #[track_caller]
    pub fn fetch_not(&self, order: Ordering) -> bool {
        point();
        self.0.fetch_not(order)
    }
}

#[cfg(target_has_atomic = "ptr")]
atomic!(AtomicPtr<T> of *mut T);

#[cfg(target_has_atomic = "ptr")]
impl<T> fmt::Pointer for AtomicPtr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Pointer::fmt(&self.0, f)
    }
}

/// As std's.
#[deprecated = "the `new` function is now preferred"]
#[expect(clippy::declare_interior_mutable_const, reason = "std still has it")]
pub const ATOMIC_BOOL_INIT: AtomicBool = AtomicBool::new(false);
/// As std's.
#[deprecated = "the `new` function is now preferred"]
#[expect(clippy::declare_interior_mutable_const, reason = "std still has it")]
pub const ATOMIC_ISIZE_INIT: AtomicIsize = AtomicIsize::new(0);
/// As std's.
#[deprecated = "the `new` function is now preferred"]
#[expect(clippy::declare_interior_mutable_const, reason = "std still has it")]
pub const ATOMIC_USIZE_INIT: AtomicUsize = AtomicUsize::new(0);
