//! Waits of a thread at a channel.

use std::time::Duration;

use crate::instrument::{Endpoints, Side, Site, WaitReason, deadline_after};

/// Waits at one channel of this capacity, without a time limit; as a waiter on `side`, if messages
/// are handed over directly.
pub(super) fn wait<R>(
    ends: &Endpoints,
    awaited: WaitReason,
    places: Option<usize>,
    side: Option<Side>,
    site: Site,
    mut attempt: impl FnMut(Option<Duration>) -> Option<R>,
) -> R {
    let places = places.unwrap_or(0);
    let Some(side) = side else {
        return ends.wait(awaited, places, site, attempt);
    };
    let _here = ends.register(side);
    ends.wait(awaited, places, site, |limit| {
        ends.block_on(side, limit, &mut attempt)
    })
}

/// Waits for the clock: the wait is published with a deadline, so it never counts as stuck.
pub(super) fn wait_for_the_clock<R>(
    ends: &Endpoints,
    awaited: WaitReason,
    site: Site,
    mut attempt: impl FnMut(Duration) -> Option<R>,
) -> R {
    loop {
        let distant = deadline_after(Duration::MAX);
        if let Some(done) = ends
            .record()
            .wait_until(awaited, distant, site, &mut attempt)
        {
            return done;
        }
    }
}
