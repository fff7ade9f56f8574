//! The suggestion for deadlocks in which not all waits are for locks.
//!
//! The whole cycle decides, never a single wait: first a lock that one thread keeps through its wait
//! and another one needs; then a panic; then the wait whose end would let the others continue.

use super::super::data::Report;
use super::super::place::place;
use super::super::thread::{FreedBy, ThreadInfo, WaitInfo, WaitsFor};
use crate::engine::ids::LockId;
use crate::engine::wait_reason::WaitReason;

/// Returns the suggestion.
pub(super) fn suggestion(report: &Report) -> Option<String> {
    if let Some(kept) = kept_through_a_wait(report) {
        return Some(kept);
    }
    let mut parts: Vec<String> = panics(report).into_iter().collect();
    parts.extend(waits(report).or_else(|| kept(report)));
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// Returns the suggestion for a thread that waits for an event that only it could cause.
pub(super) fn alone(report: &Report) -> Option<String> {
    let (thread, wait) = waiting(report).next()?;
    match wait.what {
        WaitsFor::Resource { awaited, .. } => of_wait(report, thread, wait, awaited),
        WaitsFor::Lock { .. } => None,
    }
}

/// Yields the threads that wait, each with its wait.
fn waiting(report: &Report) -> impl Iterator<Item = (&ThreadInfo, &WaitInfo)> {
    let threads = report.threads.iter();
    threads.filter_map(|thread| Some((thread, thread.waits.as_ref()?)))
}

/// Suggests to end a hold that a thread keeps through its wait for a resource, and that another thread
/// needs.
fn kept_through_a_wait(report: &Report) -> Option<String> {
    let is_of_lock = |wait: &WaitInfo| matches!(wait.what, WaitsFor::Lock { .. });
    kept_through(report, |wait| !is_of_lock(wait) || wait.again.is_some())
}

/// Suggests to end a hold that a thread keeps through its wait for a lock whose guards may be sent.
fn kept(report: &Report) -> Option<String> {
    kept_through(report, |wait| wait.by == Some(FreedBy::AnyThread))
}

fn kept_through(report: &Report, concerns: impl Fn(&WaitInfo) -> bool) -> Option<String> {
    let wanted: Vec<LockId> = waiting(report)
        .filter_map(|(_, wait)| match wait.what {
            WaitsFor::Lock { lock, .. } => Some(lock),
            WaitsFor::Resource { .. } => None,
        })
        .collect();
    waiting(report).find_map(|(thread, wait)| {
        if !concerns(wait) {
            return None;
        }
        let held = thread
            .held
            .iter()
            .find(|held| wanted.contains(&held.lock))?;
        Some(format!(
            "release {}, which {thread} took at {}, before the wait at {}",
            report.the_lock(held.lock),
            place(held.site),
            place(wait.site)
        ))
    })
}

/// Names a panicked thread that might otherwise have ended a wait.
fn panics(report: &Report) -> Option<String> {
    let thread = report.threads.iter().find(|thread| thread.panicked)?;
    let what = match thread.ended {
        true => format!("{thread} has ended by a panic"),
        false => format!("a job or a callback that {thread} ran has panicked"),
    };
    Some(format!(
        "{what}, and did not do what came after that: look there first, and do what others wait for \
         in a destructor, or on the error path as well"
    ))
}

/// Returns the suggestion for the wait that matters most.
fn waits(report: &Report) -> Option<String> {
    if let Some(crossed) = crossed(report) {
        return Some(crossed);
    }
    let resource = |(thread, wait): (_, &WaitInfo)| match wait.what {
        WaitsFor::Resource { awaited, .. } => Some((thread, wait.clone(), awaited)),
        WaitsFor::Lock { .. } => None,
    };
    let all = waiting(report).filter_map(resource);
    // A job that waits for its own pool blocks the threads that wait for the job.
    let (thread, wait, awaited) = all.min_by_key(|(thread, wait, awaited)| {
        let is_inside = works_for(report, thread, wait);
        (!is_inside, innocence(report, wait, *awaited))
    })?;
    of_wait(report, thread, &wait, awaited)
}

/// Returns the suggestion for two threads that each wait for a message, for room or for an event, of different
/// channels or other resources.
fn crossed(report: &Report) -> Option<String> {
    let busy = waiting(report).filter(|(_, wait)| !is_idle(wait) && !is_join(wait));
    let busy: Vec<_> = busy.collect();
    let [(one, first), (two, second)] = busy.as_slice() else {
        return None;
    };
    let awaited = |wait: &WaitInfo| match wait.what {
        WaitsFor::Resource { awaited, .. } => Some(awaited),
        WaitsFor::Lock { .. } => None,
    };
    if first.subject() == second.subject() {
        return None;
    }
    let (does, done) = match (awaited(first)?, awaited(second)?) {
        (WaitReason::Message | WaitReason::Item, WaitReason::Message | WaitReason::Item) => {
            ("receive before they send", "send before it receives")
        }
        (WaitReason::Room | WaitReason::Partner, WaitReason::Room | WaitReason::Partner) => (
            "wait to send while they receive nothing",
            "receive what is there before it sends",
        ),
        (WaitReason::Event, WaitReason::Event) => (
            "wait for an event before they set one",
            "set its event before it waits",
        ),
        _ => return None,
    };
    Some(format!(
        "{one} and {two} each {does}: let one of them {done} at {} or at {}",
        place(first.site),
        place(second.site)
    ))
}

fn is_join(wait: &WaitInfo) -> bool {
    matches!(
        wait.what,
        WaitsFor::Resource {
            awaited: WaitReason::End | WaitReason::ScopeEnd,
            ..
        }
    )
}

fn is_idle(wait: &WaitInfo) -> bool {
    matches!(
        wait.what,
        WaitsFor::Resource {
            awaited: WaitReason::Job,
            ..
        }
    )
}

/// Returns how unlikely a wait is to be the cause: a thread that waits for a message, or for the end of
/// a thread, a job or a pool, often waits for an action of another thread of the deadlock.
fn innocence(report: &Report, wait: &WaitInfo, awaited: WaitReason) -> u8 {
    match awaited {
        WaitReason::Room | WaitReason::Partner => 0,
        WaitReason::Message | WaitReason::Item | WaitReason::Selection => 2,
        WaitReason::End | WaitReason::ScopeEnd | WaitReason::Result => 3,
        WaitReason::Tasks if noun(report, wait) == "ThreadPool" => 3,
        WaitReason::Job => 4,
        _ => 1,
    }
}

/// Returns the usual mistake with such a wait, with the names and places of this one.
fn of_wait(
    report: &Report,
    me: &ThreadInfo,
    wait: &WaitInfo,
    awaited: WaitReason,
) -> Option<String> {
    let name = report.the_lock(wait.subject());
    let at = place(wait.site);
    Some(match awaited {
        WaitReason::Message => format!(
            "the receive at {at} ends when a thread sends to {name} or when its last sender is \
             dropped: send before this wait, and drop every sender that is not used any more, above \
             all one that {me} has itself"
        ),
        WaitReason::Room if noun(report, wait) == "ThreadPool" => format!(
            "{me} submits a job to {name} at {at}, which is full: give {name} a larger bound \
             (`queue_bound`), or let no job of {name} submit more to {name}"
        ),
        WaitReason::Room if noun(report, wait).ends_with("Queue") => format!(
            "the put at {at} ends when a thread gets an item from {name} or shuts it down: get in a \
             thread that does not wait for this put, make room for all that is put before the first \
             get, or shut {name} down when no thread gets any more"
        ),
        WaitReason::Room | WaitReason::Partner => {
            let same = |(_, other): &(_, &WaitInfo)| other.subject() == wait.subject();
            let receiver = match waiting(report).filter(same).count() {
                0 | 1 => format!("if {me} is the receiver, let it keep the item instead of sending it to itself"),
                _ => "whichever of them is the receiver may not send to itself while others fill the \
                      channel: let it keep the item"
                    .to_owned(),
            };
            format!(
                "the send at {at} ends when a thread receives from {name} or when its last receiver is \
                 dropped: receive in a thread that does not wait for this send, or make room for all \
                 that is sent before the first receive; {receiver}"
            )
        }
        WaitReason::Item => format!(
            "put an item into {name} on every path, also when a thread fails, or shut {name} down when \
             no thread puts any more"
        ),
        WaitReason::Selection => {
            format!("give the select at {at} a branch that is sure to come, or a timeout")
        }
        WaitReason::Permit => permits(report, &name, me, wait),
        WaitReason::Event => {
            format!("set {name} on every path, also when the thread that is to set it fails")
        }
        WaitReason::Arrival => format!(
            "make {name} for as many threads as come to it in one round, and abort it when one of them \
             fails"
        ),
        WaitReason::Notification => format!(
            "check the condition in a loop before the wait at {at}, change it under the mutex, and \
             notify {name} after that on every path, also that of a panic"
        ),
        WaitReason::Tasks if noun(report, wait) == "ThreadPool" => format!(
            "let every job of {name} come to its end: what its workers wait for is said above"
        ),
        WaitReason::Tasks => {
            format!("say of every task of {name} that it is done (`task_done`), also when it fails")
        }
        WaitReason::Result if works_for(report, me, wait) => format!(
            "{me} is a worker of {name} and waits at {at} for a job that needs a worker of {name}: \
             return what the job needs and submit the second one from outside, call it directly, or \
             use a second pool"
        ),
        WaitReason::Result => format!(
            "the job whose result {me} waits for at {at} does not come to its end: what its worker \
             waits for is said above"
        ),
        WaitReason::Initialisation if wait.by == Some(FreedBy::AnyThread) => format!(
            "initialise {name} on every path, also when the thread that is to do that fails"
        ),
        WaitReason::Initialisation => format!(
            "let the initialiser of {name} do without what needs its own result, or compute that \
             before"
        ),
        WaitReason::End | WaitReason::ScopeEnd => joins(report, me, wait)?,
        _ => return None,
    })
}

fn permits(report: &Report, name: &str, me: &ThreadInfo, wait: &WaitInfo) -> String {
    let others = waiting(report).filter(|(_, other)| other.subject() == wait.subject());
    if others.count() > 1 {
        return format!(
            "several threads wait for further permits of {name}, and may keep some: take all that one \
             thread needs in one call, and release them on every path, also when it fails"
        );
    }
    let asks = match wait.counts {
        Some(counts) if counts.wanted > 1 => format!(
            "{me} asks {name} for {} permits at once, and {} of them come to be free",
            counts.wanted, counts.available
        ),
        _ => format!("no thread is left that releases a permit of {name} to {me}"),
    };
    format!(
        "{asks}: make {name} with as many permits as are ever taken at the same time, drop those that \
         {me} keeps before it asks at {}, and release them on every path, also when a thread fails",
        place(wait.site)
    )
}

/// Returns the type of the resource of a wait.
fn noun(report: &Report, wait: &WaitInfo) -> &'static str {
    let lock = report.lock(wait.subject());
    lock.map_or("", |lock| lock.noun)
}

