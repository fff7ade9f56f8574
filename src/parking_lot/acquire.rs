//! Acquisitions of a lock in one mode: blocking, non-blocking, with a timeout, with a deadline.

/// Defines the acquisitions of a lock in one mode.
macro_rules! acquisitions {
    (
        $Lock:ident, $Guard:ident, $access:literal;
        $lock:ident, $try_lock:ident, $try_for:ident, $try_until:ident, $make:ident;
        $raw_lock:ident, $raw_try:ident, $raw_for:ident, $raw_until:ident
    ) => {
        impl<T: ?Sized> $Lock<T> {
            #[doc = concat!("Acquires the lock with ", $access, "; blocks until that is possible.")]
            ///
            /// # Panics
            ///
            /// Panics in an instrumented build, if waiting would complete a deadlock and the
            /// configuration answers that with a panic. Panics also if the number of readers
            /// overflows its counter.
            // Always: the fast path of a tracked lock is short, but exceeds the compiler's inlining
            // threshold.
            #[inline(always)]
            #[track_caller]
            pub fn $lock(&self) -> $Guard<'_, T> {
                // SAFETY: an acquisition invalidates no guard, and the hold is the one just
                // acquired.
                unsafe { $Guard::of(self, self.0.raw().$raw_lock()) }
            }

            #[doc = concat!("Acquires the lock with ", $access, " if that is possible at once.")]
            ///
            /// # Panics
            ///
            /// Panics if the number of readers overflows its counter.
            #[inline]
            #[track_caller]
            pub fn $try_lock(&self) -> Option<$Guard<'_, T>> {
                // SAFETY: an acquisition invalidates no guard.
                let hold = unsafe { self.0.raw() }.$raw_try()?;
                // SAFETY: the hold is the one just acquired.
                Some(unsafe { $Guard::of(self, hold) })
            }

            #[doc = concat!("Acquires the lock with ", $access, ", or gives up after `timeout`.")]
            ///
            /// # Panics
            ///
            /// Panics if the number of readers overflows its counter.
            #[inline]
            #[track_caller]
            pub fn $try_for(&self, timeout: Duration) -> Option<$Guard<'_, T>> {
                // SAFETY: an acquisition invalidates no guard.
                let hold = unsafe { self.0.raw() }.$raw_for(timeout)?;
                // SAFETY: the hold is the one just acquired.
                Some(unsafe { $Guard::of(self, hold) })
            }

            #[doc = concat!("Acquires the lock with ", $access, ", or gives up at `timeout`.")]
            ///
            /// # Panics
            ///
            /// Panics if the number of readers overflows its counter.
            #[inline]
            #[track_caller]
            pub fn $try_until(&self, timeout: Instant) -> Option<$Guard<'_, T>> {
                // SAFETY: an acquisition invalidates no guard.
                let hold = unsafe { self.0.raw() }.$raw_until(timeout)?;
                // SAFETY: the hold is the one just acquired.
                Some(unsafe { $Guard::of(self, hold) })
            }

            #[doc = concat!("Creates the guard of a hold with ", $access, ".")]
            ///
            /// # Safety
            ///
            /// `hold` is a hold of this lock in this mode, and no guard is responsible for it. No
            /// reference to the data conflicts with what the guard gives access to.
            #[inline]
            pub unsafe fn $make(&self, hold: Hold) -> $Guard<'_, T> {
                // SAFETY: guaranteed by the caller, under the same conditions.
                unsafe { $Guard::of(self, hold) }
            }
        }
    };
}

/// Defines the releases of a lock, in one mode, that need no guard.
macro_rules! releases {
    ($Lock:ident, $access:literal; $force:ident, $force_fair:ident; $unlock:ident, $unlock_fair:ident) => {
        impl<T: ?Sized> $Lock<T> {
            #[doc = concat!("Releases a hold with ", $access, ", whose guard was forgotten.")]
            ///
            /// # Safety
            ///
            /// `hold` is a hold of this lock in this mode, and no guard is responsible for it. No
            /// reference to the data is used afterwards.
            #[inline]
            #[track_caller]
            pub unsafe fn $force(&self, hold: Hold) {
                // SAFETY: guaranteed by the caller, under the same conditions.
                unsafe { self.0.raw().$unlock(hold) };
            }

            #[doc = concat!("Releases a hold with ", $access, ", whose guard was forgotten, and hands")]
            /// the lock to a waiting thread, if there is one.
            ///
            /// # Safety
            ///
            /// `hold` is a hold of this lock in this mode, and no guard is responsible for it. No
            /// reference to the data is used afterwards.
            #[inline]
            #[track_caller]
            pub unsafe fn $force_fair(&self, hold: Hold) {
                // SAFETY: guaranteed by the caller, under the same conditions.
                unsafe { self.0.raw().$unlock_fair(hold) };
            }
        }
    };
}

pub(super) use {acquisitions, releases};
