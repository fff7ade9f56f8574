//! The handlers of signals that this crate installs.

use super::{install, quit};

/// Returns whether a handler of signals is one of this crate.
pub(super) fn is_own(handler: libc::sighandler_t) -> bool {
    [install::address(), quit::address()].contains(&handler)
}
