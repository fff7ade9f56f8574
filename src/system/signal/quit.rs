//! A dump when the process receives `SIGQUIT`, as the JVM does.

use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, Ordering};

use super::error::SignalError;
use super::install;

/// Whether the signal has arrived.
static ASKED: AtomicBool = AtomicBool::new(false);

extern "C" fn asked(_: c_int, _: *mut libc::siginfo_t, _: *mut libc::c_void) {
    ASKED.store(true, Ordering::Relaxed);
}

/// Handles `SIGQUIT`, unless the program does.
pub(crate) fn watch_for_quit() -> Result<(), SignalError> {
    install::handle(libc::SIGQUIT, address())
}

fn address() -> libc::sighandler_t {
    let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut libc::c_void) = asked;
    handler as *const () as libc::sighandler_t
}

/// Returns whether the signal has arrived since the last call.
pub(crate) fn is_asked() -> bool {
    // Relaxed: the flag publishes no other memory.
    ASKED.load(Ordering::Relaxed) && ASKED.swap(false, Ordering::Relaxed)
}
