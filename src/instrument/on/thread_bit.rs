//! Attaches the current thread, and returns the (shared) bit that identifies it.

use crate::tracking::thread::current;
use crate::watchdog::startup::attach;

/// Attaches the calling thread to the detector. A caller that reports events with an internal lock
/// of a primitive held calls this before it takes that lock, since the attachment may call the
/// program's sinks.
///
/// # Examples
///
/// ```
/// use std::sync::Mutex;
/// use lockwarden::instrument::ensure_attached;
///
/// static WAITERS: Mutex<u32> = Mutex::new(0);
///
/// ensure_attached();
/// *WAITERS.lock().unwrap() += 1;
/// ```
#[inline]
pub fn ensure_attached() {
    let _ = attach();
}

/// Returns the bit of the calling thread: never the highest bit of the word, and shared by several
/// threads.
///
/// # Examples
///
/// ```
/// use lockwarden::instrument::thread_bit;
///
/// assert_eq!(thread_bit() >> 63, 0);
/// ```
#[inline]
#[must_use]
pub fn thread_bit() -> u64 {
    current::slot().mark_bit()
}
