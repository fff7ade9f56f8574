//! From an agent that is stuck to what the report says of it.

use std::sync::Arc;

use lockwarden::instrument::{self, WaitReason};
use lockwarden::report::{FreedBy, LockInfo, ThreadInfo, WaitInfo};

use super::super::graph::{Graph, Node, Unpolled};
use super::super::need::Need;
use super::things::{add, thing_info};
use super::waits;
use crate::agent::leaf::{Target, Wait};
use crate::agent::mark::Loose;
use crate::agent::probe::WokenBy;
use crate::agent::registry;
use crate::agent::task::{Kind, Probed};

/// What is known of the agent at this place, with what it holds and waits for; nothing of a thread that is not observed.
pub(super) fn agent(graph: &Graph, at: usize, locks: &mut Vec<LockInfo>) -> Option<ThreadInfo> {
    let node = &graph.nodes[at];
    let observed = graph.observed(at);
    for lock in observed.iter().flat_map(|one| &one.locks) {
        add(locks, lock.clone());
    }
    let mut info = match (&node.task, observed) {
        (Some(task), _) => task.info(),
        (None, Some(one)) => one.thread.clone(),
        (None, None) => return None,
    };
    info.held = graph.held(at).to_vec();
    info.ended = graph.has_abandoned(at);
    info.waits = match node.waits.first() {
        Some(wait) => Some(first_wait(graph, at, wait, locks)),
        None => other_wait(graph, at, locks, &mut info.notes),
    };
    info.notes.extend(more_waits(node, locks));
    let elsewhere = waits_elsewhere(node);
    info.is_asleep = info.waits.is_none() && !elsewhere.is_empty();
    info.notes.extend(elsewhere);
    info.notes.extend(why_blocked(node));
    info.notes.extend(owned_guards(graph, at));
    if let Some(task) = &node.task {
        let how = match task.kind {
            Kind::Driven => "driven",
            _ => "spawned",
        };
        info.notes.push(format!("{how} at {}", task.spawned));
    }
    info.notes
        .extend(node.waits.iter().flat_map(|wait| about(wait)));
    let snoozed = node.snoozed.iter().map(|wait| snoozed(node, wait, locks));
    info.notes.extend(snoozed);
    Some(info)
}

/// The agents that are stuck, too, and could end what this one waits for.
fn stuck_enders(graph: &Graph, at: usize) -> FreedBy {
    let agents = graph.needs[at].listed_agents().into_iter();
    let stuck = agents.filter(|other| graph.stuck[*other]);
    FreedBy::Threads(stuck.map(|other| graph.nodes[other].id).collect())
}

/// The first wait that a task was found in when it was polled last.
fn first_wait(graph: &Graph, at: usize, wait: &Wait, locks: &mut Vec<LockInfo>) -> WaitInfo {
    let node = &graph.nodes[at];
    let enders = node.enders.as_ref().map(Need::agents);
    let by = match &enders {
        _ if node.is_for_any => FreedBy::AnyThread,
        Some(enders) => {
            FreedBy::Threads(enders.iter().map(|ender| graph.nodes[*ender].id).collect())
        }
        None => stuck_enders(graph, at),
    };
    let mut info = waits::info(wait, by, locks);
    if let Some(enders) = &enders
        && (enders.is_empty() || enders.iter().any(|ender| !graph.stuck[*ender]))
    {
        // It is stuck since it is not polled; what it waits for may come.
        info.by = None;
    }
    if node.is_asleep {
        // The future is polled by the executor of another crate.
        info.site = wait.created;
    }
    info
}

/// The wait of an agent that was found in none of this crate: of its thread, for what runs on a runtime, or to be polled.
fn other_wait(
    graph: &Graph,
    at: usize,
    locks: &mut Vec<LockInfo>,
    notes: &mut Vec<String>,
) -> Option<WaitInfo> {
    let node = &graph.nodes[at];
    let by = || stuck_enders(graph, at);
    // Where the parking of the runtime is watched, a thread in a `block_on` is seen to wait to be woken.
    let observed = graph.observed(at).filter(|_| node.drives.is_none());
    if let Some(mut wait) = observed.and_then(|one| one.thread.waits.clone()) {
        wait.by = Some(match node.is_for_any {
            true => FreedBy::AnyThread,
            false => by(),
        });
        return Some(wait);
    }
    if let Some(runtime) = graph.drops(at) {
        let id = add(locks, thing_info("runtime", runtime.made));
        let resource = (id, WaitReason::Tasks);
        notes.push("drops the runtime, and waits for what runs on it".to_owned());
        return Some(WaitInfo::of_resource(resource, runtime.made, None, by()));
    }
    waits::unpolled(node, by(), locks)
}

/// What a task awaits beside its first wait.
fn more_waits(node: &Node, locks: &mut Vec<LockInfo>) -> Vec<String> {
    // A task that drives a set waits for that as well as for what it awaits.
    let is_set = |wait: &&Arc<Wait>| matches!(wait.target, Target::Set(_));
    let more = node.waits.iter().skip(1).filter(|wait| !is_set(wait));
    more.map(|wait| {
        format!(
            "waits for {} at {} too",
            waits::what(wait, locks),
            wait.site()
        )
    })
    .collect()
}

