//! Queries about the holds of the calling thread; declarations of lock orders, and assertions about them.

use std::ptr;

use super::lock::Lock;
use crate::detector;
use crate::detector::order::assertion::{self, Named};
use crate::detector::order::declaration;
use crate::engine::ids::Site;
use crate::instrument::held::{HeldHere, Term};
use crate::tracking::lock::ident::Ident;
use crate::watchdog::startup::attach;

impl Lock {
    /// Returns the calling thread's holds of the lock; `None` if the detector is off.
    pub(crate) fn held_here(&self) -> Option<Vec<HeldHere>> {
        held(Some(self.record.ident_address()))
    }

    /// Returns the name of the lock in messages.
    pub(crate) fn name(&self) -> Option<String> {
        detector::name(self.identified()?).map(String::from)
    }

    fn identified(&self) -> Option<&'static Ident> {
        let slot = attach()?;
        Some(detector::identify(slot, &self.record))
    }
}

/// Returns all holds of the calling thread; `None` if the detector is off.
pub(crate) fn held_here() -> Option<Vec<HeldHere>> {
    held(None)
}

/// Returns the holds of one lock, or of all.
fn held(only: Option<*const Ident>) -> Option<Vec<HeldHere>> {
    let slot = attach()?;
    slot.maintain();
    let mut held = Vec::new();
    for (ident, hold) in detector::held_here(slot) {
        // The initialisation of a value counts as a hold inside the detector only: it is no lock of the
        // program.
        if only.is_some_and(|only| !ptr::eq(only, ident))
            || ident.class().kind.is_initialised_once()
        {
            continue;
        }
        held.push(HeldHere {
            lock: detector::name(ident).map_or_else(String::new, String::from),
            mode: hold.mode,
            site: hold.site,
        });
    }
    Some(held)
}

/// Adds declared orders to the graphs.
pub(in crate::instrument) fn add_orders(orders: Vec<Vec<&'static str>>, site: Site) {
    if let Some(slot) = attach() {
        declaration::add(slot, orders, site);
    }
}

/// Asserts that no recorded acquisition orders `second` before `first`, and declares the order.
///
/// # Errors
///
/// The message that describes the recorded path from `second` to `first`.
#[inline]
pub(crate) fn assert_order(first: Term<'_>, second: Term<'_>, site: Site) -> Result<(), String> {
    let Some(slot) = attach() else { return Ok(()) };
    let named = |side: Term<'_>| match side {
        Term::Lock(lock) => Some(Named::Of(lock.identified()?.class())),
        Term::Class(name) => Some(Named::By(name)),
    };
    if let (Term::Lock(first), Term::Lock(second)) = (first, second) {
        return match (first.identified(), second.identified()) {
            (Some(first), Some(second)) if ptr::eq(first, second) => {
                Err("they are one and the same lock".to_owned())
            }
            (Some(first), Some(second)) => assertion::instances(slot, first, second, site),
            _ => Ok(()),
        };
    }
    match (named(first), named(second)) {
        (Some(first), Some(second)) => assertion::named(slot, first, second, site),
        _ => Ok(()),
    }
}
