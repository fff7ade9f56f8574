//! From tasks that are stuck to a report.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use lockwarden::instrument::{self, ThreadId, WaitReason};
use lockwarden::report::{FreedBy, LockId, LockInfo, ThreadInfo, Verdict, WaitInfo};

use super::graph::{Graph, Node, Unpolled};
use super::hang;
use crate::agent::leaf::{Target, Thing, Wait};
use crate::agent::registry;
use crate::agent::task::Kind;

static BREAKS: AtomicBool = AtomicBool::new(false);

/// Whether a task of a deadlock is made to panic, where the configuration asks for a panic.
pub(crate) fn set_breaking(breaks: bool) {
    BREAKS.store(breaks, Ordering::Relaxed);
}

/// Whether a second look shows the same agents in the same waits, none of them polled in between.
pub(super) fn is_same(graph: &Graph, set: &[usize], again: &Graph) -> bool {
    let find = |id: ThreadId| again.nodes.iter().position(|node| node.id == id);
    graph.is_as_still_as(again, set)
        && set.iter().all(|&at| {
            let node = &graph.nodes[at];
            let Some(other) = find(node.id) else {
                return false;
            };
            let now = &again.nodes[other];
            let is_alike = |(one, other): (&Arc<Wait>, &Arc<Wait>)| Arc::ptr_eq(one, other);
            let progress = |graph: &Graph, at| graph.observed(at).map(|one| one.progress);
            again.stuck[other]
                && node.task.is_some() == now.task.is_some()
                && node.polls == now.polls
                && node.unpolled == now.unpolled
                && node.drives == now.drives
                && node.version == now.version
                && node.is_asleep == now.is_asleep
                && node.waits.len() == now.waits.len()
                && node.waits.iter().zip(&now.waits).all(is_alike)
                && progress(graph, at) == progress(again, other)
                && graph.needs[at].agents().len() == again.needs[other].agents().len()
        })
}

/// Reports the agents of `set`, which cannot go on.
pub(super) fn report(graph: &Graph, set: &[usize]) {
    let mut locks: Vec<LockInfo> = Vec::new();
    let mut threads: Vec<ThreadInfo> = Vec::new();
    for &at in set {
        threads.extend(describe(graph, at, &mut locks));
    }
    add_anonymous(graph, set, &mut threads);
    let verdict = if set.iter().any(|&at| graph.has_abandoned(at)) {
        Verdict::Abandoned
    } else if threads.len() == 1 && !graph.has_others() {
        Verdict::SelfDeadlock
    } else {
        Verdict::Deadlock
    };
    let check = set
        .iter()
        .filter_map(|&at| graph.nodes[at].task.as_ref())
        .map(|task| task.check)
        .next();
    let check = check.unwrap_or(0);
    let panic = instrument::report_stuck(check, verdict, threads, locks);
    if let Some(message) = panic
        && (check != 0 || BREAKS.load(Ordering::Relaxed) || is_of_test(graph, set))
    {
        break_with(graph, set, &message);
    }
}

/// Whether one of the tasks is of a test that libtest runs.
fn is_of_test(graph: &Graph, set: &[usize]) -> bool {
    hang::ask();
    let tests = hang::tests();
    let mut tasks = set.iter().filter_map(|&at| graph.nodes[at].task.as_ref());
    tasks.any(|task| hang::test_of(task, &tests).is_some())
}

