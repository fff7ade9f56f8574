//! Questions about what the calling thread holds, and about orders.

use std::ptr;

use super::lock::Lock;
use crate::detector;
use crate::detector::order::assertion;
use crate::detector::order::assertion::Named;
use crate::instrument::{HeldHere, Site, Term};
use crate::report::HeldInfo;
use crate::tracking::lock::ident::Ident;

impl Lock {
    /// How the calling thread holds the lock, one entry for each hold; `None` if nothing is watched.
    pub(crate) fn held_here(&self) -> Option<Vec<HeldHere>> {
        held(|ident| ptr::eq(ident, self.record.ident_address()))
    }

    /// What messages call the lock.
    pub(crate) fn name(&self) -> Option<String> {
        detector::name(self.identified()?).map(String::from)
    }

    fn identified(&self) -> Option<&'static Ident> {
        let slot = detector::attach()?;
        Some(detector::with_own(slot, |own| {
            self.record.identify(&mut own.pool)
        }))
    }
}

/// All that the calling thread holds; `None` if nothing is watched.
pub(crate) fn held_here() -> Option<Vec<HeldHere>> {
    held(|_| true)
}

fn held(is_meant: impl Fn(*const Ident) -> bool) -> Option<Vec<HeldHere>> {
    let slot = detector::attach()?;
    slot.maintain();
    let held = detector::held_here(slot).into_iter();
    let held = held.filter(|(ident, _)| is_meant(ptr::from_ref(*ident)));
    // A thread that initialises holds no lock of the program by that.
    let held = held.filter(|(ident, _)| !ident.class().kind.is_initialised_once());
    let words = |(ident, hold): (&Ident, HeldInfo)| HeldHere {
        lock: detector::name(ident).map_or_else(String::new, String::from),
        mode: hold.mode,
        site: hold.site,
    };
    Some(held.map(words).collect())
}

/// Asserts that nothing shows `second` to come before `first`, and declares the order.
///
/// # Errors
///
/// How it came before, in words.
pub(crate) fn assert_order(first: Term<'_>, second: Term<'_>, site: Site) -> Result<(), String> {
    let named = |side: Term<'_>| match side {
        Term::Lock(lock) => Some(Named::Of(lock.identified()?.class())),
        Term::Class(name) => Some(Named::By(name)),
    };
    if let (Term::Lock(first), Term::Lock(second)) = (first, second) {
        return match (first.identified(), second.identified()) {
            (Some(first), Some(second)) if ptr::eq(first, second) => {
                Err("they are one and the same lock".to_owned())
            }
            (Some(first), Some(second)) => assertion::instances(first, second, site),
            // Nothing is watched.
            _ => Ok(()),
        };
    }
    match (named(first), named(second)) {
        (Some(first), Some(second)) => assertion::named(first, second, site),
        _ => Ok(()),
    }
}
