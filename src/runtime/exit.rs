//! The orderly end of the process: what is to be said then, and that everything is said.

#![allow(unsafe_code)]

#[cfg(unix)]
use crate::{
    config::{self, Status},
    detector::status,
    record,
    sink::{self, summary},
    suppress,
};

/// Sees to it that the end of the process is noticed. Called once in a process; the child of a fork
/// has it from its parent.
#[cfg(unix)]
pub(crate) fn watch() {
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
pub(crate) fn watch() {}

#[cfg(unix)]
fn at_exit() {
    suppress::say_unused();
    let config = config::current();
    if let Status::On(activity) = status() {
        summary::print(config, &activity);
    }
    record::finish();
    sink::flush(sink::LAST);
    if let Some(code) = config.get_exit_code()
        && summary::count() > 0
    {
        end_with(code.into());
    }
}

/// Ends the process with this code in place of the one that it was about to end with.
///
/// glibc goes on with the functions that are still to be run when `exit` is called by one of them, with
/// the new code; so profiles and the like, which are written by functions that were registered before
/// this one, are written.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn end_with(code: i32) {
    // SAFETY: it may be called in a function that `exit` runs (exit(3), "Notes").
    unsafe { libc::exit(code) }
}

/// Ends the process with this code in place of the one that it was about to end with. Functions that
/// were registered before this one are not run: the standard leaves open what a second `exit` does.
#[cfg(all(unix, not(all(target_os = "linux", target_env = "gnu"))))]
fn end_with(code: i32) {
    // SAFETY: null stands for all streams; then the process ends.
    unsafe {
        libc::fflush(std::ptr::null_mut());
        libc::_exit(code)
    }
}
