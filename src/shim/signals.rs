//! The signals that a thread of the library keeps from itself.

/// The signals that a thread kept from itself before.
#[cfg(unix)]
pub(crate) type Mask = libc::sigset_t;

/// Keeps all signals from the calling thread: handlers of the program are not to run in a thread of
/// the library. Signals that the thread raises itself, by a write to a pipe without a reader
/// (`SIGPIPE`) or beyond the limit for a file (`SIGXFSZ`), stay pending, and the write returns an error.
///
/// Returns what was kept from it before.
#[cfg(unix)]
#[allow(unsafe_code)]
pub(crate) fn block_all() -> Option<Mask> {
    // SAFETY: `all` is filled before it is read, all zeros is a valid set, and the mask is that of
    // the calling thread alone.
    unsafe {
        let mut all: Mask = std::mem::zeroed();
        let mut before: Mask = std::mem::zeroed();
        libc::sigfillset(&mut all);
        let done = libc::pthread_sigmask(libc::SIG_BLOCK, &all, &mut before);
        (done == 0).then_some(before)
    }
}

/// There are no such signals here.
#[cfg(not(unix))]
pub(crate) fn block_all() -> Option<()> {
    None
}
