//! What a thread holds, in words.

use std::fmt;

use super::{Mode, Site};

/// One hold of the calling thread. Displayed as what is held, how, and where it was taken.
#[derive(Clone, Debug)]
pub(crate) struct HeldHere {
    pub(crate) lock: String,
    pub(crate) mode: Mode,
    pub(crate) site: Site,
}

impl fmt::Display for HeldHere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}), taken at {}", self.lock, self.mode, self.site)
    }
}

/// One side of an order that is asserted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Term<'a> {
    /// This very lock.
    Lock(&'a super::Lock),
    /// All locks of this name.
    Class(&'static str),
}
