//! A value that is set once.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::OnceLock;

use lockwarden::instrument::{Clock, Site, WaitReason};
use tokio::sync::SetOnceError;

use super::watched::watched;
use crate::agent::leaf::Thing;
use crate::task::lets_out;

/// [`tokio::sync::SetOnce`], watched. What was done before it was set comes before what is done after
/// a wait for it.
pub struct SetOnce<T> {
    inner: tokio::sync::SetOnce<T>,
    past: OnceLock<Clock>,
    made: Site,
}

impl<T> SetOnce<T> {
    /// As [`tokio::sync::SetOnce::new`].
    #[track_caller]
    pub fn new() -> Self {
        Self::of(tokio::sync::SetOnce::new())
    }

    /// As [`tokio::sync::SetOnce::const_new`].
    #[track_caller]
    pub const fn const_new() -> Self {
        Self::of(tokio::sync::SetOnce::const_new())
    }

    /// As [`tokio::sync::SetOnce::new_with`].
    #[track_caller]
    pub fn new_with(value: Option<T>) -> Self {
        Self::of(tokio::sync::SetOnce::new_with(value))
    }

    /// As [`tokio::sync::SetOnce::const_new_with`].
    #[track_caller]
    pub const fn const_new_with(value: T) -> Self {
        Self::of(tokio::sync::SetOnce::const_new_with(value))
    }

    #[track_caller]
    const fn of(inner: tokio::sync::SetOnce<T>) -> Self {
        Self {
            inner,
            past: OnceLock::new(),
            made: Location::caller(),
        }
    }

    /// As [`tokio::sync::SetOnce::initialized`].
    pub fn initialized(&self) -> bool {
        self.inner.initialized()
    }

    /// As [`tokio::sync::SetOnce::get`].
    pub fn get(&self) -> Option<&T> {
        self.inner.get()
    }

    /// As [`tokio::sync::SetOnce::set`].
    ///
    /// # Errors
    ///
    /// The value, if one was set before.
    pub fn set(&self, value: T) -> Result<(), SetOnceError<T>> {
        if self.inner.initialized() {
            return Err(SetOnceError(value));
        }
        lets_out::<T>();
        // Of two that set it at once, the order is learnt from the one that is first here: it has
        // begun to set it, which is all that the other can know.
        let _ = self.past.set(Clock::release_if_attached());
        self.inner.set(value)
    }

    /// As [`tokio::sync::SetOnce::into_inner`].
    pub fn into_inner(self) -> Option<T> {
        self.inner.into_inner()
    }

    /// As [`tokio::sync::SetOnce::wait`], and as cancel safe.
    #[track_caller]
    pub fn wait(&self) -> impl Future<Output = &T> {
        let thing = Thing::new("SetOnce", WaitReason::Event, self.made);
        watched(thing, self.inner.wait(), |value| {
            self.past.get().into_iter().for_each(Clock::acquire);
            value
        })
    }
}

impl<T> Default for SetOnce<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for SetOnce<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl<T: Clone> Clone for SetOnce<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        Self::of(self.inner.clone())
    }
}

impl<T: PartialEq> PartialEq for SetOnce<T> {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl<T: Eq> Eq for SetOnce<T> {}

impl<T> From<T> for SetOnce<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::of(tokio::sync::SetOnce::from(value))
    }
}
