//! Iterators over the messages of a channel.

use std::fmt;
use std::iter::FusedIterator;
use std::panic::Location;

use super::receiver::Receiver;
use crate::instrument::Site;

impl<T> Receiver<T> {
    /// Returns an iterator that waits for each message, and ends when all senders are dropped.
    #[track_caller]
    pub fn iter(&self) -> Iter<'_, T> {
        Iter {
            receiver: self,
            site: Location::caller(),
        }
    }

    /// Returns an iterator over the available messages. Never waits.
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter { receiver: self }
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    #[track_caller]
    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    #[track_caller]
    fn into_iter(self) -> IntoIter<T> {
        IntoIter {
            receiver: self,
            site: Location::caller(),
        }
    }
}

/// Iterator that waits for each message. Returned by [`Receiver::iter`].
///
/// # Examples
///
/// ```
/// let (sender, receiver) = lockwarden::channel::unbounded();
/// sender.send(1).unwrap();
/// drop(sender);
/// let mut iter = receiver.iter();
/// assert_eq!((iter.next(), iter.next()), (Some(1), None));
/// ```
pub struct Iter<'a, T> {
    receiver: &'a Receiver<T>,
    /// The line at which the iterator was created, since `next` may be called by code outside the
    /// program.
    site: Site,
}

impl<T> FusedIterator for Iter<'_, T> {}

impl<T> Iterator for Iter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.receiver.recv_at(self.site).ok()
    }
}

impl<T> fmt::Debug for Iter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Iter { .. }")
    }
}

/// Iterator over the available messages. Returned by [`Receiver::try_iter`].
///
/// # Examples
///
/// ```
/// let (sender, receiver) = lockwarden::channel::unbounded();
/// sender.send(1).unwrap();
/// let mut iter = receiver.try_iter();
/// assert_eq!((iter.next(), iter.next()), (Some(1), None));
/// ```
pub struct TryIter<'a, T> {
    receiver: &'a Receiver<T>,
}

impl<T> Iterator for TryIter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.receiver.try_recv().ok()
    }
}

impl<T> fmt::Debug for TryIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("TryIter { .. }")
    }
}

/// Iterator that owns the receiver and waits for each message. Returned by its `into_iter`.
///
/// # Examples
///
/// ```
/// let (sender, receiver) = lockwarden::channel::unbounded();
/// sender.send(1).unwrap();
/// drop(sender);
/// let mut iter = receiver.into_iter();
/// assert_eq!((iter.next(), iter.next()), (Some(1), None));
/// ```
pub struct IntoIter<T> {
    receiver: Receiver<T>,
    site: Site,
}

impl<T> FusedIterator for IntoIter<T> {}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.receiver.recv_at(self.site).ok()
    }
}

impl<T> fmt::Debug for IntoIter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("IntoIter { .. }")
    }
}
