//! What the guards of all locks have in common.

/// The parts of a guard that do not depend on how it refers to its lock.
///
/// `retake` and `unlock` are methods of the lock: the first takes it back with its record, the second
/// releases the raw lock.
macro_rules! guard_parts {
    (
        [$($generics:tt)*] [$($Guard:tt)*], $T:ident,
        retake: $retake:ident, unlock: $unlock:ident
    ) => {
        impl<$($generics)*> $($Guard)* {
            /// Releases the lock, runs `f`, and takes the lock again.
            #[inline]
            #[track_caller]
            pub fn unlocked<Fun, Out>(s: &mut Self, f: Fun) -> Out
            where
                Fun: FnOnce() -> Out,
            {
                let site = core::panic::Location::caller();
                s.release();
                // SAFETY: the guard held the lock.
                unsafe { s.lock.$unlock() };
                let _back = crate::guard::Finally(|| s.held = s.lock.$retake(site));
                f()
            }

            #[inline]
            fn release(&mut self) {
                let held = core::mem::replace(&mut self.held, crate::record::Held::Untracked);
                self.lock.record().released(held);
            }
        }

        impl<$($generics)*> core::ops::Deref for $($Guard)* {
            type Target = $T;
            #[inline]
            fn deref(&self) -> &$T {
                // SAFETY: the guard holds the lock.
                unsafe { &*self.lock.data_ptr() }
            }
        }

        impl<$($generics)*> Drop for $($Guard)* {
            #[inline]
            fn drop(&mut self) {
                self.release();
                // SAFETY: the guard holds the lock.
                unsafe { self.lock.$unlock() };
            }
        }

        guard_texts!([$($generics)*] [$($Guard)*], $T);
    };
}

/// Access to what a guard alone holds; `data` is where that is.
macro_rules! guard_mut {
    ([$($generics:tt)*] [$($Guard:tt)*], $T:ident, |$s:ident| $data:expr) => {
        impl<$($generics)*> core::ops::DerefMut for $($Guard)* {
            #[inline]
            fn deref_mut(&mut self) -> &mut $T {
                let $s = self;
                // SAFETY: the guard alone holds the lock around the data.
                unsafe { &mut *$data }
            }
        }
    };
}

/// `Debug` and `Display` through what is guarded.
macro_rules! guard_texts {
    ([$($generics:tt)*] [$($Guard:tt)*], $T:ident) => {
        impl<$($generics)*> core::fmt::Debug for $($Guard)*
        where
            $T: core::fmt::Debug,
        {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                (**self).fmt(f)
            }
        }

        impl<$($generics)*> core::fmt::Display for $($Guard)*
        where
            $T: core::fmt::Display,
        {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                (**self).fmt(f)
            }
        }
    };
}

/// The fair parts of a guard.
macro_rules! guard_fair {
    (
        [$($generics:tt)*] [$($Guard:tt)*],
        retake: $retake:ident, unlock_fair: $unlock_fair:ident, bump: $bump:ident
    ) => {
        impl<$($generics)*> $($Guard)* {
            /// Hands the lock to the longest waiter.
            #[inline]
            pub fn unlock_fair(s: Self) {
                let mut s = core::mem::ManuallyDrop::new(s);
                s.release();
                // SAFETY: the guard held the lock, and is not dropped.
                unsafe {
                    s.lock.$unlock_fair();
                    crate::guard::drop_lock(&mut s.lock);
                }
            }

            /// Hands the lock over, runs `f`, and takes the lock again.
            #[inline]
            #[track_caller]
            pub fn unlocked_fair<Fun, Out>(s: &mut Self, f: Fun) -> Out
            where
                Fun: FnOnce() -> Out,
            {
                let site = core::panic::Location::caller();
                s.release();
                // SAFETY: the guard held the lock.
                unsafe { s.lock.$unlock_fair() };
                let _back = crate::guard::Finally(|| s.held = s.lock.$retake(site));
                f()
            }

            /// Lets a waiter have the lock for once.
            #[inline]
            pub fn bump(s: &mut Self) {
                // SAFETY: the guard holds the lock, before and after.
                unsafe { s.lock.$bump() };
            }
        }
    };
}