/// Adds those tasks whose end an agent of the set waits for, and of which no more is known than where they were
/// spawned: they are not polled.
fn add_anonymous(graph: &Graph, set: &[usize], threads: &mut Vec<ThreadInfo>) {
    for &at in set {
        let Some(wait) = graph.nodes[at].waits.first() else {
            continue;
        };
        let mut ids = Vec::new();
        for spawned in graph.anonymous_ends(wait) {
            let id = instrument::Agent::started_at(spawned).id();
            let mut info = ThreadInfo::of_task(id);
            info.name = Some(spawned.to_string());
            info.notes
                .push("is not polled: the thread that would do so is blocked".to_owned());
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

/// Makes a task of the set panic that is in a wait.
fn break_with(graph: &Graph, set: &[usize], message: &str) {
    let nodes = || set.iter().map(|&at| &graph.nodes[at]);
    let victim = |node: &&Node| node.task.is_some() && !node.waits.is_empty();
    // A future that a thread drives ends the test, or the program, with the words of the panic.
    let is_driven = |node: &&Node| {
        let kind = node.task.as_ref().map(|task| task.kind);
        victim(node) && kind == Some(Kind::Driven)
    };
    // That of a thread which serves tests would end that thread, and not the test.
    let tests = hang::tests();
    let is_of_test = |node: &&Node| {
        let task = node.task.as_ref().filter(|_| is_driven(node));
        task.is_some_and(|task| tests.contains(&task.carrier()))
    };
    let of_test = nodes().find(is_of_test);
    let node = of_test
        .or_else(|| nodes().find(is_driven))
        .or_else(|| nodes().find(victim));
    if let Some(node) = node
        && let (Some(task), Some(wait)) = (&node.task, node.waits.first())
    {
        task.set_alarm(message.to_owned());
        wait.wake_task();
    }
}

fn describe(graph: &Graph, at: usize, locks: &mut Vec<LockInfo>) -> Option<ThreadInfo> {
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
    let ids = |graph: &Graph| {
        let agents = graph.needs[at].listed_agents().into_iter();
        let stuck = agents.filter(|other| graph.stuck[*other]);
        FreedBy::Threads(stuck.map(|other| graph.nodes[other].id).collect())
    };
    match node.waits.first() {
        Some(wait) => {
            let by = if node.is_for_any {
                FreedBy::AnyThread
            } else if let Some(enders) = &node.enders {
                FreedBy::Threads(enders.iter().map(|ender| graph.nodes[*ender].id).collect())
            } else {
                ids(graph)
            };
            let mut waits = wait_info(wait, by, locks);
            if let Some(enders) = &node.enders
                && (enders.is_empty() || enders.iter().any(|ender| !graph.stuck[*ender]))
            {
                // It is stuck since it is not polled; what it waits for may come.
                waits.by = None;
            }
            if node.is_asleep {
                // The future is polled by the executor of another crate.
                waits.site = wait.created;
            }
            info.waits = Some(waits);
            // A task that drives a set waits for that as well as for what it awaits.
            let is_set = |wait: &&Arc<Wait>| matches!(wait.target, Target::Set(_));
            for other in node.waits[1..].iter().filter(|wait| !is_set(wait)) {
                let what = what(other, locks);
                info.notes
                    .push(format!("waits for {what} at {} too", other.site()));
            }
        }
        None => {
            // Where the parking of the runtime is watched, a thread in a `block_on` is seen to wait to be woken.
            let observed = observed.filter(|_| node.drives.is_none());
            info.waits = observed.and_then(|one| one.thread.waits.clone());
            if let Some(wait) = &mut info.waits {
                wait.by = Some(match node.is_for_any {
                    true => FreedBy::AnyThread,
                    false => ids(graph),
                });
            } else if let Some(runtime) = graph.drops(at) {
                let id = add(locks, thing_info("runtime", runtime.made));
                let resource = (id, WaitReason::Tasks);
                info.waits = Some(WaitInfo::of_resource(
                    resource,
                    runtime.made,
                    Duration::ZERO,
                    ids(graph),
                ));
                info.notes
                    .push("drops the runtime, and waits for what runs on it".to_owned());
            } else {
                info.waits = unpolled_wait(node, ids(graph), locks);
            }
        }
    }
    if let Some(why) = node.unpolled {
        let why = match why {
            Unpolled::Driver => "is not polled: the thread that would do so is blocked",
            Unpolled::Workers => "is not polled: all workers of its runtime are blocked",
            Unpolled::Inner => "is being polled: a task that it polls in turn blocks the thread",
            Unpolled::Pool => "is not run: all threads of the blocking pool run others",
            Unpolled::Set => "was never polled: no task is left that could poll its `LocalSet`",
        };
        info.notes.push(why.to_owned());
    }
    if node.is_asleep {
        let why = "is being polled: its thread sleeps in a wait that is not watched (the `block_on` of another \
                   crate, for one), and all other threads of the process sleep, too";
        info.notes.push(why.to_owned());
    }
    if let Some(driven) = node.drives.and_then(registry::find) {
        info.notes
            .push(format!("is blocked in a `block_on` of {}", driven.info()));
    }
    if let Some(task) = &node.task {
        let how = match task.kind {
            Kind::Driven => "driven",
            _ => "spawned",
        };
        info.notes.push(format!("{how} at {}", task.spawned));
    }
    for wait in &node.waits {
        if let Target::Permits(permits, count) = &wait.target
            && *count as usize > permits.count
        {
            info.notes.push(format!(
                "wants {count} permits of a semaphore that was made with {}",
                permits.count
            ));
        }
        if let Target::Permits(permits, _) = &wait.target {
            for (site, count) in permits.forgotten() {
                let were = if count == 1 {
                    "permit was"
                } else {
                    "permits were"
                };
                info.notes.push(format!(
                    "{count} {were} forgotten at {site}: only `add_permits` brings them back"
                ));
            }
        }
        let stack = wait.stack();
        if !stack.is_empty() {
            info.notes.push(format!("waits in {}", stack.join("; in ")));
        }
    }
    for wait in &node.snoozed {
        info.notes.push(snoozed(node, wait, locks));
    }
    Some(info)
}

/// The wait of a task that has none of its own: for the future that it drives, or for a thread of the
/// blocking pool.
fn unpolled_wait(node: &Node, by: FreedBy, locks: &mut Vec<LockInfo>) -> Option<WaitInfo> {
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
    Some(WaitInfo::of_resource(resource, site, Duration::ZERO, by))
}

/// What is said of a future that the task does not poll any more.
fn snoozed(node: &Node, wait: &Wait, locks: &mut Vec<LockInfo>) -> String {
    let what = what(wait, locks);
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

fn what(wait: &Wait, locks: &mut Vec<LockInfo>) -> String {
    let info = wait_info(wait, FreedBy::NoThread, locks);
    let lock = |id: LockId| locks.iter().find(|lock| lock.id == id);
    match info.what {
        lockwarden::report::WaitsFor::Lock { lock: id, mode, .. } => match lock(id) {
            Some(lock) => format!("{lock} ({mode})"),
            None => "a lock".to_owned(),
        },
        lockwarden::report::WaitsFor::Resource {
            resource, awaited, ..
        } => match lock(resource) {
            Some(lock) => awaited.of(&lock.to_string()),
            None => "something".to_owned(),
        },
        _ => "something".to_owned(),
    }
}

fn wait_info(wait: &Wait, by: FreedBy, locks: &mut Vec<LockInfo>) -> WaitInfo {
    let since: Duration = wait.since.elapsed();
    let site = wait.site();
    match &wait.target {
        Target::Lock(lock, mode, _) => {
            add(locks, lock.clone());
            WaitInfo::of_lock(lock.id, *mode, site, since, by)
        }
        Target::Permits(permits, _) => {
            let id = add(locks, thing_info("Semaphore", permits.made));
            WaitInfo::of_resource((id, WaitReason::Permit), site, since, by)
        }
        Target::End(tasks) => {
            let made = tasks.first().map_or(site, |(_, joined)| joined.spawned());
            let id = add(locks, thing_info("task", made));
            WaitInfo::of_resource((id, WaitReason::End), site, since, by)
        }
        Target::Room(..) | Target::Message(..) | Target::Set(_) | Target::AnyAgent(_) => {
            let thing = wait.target.thing();
            let Thing {
                noun,
                awaited,
                made,
            } = thing.unwrap_or(Thing::new("task", WaitReason::Other, site));
            let id = add(locks, thing_info(noun, made));
            WaitInfo::of_resource((id, awaited), site, since, by)
        }
    }
}

/// Adds a lock to the list if it is not there; its id there.
pub(super) fn add(locks: &mut Vec<LockInfo>, lock: LockInfo) -> LockId {
    let is_same = |other: &&LockInfo| {
        other.id == lock.id
            || (other.noun == lock.noun
                && other.created == lock.created
                && is_thing(other.id)
                && is_thing(lock.id))
    };
    if let Some(known) = locks.iter().find(is_same) {
        return known.id;
    }
    let id = lock.id;
    locks.push(lock);
    id
}

/// The ids of things that are no locks of the core begin here.
const THINGS: u64 = 1 << 61;

fn is_thing(id: LockId) -> bool {
    id.get() & THINGS != 0
}

pub(super) fn thing_info(noun: &'static str, made: instrument::Site) -> LockInfo {
    static NEXT: AtomicU64 = AtomicU64::new(THINGS);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let id = LockId::new(number).expect("the number is not zero");
    LockInfo::new(id, noun, made)
}
