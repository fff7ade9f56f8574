//! Waits of a primitive, each with or without a limit.

use std::time::{Duration, Instant};

use parking_lot::{Condvar, MutexGuard};

use crate::instrument::{Counts, Resource, Site, WaitReason};

/// Waits for a notification, for at most `limit`.
#[allow(dead_code)] // Without instrumentation only some features have such waits.
pub(crate) fn wait_within<T>(
    changed: &Condvar,
    state: &mut MutexGuard<'_, T>,
    limit: Option<Duration>,
) {
    match limit {
        Some(limit) => {
            changed.wait_for(state, limit);
        }
        None => changed.wait(state),
    }
}

/// Waits while `goes_on` returns true, for at most `limit`; returns whether it does not any more.
pub(crate) fn wait_while_within<T>(
    changed: &Condvar,
    state: &mut MutexGuard<'_, T>,
    limit: Option<Duration>,
    mut goes_on: impl FnMut(&mut T) -> bool,
) -> bool {
    match limit {
        Some(limit) => {
            changed.wait_while_for(state, &mut goes_on, limit);
        }
        None => changed.wait_while(state, &mut goes_on),
    }
    !goes_on(state)
}

/// Waits as [`Resource::wait_until`] does if there is a deadline; otherwise as [`Resource::wait_counted`], or
/// as [`Resource::wait`] where nothing is counted.
pub(crate) fn wait_until<T>(
    record: &Resource,
    counts: Option<&dyn Fn() -> Counts>,
    awaited: WaitReason,
    deadline: Option<Instant>,
    site: Site,
    attempt: &mut dyn FnMut(Option<Duration>) -> Option<T>,
) -> Option<T> {
    match (deadline, counts) {
        (Some(deadline), _) => {
            record.wait_until(awaited, deadline, site, |left| attempt(Some(left)))
        }
        (None, Some(counts)) => Some(record.wait_counted(counts, awaited, site, attempt)),
        (None, None) => Some(record.wait(awaited, site, attempt)),
    }
}
