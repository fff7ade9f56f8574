//! Common interface of the locks of this module: construction, names, and access to their parts.

/// Defines the methods that each of the locks has: those that neither construct nor acquire it.
macro_rules! lock_parts {
    ($Lock:ident, $Raw:ident) => {
        impl<T> $Lock<T> {
            /// Consumes the lock and returns the data.
            #[inline]
            pub fn into_inner(self) -> T {
                self.0.into_inner()
            }
        }

        impl<T: ?Sized> $Lock<T> {
            /// Sets a label for this instance, which reports show beside the name of its class.
            #[inline]
            pub fn set_label(&self, label: impl AsRef<str>) {
                // SAFETY: access to the record does not change the state of the lock.
                unsafe { self.0.raw() }.record().set_label(label.as_ref());
            }

            /// Declares that this lock is acquired under `parent`, a lock of the same class,
            /// whatever their ids: see [`sync::Mutex::nested_in`](crate::sync::Mutex::nested_in).
            #[inline]
            pub fn nested_in(&self, parent: &(impl crate::instrument::Tracked + ?Sized)) {
                // SAFETY: access to the record does not change the state of the lock.
                unsafe { self.0.raw() }.record().nested_in(parent.record());
            }

            /// Sets the subclass of this instance: see
            /// [`sync::Mutex::set_subclass`](crate::sync::Mutex::set_subclass).
            #[inline]
            pub fn set_subclass(&self, subclass: u32) {
                // SAFETY: access to the record does not change the state of the lock.
                unsafe { self.0.raw() }.record().set_subclass(subclass);
            }

            /// Returns a mutable reference to the data, without locking.
            ///
            /// The exclusive borrow excludes other accesses. If a guard was forgotten, the lock
            /// stays locked.
            #[inline]
            pub const fn get_mut(&mut self) -> &mut T {
                self.0.get_mut()
            }

            /// Returns whether a thread holds the lock at present.
            #[inline]
            #[track_caller]
            pub fn is_locked(&self) -> bool {
                self.0.is_locked()
            }

            /// Returns the raw lock. Its operations are those of the traits of [`lock_api`].
            ///
            /// # Safety
            ///
            /// The caller's use of the raw lock must not release the lock under a live guard, must
            /// keep every reference to the data valid, and must agree with the owner and the count
            /// that a reentrant mutex keeps beside it.
            #[inline]
            pub unsafe fn raw(&self) -> &$Raw {
                // SAFETY: guaranteed by the caller, under the same conditions.
                unsafe { self.0.raw() }
            }

            /// Returns a pointer to the data: never null, aligned, valid while the lock lives.
            ///
            /// The caller must synchronize accesses through the pointer.
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
pub(super) use lock_parts;

/// Defines a lock over that of `lock_api`, with all methods that do not acquire it.
macro_rules! lock_type {
    ($(#[$doc:meta])* $Lock:ident, $inner:ident, $Raw:ident, $a_lock:literal) => {
        $(#[$doc])*
        // Transparent, so that a pointer to this type is also one to the lock of `lock_api`.
        #[repr(transparent)]
        pub struct $Lock<T: ?Sized>(pub(super) lock_api::$inner<$Raw, T>);

        impl<T> $Lock<T> {
            #[doc = concat!("Creates ", $a_lock, ", unlocked. Its class is the construction site; in generic code, together with `T`.")]
            #[inline]
            #[track_caller]
            pub const fn new(val: T) -> Self {
                Self(lock_api::$inner::from_raw($Raw::around::<T>(), val))
            }

            #[doc = concat!("Creates ", $a_lock, ", unlocked. Its class is `name`.")]
            ///
            /// Locks of one name form one class, wherever they are constructed.
            #[inline]
            #[track_caller]
            pub const fn named(name: &'static str, val: T) -> Self {
                Self(lock_api::$inner::from_raw($Raw::named(name), val))
            }

            #[doc = concat!("Creates ", $a_lock, " from an existing raw lock.")]
            #[inline]
            pub const fn from_raw(raw: $Raw, val: T) -> Self {
                Self(lock_api::$inner::from_raw(raw, val))
            }

            /// Consumes the lock and returns the raw lock and the data.
            #[inline]
            pub fn into_inner_with_raw(self) -> ($Raw, T) {
                self.0.into_inner_with_raw()
            }
        }

        super::lock::lock_parts! { $Lock, $Raw }
    };
}
pub(super) use lock_type;
