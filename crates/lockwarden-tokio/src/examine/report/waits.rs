//! What a task waits for, in the words of a report.

use std::time::Duration;

use lockwarden::instrument::WaitReason;
use lockwarden::report::{FreedBy, LockId, LockInfo, WaitInfo, WaitsFor};

use super::super::graph::{Node, Unpolled};
use super::things::{add, thing_info};
use crate::agent::leaf::{Target, Thing, Wait};
use crate::agent::registry;

/// What it waits for, with the reason.
pub(super) fn what(wait: &Wait, locks: &mut Vec<LockInfo>) -> String {
    let info = info(wait, FreedBy::NoThread, locks);
    let lock = |id: LockId| locks.iter().find(|lock| lock.id == id);
    match info.what {
        WaitsFor::Lock { lock: id, mode, .. } => match lock(id) {
            Some(lock) => format!("{lock} ({mode})"),
            None => "a lock".to_owned(),
        },
        WaitsFor::Resource {
            resource, awaited, ..
        } => match lock(resource) {
            Some(lock) => awaited.of(&lock.to_string()),
            None => "something".to_owned(),
        },
        _ => "something".to_owned(),
    }
}

/// The wait, which `by` could end; the list of locks gets what it is for.
pub(super) fn info(wait: &Wait, by: FreedBy, locks: &mut Vec<LockInfo>) -> WaitInfo {
    let since: Duration = wait.since.elapsed();
    let site = wait.site();
    match &wait.target {
        Target::Lock(lock, mode, _) => {
            add(locks, lock.clone());
            WaitInfo::of_lock(lock.id, *mode, site, since, by)
        }
        Target::Permits(permits, _) => {
            let id = add(locks, thing_info("Semaphore", permits.made));
            WaitInfo::of_resource((id, WaitReason::Permit), site, Some(since), by)
        }
        Target::End(tasks) => {
            let made = tasks.first().map_or(site, |(_, joined)| joined.spawned());
            let id = add(locks, thing_info("task", made));
            WaitInfo::of_resource((id, WaitReason::End), site, Some(since), by)
        }
        Target::Room(..) | Target::Message(..) | Target::Set(_) | Target::AnyAgent(_) => {
            let thing = wait.target.thing();
            let Thing {
                noun,
                awaited,
                made,
            } = thing.unwrap_or(Thing::new("task", WaitReason::Other, site));
            let id = add(locks, thing_info(noun, made));
            WaitInfo::of_resource((id, awaited), site, Some(since), by)
        }
    }
}

/// The wait of a task that has none of its own: for the future that it drives, or for a thread of the
/// blocking pool.
pub(super) fn unpolled(node: &Node, by: FreedBy, locks: &mut Vec<LockInfo>) -> Option<WaitInfo> {
    let task = node.task.as_ref()?;
    let (noun, made, awaited) = if let Some(driven) = node.drives.and_then(registry::find) {
        ("task", driven.spawned, WaitReason::End)
    } else if node.unpolled == Some(Unpolled::Pool) {
        let made = task.runtime.as_ref()?.made;
        ("blocking pool", made, WaitReason::Room)
    } else {
        return None;
    };
    let site = if node.drives.is_some() {
        made
    } else {
        task.spawned
    };
    let id = add(locks, thing_info(noun, made));
    let resource = (id, awaited);
    Some(WaitInfo::of_resource(resource, site, None, by))
}
