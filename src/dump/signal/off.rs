//! Where no thread can be asked.

use super::Choice;
use crate::dump::NoStack;
use crate::report::Stack;
use crate::watchdog::error::Error;

/// Asks nobody.
pub(crate) fn ask(threads: &[(u32, u64)]) -> Vec<Result<Stack, NoStack>> {
    vec![Err(NoStack::NoSignals); threads.len()]
}

/// Does nothing.
pub(crate) fn install(_choice: Choice) -> Result<(), Error> {
    Ok(())
}

/// Does nothing.
pub(crate) fn shield() {}

/// Does nothing.
pub(crate) fn unshield() {}

/// Whether the signal for a dump has come.
pub(crate) fn is_asked() -> bool {
    false
}
