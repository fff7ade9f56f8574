//! Iterators over the messages of a channel.

use std::fmt;
use std::panic::Location;

use super::receiver::Receiver;
use crate::extra::channel_iter::channel_iterators;
use crate::instrument::Site;

channel_iterators!("sync::mpsc::channel()");

/// Shows an iterator with the bounds and the text of std's derived implementation.
macro_rules! shown {
    ($($Iter:ty, $name:literal;)+) => {$(
        impl<T: fmt::Debug> fmt::Debug for $Iter {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct($name).field("rx", &self.rx).finish()
            }
        }
    )+};
}

shown! { Iter<'_, T>, "Iter"; TryIter<'_, T>, "TryIter"; IntoIter<T>, "IntoIter"; }
