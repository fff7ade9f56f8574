//! Check that the calling thread may acquire several locks in ascending order of their ids.

use super::lock::Lock;
use crate::detector;
use crate::engine::ids::{LockId, Site};
use crate::instrument::violation::{LockRef, Violation, ViolationReason};
use crate::tracking::lock::ident::Ident;
use crate::watchdog::startup::attach;

/// Checks whether the calling thread may acquire all of `records` now, in the order of their ids.
/// Assigns ids, in the order of the slice, to the locks that have none yet.
///
/// # Examples
///
/// ```
/// use std::panic::Location;
/// use lockwarden::instrument::{Lock, LockKind, ViolationReason, check_ascending};
///
/// static SPIN: LockKind = LockKind::new("SpinLock");
/// let (a, b) = (Lock::new(&SPIN), Lock::new(&SPIN));
/// assert!(check_ascending(&[&a, &b], Location::caller()).is_ok());
/// let twice = check_ascending(&[&a, &a], Location::caller()).unwrap_err();
/// assert_eq!(twice.reason(), ViolationReason::AskedTwice);
/// ```
pub fn check_ascending(records: &[&Lock], site: Site) -> Result<(), Violation> {
    let Some(slot) = attach() else {
        return twice(records.iter().map(|lock| (lock.id(), None)).collect(), site);
    };
    let idents: Vec<&'static Ident> = detector::with_own(slot, |own| {
        records
            .iter()
            .map(|lock| lock.record.identify(&mut own.pool))
            .collect()
    });
    let all = idents.iter().map(|ident| (ident.id(), Some(*ident)));
    twice(all.collect(), site)?;
    slot.maintain();
    let Some(lowest) = idents.iter().min_by_key(|ident| ident.id()) else {
        return Ok(());
    };
    for (ident, hold) in detector::held_here(slot) {
        let held = LockRef::new(ident.id(), detector::name(ident), Some(hold.site));
        let again = idents.iter().find(|asked| std::ptr::eq(**asked, ident));
        let (reason, asked) = match again {
            Some(asked) => (ViolationReason::HeldAlready, asked),
            None if ident.id() > lowest.id() => (ViolationReason::OutOfOrder, lowest),
            None => continue,
        };
        let asked = LockRef::new(asked.id(), detector::name(asked), Some(site));
        return Err(Violation::new(reason, asked, held));
    }
    Ok(())
}

/// Returns an error if a lock occurs twice in the set.
fn twice(mut locks: Vec<(LockId, Option<&'static Ident>)>, site: Site) -> Result<(), Violation> {
    locks.sort_unstable_by_key(|lock| lock.0);
    match locks.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => {
            let (id, ident) = pair[0];
            let party = LockRef::new(id, ident.and_then(detector::name), Some(site));
            Err(Violation::new(
                ViolationReason::AskedTwice,
                party.clone(),
                party,
            ))
        }
        None => Ok(()),
    }
}