/// Where a task is suspended that waits for something which is not watched, beside its waits or without any.
fn waits_elsewhere(node: &Node) -> Vec<String> {
    let is_elsewhere = |probed: Probed| probed.woken_by == WokenBy::More;
    let Some(task) = &node.task else {
        return Vec::new();
    };
    if !node.probed.is_some_and(is_elsewhere) {
        return Vec::new();
    }
    let stacks = task.stacks_elsewhere();
    let stacks = stacks.into_iter().filter(|stack| !stack.is_empty());
    let mut notes: Vec<String> = stacks
        .map(|stack| format!("waits in {}, which is not watched", stack.join("; in ")))
        .collect();
    if notes.is_empty() {
        notes.push("waits for something that is not watched".to_owned());
    }
    notes
}

/// Why the agent is not polled, or what its thread is blocked in.
fn why_blocked(node: &Node) -> Vec<String> {
    let mut notes = Vec::new();
    let unpolled = node.unpolled.map(|why| match why {
        Unpolled::Driver => "is not polled: the thread that would do so is blocked",
        Unpolled::Workers => "is not polled: all workers of its runtime are blocked",
        Unpolled::Inner => "is being polled: a task that it polls in turn blocks the thread",
        Unpolled::Pool => "is not run: all threads of the blocking pool run others",
        Unpolled::Set => "was never polled: no task is left that could poll its `LocalSet`",
    });
    notes.extend(unpolled.map(str::to_owned));
    if node.is_asleep {
        let why = "is being polled: its thread sleeps in a wait that is not watched (the `block_on` of another \
                   crate, for one), and all other threads of the process sleep, too";
        notes.push(why.to_owned());
    }
    if let Some(driven) = node.drives.and_then(registry::find) {
        notes.push(format!("is blocked in a `block_on` of {}", driven.info()));
    }
    notes
}

/// Where the task has taken guards that own their lock. Which memory they lie in is not seen.
fn owned_guards(graph: &Graph, at: usize) -> Vec<String> {
    let held = graph.held(at);
    let owned = Loose::owned(|| held.iter().map(|held| held.lock).collect());
    let owned = held.iter().filter(|held| owned.contains(&held.lock));
    owned
        .map(|held| {
            format!(
                "the guard taken at {} owns its lock: if it lies in memory that tasks share, another one could drop it, \
                 which is not seen",
                held.site
            )
        })
        .collect()
}

/// What else is said of a wait: of the permits of its semaphore, and the calls that led there.
fn about(wait: &Wait) -> Vec<String> {
    let mut notes = Vec::new();
    if let Target::Permits(permits, wanted) = &wait.target {
        if *wanted as usize > permits.count {
            notes.push(format!(
                "wants {wanted} permits of a semaphore that was made with {}",
                permits.count
            ));
        }
        for (site, count) in permits.forgotten() {
            let were = match count {
                1 => "permit was",
                _ => "permits were",
            };
            notes.push(format!(
                "{count} {were} forgotten at {site}: only `add_permits` brings them back"
            ));
        }
    }
    let stack = wait.stack();
    if !stack.is_empty() {
        notes.push(format!("waits in {}", stack.join("; in ")));
    }
    notes
}

/// What is said of a future that the task does not poll any more.
fn snoozed(node: &Node, wait: &Wait, locks: &mut Vec<LockInfo>) -> String {
    let what = waits::what(wait, locks);
    let ago = node.polls.saturating_sub(wait.last_poll()) / 2;
    let polls = if ago == 1 { "poll" } else { "polls" };
    match wait.granted_at() {
        Some(_) => format!(
            "has been given {what} in a future that it does not poll: waited for at {}, last polled \
             {ago} {polls} ago",
            wait.site()
        ),
        None => format!(
            "has a future that it does not poll: waits for {what} at {}, last polled {ago} {polls} ago",
            wait.site()
        ),
    }
}

/// Adds those tasks whose end an agent of the set waits for, and of which no more is known than where they were
/// spawned: they are not polled, or wait for something that is not watched.
pub(super) fn add_anonymous(graph: &Graph, set: &[usize], threads: &mut Vec<ThreadInfo>) {
    for &at in set {
        let Some(wait) = graph.nodes[at].waits.first() else {
            continue;
        };
        let mut ids = Vec::new();
        for spawned in graph.anonymous_ends(wait) {
            let id = instrument::Agent::started_at(spawned).id();
            let mut info = ThreadInfo::of_task(id);
            info.name = Some(spawned.to_string());
            let why = match graph.nodes[at].is_for_any {
                true => "waits for something that is not watched",
                false => "is not polled: the thread that would do so is blocked",
            };
            info.notes.push(why.to_owned());
            info.notes.push(format!("spawned at {spawned}"));
            ids.push(id);
            threads.push(info);
        }
        let own = threads
            .iter_mut()
            .find(|info| info.id == graph.nodes[at].id);
        if let Some(waits) = own.and_then(|info| info.waits.as_mut())
            && !ids.is_empty()
        {
            waits.by = Some(FreedBy::Threads(ids));
        }
    }
}
