//! The messages of a channel, one after the other.

use std::fmt;

use super::receiver::Receiver;
use crate::instrument::Site;

/// The messages of a channel, each waited for. Made by [`Receiver::iter`].
pub struct Iter<'a, T> {
    pub(super) rx: &'a Receiver<T>,
    /// Where it was made: the next one may be asked for in code that is not the program's.
    pub(super) site: Site,
}

impl<'a, T> Iterator for Iter<'a, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.rx.recv_at(self.site).ok()
    }
}

// Bounded as std's, which derives it.
impl<T: fmt::Debug> fmt::Debug for Iter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter").field("rx", self.rx).finish()
    }
}

/// The messages of a channel that are there already. Made by [`Receiver::try_iter`].
#[derive(Debug)]
pub struct TryIter<'a, T> {
    pub(super) rx: &'a Receiver<T>,
}

impl<'a, T> Iterator for TryIter<'a, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.rx.try_recv().ok()
    }
}

/// The messages of a channel, each waited for, with the receiver itself. Made by its
/// `into_iter`.
pub struct IntoIter<T> {
    pub(super) rx: Receiver<T>,
    pub(super) site: Site,
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.rx.recv_at(self.site).ok()
    }
}

impl<T: fmt::Debug> fmt::Debug for IntoIter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntoIter").field("rx", &self.rx).finish()
    }
}
