//! What `Once` does, that of `std` as well as that of `parking_lot`.

/// Defines the methods of a `Once` over `inner`, whose closures get a `$State`; `$path` is for examples.
macro_rules! once_methods {
    ($Once:ident, $State:ty, $path:literal) => {
        impl $Once {
            /// Sets a label for this instance, which reports show beside the name of its class.
            #[inline]
            pub fn set_label(&self, label: impl AsRef<str>) {
                self.turns.set_label(label.as_ref());
            }

            /// Returns whether a closure has completed. Never blocks.
            #[inline]
            pub fn is_completed(&self) -> bool {
                let look = || self.inner.is_completed().then_some(());
                let is_completed = self.turns.peek(look).is_some();
                if is_completed {
                    self.origin.acquire_asking(|| self.turns.peeked());
                }
                is_completed
            }

            /// Runs `f` if nothing has run; if another thread runs its closure, waits until that is done.
            ///
            /// # Panics
            ///
            /// Panics if `f` does, or an earlier closure did. Panics also if the wait would never end, as
            /// it does if `f` calls this method again, and the configuration answers that with a panic.
            #[inline]
            #[track_caller]
            pub fn call_once<F>(&self, f: F)
            where
                F: FnOnce(),
            {
                let site = Location::caller();
                if !self.inner.is_completed() {
                    self.run(site, || {
                        self.inner.call_once(|| {
                            f();
                            self.origin.set();
                        });
                    });
                }
                self.origin
                    .acquire_asking(|| self.turns.ask_for_ready(site));
            }

            /// Does what [`call_once`](Self::call_once) does, but runs `f` also if an earlier closure has
            /// panicked; the argument of `f` distinguishes the two cases.
            ///
            /// # Panics
            ///
            /// Panics if `f` does, or if the wait would never end and the configuration answers that with a
            /// panic.
            #[inline]
            #[track_caller]
            pub fn call_once_force<F>(&self, f: F)
            where
                F: FnOnce($State),
            {
                let site = Location::caller();
                if !self.inner.is_completed() {
                    self.run(site, || {
                        self.inner.call_once_force(|state| {
                            f(state);
                            self.origin.set();
                        });
                    });
                }
                self.origin
                    .acquire_asking(|| self.turns.ask_for_ready(site));
            }

            #[inline]
            fn run(&self, site: Site, call: impl FnOnce()) {
                self.turns.run(|| self.inner.is_completed(), site, call);
            }

            /// Waits until a closure has completed.
            ///
            /// # Panics
            ///
            /// Panics if the closure panicked, or if the wait would never end and the configuration answers
            /// that with a panic.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("use ", $path, ";")]
            /// use lockwarden::thread;
            ///
            /// static READY: Once = Once::new();
            ///
            /// thread::spawn(|| READY.call_once(|| ()));
            /// READY.wait();
            /// ```
            #[inline]
            #[track_caller]
            pub fn wait(&self) {
                self.wait_for(true, Location::caller(), || self.inner.wait());
            }

            /// Waits until a closure has completed, even if an earlier one has panicked.
            ///
            /// # Panics
            ///
            /// Panics if the wait would never end and the configuration answers that with a panic.
            #[inline]
            #[track_caller]
            pub fn wait_force(&self) {
                self.wait_for(false, Location::caller(), || self.inner.wait_force());
            }

            #[inline]
            fn wait_for(&self, or_failed: bool, site: Site, see: impl FnOnce()) {
                let is_done = || self.inner.is_completed();
                self.turns.wait(is_done, or_failed, site, see);
                self.origin
                    .acquire_asking(|| self.turns.ask_for_ready(site));
            }
        }

        impl fmt::Debug for $Once {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.inner.fmt(f)
            }
        }
    };
}
pub(crate) use once_methods;
