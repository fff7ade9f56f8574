//! Reacquisition of a lock that a guard has released temporarily.

use crate::raw::defer::Defer;

/// Runs `f`, and ends the process if it unwinds.
///
/// This is for operations after which a guard must hold its lock: if one of them failed and the
/// program continued, the guard would give access to unprotected data.
#[inline]
pub(super) fn must_return<T>(f: impl FnOnce() -> T) -> T {
    let bomb = Defer::new(abort);
    let value = f();
    bomb.disarm();
    value
}

#[cold]
fn abort() {
    eprintln!("lockwarden: a lock could not be taken back; aborting");
    std::process::abort();
}
