//! The calls at which locks are taken back, for the words of a report.
//!
//! An order between two locks is known by the places of two calls. Such a place is always a call of one
//! kind, so what kind it is is kept by place, and only when a lock is taken back under another one.

use std::collections::HashMap;

use crate::engine::ids::Site;
use crate::engine::reacquisition::Reacquisition;
use crate::shim::fork_safe::ForkSafe;

pub(in crate::tracking) static CALLS: ForkSafe<Option<HashMap<Site, Reacquisition>>> =
    ForkSafe::new(None);

/// The call at `site` takes a lock back in this way.
pub(crate) fn note(site: Site, how: Reacquisition) {
    CALLS.lock().get_or_insert_default().insert(site, how);
}

/// How the call at `site` takes a lock back, if it does.
pub(crate) fn of(site: Site) -> Option<Reacquisition> {
    CALLS.lock().as_ref()?.get(site).copied()
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use super::*;

    #[test]
    fn a_call_that_takes_a_lock_back_is_known_by_its_place() {
        let (wait, lock) = (Location::caller(), Location::caller());
        assert_eq!(of(wait), None);
        note(wait, Reacquisition::Wait);
        assert_eq!(of(wait), Some(Reacquisition::Wait));
        assert_eq!(of(lock), None);
    }
}
