//! The handlers of signals that the program has installed.

use super::faults::FAULTS;
use crate::tracking::thread::signal_handler::handler_of;

/// Returns whether the program handles any signal: its handler may run at any time in a thread that waits.
///
/// Costs a system call for each signal, some microseconds in all.
pub(crate) fn are_handled() -> bool {
    let is_of_program = |signal: i32| {
        handler_of(signal).is_ok_and(|handler| {
            ![libc::SIG_DFL, libc::SIG_IGN].contains(&handler) && !super::is_own(handler)
        })
    };
    let mut signals = (1..=libc::SIGRTMAX()).filter(|signal| !FAULTS.contains(signal));
    signals.any(is_of_program)
}
