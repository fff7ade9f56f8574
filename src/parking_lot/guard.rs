//! Common interface of the guards: access, release, and temporary release.

/// Defines the guard of a lock in one mode.
///
/// The guard stores the hold instead of wrapping the guard of `lock_api`, which does not give
/// access to the hold: a wait on a condition variable and `unlocked` replace it, for the caller's
/// site.
macro_rules! guard {
    (
        $(#[$doc:meta])*
        $Guard:ident, $Lock:ident, $lock:ident, $data:ty;
        $unlock:ident, $unlock_fair:ident, $bump:ident, $again:ident
    ) => {
        $(#[$doc])*
        #[clippy::has_significant_drop]
        pub struct $Guard<'a, T: ?Sized> {
            pub(super) lock: &'a $Lock<T>,
            pub(super) hold: ManuallyDrop<Hold>,
            marker: PhantomData<$data>,
        }

        impl<'a, T: ?Sized> $Guard<'a, T> {
            /// Creates the guard of `hold`.
            ///
            /// # Safety
            ///
            /// `hold` is a hold of `lock` in the mode of this guard, and no other code releases it.
            #[inline]
            pub(super) unsafe fn of(lock: &'a $Lock<T>, hold: Hold) -> Self {
                Self { lock, hold: ManuallyDrop::new(hold), marker: PhantomData }
            }

            /// Takes the guard apart without releasing the lock.
            #[inline]
            pub(super) fn into_parts(self) -> (&'a $Lock<T>, Hold) {
                let mut s = ManuallyDrop::new(self);
                // SAFETY: `s` is never dropped, so the hold is taken once.
                (s.lock, unsafe { ManuallyDrop::take(&mut s.hold) })
            }

            /// Returns the lock of the guard.
            #[inline]
            pub fn $lock(s: &Self) -> &'a $Lock<T> {
                s.lock
            }

            /// Releases the lock, runs `f`, and reacquires the lock.
            ///
            /// # Aborts
            ///
            /// Aborts if the lock cannot be reacquired. A deadlock does not cause that: it is
            /// reported, but does not panic here.
            #[inline]
            #[track_caller]
            pub fn unlocked<F, U>(s: &mut Self, f: F) -> U
            where
                F: FnOnce() -> U,
            {
                Self::unlocked_for(s, false, f)
            }

            #[inline]
            #[track_caller]
            fn unlocked_for<U>(s: &mut Self, is_fair: bool, f: impl FnOnce() -> U) -> U {
                let site = Location::caller();
                // SAFETY: the guard owns the hold, and owns a new one before it is used again.
                let hold = unsafe { ManuallyDrop::take(&mut s.hold) };
                // SAFETY: the guard releases its own hold and acquires a new one.
                let raw = unsafe { s.lock.0.raw() };
                let _relock = Defer::new(|| {
                    s.hold = ManuallyDrop::new(must_return(|| raw.$again(site)));
                });
                // SAFETY: the hold is the guard's, so it is of this lock and in this mode.
                unsafe { if is_fair { raw.$unlock_fair(hold) } else { raw.$unlock(hold) } };
                f()
            }

            /// Releases the lock and hands it to a waiting thread, if there is one.
            ///
            /// This prevents the starvation of waiting threads, at the price of a context switch.
            #[inline]
            #[track_caller]
            pub fn unlock_fair(s: Self) {
                let (lock, hold) = s.into_parts();
                // SAFETY: the hold is the guard's, so it is of this lock and in this mode.
                unsafe { lock.0.raw().$unlock_fair(hold) };
            }

            /// Releases the lock to a waiting thread, runs `f`, and reacquires the lock.
            ///
            /// # Aborts
            ///
            /// Aborts if the lock cannot be reacquired. A deadlock does not cause that: it is
            /// reported, but does not panic here.
            #[inline]
            #[track_caller]
            pub fn unlocked_fair<F, U>(s: &mut Self, f: F) -> U
            where
                F: FnOnce() -> U,
            {
                Self::unlocked_for(s, true, f)
            }

            /// Yields the lock to a waiting thread, if there is one.
            ///
            /// This is equivalent to [`unlock_fair`](Self::unlock_fair) and a new acquisition, but
            /// cheaper if no thread waits.
            #[inline]
            #[track_caller]
            pub fn bump(s: &mut Self) {
                // SAFETY: the hold is the guard's, so it is of this lock and in this mode.
                unsafe { s.lock.0.raw().$bump(&mut s.hold) };
            }
        }

        impl<'a, T: ?Sized + 'a> Deref for $Guard<'a, T> {
            type Target = T;

            #[inline]
            fn deref(&self) -> &T {
                // SAFETY: the guard holds the lock, in a mode that allows reading.
                unsafe { &*self.lock.0.data_ptr() }
            }
        }

        impl<'a, T: ?Sized + 'a> Drop for $Guard<'a, T> {
            #[inline(always)]
            fn drop(&mut self) {
                // SAFETY: the hold is the guard's, and nothing uses the guard after this.
                unsafe { self.lock.0.raw().$unlock(ManuallyDrop::take(&mut self.hold)) };
            }
        }

        impl<'a, T: ?Sized + fmt::Debug + 'a> fmt::Debug for $Guard<'a, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }

        impl<'a, T: ?Sized + fmt::Display + 'a> fmt::Display for $Guard<'a, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }
    };
}

