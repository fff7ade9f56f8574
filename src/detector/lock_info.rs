//! What reports say of a lock, and of a wait for it.

use crate::engine::ids::{LockId, Site};
use crate::engine::mode::Mode;
use crate::report::{LockInfo, WaitInfo, WaitsFor};
use crate::tracking::lock::ident::Ident;
use crate::tracking::thread::wait::WaitKind;

/// Returns the description of a lock for a report.
pub(crate) fn lock_info(ident: &Ident) -> LockInfo {
    let class = ident.class();
    LockInfo {
        name: class.name,
        label: ident.label(),
        content: class.content,
        ..LockInfo::new(ident.id(), class.kind.noun(), class.place)
    }
}

/// Returns the name of a lock for messages.
pub(crate) fn name(ident: &Ident) -> Option<Box<str>> {
    Some(lock_info(ident).to_string().into_boxed_str())
}

/// Returns the description of a wait that began at `site`, without what is known only of some waits.
pub(super) fn wait_info(lock: LockId, need: WaitKind, site: Site) -> WaitInfo {
    let what = match need {
        WaitKind::Lock(mode) => WaitsFor::Lock { lock, mode },
        WaitKind::Upgrade => WaitsFor::Lock {
            lock,
            mode: Mode::Exclusive,
        },
        WaitKind::Other(awaited) => WaitsFor::Resource {
            resource: lock,
            awaited,
        },
    };
    WaitInfo {
        what,
        site,
        since: None,
        by: None,
        again: None,
        counts: None,
    }
}
