//! Changes of mode: upgrades and downgrades of the guards of a reader-writer lock.

/// Defines the changes of mode between the three guards of a reader-writer lock.
macro_rules! mode_changes {
    ($Read:ident, $Write:ident, $Upgradable:ident) => {
        impl<'a, T: ?Sized> $Write<'a, T> {
            /// Turns exclusive access into shared access without releasing the lock in between.
            #[track_caller]
            pub fn downgrade(s: Self) -> $Read<'a, T> {
                let (lock, hold) = s.into_parts();
                // SAFETY: the hold is the guard's, and comes back shared.
                unsafe { $Read::of(lock, lock.0.raw().downgrade(hold)) }
            }

            /// Turns exclusive access into upgradable access without releasing the lock in between.
            #[track_caller]
            pub fn downgrade_to_upgradable(s: Self) -> $Upgradable<'a, T> {
                let (lock, hold) = s.into_parts();
                // SAFETY: the hold is the guard's, and comes back upgradable.
                unsafe { $Upgradable::of(lock, lock.0.raw().downgrade_to_upgradable(hold)) }
            }
        }

        impl<'a, T: ?Sized> $Upgradable<'a, T> {
            /// Turns upgradable access into exclusive access; waits until there are no readers, and
            /// does not release the lock in between.
            ///
            /// # Panics
            ///
            /// Panics in an instrumented build, if waiting would complete a deadlock and the
            /// configuration answers that with a panic. The lock is then released.
            #[track_caller]
            pub fn upgrade(s: Self) -> $Write<'a, T> {
                let (lock, hold) = s.into_parts();
                // SAFETY: the hold is the guard's, and comes back exclusive.
                unsafe { $Write::of(lock, lock.0.raw().upgrade(hold)) }
            }

            /// Turns upgradable access into exclusive access if there is no reader.
            ///
            /// # Errors
            ///
            /// Returns the guard if there is one.
            #[track_caller]
            pub fn try_upgrade(s: Self) -> Result<$Write<'a, T>, Self> {
                let (lock, hold) = s.into_parts();
                // SAFETY: the hold is the guard's, and comes back in the mode of the result.
                unsafe {
                    match lock.0.raw().try_upgrade(hold) {
                        Ok(hold) => Ok($Write::of(lock, hold)),
                        Err(hold) => Err(Self::of(lock, hold)),
                    }
                }
            }

            /// Turns upgradable access into exclusive access, unless `timeout` passes first.
            ///
            /// # Errors
            ///
            /// Returns the guard if there were readers for all that time.
            #[track_caller]
            pub fn try_upgrade_for(s: Self, timeout: Duration) -> Result<$Write<'a, T>, Self> {
                let (lock, hold) = s.into_parts();
                // SAFETY: the hold is the guard's, and comes back in the mode of the result.
                unsafe {
                    match lock.0.raw().try_upgrade_for(hold, timeout) {
                        Ok(hold) => Ok($Write::of(lock, hold)),
                        Err(hold) => Err(Self::of(lock, hold)),
                    }
                }
            }

            /// Turns upgradable access into exclusive access, unless the instant `timeout` comes
            /// first.
            ///
            /// # Errors
            ///
            /// Returns the guard if there were readers until then.
            #[inline]
            #[track_caller]
            pub fn try_upgrade_until(s: Self, timeout: Instant) -> Result<$Write<'a, T>, Self> {
                let (lock, hold) = s.into_parts();
                // SAFETY: the hold is the guard's, and comes back in the mode of the result.
                unsafe {
                    match lock.0.raw().try_upgrade_until(hold, timeout) {
                        Ok(hold) => Ok($Write::of(lock, hold)),
                        Err(hold) => Err(Self::of(lock, hold)),
                    }
                }
            }

            /// Turns upgradable access into shared access, so that another thread can acquire
            /// upgradable access.
            #[track_caller]
            pub fn downgrade(s: Self) -> $Read<'a, T> {
                let (lock, hold) = s.into_parts();
                // SAFETY: the hold is the guard's, and comes back shared.
                unsafe { $Read::of(lock, lock.0.raw().downgrade_upgradable(hold)) }
            }

            /// Waits until there are no readers, and runs `f` with exclusive access; the access is
            /// upgradable again afterwards.
            ///
            /// # Panics
            ///
            /// Panics if `f` does, and in an instrumented build if waiting would complete a
            /// deadlock and the configuration answers that with a panic. The guard is upgradable
            /// again in both cases.
            #[track_caller]
            pub fn with_upgraded<Ret, F: FnOnce(&mut T) -> Ret>(&mut self, f: F) -> Ret {
                let site = Location::caller();
                // SAFETY: the hold is the guard's, and is exclusive from here on; if this unwinds,
                // it is still upgradable.
                unsafe {
                    self.lock.0.raw().upgrade_held(&self.hold, site);
                    self.while_upgraded(f)
                }
            }

            /// Runs `f` with exclusive access if there is no reader; the access is upgradable again
            /// afterwards.
            ///
            /// # Panics
            ///
            /// Panics if `f` does; the guard is upgradable again then.
            #[track_caller]
            pub fn try_with_upgraded<Ret, F: FnOnce(&mut T) -> Ret>(
                &mut self,
                f: F,
            ) -> Option<Ret> {
                // SAFETY: the hold is the guard's, and exclusive if that succeeds.
                unsafe {
                    let upgraded = self.lock.0.raw().try_upgrade_held(&self.hold);
                    upgraded.then(|| self.while_upgraded(f))
                }
            }

            /// Runs `f` with exclusive access, unless there are readers until `timeout` has passed;
            /// the access is upgradable again afterwards.
            ///
            /// # Panics
            ///
            /// Panics if `f` does; the guard is upgradable again then.
            #[track_caller]
            pub fn try_with_upgraded_for<Ret, F: FnOnce(&mut T) -> Ret>(
                &mut self,
                timeout: Duration,
                f: F,
            ) -> Option<Ret> {
                let site = Location::caller();
                // SAFETY: the hold is the guard's, and exclusive if that succeeds.
                unsafe {
                    let raw = self.lock.0.raw();
                    let upgraded = raw.try_upgrade_held_for(&self.hold, timeout, site);
                    upgraded.then(|| self.while_upgraded(f))
                }
            }

            /// Runs `f` with exclusive access, unless there are readers until the instant
            /// `timeout`; the access is upgradable again afterwards.
            ///
            /// # Panics
            ///
            /// Panics if `f` does; the guard is upgradable again then.
            #[track_caller]
            pub fn try_with_upgraded_until<Ret, F: FnOnce(&mut T) -> Ret>(
                &mut self,
                timeout: Instant,
                f: F,
            ) -> Option<Ret> {
                let site = Location::caller();
                // SAFETY: the hold is the guard's, and exclusive if that succeeds.
                unsafe {
                    let raw = self.lock.0.raw();
                    let upgraded = raw.try_upgrade_held_until(&self.hold, timeout, site);
                    upgraded.then(|| self.while_upgraded(f))
                }
            }

            /// Runs `f` and makes the hold upgradable again.
            ///
            /// # Safety
            ///
            /// The hold is exclusive.
            unsafe fn while_upgraded<Ret>(&mut self, f: impl FnOnce(&mut T) -> Ret) -> Ret {
                let (lock, hold) = (self.lock, &self.hold);
                let _downgrade = Defer::new(|| {
                    // SAFETY: the hold is exclusive, as the caller promises, until this.
                    must_return(|| unsafe { lock.0.raw().downgrade_held(hold) });
                });
                // SAFETY: the hold is exclusive, and the guard is borrowed exclusively.
                f(unsafe { &mut *lock.0.data_ptr() })
            }
        }
    };
}
pub(super) use mode_changes;
