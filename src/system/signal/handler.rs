//! The signal handler: runs in a thread that is asked for its stack.

#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};

use super::request;
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
    let interrupted = interrupted_at(context);
    let mut count = 0;
    let mut is_ours = interrupted.is_some();
    let walk = |frame: &backtrace::Frame| {
        let address = frame.ip().addr();
        if is_ours && Some(address) == interrupted {
            // The frames up to here are this function and its callers in the system.
            is_ours = false;
            count = 0;
        }
        let goes_on = request.set(count, address);
        count += 1;
        goes_on
    };
    // SAFETY: the synchronization that is left out protects the lookup of names, which is not done
    // here. The module says why a handler may call it.
    unsafe { backtrace::trace_unsynchronized(walk) };
    request.finish(me, count);
}

/// Returns the address at which the thread was interrupted, where the context has it.
fn interrupted_at(context: *mut c_void) -> Option<usize> {
    // SAFETY: the system passes the context to a handler with `SA_SIGINFO`; it lives until the handler
    // returns.
    let context = unsafe { context.cast::<libc::ucontext_t>().as_ref() }?;
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    return usize::try_from(context.uc_mcontext.gregs[libc::REG_RIP as usize]).ok();
    #[cfg(all(target_os = "linux", target_arch = "aarch64"))]
    return usize::try_from(context.uc_mcontext.pc).ok();
    #[cfg(not(all(
        target_os = "linux",
        any(target_arch = "x86_64", target_arch = "aarch64")
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
