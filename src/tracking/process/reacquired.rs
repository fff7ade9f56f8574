//! The calls at which locks are reacquired, for the text of a report.
//!
//! An order between two locks is identified by the locations of two calls. The call at one location is always
//! of one kind, so the kind is stored by location.

use std::cell::Cell;

use crate::engine::ids::Site;
use crate::engine::reacquisition::Reacquisition;
use crate::tracking::fork_safe::ForkSafe;

/// As many as the program has lines that wait for a condition variable, or the like.
pub(in crate::tracking) static CALLS: ForkSafe<Vec<(Site, Reacquisition)>> =
    ForkSafe::new(Vec::new());

thread_local! {
    /// The last location that this thread has recorded: a thread often waits at one place again and again, and
    /// then does not take the lock of the table.
    static LAST: Cell<Option<Site>> = const { Cell::new(None) };
}

/// Records how the call at `site` reacquires a lock.
pub(crate) fn note(site: Site, how: Reacquisition) {
    let is_last = |last: Site| std::ptr::eq(last, site);
    if !LAST.replace(Some(site)).is_some_and(is_last) {
        let mut calls = CALLS.lock();
        match calls.iter_mut().find(|(known, _)| *known == site) {
            Some((_, known)) => *known = how,
            None => calls.push((site, how)),
        }
    }
}

/// Returns how the call at `site` reacquires a lock, if it does.
pub(crate) fn of(site: Site) -> Option<Reacquisition> {
    let calls = CALLS.lock();
    let (_, how) = calls.iter().find(|(known, _)| *known == site)?;
    Some(*how)
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use super::*;

    #[test]
    fn a_reacquiring_call_is_found_by_its_location() {
        let (wait, lock) = (Location::caller(), Location::caller());
        assert_eq!(of(wait), None);
        note(wait, Reacquisition::Wait);
        assert_eq!(of(wait), Some(Reacquisition::Wait));
        assert_eq!(of(lock), None);
    }
}
