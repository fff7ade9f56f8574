//! What the ends of channels have in common.

/// Methods without arguments that are called on tokio's own type.
macro_rules! forwarded {
    ($path:literal: $($name:ident -> $result:ty),* $(,)?) => {$(
        #[doc = concat!("As [`", $path, "::", stringify!($name), "`].")]
        pub fn $name(&self) -> $result {
            self.inner.$name()
        }
    )*};
}

/// `same_channel` of these types of the module `$path`.
macro_rules! compared {
    ($path:literal: $($name:ident),*) => {$(
        impl<T> $name<T> {
            #[doc = concat!("As [`", $path, "::", stringify!($name), "::same_channel`].")]
            pub fn same_channel(&self, other: &Self) -> bool {
                self.inner.same_channel(&other.inner)
            }
        }
    )*};
}

/// `Clone` of types with tokio's own and a second field.
macro_rules! cloned {
    ($field:ident: $($name:ident),*) => {$(
        impl<T> Clone for $name<T> {
            fn clone(&self) -> Self {
                Self {
                    inner: self.inner.clone(),
                    $field: Clone::clone(&self.$field),
                }
            }
        }
    )*};
}

/// `Debug` as of tokio's own.
macro_rules! shown {
    ($($name:ty),*) => {$(
        impl<T: std::fmt::Debug> std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.inner.fmt(f)
            }
        }
    )*};
    (any: $($name:ty),*) => {$(
        impl<T> std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.inner.fmt(f)
            }
        }
    )*};
}

/// A sender with `inner` and a second field, and the weak one to which it can be downgraded.
macro_rules! downgradable {
    ($path:literal, $field:ident: $sender:ident, $weak:ident) => {
        impl<T> $sender<T> {
            #[doc = concat!("As [`", $path, "::", stringify!($sender), "::downgrade`].")]
            #[must_use = "downgrade creates a weak sender without destroying the original sender"]
            pub fn downgrade(&self) -> $weak<T> {
                $weak {
                    inner: self.inner.downgrade(),
                    $field: Clone::clone(&self.$field),
                }
            }

            #[doc = concat!("As [`", $path, "::", stringify!($sender), "::strong_count`].")]
            pub fn strong_count(&self) -> usize {
                self.inner.strong_count()
            }

            #[doc = concat!("As [`", $path, "::", stringify!($sender), "::weak_count`].")]
            pub fn weak_count(&self) -> usize {
                self.inner.weak_count()
            }
        }

        impl<T> $weak<T> {
            #[doc = concat!("As [`", $path, "::", stringify!($weak), "::upgrade`].")]
            #[must_use = "without its result, `upgrade` does nothing"]
            pub fn upgrade(&self) -> Option<$sender<T>> {
                Some($sender {
                    inner: self.inner.upgrade()?,
                    $field: Clone::clone(&self.$field),
                })
            }

            #[doc = concat!("As [`", $path, "::", stringify!($weak), "::strong_count`].")]
            pub fn strong_count(&self) -> usize {
                self.inner.strong_count()
            }

            #[doc = concat!("As [`", $path, "::", stringify!($weak), "::weak_count`].")]
            pub fn weak_count(&self) -> usize {
                self.inner.weak_count()
            }
        }

        $crate::sync::channel_macros::cloned!($field: $sender, $weak);
        $crate::sync::channel_macros::compared!($path: $sender);
    };
}

pub(crate) use {cloned, compared, downgradable, forwarded, shown};
