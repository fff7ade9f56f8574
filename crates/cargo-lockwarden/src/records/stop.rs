//! Why a subcommand on records ends early.

use std::io;

/// The command could not be carried out.
pub(super) const FAILED: u8 = 101;
/// There was no record to work on.
pub(super) const NOTHING: u8 = 4;

/// Why a command ends early, with its exit code.
#[derive(Debug)]
pub(super) struct Stop(pub(super) u8, pub(super) String);

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self(FAILED, error.to_string())
    }
}
