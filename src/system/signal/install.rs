//! Installs the signal handlers.

#![allow(unsafe_code)]

use std::cell::Cell;
use std::io;
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};

use parking_lot::Mutex;

use super::error::SignalError;
use super::handlers::FAULTS;
use super::{Choice, handler};
use crate::report::Stack;
use crate::system::NoStack;
use crate::tracking::thread::signal_handler::{add_own, handler_of};

/// The signal that asks threads; `UNSET` or `OFF` if there is none.
static SIGNAL: AtomicI32 = AtomicI32::new(UNSET);
const UNSET: i32 = 0;
const OFF: i32 = -1;

/// Returns the default signal: a real-time signal in the middle of the range, which neither the C
/// library nor common programs use.
fn default_signal() -> i32 {
    libc::SIGRTMIN() + 6
}

/// Installs the handler, or switches signals off.
pub(crate) fn install(choice: Choice) -> Result<(), SignalError> {
    let signal = match choice {
        Choice::Off => {
            SIGNAL.store(OFF, Ordering::Relaxed);
            return Ok(());
        }
        Choice::Default => default_signal(),
        Choice::Number(signal) => signal,
    };
    // The unwinder's initialisation must not run in a handler.
    drop(Stack::capture());
    #[cfg(all(target_env = "musl", target_arch = "x86_64"))]
    super::past_libc::prepare();
    handle(signal, address())?;
    SIGNAL.store(signal, Ordering::Relaxed);
    Ok(())
}

/// Returns the signal to ask by, and installs the default one if none was chosen.
pub(super) fn signal() -> Result<i32, NoStack> {
    if SIGNAL.load(Ordering::Relaxed) == UNSET && install(Choice::Default).is_err() {
        return Err(NoStack::SignalTaken);
    }
    match SIGNAL.load(Ordering::Relaxed) {
        OFF => Err(NoStack::NoSignals),
        // The program may have installed its own handler since, or the default, which would end the
        // process.
        signal if handler_of(signal).is_ok_and(|current| current == address()) => Ok(signal),
        _ => Err(NoStack::SignalTaken),
    }
}

/// Returns the address of the handler that answers.
fn address() -> libc::sighandler_t {
    let handler: extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void) = handler::handler;
    handler as *const () as libc::sighandler_t
}

/// Handles a signal that the program does not handle.
///
/// The handler stays for as long as the process lives: a signal that arrives late must not meet the
/// default, which ends the process.
pub(super) fn handle(signal: i32, handler: libc::sighandler_t) -> Result<(), SignalError> {
    /// Serialises the check and the change of the handler.
    static APART: Mutex<()> = Mutex::new(());
    let _apart = APART.lock();
    let unusable = |source| SignalError::Unusable { signal, source };
    if FAULTS.contains(&signal) {
        let why = "it is what a fault of the program raises";
        return Err(unusable(io::Error::new(io::ErrorKind::InvalidInput, why)));
    }
    match handler_of(signal).map_err(unusable)? {
        now if now == handler => return Ok(()),
        libc::SIG_DFL => {}
        _ => return Err(SignalError::Taken { signal }),
    }
    add_own(handler);
    // SAFETY: all zeros is a valid value: no flags, and an empty mask.
    let mut new: libc::sigaction = unsafe { std::mem::zeroed() };
    new.sa_sigaction = handler;
    // Not on the alternative stack of the thread, which is small and meant for a stack overflow.
    new.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
    // SAFETY: the handler has the signature of `SA_SIGINFO`, is static, does not unwind, and does only
    // what a handler may do (see the module).
    if unsafe { libc::sigaction(signal, &new, ptr::null_mut()) } != 0 {
        return Err(unusable(io::Error::last_os_error()));
    }
    Ok(())
}

thread_local! {
    /// The signals that the calling thread blocked before [`shield`].
    static BEFORE: Cell<Option<libc::sigset_t>> = const { Cell::new(None) };
}

/// Blocks all signals in the calling thread: handlers of the program must not run in a thread of this
/// crate.
pub(crate) fn shield() {
    BEFORE.set(crate::shim::signals::block_all());
}

/// Restores the signal mask that the calling thread had before [`shield`].
///
/// A program that this thread starts inherits its mask: with all signals blocked, not even `SIGTERM`
/// would end it.
pub(crate) fn unshield() {
    if let Some(before) = BEFORE.take() {
        // SAFETY: the system filled `before`, and the mask is that of the calling thread alone.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &before, ptr::null_mut()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    extern "C" fn first_handler(_: i32, _: *mut libc::siginfo_t, _: *mut libc::c_void) {}
    /// Has a body of its own, so that the compiler does not merge the two functions.
    extern "C" fn other_handler(_: i32, _: *mut libc::siginfo_t, _: *mut libc::c_void) {
        SIGNAL.load(Ordering::Relaxed);
        std::sync::atomic::fence(Ordering::SeqCst);
    }

    fn address(handler: extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void)) -> usize {
        handler as *const () as usize
    }

    #[test]
    fn a_handler_that_is_there_is_respected() {
        let signal = libc::SIGRTMAX() - 1;
        assert!(handle(signal, address(first_handler)).is_ok());
        assert!(handle(signal, address(first_handler)).is_ok());
        let error = handle(signal, address(other_handler)).unwrap_err();
        assert!(
            matches!(error, SignalError::Taken { signal: taken } if taken == signal),
            "{error:?}"
        );
    }

    #[test]
    fn what_cannot_be_handled_is_an_error() {
        for signal in [libc::SIGKILL, libc::SIGSEGV, 0, -3, 4711] {
            let error = handle(signal, address(first_handler)).unwrap_err();
            assert!(matches!(error, SignalError::Unusable { .. }), "{error:?}");
        }
    }
}
