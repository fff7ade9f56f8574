//! A part of a future that is mostly not there.

#![allow(unsafe_code)]

use std::mem::ManuallyDrop;
use std::pin::Pin;

/// An option in a pinned future whose drop calls nothing while it is `None`: the drop of what it may contain
/// stays out of that of the future, which is small then, and becomes a part of its caller.
pub(crate) struct Rarely<T>(ManuallyDrop<Option<T>>);

impl<T> Rarely<T> {
    #[inline(always)]
    pub(crate) const fn none() -> Self {
        Self(ManuallyDrop::new(None))
    }

    #[inline(always)]
    pub(crate) fn is_none(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn option(self: Pin<&mut Self>) -> Pin<&mut Option<T>> {
        // SAFETY: the option is pinned with the whole: nothing moves it out, and the drop below drops it in place.
        unsafe { self.map_unchecked_mut(|this| &mut *this.0) }
    }

    #[cold]
    #[inline(never)]
    fn drop_value(&mut self) {
        // SAFETY: called once, by the drop of the whole.
        unsafe { ManuallyDrop::drop(&mut self.0) };
    }
}

impl<T> Drop for Rarely<T> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.0.is_some() {
            self.drop_value();
        }
    }
}
