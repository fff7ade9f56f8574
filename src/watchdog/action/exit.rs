//! The end of the process.

/// Ends the process at once: exit handlers might wait for a lock that is never released.
#[cfg(unix)]
#[allow(unsafe_code)]
pub(super) fn exit(code: i32) -> ! {
    // SAFETY: `_exit` has no precondition; it ends the process and runs no code of it before.
    unsafe { libc::_exit(code) }
}

/// Ends the process.
#[cfg(not(unix))]
pub(super) fn exit(code: i32) -> ! {
    std::process::exit(code)
}
