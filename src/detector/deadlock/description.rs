//! Describes a deadlock in which not all waits are for locks.

#![allow(unsafe_code)]

use std::time::Duration;

use super::reduction::ThreadStates;
use super::sleepers::{Sleep, Sleeper};
use super::snapshot::Snapshots;
use super::test_runner;
use crate::detector::describe::{self, Locks};
use crate::detector::lock_info::wait_info;
use crate::engine::ids::{Site, ThreadId};
use crate::engine::mode::Mode;
use crate::engine::reacquisition::Reacquisition;
use crate::engine::sorting;
use crate::engine::verdict::Verdict;
use crate::engine::wait_reason::WaitReason;
use crate::report::{Facts, FreedBy, Stack, ThreadInfo, WaitInfo, WaitsFor};
use crate::tracking::lock::ident::Ident;
use crate::tracking::process::resource_state::ResourceState;
use crate::tracking::process::{panicked_threads, registry};
use crate::tracking::thread::slot::Slot;
use crate::tracking::thread::wait;
use crate::tracking::thread::wait::{PublishedWait, WaitKind};

fn of(verdict: Verdict, locks: Locks, threads: Vec<ThreadInfo>) -> Facts {
    Facts {
        locks: locks.into_list(),
        threads,
        stack: Some(Stack::capture()),
        ..Facts::of(verdict)
    }
}

/// Describes the threads of `set`, all of which are deadlocked.
pub(super) fn stuck_set(all: &Snapshots, states: &ThreadStates, set: &[usize]) -> Facts {
    let mut locks = Locks::default();
    let id = |at: usize| all.threads[at].id.unwrap_or(ThreadId::new(0));
    let mut left_by_fork = Vec::new();
    let mut threads = Vec::new();
    for &at in set {
        let thread = &all.threads[at];
        let mut info = describe::thread(thread.slot, &mut locks);
        info.ended = thread.ended;
        let Some(wait) = &thread.wait else {
            info.is_asleep = thread.sleeper.is_some();
            info.notes.extend(thread.sleeper.map(sleep));
            threads.push(info);
            continue;
        };
        // SAFETY: the thread is blocked in a wait for this, as its epoch showed, and its wait does not
        // end before the report is made: no thread of the set can run.
        let ident = unsafe { &*wait.ident };
        let next = states.waits_for(at);
        let parents = parents_of(wait);
        let by = if next.iter().any(|&next| states.is_any_thread(next)) {
            FreedBy::AnyThread
        } else if next.is_empty() && !parents.is_empty() {
            left_by_fork.extend_from_slice(&parents);
            FreedBy::Threads(parents)
        } else if next.is_empty() {
            FreedBy::NoThread
        } else {
            let mut ids = Vec::new();
            for next in &next {
                ids.push(id(*next));
            }
            FreedBy::Threads(ids)
        };
        let since = Duration::from_nanos(wait::now().saturating_sub(wait.since));
        // A notified thread waits only for the mutex, which it reacquires.
        let mutex = all.keepers_of_mutex(wait);
        let is_woken = wait.timed || wait.party().is_none_or(ResourceState::has_pending_wakeups);
        let relocks = wait.need == WaitKind::SIGNAL && !mutex.is_empty() && is_woken;
        let (ident, need, again) = if relocks {
            // SAFETY: as above; a thread that waits for a condition variable borrows its mutex.
            let mutex = unsafe { &*wait.mutex };
            let again = Some(Reacquisition::Wait);
            (mutex, WaitKind::Lock(Mode::Exclusive), again)
        } else {
            (ident, wait.need, None)
        };
        locks.add(ident);
        info.waits = Some(WaitInfo {
            again,
            since: Some(since),
            by: Some(by),
            counts: wait.counts,
            ..wait_info(ident.id(), need, wait.site)
        });
        threads.push(info);
    }
    for id in &left_by_fork {
        if !threads.iter().any(|info| info.id == *id) {
            threads.push(parent_thread(*id, &mut locks));
        }
    }
    let any_thread = |info: &ThreadInfo| {
        let by = info.waits.as_ref().and_then(|wait| wait.by.as_ref());
        by == Some(&FreedBy::AnyThread)
    };
    if threads.iter().any(any_thread) {
        // There is no cycle to follow. Threads that wait for the end of others come last.
        sorting::sort_by_key(&mut threads, |info| (waits_for_end(info), info.id));
    }
    let open = |info: &ThreadInfo| {
        let by = info.waits.as_ref().and_then(|wait| wait.by.as_ref());
        matches!(by, Some(FreedBy::AnyThread | FreedBy::NoThread))
    };
    if threads.iter().any(open) {
        let scope = set.first().map_or(0, |&at| all.threads[at].slot.check_id());
        // In a test, only a panic in a thread of the same test can be why a wait does not end.
        let test = set.first().and_then(|&at| test_runner::test_of(all, at));
        let ancestor = test.and_then(|at| all.threads[at].id);
        for other in &panicked_threads::of(scope, ancestor) {
            let known = threads.iter_mut().find(|info| info.id == other.thread);
            match known {
                Some(info) => info.panicked = true,
                None => threads.push(ThreadInfo {
                    name: other.name.clone(),
                    spawned: other.spawned,
                    ended: !other.is_caught,
                    panicked: true,
                    ..ThreadInfo::new(other.thread)
                }),
            }
        }
    }
    of(Verdict::Deadlock, locks, threads)
}

/// Returns what is known of a thread that sleeps without a published wait.
fn sleep(sleeper: Sleeper) -> String {
    match sleeper.sleep {
        Sleep::UntilEndOf(id, _) => format!(
            "joins thread #{}, in a call that lockwarden does not watch",
            id.get()
        ),
        Sleep::UntilWoken(_) => {
            "sleeps until another thread wakes it, in a call that lockwarden does not watch"
                .to_owned()
        }
    }
}

/// Returns the threads that could have ended a wait and that a fork left in the parent.
fn parents_of(wait: &PublishedWait) -> Vec<ThreadId> {
    let members = wait.by().map(ResourceState::members).unwrap_or_default();
    let mut parents = Vec::new();
    for id in &members.threads {
        if registry::is_of_parent(*id) {
            parents.push(*id);
        }
    }
    parents
}

/// Describes a thread that a fork left in the parent.
fn parent_thread(id: ThreadId, locks: &mut Locks) -> ThreadInfo {
    match registry::ended()
        .iter()
        .find(|slot| slot.thread() == Some(id))
    {
        Some(slot) => describe::thread(slot, locks),
        None => ThreadInfo {
            name: registry::name_in_parent(id),
            left_by_fork: true,
            ended: true,
            ..ThreadInfo::new(id)
        },
    }
}

fn waits_for_end(info: &ThreadInfo) -> bool {
    let what = info.waits.as_ref().map(|wait| wait.what);
    matches!(
        what,
        Some(WaitsFor::Resource {
            awaited: WaitReason::End | WaitReason::ScopeEnd,
            ..
        })
    )
}

/// Describes a wait of the calling thread that only this thread could end.
pub(super) fn alone(
    slot: &'static Slot,
    ident: &'static Ident,
    need: WaitKind,
    site: Site,
) -> Facts {
    let mut locks = Locks::default();
    let mut me = describe::thread(slot, &mut locks);
    locks.add(ident);
    me.waits = Some(WaitInfo {
        by: Some(FreedBy::Threads(vec![me.id])),
        ..wait_info(ident.id(), need, site)
    });
    of(Verdict::SelfDeadlock, locks, vec![me])
}
