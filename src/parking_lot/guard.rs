//! What every guard of this flavour can do: give access, release, and let go for a while.

/// Defines a guard: who holds which lock, in one mode.
///
/// It keeps the hold itself instead of wrapping the guard of `lock_api`, which would not give the
/// hold back: a wait on a condition variable and `unlocked` replace it, for the caller's site.
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
            /// The guard of `hold`.
            ///
            /// # Safety
            ///
            /// `hold` is a hold of `lock` in the mode of this guard, and nobody else releases it.
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

            /// Returns the lock that this is a guard of.
            #[inline]
            pub fn $lock(s: &Self) -> &'a $Lock<T> {
                s.lock
            }

            /// Releases the lock, runs `f`, and acquires the lock again.
            ///
            /// # Aborts
            ///
            /// If the lock cannot be acquired again. A deadlock is no such case: it is reported,
            /// but does not panic here.
            #[inline]
            #[track_caller]
            pub fn unlocked<F, U>(s: &mut Self, f: F) -> U
            where
                F: FnOnce() -> U,
            {
                let site = Location::caller();
                // SAFETY: the guard has the hold, and has a new one before anyone sees it again.
                let hold = unsafe { ManuallyDrop::take(&mut s.hold) };
                // SAFETY: acquiring and releasing by turns is what the guard is for.
                let raw = unsafe { s.lock.0.raw() };
                let _relock = Defer(|| {
                    s.hold = ManuallyDrop::new(must_return(|| raw.$again(site)));
                });
                // SAFETY: the hold is the guard's, so it is of this lock and in this mode.
                unsafe { raw.$unlock(hold) };
                f()
            }

            /// Releases the lock and hands it to a thread that waits for it, if there is one.
            ///
            /// A thread that waits for long gets its turn this way, at the price of a switch.
            #[inline]
            #[track_caller]
            pub fn unlock_fair(s: Self) {
                let (lock, hold) = s.into_parts();
                // SAFETY: the hold is the guard's, so it is of this lock and in this mode.
                unsafe { lock.0.raw().$unlock_fair(hold) };
            }

            /// Releases the lock to a thread that waits for it, runs `f`, and acquires the lock
            /// again.
            ///
            /// # Aborts
            ///
            /// If the lock cannot be acquired again. A deadlock is no such case: it is reported,
            /// but does not panic here.
            #[inline]
            #[track_caller]
            pub fn unlocked_fair<F, U>(s: &mut Self, f: F) -> U
            where
                F: FnOnce() -> U,
            {
                let site = Location::caller();
                // SAFETY: the guard has the hold, and has a new one before anyone sees it again.
                let hold = unsafe { ManuallyDrop::take(&mut s.hold) };
                // SAFETY: acquiring and releasing by turns is what the guard is for.
                let raw = unsafe { s.lock.0.raw() };
                let _relock = Defer(|| {
                    s.hold = ManuallyDrop::new(must_return(|| raw.$again(site)));
                });
                // SAFETY: the hold is the guard's, so it is of this lock and in this mode.
                unsafe { raw.$unlock_fair(hold) };
                f()
            }

            /// Lets a thread that waits for the lock have a turn, if there is one.
            ///
            /// As if by [`unlock_fair`](Self::unlock_fair) and a new acquisition, but cheaper when
            /// nobody waits.
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

/// Lets a guard of exclusive access give that access.
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

/// Lets a guard become one of a part of the data.
macro_rules! guard_map {
    ($Guard:ident, $Mapped:ident, $inner:ident, $make:ident, ($($access:tt)*)) => {
        impl<'a, T: ?Sized> $Guard<'a, T> {
            /// Makes a guard of a part of the data.
            ///
            /// # Panics
            ///
            /// If `f` does; the lock is released then.
            #[inline]
            pub fn map<U: ?Sized, F>(s: Self, f: F) -> $Mapped<'a, U>
            where
                F: FnOnce($($access)* T) -> $($access)* U,
            {
                let (lock, hold) = s.into_parts();
                // SAFETY: the hold was the guard's, and is the new guard's from now on.
                lock_api::$inner::map(unsafe { lock.0.$make(hold) }, f)
            }

            /// Makes a guard of a part of the data, if there is such a part.
            ///
            /// # Errors
            ///
            /// Gives the guard back if `f` returns `None`.
            ///
            /// # Panics
            ///
            /// If `f` does; the lock is released then.
            #[inline]
            pub fn try_map<U: ?Sized, F>(s: Self, f: F) -> Result<$Mapped<'a, U>, Self>
            where
                F: FnOnce($($access)* T) -> Option<$($access)* U>,
            {
                Self::try_map_or_err(s, |data| f(data).ok_or(())).map_err(|(s, ())| s)
            }

            /// Makes a guard of a part of the data, if there is such a part.
            ///
            /// # Errors
            ///
            /// Gives the guard back, and the error beside it, if `f` fails.
            ///
            /// # Panics
            ///
            /// If `f` does; the lock is released then.
            #[inline]
            pub fn try_map_or_err<U: ?Sized, F, E>(
                s: Self,
                f: F,
            ) -> Result<$Mapped<'a, U>, (Self, E)>
            where
                F: FnOnce($($access)* T) -> Result<$($access)* U, E>,
            {
                let s = ManuallyDrop::new(s);
                // SAFETY: of the two copies of the hold, this one counts unless `f` fails, and then
                // the guard that has it is forgotten before the other counts again.
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
