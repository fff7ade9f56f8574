//! Where no thread can be asked.

use super::super::dump::NoStack;
use super::super::error::Error;
use super::Choice;
use crate::report::Stack;

/// Somebody who asks nobody.
#[derive(Debug)]
pub(in crate::watchdog) struct Asking(());

/// Begins to ask.
pub(in crate::watchdog) fn asking() -> Asking {
    Asking(())
}

impl Asking {
    /// Where the thread is.
    pub(in crate::watchdog) fn ask(&mut self, _id: u32, _blocked: u64) -> Result<Stack, NoStack> {
        Err(NoStack::NoSignals)
    }
}

/// Does nothing.
pub(in crate::watchdog) fn install(_choice: Choice) -> Result<(), Error> {
    Ok(())
}

/// Does nothing.
pub(in crate::watchdog) fn shield() {}

/// Whether the signal for a dump has come.
pub(in crate::watchdog) fn is_asked() -> bool {
    false
}
