//! Checks of tests in which all that could end a wait is known.

/// The checks whose tasks can be ended by nothing but each other.
pub(crate) fn closed_checks() -> Vec<u64> {
    Vec::new()
}

/// Whether this check can come to be one of those.
pub(crate) fn is_closable(_check: u64) -> bool {
    false
}

/// Whether any check can.
pub(crate) fn any_closable() -> bool {
    false
}
