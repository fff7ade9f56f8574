//! The signal mask of the library's threads.

/// The signals that a thread had blocked before.
#[cfg(unix)]
pub(crate) type Mask = libc::sigset_t;

/// Blocks all signals in the calling thread: handlers of the program are not to run in a thread of the
/// library. Signals that the thread raises itself, by a write to a pipe without a reader (`SIGPIPE`) or
/// beyond the file size limit (`SIGXFSZ`), stay pending, and the write returns an error.
///
/// Returns the signals that were blocked before.
#[cfg(unix)]
#[allow(unsafe_code)]
pub(crate) fn block_all() -> Option<Mask> {
    // SAFETY: `all` is filled before it is read, all zeros is a valid set, and the mask is that of the
    // calling thread alone.
    unsafe {
        let mut all: Mask = std::mem::zeroed();
        let mut before: Mask = std::mem::zeroed();
        libc::sigfillset(&mut all);
        let done = libc::pthread_sigmask(libc::SIG_BLOCK, &all, &mut before);
        (done == 0).then_some(before)
    }
}

/// Does nothing: this system has no such signals.
#[cfg(not(unix))]
pub(crate) fn block_all() -> Option<()> {
    None
}
