//! Adds names, sites and holders to a stall.

use std::sync::Arc;
use std::time::Duration;

use super::backoff::Notice;
use super::holds::Holds;
use super::pulse::Pulse;
use super::stalls::Key;
use crate::detector::observe::Observed;
use crate::engine::ids::{LockId, Site, ThreadId};
use crate::engine::lists;
use crate::engine::verdict::Verdict;
use crate::report::{Activity, Facts, FreedBy, Holder, LockInfo, Stall, StallCause};
use crate::system;

/// Returns the facts of a stall at `now`, when the threads were as `observed`; `None` if the thread or lock of the
/// stall is not among them.
pub(super) fn facts(
    step: &Notice,
    (observed, now): (&[Observed], u64),
    holds: &Holds,
    pulses: &[Arc<Pulse>],
) -> Option<Facts> {
    let overdue = &step.overdue;
    let mut threads: Vec<ThreadId> = overdue.thread.into_iter().collect();
    let mut holders = Vec::new();
    let cause = match overdue.key {
        Key::Wait(lock) => {
            let thread = overdue.thread?;
            holders = who_holds(lock, (observed, now), holds, &|holder, _| holder != thread);
            let waiters = overdue.waiters;
            StallCause::Wait { thread, waiters }
        }
        Key::Hold(thread, lock, site) => {
            let is_it = |holder, taken| holder == thread && taken == site;
            holders = who_holds(lock, (observed, now), holds, &is_it);
            StallCause::Hold { thread, lock, site }
        }
        Key::Heartbeat(id) => {
            let pulse = pulses.iter().find(|pulse| pulse.id() == id)?;
            let thread = pulse.thread();
            threads.extend(thread);
            StallCause::Heartbeat {
                name: pulse.name.clone(),
                site: pulse.site,
                thread,
            }
        }
        Key::Progress => {
            for one in observed {
                if !one.is_ours && one.wait.is_some() {
                    threads.push(one.thread);
                }
            }
            let waiting = overdue.waiters;
            StallCause::NoProgress { waiting }
        }
    };
    // The threads that hold what is waited for, or could end the wait, need names.
    let mut others = Vec::new();
    for holder in &holders {
        others.push(holder.thread);
    }
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
        if let Some(one) = lists::find(observed, &|o| o.thread == thread) {
            add_locks(one, &mut facts.locks);
            let mut info = one.thread_info(now);
            if let (Some(waits), Some(wait)) = (&mut info.waits, &one.wait)
                && !wait.by.is_empty()
            {
                waits.by = Some(FreedBy::Threads(wait.by.clone()));
            }
            facts.threads.push(info);
        }
    }
    facts.stall = Some(Stall {
        cause,
        lasted: step.lasted,
        limit: overdue.limit,
        holders,
    });
    Some(facts)
}

/// Returns the threads that hold a lock, of those that `is_meant` selects by the thread and the place of the hold.
fn who_holds(
    lock: LockId,
    (observed, now): (&[Observed], u64),
    holds: &Holds,
    is_meant: &dyn Fn(ThreadId, Site) -> bool,
) -> Vec<Holder> {
    let mut holders = Vec::new();
    for one in observed {
        for hold in one.holds() {
            if hold.info.lock != lock || !is_meant(one.thread, hold.info.site) {
                continue;
            }
            let since = holds.since(one.thread, lock, hold.info.site);
            holders.push(Holder {
                thread: one.thread,
                lock,
                mode: hold.info.mode,
                site: hold.info.site,
                at_least: Duration::from_nanos(now.saturating_sub(since.unwrap_or(now))),
                activity: if one.has_ended {
                    Activity::Ended
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
        if !lists::any(known, &|other| other.id == lock.id) {
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
