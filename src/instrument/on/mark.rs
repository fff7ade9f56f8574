//! A bit for a thread.

use crate::tracking::current;

/// One of so many bits of a word, for the calling thread. Threads whose numbers agree modulo that
/// share one.
#[inline]
pub(crate) fn mark(bits: u64) -> u64 {
    let number = current::slot().thread().map_or(0, |thread| thread.get());
    1 << (number % bits)
}