/// Returns whether a thread that waits for a pool runs a job of that pool: another thread waits for
/// this job.
fn works_for(report: &Report, me: &ThreadInfo, wait: &WaitInfo) -> bool {
    let is_of_pool = |other: &WaitInfo| other.subject() == wait.subject();
    waiting(report).any(|(_, other)| {
        let by_me = match &other.by {
            Some(FreedBy::Threads(threads)) => threads.contains(&me.id),
            _ => false,
        };
        is_of_pool(other) && by_me
    })
}

/// Returns the suggestion for threads that wait for each other's ends.
fn joins(report: &Report, me: &ThreadInfo, wait: &WaitInfo) -> Option<String> {
    let Some(FreedBy::Threads(joined)) = &wait.by else {
        return None;
    };
    let at = place(wait.site);
    if joined.as_slice() == [me.id] {
        return Some(format!(
            "{me} joins itself at {at}: hand its handle to the thread that outlives it"
        ));
    }
    let is_join = |wait: &WaitInfo| {
        matches!(
            wait.what,
            WaitsFor::Resource {
                awaited: WaitReason::End | WaitReason::ScopeEnd,
                ..
            }
        )
    };
    let ring = waiting(report).all(|(_, wait)| is_join(wait));
    let names: Vec<String> = joined.iter().map(|id| report.thread_name(*id)).collect();
    ring.then(|| {
        format!(
            "take away the join at {at}, or that of {}: threads that join each other never end",
            names.join(", ")
        )
    })
}
