//! The signal handler: runs in a thread that is asked for its stack.

#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};

#[cfg(all(target_env = "musl", target_arch = "x86_64"))]
use super::past_libc::Caller;
use super::request::{self, Request};
use crate::tracking::thread::slot::os_id;

/// Answers the request to this thread, if there is one.
pub(super) extern "C" fn handler(_: c_int, _: *mut libc::siginfo_t, context: *mut c_void) {
    let errno = errno();
    // SAFETY: `errno` points to the calling thread's own error number.
    let before = unsafe { *errno };
    answer(context);
    // SAFETY: as above. The interrupted code may be about to read it.
    unsafe { *errno = before };
}

fn answer(context: *mut c_void) {
    let me = os_id();
    let Some(request) = request::claim(me) else {
        return;
    };
    let count = walk(request, context);
    request.finish(me, count);
}

/// Stores the frames of the interrupted code. Returns how many they are.
#[cfg(not(all(target_env = "musl", target_arch = "x86_64")))]
fn walk(request: &Request, context: *mut c_void) -> usize {
    store(request, 0, interrupted_at(context))
}

/// Stores the frames of the interrupted code, and the function of musl that it has called. Returns how many they are.
#[cfg(all(target_env = "musl", target_arch = "x86_64"))]
fn walk(request: &Request, context: *mut c_void) -> usize {
    let Some(interrupted) = interrupted_at(context) else {
        return 0;
    };
    request.set(0, interrupted);
    let mut count = 1;
    // SAFETY: as in `interrupted_at`.
    let context = unsafe { &*context.cast::<libc::ucontext_t>() };
    if let Some(caller) = Caller::find(context) {
        let first = usize::from(caller.at != interrupted);
        caller.call(|| count = store(request, first, Some(caller.at)));
    }
    count
}

/// Stores the frames of the calling thread from the one at the address `from` on, the first of them as number `first`. Returns
/// how many are stored then.
fn store(request: &Request, first: usize, from: Option<usize>) -> usize {
    let mut count = first;
    let mut is_ours = from.is_some();
    let walk = |frame: &backtrace::Frame| {
        let address = frame.ip().addr();
        if is_ours && Some(address) == from {
            // The frames up to here are this function and its callers in the system.
            is_ours = false;
            count = first;
        }
        let goes_on = request.set(count, address);
        count += 1;
        goes_on
    };
    // SAFETY: the synchronization that is left out protects the lookup of names, which is not done
    // here. The module says why a handler may call it.
    unsafe { backtrace::trace_unsynchronized(walk) };
    count
}

/// Returns the address at which the thread was interrupted, where the context has it.
fn interrupted_at(context: *mut c_void) -> Option<usize> {
    // SAFETY: the system passes the context to a handler with `SA_SIGINFO`; it lives until the handler
    // returns.
    let context = unsafe { context.cast::<libc::ucontext_t>().as_ref() }?;
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    return usize::try_from(context.uc_mcontext.gregs[libc::REG_RIP as usize]).ok();
    // Addresses in the upper half are negative in the context.
    #[cfg(all(target_os = "linux", target_arch = "x86"))]
    return Some(context.uc_mcontext.gregs[libc::REG_EIP as usize] as usize);
    #[cfg(all(target_os = "linux", target_arch = "aarch64"))]
    return usize::try_from(context.uc_mcontext.pc).ok();
    #[cfg(not(all(
        target_os = "linux",
        any(target_arch = "x86_64", target_arch = "x86", target_arch = "aarch64")
    )))]
    {
        let _ = context;
        None
    }
}

fn errno() -> *mut c_int {
    // SAFETY: the function has no precondition and cannot fail.
    #[cfg(target_os = "android")]
    return unsafe { libc::__errno() };
    // SAFETY: as above.
    #[cfg(not(target_os = "android"))]
    return unsafe { libc::__errno_location() };
}
