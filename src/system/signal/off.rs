//! The build without signals.

use super::Choice;
use super::error::SignalError;
use crate::report::Stack;
use crate::system::NoStack;

/// Asks no thread, and says why.
pub(crate) fn ask(threads: &[(u32, u64)]) -> Vec<Result<Stack, NoStack>> {
    vec![Err(NoStack::NoSignals); threads.len()]
}

/// Does nothing.
pub(crate) fn install(_choice: Choice) -> Result<(), SignalError> {
    Ok(())
}

/// Does nothing.
pub(crate) fn shield() {}

/// Does nothing.
pub(crate) fn unshield() {}

/// Returns whether the signal for a dump has arrived.
pub(crate) fn is_asked() -> bool {
    false
}
