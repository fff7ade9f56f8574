//! Who has the permits that tasks of a deadlock wait for, and where these were acquired.

use std::sync::Arc;

use lockwarden::instrument::{Site, ThreadId};
use lockwarden::report::ThreadInfo;

use super::super::graph::Graph;
use super::things::thing_info;
use crate::agent::leaf::Target;
use crate::sync::permits::{Holder, Permits};

/// How many places are named at which permits were acquired.
const SHOWN: usize = 4;

/// Adds to each task of the set which of the permits it has that another one, or itself, waits for; and to each one that waits
/// for permits how many may be in memory that tasks share.
pub(super) fn add(graph: &Graph, set: &[usize], threads: &mut [ThreadInfo]) {
    let mut told: Vec<Arc<Permits>> = Vec::new();
    for &at in set {
        let node = &graph.nodes[at];
        for wait in &node.waits {
            let Target::Permits(permits, _) = &wait.target else {
                continue;
            };
            if told.iter().any(|other| Arc::ptr_eq(other, permits)) {
                continue;
            }
            told.push(Arc::clone(permits));
            let holders = permits.holders();
            let semaphore = thing_info("Semaphore", permits.made).to_string();
            for thread in &mut *threads {
                let own = held_by(&holders, Some(thread.id));
                thread.notes.extend(own.map(|(count, acquired)| {
                    format!("has {count} of the {semaphore}, acquired at {acquired}")
                }));
                let nobodys = held_by(&holders, None).filter(|_| thread.id == node.id);
                thread.notes.extend(nobodys.map(|(count, acquired)| {
                    format!(
                        "{count} of the {semaphore} may be in memory that tasks share, acquired at {acquired}"
                    )
                }));
            }
        }
    }
}

/// How many of the permits are those of this task, or of none, and where they were acquired; none if there are none.
fn held_by(holders: &[Holder], task: Option<ThreadId>) -> Option<(String, String)> {
    let mut sites: Vec<Site> = Vec::new();
    let mut count = 0;
    for holder in holders {
        if holder.task.map(|stamp| stamp.id()) == task {
            count += holder.permits;
            let site = holder.site.filter(|site| !sites.contains(site));
            sites.extend(site);
        }
    }
    if sites.is_empty() {
        return None;
    }
    let noun = if count == 1 { "permit" } else { "permits" };
    let mut acquired: Vec<String> = sites.iter().map(|site| site.to_string()).collect();
    acquired.truncate(SHOWN);
    Some((format!("{count} {noun}"), acquired.join(", ")))
}