/// What makes a guard that owns an `Arc` give it back.
macro_rules! guard_arc {
    ([$($generics:tt)*] [$($Guard:tt)*], $Lock:ty, unlock: $unlock:ident) => {
        impl<$($generics)*> $($Guard)* {
            /// Releases the lock, and returns the `Arc`.
            #[inline]
            pub fn into_arc(s: Self) -> alloc::sync::Arc<$Lock> {
                let mut s = core::mem::ManuallyDrop::new(s);
                s.release();
                // SAFETY: the guard held the lock, and is not dropped: the `Arc` is taken once.
                unsafe {
                    s.lock.$unlock();
                    core::ptr::read(&s.lock)
                }
            }
        }
    };
}

/// The fair way to give it back.
macro_rules! guard_arc_fair {
    ([$($generics:tt)*] [$($Guard:tt)*], $Lock:ty, unlock_fair: $unlock_fair:ident) => {
        impl<$($generics)*> $($Guard)* {
            /// Hands the lock to the longest waiter, and returns the `Arc`.
            #[inline]
            pub fn into_arc_fair(s: Self) -> alloc::sync::Arc<$Lock> {
                let mut s = core::mem::ManuallyDrop::new(s);
                s.release();
                // SAFETY: the guard held the lock, and is not dropped: the `Arc` is taken once.
                unsafe {
                    s.lock.$unlock_fair();
                    core::ptr::read(&s.lock)
                }
            }
        }
    };
}

/// The ways from a guard to one of a part of the data.
macro_rules! guard_map {
    (
        [$($generics:tt)*] [$($Guard:tt)*] => [$($Mapped:tt)*] $MappedName:ident,
        $T:ident, $pointer:ident $(, $mutable:ident)?
    ) => {
        impl<$($generics)*> $($Guard)* {
            /// A guard of a part of the data.
            #[inline]
            pub fn map<U: ?Sized, Fun>(s: Self, f: Fun) -> $($Mapped)*
            where
                Fun: FnOnce(& $($mutable)? $T) -> & $($mutable)? U,
            {
                // SAFETY: the guard holds the lock, in the mode that this needs.
                let data = core::ptr::$pointer(f(unsafe { & $($mutable)? *s.lock.data_ptr() }));
                let s = core::mem::ManuallyDrop::new(s);
                // SAFETY: the guard is not dropped, so its hold is taken once.
                let held = unsafe { core::ptr::read(&s.held) };
                $MappedName { lock: s.lock.mapped(), data, held, marker: core::marker::PhantomData }
            }

            /// A guard of a part of the data, or the guard as it is if there is no such part.
            #[inline]
            pub fn try_map<U: ?Sized, Fun>(s: Self, f: Fun) -> Result<$($Mapped)*, Self>
            where
                Fun: FnOnce(& $($mutable)? $T) -> Option<& $($mutable)? U>,
            {
                Self::try_map_or_err(s, |data| f(data).ok_or(())).map_err(|(s, ())| s)
            }

            /// A guard of a part of the data, or the guard as it is with the reason.
            #[inline]
            pub fn try_map_or_err<U: ?Sized, Fun, E>(
                s: Self,
                f: Fun,
            ) -> Result<$($Mapped)*, (Self, E)>
            where
                Fun: FnOnce(& $($mutable)? $T) -> Result<& $($mutable)? U, E>,
            {
                // SAFETY: the guard holds the lock, in the mode that this needs.
                match f(unsafe { & $($mutable)? *s.lock.data_ptr() }) {
                    Ok(data) => {
                        let data = core::ptr::$pointer(data);
                        let s = core::mem::ManuallyDrop::new(s);
                        // SAFETY: the guard is not dropped, so its hold is taken once.
                        let held = unsafe { core::ptr::read(&s.held) };
                        Ok($MappedName {
                            lock: s.lock.mapped(),
                            data,
                            held,
                            marker: core::marker::PhantomData,
                        })
                    }
                    Err(error) => Err((s, error)),
                }
            }
        }
    };
}

