//! What `Mutex` and `RwLock` have in common: the construction, the poison flag, the value without a lock, the record, the text of their guards.

/// Defines the methods of a lock over `Poisoning` that do not acquire it. `$while_held` ends the sentence
/// of when a panic poisons it.
macro_rules! poisoned_lock {
    ($Lock:ident, $Raw:ident, $kind:expr, $while_held:literal) => {
        impl<T> $Lock<T> {
            /// Creates an unlocked lock around `value`.
            ///
            /// Its class, which reports name and which all locks constructed at the same line share, is the
            /// construction site; in generic code, together with `T`.
            #[inline]
            #[track_caller]
            pub const fn new(value: T) -> $Lock<T> {
                Self::of(Lock::around::<T>(&$kind), value)
            }

            /// Creates an unlocked lock around `value`, whose class is `name`.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("use lockwarden::sync::", stringify!($Lock), ";")]
            ///
            #[doc = concat!("static LEDGER: ", stringify!($Lock), "<Vec<u64>> = ", stringify!($Lock), "::named(\"ledger\", Vec::new());")]
            /// assert!(!LEDGER.is_poisoned());
            /// ```
            #[inline]
            #[track_caller]
            pub const fn named(name: &'static str, value: T) -> $Lock<T> {
                Self::of(Lock::named(&$kind, name), value)
            }

            #[inline(always)]
            const fn of(record: Lock, value: T) -> $Lock<T> {
                let raw = Poisoning::new($Raw::of(record));
                Self {
                    inner: lock_api::$Lock::from_raw(raw, value),
                }
            }
        }

        // A panic under the lock poisons it, so a later access sees that the value may be inconsistent.
        impl<T: ?Sized> UnwindSafe for $Lock<T> {}
        impl<T: ?Sized> RefUnwindSafe for $Lock<T> {}

        impl<T: ?Sized> $Lock<T> {
            #[doc = concat!("Returns whether a thread has panicked while it held the lock", $while_held, ".")]
            ///
            /// If other threads use the lock, the result may be outdated when the call returns.
            #[inline]
            pub fn is_poisoned(&self) -> bool {
                self.raw().flag.get()
            }

            /// Clears the poison flag: later acquisitions succeed.
            #[inline]
            pub fn clear_poison(&self) {
                self.raw().flag.clear();
            }

            /// Consumes the lock and returns the value.
            ///
            /// # Errors
            ///
            /// Returns an error if the lock is poisoned. The error holds the value.
            pub fn into_inner(self) -> LockResult<T>
            where
                T: Sized,
            {
                let (raw, value) = self.inner.into_inner_with_raw();
                raw.flag.wrap(value)
            }

            /// Returns a reference to the value without locking: the exclusive borrow excludes other
            /// accesses.
            ///
            /// # Errors
            ///
            /// Returns an error if the lock is poisoned. The error holds the reference.
            pub fn get_mut(&mut self) -> LockResult<&mut T> {
                if self.is_poisoned() {
                    Err(PoisonError::new(self.inner.get_mut()))
                } else {
                    Ok(self.inner.get_mut())
                }
            }

            /// Sets a label for this instance, which reports show beside its class.
            ///
            /// Without instrumentation the label is ignored.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("use lockwarden::sync::", stringify!($Lock), ";")]
            ///
            #[doc = concat!("let accounts: Vec<_> = (0..20).map(|_| ", stringify!($Lock), "::named(\"account\", 100)).collect();")]
            /// for (number, account) in accounts.iter().enumerate() {
            ///     account.set_label(format!("account {number}"));
            /// }
            /// ```
            pub fn set_label(&self, label: impl AsRef<str>) {
                self.record().set_label(label.as_ref());
            }

            /// Declares that this lock is acquired under `parent`, a lock of the same class, whatever
            /// their ids; for example the lock of a child in a tree, under that of its parent node.
            /// Sets the subclass of this lock to the present subclass of `parent` plus one.
            ///
            /// Where the order of classes is checked
            /// ([`Config::classes`](crate::config::Config::classes)), two locks of one class nest in
            /// ascending order of their subclasses, and of their ids within one subclass; any other
            /// order is reported. Without instrumentation this does nothing.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("use lockwarden::sync::", stringify!($Lock), ";")]
            ///
            #[doc = concat!("let leaf = ", stringify!($Lock), "::named(\"node\", 2);")]
            #[doc = concat!("let root = ", stringify!($Lock), "::named(\"node\", 1);")]
            /// leaf.nested_in(&root);
            /// ```
            pub fn nested_in(&self, parent: &(impl Tracked + ?Sized)) {
                self.record().nested_in(parent.record());
            }

            /// Sets the subclass of this instance: locks of one class nest in ascending order of their
            /// subclasses. The default subclass is 0. See [`nested_in`](Self::nested_in).
            pub fn set_subclass(&self, subclass: u32) {
                self.record().set_subclass(subclass);
            }

            /// Returns the detector record of this lock.
            #[inline]
            pub(crate) fn record(&self) -> &Lock {
                self.raw().raw.record()
            }

            /// Returns the raw lock, for acquisitions, its poison flag and its record.
            #[inline]
            pub(super) fn raw(&self) -> &Poisoning<$Raw> {
                // SAFETY: in this crate, only the end of the guard that holds the lock unlocks it.
                unsafe { self.inner.raw() }
            }
        }

        impl<T> From<T> for $Lock<T> {
            /// Like `new`. Through `into()`, the class is a line of the standard library that all such
            /// locks share; `named` or a direct call of `from` avoids that.
            #[inline]
            #[track_caller]
            fn from(value: T) -> Self {
                Self::new(value)
            }
        }

        impl<T: Default> Default for $Lock<T> {
            #[inline]
            #[track_caller]
            fn default() -> Self {
                Self::new(T::default())
            }
        }
    };
}
pub(super) use poisoned_lock;

/// Shows a guard as the value that it gives access to.
macro_rules! shown_as_value {
    ($($Guard:ident),+) => {$(
        impl<T: ?Sized + fmt::Debug> fmt::Debug for $Guard<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&**self, f)
            }
        }

        impl<T: ?Sized + fmt::Display> fmt::Display for $Guard<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&**self, f)
            }
        }
    )+};
}
pub(super) use shown_as_value;
