//! Adds names, sites and holders to a stall.

use std::sync::Arc;
use std::time::Duration;

use super::holds::Holds;
use super::pulse::Pulse;
use super::stalls::{About, Overdue};
use crate::detector::observe::Observed;
use crate::engine::ids::{LockId, ThreadId};
use crate::engine::verdict::Verdict;
use crate::report::{Facts, FreedBy, Holder, LockInfo, Stall, StallCause, ThreadInfo, WaitInfo};
use crate::system;

/// Returns the facts of a stall that has lasted for `lasted` at `now`, when the threads were as
/// `observed`; `None` if the thread or lock of the stall is not among them.
pub(super) fn facts(
    overdue: &Overdue,
    lasted: Duration,
    (observed, now): (&[Observed], u64),
    holds: &Holds,
    pulses: &[Arc<Pulse>],
) -> Option<(Facts, Stall)> {
    let mut threads: Vec<ThreadId> = Vec::new();
    let mut holders = Vec::new();
    let cause = match overdue.about {
        About::Wait(thread, waiters) => {
            threads.push(thread);
            let waits = observed.iter().find(|o| o.thread == thread);
            if let Some(wait) = waits.and_then(|o| o.wait.as_ref()) {
                holders = who_holds(wait.lock.id, (observed, now), holds);
                holders.retain(|holder| holder.thread != thread);
            }
            StallCause::Wait { thread, waiters }
        }
        About::Hold(thread, lock, site) => {
            threads.push(thread);
            holders = who_holds(lock, (observed, now), holds);
            holders.retain(|holder| holder.thread == thread && holder.site == site);
            StallCause::Hold { thread, lock, site }
        }
        About::Heartbeat(id) => {
            let pulse = pulses.iter().find(|pulse| pulse.id() == id)?;
            let thread = pulse.thread();
            threads.extend(thread);
            StallCause::Heartbeat {
                name: pulse.name.clone(),
                site: pulse.site,
                thread,
            }
        }
        About::Progress(waiting) => {
            for one in observed {
                if !one.is_ours && one.wait.is_some() {
                    threads.push(one.thread);
                }
            }
            StallCause::NoProgress { waiting }
        }
    };
    // The threads that hold what is waited for, or could end the wait, need names.
    let mut others: Vec<ThreadId> = holders.iter().map(|holder| holder.thread).collect();
    for one in observed {
        if let Some(wait) = &one.wait
            && threads.contains(&one.thread)
        {
            others.extend_from_slice(&wait.by);
        }
    }
    for thread in others {
        if !threads.contains(&thread) {
            threads.push(thread);
        }
    }
    let mut facts = Facts::of(Verdict::Stall);
    for thread in threads {
        if let Some(one) = observed.iter().find(|o| o.thread == thread) {
            add_locks(one, &mut facts.locks);
            facts.threads.push(info(one, now));
        }
    }
    let stall = Stall {
        cause,
        lasted,
        limit: overdue.limit,
        holders,
    };
    Some((facts, stall))
}

fn who_holds(lock: LockId, (observed, now): (&[Observed], u64), holds: &Holds) -> Vec<Holder> {
    let mut holders = Vec::new();
    for one in observed {
        for hold in one.holds() {
            if hold.info.lock != lock {
                continue;
            }
            let since = holds.since(one.thread, lock, hold.info.site);
            holders.push(Holder {
                thread: one.thread,
                lock,
                mode: hold.info.mode,
                site: hold.info.site,
                at_least: since.map_or(Duration::ZERO, |since| time(since, now)),
                activity: if one.has_ended {
                    crate::report::Activity::Ended
                } else {
                    system::activity(one.os_id)
                },
            });
        }
    }
    holders
}

/// Adds the locks that a thread waits for and holds, unless they are known.
fn add_locks(one: &Observed, known: &mut Vec<LockInfo>) {
    let mut add = |lock: &LockInfo| {
        if !known.iter().any(|other| other.id == lock.id) {
            known.push(lock.clone());
        }
    };
    if let Some(wait) = &one.wait {
        add(&wait.lock);
    }
    for hold in one.holds() {
        add(&hold.lock);
    }
}

fn time(since: u64, now: u64) -> Duration {
    Duration::from_nanos(now.saturating_sub(since))
}

fn info(observed: &Observed, now: u64) -> ThreadInfo {
    let held = observed.holds().iter();
    ThreadInfo {
        name: observed.name.clone(),
        held: held.map(|hold| hold.info).collect(),
        waits: observed.wait.as_ref().map(|wait| WaitInfo {
            what: wait.what(),
            site: wait.site,
            since: Some(time(wait.since, now)),
            by: (!wait.by.is_empty()).then(|| FreedBy::Threads(wait.by.clone())),
            again: None,
            counts: None,
        }),
        ended: observed.has_ended,
        is_task: observed.is_task(),
        ..ThreadInfo::new(observed.thread)
    }
}
