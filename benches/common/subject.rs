//! The locks that are measured, behind one interface.

use std::ops::{Deref, DerefMut};

/// A family of locks around a number.
///
/// The functions are inlined into the loops of [`cases`](super::cases), and all of them track their
/// caller, so that a tracked lock sees the places that it would see without this interface.
pub trait Subject: 'static {
    /// The mutex.
    type Mutex: Send + Sync + 'static;
    /// Its guard.
    type Guard<'a>: DerefMut<Target = u64>;
    /// The reader-writer lock.
    type RwLock: Send + Sync + 'static;
    /// Its shared guard.
    type Read<'a>: Deref<Target = u64>;
    /// Its exclusive guard.
    type Write<'a>: DerefMut<Target = u64>;

    /// A mutex around zero.
    fn mutex() -> Self::Mutex;
    /// Locks the mutex.
    fn lock(mutex: &Self::Mutex) -> Self::Guard<'_>;
    /// A reader-writer lock around zero.
    fn rwlock() -> Self::RwLock;
    /// Locks it shared.
    fn read(rwlock: &Self::RwLock) -> Self::Read<'_>;
    /// Locks it exclusively.
    fn write(rwlock: &Self::RwLock) -> Self::Write<'_>;
}

/// Implements [`Subject`] for locks with `parking_lot`'s interface in the module `$path`, or, with
/// `std`, for locks with the standard library's.
#[macro_export]
macro_rules! subject {
    (@body $name:ident, [$($path:tt)+], $guard:ident => $open:expr) => {
        impl $crate::common::subject::Subject for $name {
            type Mutex = $($path)+::Mutex<u64>;
            type Guard<'a> = $($path)+::MutexGuard<'a, u64>;
            type RwLock = $($path)+::RwLock<u64>;
            type Read<'a> = $($path)+::RwLockReadGuard<'a, u64>;
            type Write<'a> = $($path)+::RwLockWriteGuard<'a, u64>;

            #[inline(always)]
            #[track_caller]
            fn mutex() -> Self::Mutex {
                $($path)+::Mutex::new(0)
            }

            #[inline(always)]
            #[track_caller]
            fn lock(mutex: &Self::Mutex) -> Self::Guard<'_> {
                let $guard = mutex.lock();
                $open
            }

            #[inline(always)]
            #[track_caller]
            fn rwlock() -> Self::RwLock {
                $($path)+::RwLock::new(0)
            }

            #[inline(always)]
            #[track_caller]
            fn read(rwlock: &Self::RwLock) -> Self::Read<'_> {
                let $guard = rwlock.read();
                $open
            }

            #[inline(always)]
            #[track_caller]
            fn write(rwlock: &Self::RwLock) -> Self::Write<'_> {
                let $guard = rwlock.write();
                $open
            }
        }
    };
    ($(#[$doc:meta])* $name:ident: parking_lot in $($path:tt)+) => {
        $(#[$doc])*
        pub struct $name;
        $crate::subject!(@body $name, [$($path)+], guard => guard);
    };
    ($(#[$doc:meta])* $name:ident: std in $($path:tt)+) => {
        $(#[$doc])*
        pub struct $name;
        $crate::subject!(@body $name, [$($path)+], guard => guard.unwrap());
    };
}
