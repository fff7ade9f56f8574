//! Makes a dump.
//!
//! What the slots of the threads say is read first, then what the operating system says of each
//! thread, then each is asked where it is, one after the other. Nothing of this takes a lock of the
//! detector for longer than it takes to copy a list, and nothing is looked up: names of functions
//! are found when the dump is displayed.

use std::time::{Instant, SystemTime};

use super::super::signal::{self, Asking};
use super::system::{self, Seen};
use super::{Dump, DumpedThread, NoStack};
use crate::detector::observe::{self, Observed};
use crate::report::{Activity, LockInfo, Stack, WaitInfo};
use crate::tracking::slot::os_id;
use crate::tracking::wait;

/// All threads, as they are now.
pub(in crate::watchdog) fn capture() -> Dump {
    let (taken, started) = (SystemTime::now(), Instant::now());
    let mut asking = signal::asking();
    let observed = observe::observe(false);
    let mut locks: Vec<LockInfo> = Vec::new();
    let mut threads: Vec<DumpedThread> = Vec::with_capacity(observed.len());
    for one in &observed {
        for lock in locks_of(one) {
            if !locks.iter().any(|known| known.id == lock.id) {
                locks.push(lock.clone());
            }
        }
        threads.push(tracked(one, &mut asking));
    }
    threads.sort_by_key(|thread| thread.id);
    for os_id in system::threads() {
        if !threads.iter().any(|thread| thread.os_id == Some(os_id)) {
            threads.extend(untracked(os_id, &mut asking));
        }
    }
    Dump {
        taken,
        took: started.elapsed(),
        threads,
        locks,
    }
}

fn locks_of(observed: &Observed) -> impl Iterator<Item = &LockInfo> {
    let held = observed.held.iter().flatten().map(|hold| &hold.lock);
    held.chain(observed.wait.as_ref().map(|wait| &wait.lock))
}

/// A thread that has a slot.
fn tracked(observed: &Observed, asking: &mut Asking) -> DumpedThread {
    let seen = match observed.os_id {
        Some(id) => system::look(id),
        None => Seen::nothing(),
    };
    let stack = stack(observed.os_id, &seen, observed.is_ours, asking);
    // The thread may have ended meanwhile, and another one have got its number.
    let is_gone = observed.has_ended || !observed.is_there();
    let waits = observed.wait.as_ref().map(|wait| WaitInfo {
        what: wait.what,
        site: wait.site,
        since: Some(wait::time_since(wait.since)),
        by: None,
    });
    let held = observed.held.as_ref();
    DumpedThread {
        id: Some(observed.thread),
        os_id: observed.os_id,
        name: observed.name(),
        is_ours: observed.is_ours,
        activity: if is_gone {
            Activity::Ended
        } else {
            seen.activity
        },
        held: held.map(|held| held.iter().map(|hold| hold.info).collect()),
        waits,
        stack: if is_gone { Err(NoStack::Ended) } else { stack },
    }
}

/// A thread that has none. `None` if it has ended meanwhile.
fn untracked(id: u32, asking: &mut Asking) -> Option<DumpedThread> {
    let seen = system::look(id);
    if seen.activity == Activity::Ended {
        return None;
    }
    let stack = stack(Some(id), &seen, false, asking);
    if stack.as_ref().is_err_and(|why| *why == NoStack::Ended) {
        return None;
    }
    Some(DumpedThread {
        id: None,
        os_id: Some(id),
        name: seen.name,
        is_ours: false,
        activity: seen.activity,
        held: Some(Vec::new()),
        waits: None,
        stack,
    })
}

fn stack(
    id: Option<u32>,
    seen: &Seen,
    is_ours: bool,
    asking: &mut Asking,
) -> Result<Stack, NoStack> {
    if is_ours {
        return Err(NoStack::Watchdog);
    }
    if id == Some(os_id()).filter(|id| *id != 0) {
        return Ok(Stack::capture());
    }
    match seen.activity {
        Activity::Ended => return Err(NoStack::Ended),
        Activity::Stopped | Activity::Uninterruptible => return Err(NoStack::Unreachable),
        _ => {}
    }
    asking.ask(id.ok_or(NoStack::NoSignals)?, seen.blocked)
}
