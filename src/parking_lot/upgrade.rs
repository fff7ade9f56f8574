//! Changes of mode: upgrades and downgrades of the guards of a reader-writer lock.

/// Defines the changes of mode between the three guards of a reader-writer lock.
macro_rules! mode_changes {
    ($Read:ident, $Write:ident, $Upgradable:ident) => {
        impl<'a, T: ?Sized> $Write<'a, T> {
            /// Turns exclusive access into shared, without letting go of the lock in between.
            #[track_caller]
            pub fn downgrade(s: Self) -> $Read<'a, T> {
                let (lock, hold) = s.into_parts();
                // SAFETY: the hold is the guard's, and comes back shared.
                unsafe { $Read::of(lock, lock.0.raw().downgrade(hold)) }
            }

            /// Turns exclusive access into upgradable, without letting go of the lock in between.
            #[track_caller]
            pub fn downgrade_to_upgradable(s: Self) -> $Upgradable<'a, T> {
                let (lock, hold) = s.into_parts();
                // SAFETY: the hold is the guard's, and comes back upgradable.
                unsafe { $Upgradable::of(lock, lock.0.raw().downgrade_to_upgradable(hold)) }
            }
        }

        impl<'a, T: ?Sized> $Upgradable<'a, T> {
            /// Turns upgradable access into exclusive, waiting until all readers are gone, and
            /// without letting go of the lock in between.
            ///
            /// # Panics
            ///
            /// In an instrumented build, if waiting would complete a deadlock and the detector is
            /// to panic then. The lock is released.
            #[track_caller]
            pub fn upgrade(s: Self) -> $Write<'a, T> {
                let (lock, hold) = s.into_parts();
                // SAFETY: the hold is the guard's, and comes back exclusive.
                unsafe { $Write::of(lock, lock.0.raw().upgrade(hold)) }
            }

            /// Turns upgradable access into exclusive if there is no reader.
            ///
            /// # Errors
            ///
            /// Gives the guard back if there is one.
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

            /// Turns upgradable access into exclusive, unless `timeout` passes first.
            ///
            /// # Errors
            ///
            /// Gives the guard back if there were readers for all that time.
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

            /// Turns upgradable access into exclusive, unless the moment `timeout` comes first.
            ///
            /// # Errors
            ///
            /// Gives the guard back if there were readers until then.
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

            /// Turns upgradable access into shared, so that another thread may have the former.
            #[track_caller]
            pub fn downgrade(s: Self) -> $Read<'a, T> {
                let (lock, hold) = s.into_parts();
                // SAFETY: the hold is the guard's, and comes back shared.
                unsafe { $Read::of(lock, lock.0.raw().downgrade_upgradable(hold)) }
            }

            /// Runs `f` with exclusive access, for which it waits until all readers are gone; the
            /// access is upgradable again afterwards.
            ///
            /// # Panics
            ///
            /// If `f` does. In an instrumented build, if waiting would complete a deadlock and the
            /// detector is to panic then. The guard is upgradable again in both cases.
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
            /// If `f` does; the guard is upgradable again then.
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
            /// If `f` does; the guard is upgradable again then.
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

            /// Runs `f` with exclusive access, unless there are readers until the moment `timeout`;
            /// the access is upgradable again afterwards.
            ///
            /// # Panics
            ///
            /// If `f` does; the guard is upgradable again then.
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
            /// The hold is exclusive at the moment.
            unsafe fn while_upgraded<Ret>(&mut self, f: impl FnOnce(&mut T) -> Ret) -> Ret {
                let (lock, hold) = (self.lock, &self.hold);
                let _downgrade = Defer(|| {
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
