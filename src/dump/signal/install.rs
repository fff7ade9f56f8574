//! Puts the handlers in place.

#![allow(unsafe_code)]

use std::cell::Cell;
use std::io;
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};

use parking_lot::Mutex;

use super::{Choice, handler};
use crate::dump::NoStack;
use crate::report::Stack;
use crate::watchdog::error::Error;

/// The signal that threads are asked by; `UNSET` or `OFF` if there is none.
static SIGNAL: AtomicI32 = AtomicI32::new(UNSET);
const UNSET: i32 = 0;
const OFF: i32 = -1;

/// The signal that threads are asked by when nobody says otherwise: a real-time signal in the
/// middle, which neither the C library nor common programs use.
fn default_signal() -> i32 {
    libc::SIGRTMIN() + 6
}

/// Sees to it that threads can be asked, or are not.
pub(crate) fn install(choice: Choice) -> Result<(), Error> {
    let signal = match choice {
        Choice::Off => {
            SIGNAL.store(OFF, Ordering::Relaxed);
            return Ok(());
        }
        Choice::Default => default_signal(),
        Choice::Number(signal) => signal,
    };
    // What the unwinder does only the first time is not to be done in a handler.
    drop(Stack::capture());
    handle(signal, address())?;
    SIGNAL.store(signal, Ordering::Relaxed);
    Ok(())
}

/// The signal to ask by, put in place if nobody has chosen one.
pub(super) fn signal() -> Result<i32, NoStack> {
    if SIGNAL.load(Ordering::Relaxed) == UNSET && install(Choice::Default).is_err() {
        return Err(NoStack::SignalTaken);
    }
    match SIGNAL.load(Ordering::Relaxed) {
        OFF => Err(NoStack::NoSignals),
        // The program may have put its own handler in place since, or the default, which would end
        // the process.
        signal if current(signal).is_ok_and(|current| current == address()) => Ok(signal),
        _ => Err(NoStack::SignalTaken),
    }
}

/// The address of the handler that answers.
fn address() -> libc::sighandler_t {
    let handler: extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void) = handler::handler;
    handler as *const () as libc::sighandler_t
}

/// What the signal is handled by now.
fn current(signal: i32) -> io::Result<libc::sighandler_t> {
    // SAFETY: all zeros is a valid value: the default handler, and an empty mask.
    let mut old: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: nothing is changed, and `old` is a place to write to.
    if unsafe { libc::sigaction(signal, ptr::null(), &mut old) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(old.sa_sigaction)
}

/// Handles a signal that nobody else handles.
///
/// The handler stays for as long as the process lives: a signal that comes late must not meet the
/// default, which ends the process.
pub(super) fn handle(signal: i32, handler: libc::sighandler_t) -> Result<(), Error> {
    /// Two threads of this crate are not to meet between the look and the change.
    static APART: Mutex<()> = Mutex::new(());
    let _apart = APART.lock();
    let unusable = |source| Error::SignalUnusable { signal, source };
    let synchronous = [
        libc::SIGSEGV,
        libc::SIGBUS,
        libc::SIGFPE,
        libc::SIGILL,
        libc::SIGTRAP,
        libc::SIGABRT,
    ];
    if synchronous.contains(&signal) {
        let why = "it is what a fault of the program raises";
        return Err(unusable(io::Error::new(io::ErrorKind::InvalidInput, why)));
    }
    match current(signal).map_err(unusable)? {
        now if now == handler => return Ok(()),
        libc::SIG_DFL => {}
        _ => return Err(Error::SignalTaken { signal }),
    }
    // SAFETY: all zeros is a valid value: no flags, and an empty mask.
    let mut new: libc::sigaction = unsafe { std::mem::zeroed() };
    new.sa_sigaction = handler;
    // Not on the alternative stack of the thread: that is small, and meant for an overflow.
    new.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
    // SAFETY: the handler fits `SA_SIGINFO`, is static, does not unwind, and does nothing that may
    // not be done in a handler (see the module).
    if unsafe { libc::sigaction(signal, &new, ptr::null_mut()) } != 0 {
        return Err(unusable(io::Error::last_os_error()));
    }
    Ok(())
}

thread_local! {
    /// The signals that the calling thread kept from itself before [`shield`].
    static BEFORE: Cell<Option<libc::sigset_t>> = const { Cell::new(None) };
}

/// Keeps all signals from the calling thread: handlers of the program are not to run in a thread
/// of this crate.
pub(crate) fn shield() {
    BEFORE.set(crate::shim::signals::block_all());
}

/// Gives the calling thread the signals back that [`shield`] has kept from it.
///
/// A program that is started by it has the same mask as it: one without this could not even be
/// ended by `SIGTERM`.
pub(crate) fn unshield() {
    if let Some(before) = BEFORE.take() {
        // SAFETY: `before` was filled by the system, and the mask is that of the calling thread alone.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &before, ptr::null_mut()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    extern "C" fn somebody(_: i32, _: *mut libc::siginfo_t, _: *mut libc::c_void) {}
    /// Does something, so that no compiler makes one function of the two.
    extern "C" fn somebody_else(_: i32, _: *mut libc::siginfo_t, _: *mut libc::c_void) {
        SIGNAL.load(Ordering::Relaxed);
        std::sync::atomic::fence(Ordering::SeqCst);
    }

    fn address(handler: extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void)) -> usize {
        handler as *const () as usize
    }

    #[test]
    fn a_handler_that_is_there_is_respected() {
        let signal = libc::SIGRTMAX() - 1;
        assert!(handle(signal, address(somebody)).is_ok());
        assert!(handle(signal, address(somebody)).is_ok());
        let error = handle(signal, address(somebody_else)).unwrap_err();
        assert!(matches!(error, Error::SignalTaken { .. }), "{error}");
        assert!(error.to_string().contains(&signal.to_string()));
    }

    #[test]
    fn what_cannot_be_handled_is_an_error() {
        for signal in [libc::SIGKILL, libc::SIGSEGV, 0, -3, 4711] {
            let error = handle(signal, address(somebody)).unwrap_err();
            assert!(matches!(error, Error::SignalUnusable { .. }), "{error}");
        }
    }
}
