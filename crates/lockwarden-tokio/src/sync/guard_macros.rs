//! What all guards have in common.

/// `Deref`, `Debug` and `Display` of a guard with a pointer `data`, and `DerefMut` for those of
/// writers.
macro_rules! guard {
    (@deref [$($generics:tt)*] $guard:ty, $target:ident) => {
        impl<$($generics)*> std::ops::Deref for $guard {
            type Target = $target;

            #[inline]
            fn deref(&self) -> &$target {
                // SAFETY: the guard holds the lock in a mode in which it may be read, and the data
                // lives as long as the guard.
                unsafe { &*self.data }
            }
        }

        impl<$($generics)*> std::fmt::Debug for $guard
        where
            $target: std::fmt::Debug,
        {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(&**self, f)
            }
        }

        impl<$($generics)*> std::fmt::Display for $guard
        where
            $target: std::fmt::Display,
        {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&**self, f)
            }
        }
    };
    (@mut [$($generics:tt)*] $guard:ty) => {
        impl<$($generics)*> std::ops::DerefMut for $guard {
            #[inline]
            fn deref_mut(&mut self) -> &mut Self::Target {
                // SAFETY: the guard holds the lock exclusively, is borrowed exclusively, and the
                // data lives as long as the guard.
                unsafe { &mut *self.data }
            }
        }
    };
    (read [$($generics:tt)*] $guard:ty, $target:ident) => {
        $crate::sync::guard_macros::guard!(@deref [$($generics)*] $guard, $target);
    };
    (write [$($generics:tt)*] $guard:ty, $target:ident) => {
        $crate::sync::guard_macros::guard!(@deref [$($generics)*] $guard, $target);
        $crate::sync::guard_macros::guard!(@mut [$($generics)*] $guard);
    };
}

pub(crate) use guard;
