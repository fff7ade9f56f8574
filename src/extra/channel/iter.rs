//! Iterators over the messages of a channel.

use std::fmt;
use std::iter::FusedIterator;
use std::panic::Location;

use super::receiver::Receiver;
use crate::extra::channel_iter::channel_iterators;
use crate::instrument::Site;

channel_iterators!("channel::unbounded()");

impl<T> FusedIterator for Iter<'_, T> {}
impl<T> FusedIterator for IntoIter<T> {}

/// Shows an iterator as the original does.
macro_rules! shown {
    ($($Iter:ty, $text:literal;)+) => {$(
        impl<T> fmt::Debug for $Iter {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad($text)
            }
        }
    )+};
}

shown! { Iter<'_, T>, "Iter { .. }"; TryIter<'_, T>, "TryIter { .. }"; IntoIter<T>, "IntoIter { .. }"; }
