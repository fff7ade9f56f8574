//! What both semaphores do: acquisitions.

/// Defines the acquisitions of a semaphore, which has `permits`; `$path` is for examples.
macro_rules! acquisitions {
    ($Semaphore:ident, $path:literal) => {
        impl $Semaphore {
            /// Sets a label for this instance, which reports show beside the name of its class.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("let connections = ", $path, "::new(8);")]
            /// connections.set_label("connections of shard 3");
            /// ```
            pub fn set_label(&self, label: impl AsRef<str>) {
                self.permits.record.set_label(label.as_ref());
            }

            /// Acquires a permit; waits in FIFO order until one is available.
            ///
            /// # Panics
            ///
            /// Panics if the wait would never end and the configuration answers that with a panic.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("let semaphore = ", $path, "::new(1);")]
            /// let permit = semaphore.acquire();
            /// assert_eq!(semaphore.available_permits(), 0);
            /// drop(permit);
            /// assert_eq!(semaphore.available_permits(), 1);
            /// ```
            #[inline]
            #[track_caller]
            pub fn acquire(&self) -> super::permit::Permit<'_> {
                if !self.permits.try_take(1) {
                    self.permits.wait(1, None, std::panic::Location::caller());
                }
                super::permit::Permit::new(&self.permits, 1)
            }

            /// Acquires `count` permits at once; waits in FIFO order until as many are available, before
            /// later requests for fewer.
            ///
            /// # Panics
            ///
            /// Panics as [`acquire`](Self::acquire) does.
            ///
            /// Panics if the semaphore is bounded, and never has as many permits.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("let semaphore = ", $path, "::new(3);")]
            /// let _two = semaphore.acquire_many(2);
            /// assert_eq!(semaphore.available_permits(), 1);
            /// ```
            #[inline]
            #[track_caller]
            pub fn acquire_many(&self, count: usize) -> super::permit::Permit<'_> {
                if !self.permits.try_take(count) {
                    self.permits.assert_possible(count);
                    self.permits
                        .wait(count, None, std::panic::Location::caller());
                }
                super::permit::Permit::new(&self.permits, count)
            }

            /// Acquires a permit if one is available and no thread waits.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("let semaphore = ", $path, "::new(1);")]
            /// let permit = semaphore.try_acquire();
            /// assert!(permit.is_some() && semaphore.try_acquire().is_none());
            /// ```
            #[inline]
            pub fn try_acquire(&self) -> Option<super::permit::Permit<'_>> {
                self.try_acquire_many(1)
            }

            /// Acquires `count` permits at once, if as many are available and no thread waits.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("let semaphore = ", $path, "::new(2);")]
            /// assert!(semaphore.try_acquire_many(3).is_none());
            /// assert!(semaphore.try_acquire_many(2).is_some());
            /// ```
            #[inline]
            pub fn try_acquire_many(&self, count: usize) -> Option<super::permit::Permit<'_>> {
                self.permits
                    .try_take(count)
                    .then(|| super::permit::Permit::new(&self.permits, count))
            }

            /// Acquires a permit; waits for at most `timeout` until one is available, else returns `None`.
            ///
            /// # Examples
            ///
            /// ```
            /// use std::time::Duration;
            ///
            #[doc = concat!("let semaphore = ", $path, "::new(1);")]
            /// let _taken = semaphore.acquire();
            /// assert!(semaphore.acquire_timeout(Duration::from_millis(1)).is_none());
            /// ```
            #[track_caller]
            pub fn acquire_timeout(
                &self,
                timeout: std::time::Duration,
            ) -> Option<super::permit::Permit<'_>> {
                self.acquire_many_timeout(1, timeout)
            }

            /// Acquires `count` permits at once; waits for at most `timeout` until as many are available,
            /// else returns `None`.
            ///
            /// # Examples
            ///
            /// ```
            /// use std::time::Duration;
            ///
            #[doc = concat!("let semaphore = ", $path, "::new(2);")]
            /// assert!(semaphore.acquire_many_timeout(2, Duration::MAX).is_some());
            /// assert!(semaphore.acquire_many_timeout(3, Duration::ZERO).is_none());
            /// ```
            #[track_caller]
            pub fn acquire_many_timeout(
                &self,
                count: usize,
                timeout: std::time::Duration,
            ) -> Option<super::permit::Permit<'_>> {
                let is_taken = self.permits.try_take(count) || {
                    // A deadline that cannot be represented is never reached.
                    let deadline = std::time::Instant::now().checked_add(timeout);
                    self.permits
                        .wait(count, deadline, std::panic::Location::caller())
                };
                is_taken.then(|| super::permit::Permit::new(&self.permits, count))
            }

            /// Returns the number of free permits: a snapshot, which other threads may change at any
            /// time.
            #[must_use]
            pub fn available_permits(&self) -> usize {
                self.permits.available()
            }
        }

        impl std::fmt::Debug for $Semaphore {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($Semaphore))
                    .field("available_permits", &self.available_permits())
                    .finish_non_exhaustive()
            }
        }
    };
}
pub(super) use acquisitions;