/// The parts of a guard of a part of the data.
macro_rules! mapped_guard {
    (
        $Name:ident, [$($generics:tt)*] [$($Guard:tt)*] => [$($Mapped:tt)*], $T:ident,
        unlock: $unlock:ident, or_err: $or_err:ident, $pointer:ident $(, $mutable:ident)?
    ) => {
        impl<$($generics)*> $($Guard)* {
            #[inline]
            fn release(&mut self) {
                let held = core::mem::replace(&mut self.held, crate::record::Held::Untracked);
                self.lock.record().released(held);
            }

            /// A guard of a part of the data.
            #[inline]
            pub fn map<U: ?Sized, Fun>(s: Self, f: Fun) -> $($Mapped)*
            where
                Fun: FnOnce(& $($mutable)? $T) -> & $($mutable)? U,
            {
                let data = s.data;
                // SAFETY: the guard holds the lock, in the mode that this needs.
                let data = core::ptr::$pointer(f(unsafe { & $($mutable)? *data }));
                let s = core::mem::ManuallyDrop::new(s);
                // SAFETY: the guard is not dropped, so its hold is taken once.
                let held = unsafe { core::ptr::read(&s.held) };
                $Name { lock: s.lock, data, held, marker: core::marker::PhantomData }
            }

            /// A guard of a part of the data, or the guard as it is if there is no such part.
            #[inline]
            pub fn try_map<U: ?Sized, Fun>(s: Self, f: Fun) -> Result<$($Mapped)*, Self>
            where
                Fun: FnOnce(& $($mutable)? $T) -> Option<& $($mutable)? U>,
            {
                Self::$or_err(s, |data| f(data).ok_or(())).map_err(|(s, ())| s)
            }

            /// A guard of a part of the data, or the guard as it is with the reason.
            #[inline]
            pub fn $or_err<U: ?Sized, Fun, E>(s: Self, f: Fun) -> Result<$($Mapped)*, (Self, E)>
            where
                Fun: FnOnce(& $($mutable)? $T) -> Result<& $($mutable)? U, E>,
            {
                // SAFETY: the guard holds the lock, in the mode that this needs.
                let data = s.data;
                match f(unsafe { & $($mutable)? *data }) {
                    Ok(data) => {
                        let data = core::ptr::$pointer(data);
                        let s = core::mem::ManuallyDrop::new(s);
                        // SAFETY: the guard is not dropped, so its hold is taken once.
                        let held = unsafe { core::ptr::read(&s.held) };
                        Ok($Name { lock: s.lock, data, held, marker: core::marker::PhantomData })
                    }
                    Err(error) => Err((s, error)),
                }
            }
        }

        impl<$($generics)*> core::ops::Deref for $($Guard)* {
            type Target = $T;
            #[inline]
            fn deref(&self) -> &$T {
                // SAFETY: the guard holds the lock around the data.
                unsafe { &*self.data }
            }
        }

        impl<$($generics)*> Drop for $($Guard)* {
            #[inline]
            fn drop(&mut self) {
                self.release();
                // SAFETY: the guard holds the lock.
                unsafe { self.lock.$unlock() };
            }
        }

        guard_texts!([$($generics)*] [$($Guard)*], $T);
    };
}

/// The fair release of a guard of a part of the data.
macro_rules! mapped_guard_fair {
    ([$($generics:tt)*] [$($Guard:tt)*], unlock_fair: $unlock_fair:ident) => {
        impl<$($generics)*> $($Guard)* {
            /// Hands the lock to the longest waiter.
            #[inline]
            pub fn unlock_fair(s: Self) {
                let mut s = core::mem::ManuallyDrop::new(s);
                s.release();
                // SAFETY: the guard held the lock, and is not dropped.
                unsafe { s.lock.$unlock_fair() };
            }
        }
    };
}

/// Runs its function at the end, also of one that unwinds.
pub(crate) struct Finally<F: FnMut()>(pub(crate) F);

impl<F: FnMut()> Drop for Finally<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Drops the way to the lock in a guard that is not dropped itself: an `Arc`, or a reference.
///
/// # Safety
///
/// The guard must not be used again.
pub(crate) unsafe fn drop_lock<L>(lock: &mut L) {
    unsafe { core::ptr::drop_in_place(lock) }
}
