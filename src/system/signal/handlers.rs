//! The handlers of signals that the program has installed.

use crate::tracking::thread::signal_handler::{handler_of, is_own};

/// The signals that a fault of the thread itself raises, or an abort: their handlers resume no waiting program.
pub(super) const FAULTS: [i32; 7] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGTRAP,
    libc::SIGABRT,
    libc::SIGSYS,
];

/// Returns whether the program handles any signal: its handler may run at any time in a thread that waits.
///
/// Costs a system call for each signal, some microseconds in all.
pub(crate) fn are_handled() -> bool {
    for signal in 1..=libc::SIGRTMAX() {
        if let Ok(handler) = handler_of(signal)
            && !FAULTS.contains(&signal)
            && ![libc::SIG_DFL, libc::SIG_IGN].contains(&handler)
            && !is_own(handler)
        {
            return true;
        }
    }
    false
}
