//! Where no thread can be asked.

use super::super::dump::NoStack;
use super::super::error::Error;
use super::Choice;
use crate::report::Stack;

/// Asks nobody.
pub(in crate::watchdog) fn ask(threads: &[(u32, u64)]) -> Vec<Result<Stack, NoStack>> {
    vec![Err(NoStack::NoSignals); threads.len()]
}

/// Does nothing.
pub(in crate::watchdog) fn install(_choice: Choice) -> Result<(), Error> {
    Ok(())
}

/// Does nothing.
pub(in crate::watchdog) fn shield() {}

/// Does nothing.
pub(in crate::watchdog) fn unshield() {}

/// Whether the signal for a dump has come.
pub(in crate::watchdog) fn is_asked() -> bool {
    false
}
