//! Captures a dump.
//!
//! The slots of the threads are read first, then the state of each thread from the operating system,
//! then the threads are asked for their stacks. No lock of the detector is held for longer than it
//! takes to copy a list. Function names are looked up when the dump is displayed.

use std::time::{Instant, SystemTime};

use super::{Dump, DumpedThread};
use crate::detector::observe::{self, Observed};
use crate::engine::order_graph::IdTable;
use crate::engine::{lists, sorting};
use crate::report::{Activity, LockInfo, Stack};
use crate::system::{self, NoStack, Seen, signal};
use crate::tracking::process::registry;
use crate::tracking::thread::slot::os_id;
use crate::tracking::thread::wait;

/// The names of threads of this crate that have no slot begin with this.
const OURS: &str = "lockwarden ";

/// A thread that is being captured.
struct Subject {
    /// The observation of its slot, if it has one.
    observed: Option<Observed>,
    os_id: Option<u32>,
    seen: Seen,
    /// The stack; `None` while the thread is still to be asked.
    stack: Option<Result<Stack, NoStack>>,
}

pub(crate) fn capture() -> Dump {
    let (taken, started) = (SystemTime::now(), Instant::now());
    let subjects = subjects();
    let mut asked: Vec<(u32, u64)> = Vec::new();
    for subject in &subjects {
        if let (None, Some(id)) = (&subject.stack, subject.os_id) {
            asked.push((id, subject.seen.blocked));
        }
    }
    let mut answers = signal::ask(&asked).into_iter();
    let mut locks: Vec<LockInfo> = Vec::new();
    let mut known = IdTable::new();
    let mut add = |lock: &LockInfo| {
        if known.get(lock.id).is_none() {
            known.insert(lock.id, ());
            locks.push(lock.clone());
        }
    };
    let mut threads: Vec<DumpedThread> = Vec::new();
    for mut subject in subjects {
        if subject.stack.is_none() {
            subject.stack = answers.next();
        }
        if let Some(observed) = &subject.observed {
            for hold in observed.holds() {
                add(&hold.lock);
            }
            if let Some(wait) = &observed.wait {
                add(&wait.lock);
            }
        }
        threads.extend(thread(subject));
    }
    // The threads of this crate come last: they are rarely of interest.
    sorting::sort_by_key(&mut threads, |thread| thread.is_ours);
    Dump {
        taken,
        threads,
        locks,
        agents: super::agents::describe_all(),
        took: started.elapsed(),
    }
}

/// Returns all threads, with their slots and system ids.
fn subjects() -> Vec<Subject> {
    let mut observed = observe::all(false);
    sorting::sort_by_key(&mut observed, |observed| observed.thread);
    let mut ids: Vec<u32> = Vec::new();
    let mut subjects: Vec<Subject> = Vec::with_capacity(observed.len());
    for observed in observed {
        let os_id = observed.os_id;
        ids.extend(os_id);
        subjects.push(subject(os_id, Some(observed)));
    }
    sorting::sort(&mut ids);
    for id in system::threads() {
        if lists::search(ids.len(), &|at| ids[at].cmp(&id)).is_err() {
            subjects.push(subject(Some(id), None));
        }
    }
    subjects
}

fn subject(os_id: Option<u32>, observed: Option<Observed>) -> Subject {
    let seen = os_id.map_or_else(Seen::nothing, system::look);
    let stack = known_without_signal(os_id, &seen, observed.as_ref());
    Subject {
        observed,
        os_id,
        seen,
        stack,
    }
}

/// Returns the stack of a thread, or why it is unknown, if the thread need not be asked.
fn known_without_signal(
    id: Option<u32>,
    seen: &Seen,
    observed: Option<&Observed>,
) -> Option<Result<Stack, NoStack>> {
    if observed.is_some_and(|observed| observed.has_ended) {
        return Some(Err(NoStack::Ended));
    }
    if observed.is_some_and(|observed| observed.is_ours) {
        return Some(Err(NoStack::Watchdog));
    }
    if let Some(place) = observed.and_then(Observed::place) {
        return Some(Ok(place));
    }
    let Some(id) = id else {
        return Some(Err(NoStack::NoSignals));
    };
    if id == os_id() {
        return Some(Ok(Stack::capture()));
    }
    match seen.activity {
        Activity::Ended => Some(Err(NoStack::Ended)),
        Activity::Stopped | Activity::Uninterruptible => Some(Err(NoStack::Unreachable)),
        _ => None,
    }
}

/// Builds the entry of a thread; `None` if it has ended and never had a slot.
fn thread(subject: Subject) -> Option<DumpedThread> {
    let Subject {
        observed,
        os_id,
        seen,
        stack,
    } = subject;
    let stack = stack.unwrap_or(Err(NoStack::NoAnswer));
    let Some(observed) = observed else {
        let is_gone = seen.activity == Activity::Ended
            || stack.as_ref().is_err_and(|why| *why == NoStack::Ended);
        // The system gives the first thread the name of the program.
        let is_main = os_id == Some(std::process::id());
        let name = if is_main {
            Some("main".to_owned())
        } else {
            seen.name
        };
        return (!is_gone).then_some(DumpedThread {
            id: None,
            os_id,
            is_ours: name.as_deref().is_some_and(|name| name.starts_with(OURS)),
            name,
            is_task: false,
            activity: seen.activity,
            held: Some(Vec::new()),
            waits: None,
            stack,
        });
    };
    // The thread may have ended meanwhile, and its number may belong to another one.
    let is_gone = observed.has_ended || !observed.is_there();
    let info = observed.thread_info(wait::now());
    Some(DumpedThread {
        id: registry::numbered(info.id),
        os_id,
        held: observed.held.map(|_| info.held),
        waits: info.waits,
        name: info.name,
        is_task: info.is_task,
        is_ours: observed.is_ours,
        activity: if is_gone {
            Activity::Ended
        } else {
            seen.activity
        },
        stack: match stack {
            _ if is_gone => Err(NoStack::Ended),
            Err(_) if info.is_task => Err(NoStack::Task),
            stack => stack,
        },
    })
}
