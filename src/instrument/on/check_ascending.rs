//! Check that the calling thread may acquire several locks in ascending order of their ids.

use super::lock::Lock;
use crate::detector;
use crate::engine::ids::Site;
use crate::engine::sorting;
use crate::instrument::violation::{LockOrderViolation, LockRef, ViolationReason};
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
pub fn check_ascending(records: &[&Lock], site: Site) -> Result<(), LockOrderViolation> {
    let slot = attach();
    let mut asked = Vec::with_capacity(records.len());
    for lock in records {
        let ident = slot.map(|slot| detector::identify(slot, &lock.record));
        asked.push((ident.map_or_else(|| lock.id(), Ident::id), ident));
    }
    sorting::sort_by_key(&mut asked, |(id, _)| *id);
    if let Some(pair) = asked.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        let (id, ident) = pair[0];
        let twice = LockRef::new(id, ident.and_then(detector::name), Some(site));
        let held = twice.clone();
        return Err(LockOrderViolation::new(
            ViolationReason::AskedTwice,
            twice,
            held,
        ));
    }
    let (Some(slot), Some((_, Some(lowest)))) = (slot, asked.first()) else {
        return Ok(());
    };
    slot.maintain();
    for (ident, hold) in detector::held_here(slot) {
        let (reason, asked) = if asked.iter().any(|(id, _)| *id == ident.id()) {
            (ViolationReason::HeldAlready, ident)
        } else if ident.id() > lowest.id() {
            (ViolationReason::OutOfOrder, *lowest)
        } else {
            continue;
        };
        let held = LockRef::new(ident.id(), detector::name(ident), Some(hold.site));
        let asked = LockRef::new(asked.id(), detector::name(asked), Some(site));
        return Err(LockOrderViolation::new(reason, asked, held));
    }
    Ok(())
}
