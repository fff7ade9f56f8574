//! Printable holds of the calling thread, and the operands of an order assertion.

use std::fmt;

use crate::engine::ids::Site;
use crate::engine::mode::Mode;

/// One hold of the calling thread. Displays as the lock, the mode and the acquisition site.
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

/// One operand of an order assertion.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Term<'a> {
    /// This very lock.
    Lock(&'a super::Lock),
    /// All locks of this name.
    Class(&'static str),
}