/// Implements mutable access for a guard with exclusive access.
macro_rules! guard_mut {
    ($Guard:ident) => {
        impl<'a, T: ?Sized + 'a> DerefMut for $Guard<'a, T> {
            #[inline]
            fn deref_mut(&mut self) -> &mut T {
                // SAFETY: the guard holds the lock exclusively and is borrowed exclusively.
                unsafe { &mut *self.lock.0.data_ptr() }
            }
        }
    };
}

/// Implements the mapping of a guard to a part of the data.
macro_rules! guard_map {
    ($Guard:ident, $Mapped:ident, $inner:ident, $make:ident, ($($access:tt)*)) => {
        impl<'a, T: ?Sized> $Guard<'a, T> {
            /// Turns the guard into one of a part of the data.
            ///
            /// # Panics
            ///
            /// Panics if `f` does; the lock is released then.
            #[inline]
            pub fn map<U: ?Sized, F>(s: Self, f: F) -> $Mapped<'a, U>
            where
                F: FnOnce($($access)* T) -> $($access)* U,
            {
                let (lock, hold) = s.into_parts();
                // SAFETY: the hold was the guard's, and is the new guard's from now on.
                lock_api::$inner::map(unsafe { lock.0.$make(hold) }, f)
            }

            /// Turns the guard into one of a part of the data, if there is such a part.
            ///
            /// # Errors
            ///
            /// Returns the guard if `f` returns `None`.
            ///
            /// # Panics
            ///
            /// Panics if `f` does; the lock is released then.
            #[inline]
            pub fn try_map<U: ?Sized, F>(s: Self, f: F) -> Result<$Mapped<'a, U>, Self>
            where
                F: FnOnce($($access)* T) -> Option<$($access)* U>,
            {
                Self::try_map_or_err(s, |data| f(data).ok_or(())).map_err(|(s, ())| s)
            }

            /// Turns the guard into one of a part of the data, if there is such a part.
            ///
            /// # Errors
            ///
            /// Returns the guard and the error if `f` fails.
            ///
            /// # Panics
            ///
            /// Panics if `f` does; the lock is released then.
            #[inline]
            pub fn try_map_or_err<U: ?Sized, F, E>(
                s: Self,
                f: F,
            ) -> Result<$Mapped<'a, U>, (Self, E)>
            where
                F: FnOnce($($access)* T) -> Result<$($access)* U, E>,
            {
                let s = ManuallyDrop::new(s);
                // SAFETY: of the two copies of the hold, the mapped guard owns this one unless `f`
                // fails; in that case the mapped guard is forgotten before the original guard owns
                // the hold again.
                let inner = unsafe { s.lock.0.$make(ptr::read(&*s.hold)) };
                match lock_api::$inner::try_map_or_err(inner, f) {
                    Ok(mapped) => Ok(mapped),
                    Err((inner, error)) => {
                        mem::forget(inner);
                        Err((ManuallyDrop::into_inner(s), error))
                    }
                }
            }
        }
    };
}

pub(super) use {guard, guard_map, guard_mut};
