//! A thread that is known, and a bit for it.

use crate::detector;
use crate::tracking::thread::current;

/// The calling thread is about to tell something with a lock of a primitive held. What the first use
/// of the detector by a thread does must come before that, since it may tell the program's sinks.
#[inline]
pub(crate) fn ensure_attached() {
    let _ = detector::attach();
}

/// A bit for the calling thread, which is not the highest one of the word. Some threads share one.
#[inline]
pub(crate) fn thread_bit() -> u64 {
    current::slot().mark_bit()
}
