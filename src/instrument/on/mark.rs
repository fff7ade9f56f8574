//! A thread that is known, and a bit for it.

use crate::detector;
use crate::tracking::current;

/// The calling thread is about to tell something with a lock of a primitive held. What the first use
/// of the detector by a thread does must come before that, since it may tell the program's sinks.
#[inline]
pub(crate) fn introduce() {
    let _ = detector::attach();
}

/// One of so many bits of a word, for the calling thread. Threads whose numbers agree modulo that
/// share one.
#[inline]
pub(crate) fn mark(bits: u64) -> u64 {
    let number = current::slot().thread().map_or(0, |thread| thread.get());
    1 << (number % bits)
}
