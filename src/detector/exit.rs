//! The orderly end of the process: what is to be said then, and that everything is said.

#![allow(unsafe_code)]

/// Sees to it that the end of the process is noticed. Called once in a process; the child of a fork
/// has it from its parent.
#[cfg(unix)]
pub(super) fn watch() {
    extern "C" fn ended() {
        // Unwinding out of here would abort the process. A thread-local that is gone by now makes code
        // of the standard library panic.
        let _ = std::panic::catch_unwind(at_exit);
    }
    // SAFETY: the function fits the signature, is static and does not unwind. If there is no room for
    // it, what is not written at the end of the process is lost.
    unsafe { libc::atexit(ended) };
}

/// The end of the process is not noticed here: who makes a finding waits for its text.
#[cfg(not(unix))]
pub(super) fn watch() {}

#[cfg(unix)]
fn at_exit() {
    crate::suppress::say_unused();
    crate::sink::flush(crate::sink::LAST);
}
