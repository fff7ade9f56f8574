//! The end of the process: the pending output is written, and the unused suppressions are listed.

#![allow(unsafe_code)]

#[cfg(any(unix, windows))]
use crate::{
    config::{self, Status},
    record,
    runtime::status::status,
    sink::{self, summary},
    suppress,
    tracking::thread::current,
    tracking::thread::slot::Flag,
};

/// Registers the handler for the end of the process. On Windows it runs after a return from `main`, and not after
/// `std::process::exit`, which ends the process without the C library. Called once in a process; the child of a fork inherits
/// it.
#[cfg(any(unix, windows))]
pub(crate) fn watch() {
    extern "C" fn ended() {
        // Unwinding out of here would abort the process. Code of the standard library panics if a
        // thread-local that it needs is already destroyed.
        if let Ok(Some(code)) = std::panic::catch_unwind(at_exit) {
            end_with(code.into());
        }
    }
    // SAFETY: the function fits the signature, is static and does not unwind. If the registration fails for
    // lack of memory, output that is pending at the end of the process is lost.
    unsafe { libc::atexit(ended) };
}

/// Does nothing: the end of the process is not observed on this system, so a thread with a finding waits
/// until its text is written.
#[cfg(not(any(unix, windows)))]
pub(crate) fn watch() {}

/// Returns the code with which the process ends in place of its own, if there is one.
#[cfg(any(unix, windows))]
fn at_exit() -> Option<u8> {
    // Before the wait for alerts: the action of one would end the process with another code, or restart it.
    let ending = sink::Ending::begin();
    // A callback of the watchdog that ends the process would wait for itself.
    if !current::own().life.has(Flag::Ours) {
        ending.flush_alerts();
    }
    suppress::say_unused();
    let config = config::current();
    let status = status();
    record::finish(&status.to_string());
    if let Status::On(activity) = status {
        summary::print(config, &activity);
    }
    sink::flush(sink::LAST);
    config.exit_code.filter(|_| summary::count() > 0)
}

/// Ends the process with this code in place of the one that it was about to end with.
///
/// If `exit` is called by a function that `exit` runs, glibc continues with the remaining functions and the
/// new code; so profiles and the like, which are written by functions that were registered before this one,
/// are written.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn end_with(code: i32) {
    // SAFETY: it may be called in a function that `exit` runs (exit(3), "Notes").
    unsafe { libc::exit(code) }
}

/// Ends the process with this code in place of the one that it was about to end with. Functions that were
/// registered before this one do not run: the standard does not define a second `exit`.
#[cfg(all(any(unix, windows), not(all(target_os = "linux", target_env = "gnu"))))]
fn end_with(code: i32) {
    // SAFETY: null stands for all streams; then the process ends.
    unsafe {
        libc::fflush(std::ptr::null_mut());
        libc::_exit(code)
    }
}
