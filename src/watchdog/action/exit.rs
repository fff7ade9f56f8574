//! The end of the process.

/// Ends the process at once: what is registered for an orderly end might wait for a lock that is
/// not released any more.
#[cfg(unix)]
#[allow(unsafe_code)]
pub(super) fn exit(code: i32) -> ! {
    // SAFETY: it ends the process, and runs nothing of it before.
    unsafe { libc::_exit(code) }
}

/// Ends the process.
#[cfg(not(unix))]
pub(super) fn exit(code: i32) -> ! {
    std::process::exit(code)
}
