//! What every lock of this flavour has: construction, names, and the way to its parts.

/// Defines a lock over the one of `lock_api`, and everything that does not acquire it.
macro_rules! lock_type {
    ($(#[$doc:meta])* $Lock:ident, $inner:ident, $Raw:ident, $a_lock:literal) => {
        $(#[$doc])*
        // Transparent, so that a pointer to it is one to the lock of `lock_api`.
        #[repr(transparent)]
        pub struct $Lock<T: ?Sized>(pub(super) lock_api::$inner<$Raw, T>);

        impl<T> $Lock<T> {
            #[doc = concat!("Creates ", $a_lock, ", unlocked. Its class is the place of the call.")]
            #[inline]
            #[track_caller]
            pub const fn new(val: T) -> Self {
                Self(lock_api::$inner::from_raw($Raw::new(), val))
            }

            #[doc = concat!("Creates ", $a_lock, ", unlocked. Its class is `name`.")]
            ///
            /// Locks of one name share what is learned of their order, wherever they were made.
            #[inline]
            #[track_caller]
            pub const fn named(name: &'static str, val: T) -> Self {
                Self(lock_api::$inner::from_raw($Raw::named(name), val))
            }

            #[doc = concat!("Creates ", $a_lock, " from a raw lock that exists already.")]
            #[inline]
            pub const fn from_raw(raw: $Raw, val: T) -> Self {
                Self(lock_api::$inner::from_raw(raw, val))
            }

            /// Consumes the lock and returns the data.
            #[inline]
            pub fn into_inner(self) -> T {
                self.0.into_inner()
            }

            /// Consumes the lock and returns the raw lock and the data.
            #[inline]
            pub fn into_inner_with_raw(self) -> ($Raw, T) {
                self.0.into_inner_with_raw()
            }
        }

        impl<T: ?Sized> $Lock<T> {
            /// Names this one instance in reports, beside the name of its class.
            #[inline]
            pub fn set_label(&self, label: impl AsRef<str>) {
                // SAFETY: the record is no part of the state of the lock.
                unsafe { self.0.raw() }.record.set_label(label.as_ref());
            }

            /// Says that this lock is taken under `parent`, a lock of the same class, whatever their ids:
            /// see [`sync::Mutex::nested_in`](crate::sync::Mutex::nested_in).
            #[inline]
            pub fn nested_in(&self, parent: &(impl crate::instrument::Tracked + ?Sized)) {
                // SAFETY: the record is no part of the state of the lock.
                unsafe { self.0.raw() }.record.nested_in(parent.record());
            }

            /// Gives this instance a sub-class: see
            /// [`sync::Mutex::set_subclass`](crate::sync::Mutex::set_subclass).
            #[inline]
            pub fn set_subclass(&self, subclass: u32) {
                // SAFETY: the record is no part of the state of the lock.
                unsafe { self.0.raw() }.record.set_subclass(subclass);
            }

            /// Returns a mutable reference to the data, without locking.
            ///
            /// The exclusive borrow of the lock proves that nobody else has it; a guard that was
            /// forgotten leaves it locked, before and after.
            #[inline]
            pub const fn get_mut(&mut self) -> &mut T {
                self.0.get_mut()
            }

            /// Whether anyone holds the lock at this moment.
            #[inline]
            #[track_caller]
            pub fn is_locked(&self) -> bool {
                self.0.is_locked()
            }

            /// Returns the raw lock. Its operations are those of the traits of [`lock_api`].
            ///
            /// # Safety
            ///
            /// What is done with the raw lock must leave every guard that is alive in possession
            /// of it, and every reference to the data valid.
            #[inline]
            pub unsafe fn raw(&self) -> &$Raw {
                // SAFETY: the caller's promise is the same.
                unsafe { self.0.raw() }
            }

            /// Returns a pointer to the data: never null, aligned, valid while the lock lives.
            ///
            /// Accesses through it must be synchronized by the caller.
            #[inline]
            pub const fn data_ptr(&self) -> *mut T {
                self.0.data_ptr()
            }
        }

        impl<T: Default> Default for $Lock<T> {
            #[inline]
            #[track_caller]
            fn default() -> Self {
                Self::new(T::default())
            }
        }

        impl<T> From<T> for $Lock<T> {
            #[inline]
            #[track_caller]
            fn from(val: T) -> Self {
                Self::new(val)
            }
        }

        impl<T: ?Sized + fmt::Debug> fmt::Debug for $Lock<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}
pub(super) use lock_type;
