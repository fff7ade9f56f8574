//! The suggestion for deadlocks in which not all waits are for locks.
//!
//! The whole cycle decides, never a single wait: first a lock that one thread keeps through its wait
//! and another one needs; then a panic; then the wait whose end would let the others continue.

use super::super::data::Report;
use super::super::place::place;
use super::super::thread::{FreedBy, HeldInfo, ThreadInfo, WaitInfo, WaitsFor};
use crate::engine::wait_reason::WaitReason;

/// What to do where a lock is held by a thread that a fork has left behind.
pub(super) const FORKED: &str = "take the locks that the child needs before the fork, in the thread that forks, \
                                 and drop them in both processes; or fork before other threads are started; or \
                                 do nothing in the child but `exec`";
/// What to look for where a thread has ended without releasing a lock.
pub(super) const FORGOTTEN: &str = "look for `mem::forget`, for a guard kept in a value that is leaked, and for a \
                                    missing `force_unlock`";

/// Returns the suggestion.
pub(super) fn suggestion(report: &Report) -> Option<String> {
    if let Some(kept) = kept_through_a_wait(report) {
        return Some(kept);
    }
    if let Some(forked) = of_the_parent(report) {
        return Some(forked);
    }
    if let Some(left) = left_behind(report) {
        return Some(left);
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
        WaitsFor::Lock { lock, .. } => {
            let at = place(wait.site);
            let held = thread.held.iter().find(|held| held.lock == lock);
            Some(match held {
                Some(held) => format!(
                    "drop the guard that was taken at {} before the wait at {at}, or hand the guarded value on \
                     instead of locking again",
                    place(held.site)
                ),
                None => format!(
                    "{thread} has a future that comes first for {}, and does not poll it: await it, or drop it, \
                     before the wait at {at}; a `select!` that borrows a future does not drop it",
                    report.the_lock(lock)
                ),
            })
        }
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

/// Returns whether a thread that waits for a lock would only come to wait where the holder does: workers that receive
/// under the lock of a shared receiver take it in one place, and wait for a message in the same statement. None of them
/// needs the lock for anything else, so its release would let no thread continue.
fn takes_its_place(waiter: &WaitInfo, held: &HeldInfo, holder: &WaitInfo) -> bool {
    /// The most lines from the head of a chain of calls to its last call.
    const STATEMENT: u32 = 3;
    let (taken, waits) = (held.site, holder.site);
    waiter.site == taken
        && holder.by == Some(FreedBy::AnyThread)
        && taken.file() == waits.file()
        && (taken.line()..=taken.line() + STATEMENT).contains(&waits.line())
}

/// Suggests to end a hold that a thread keeps through its wait for a lock whose guards may be sent.
fn kept(report: &Report) -> Option<String> {
    kept_through(report, |wait| wait.by == Some(FreedBy::AnyThread))
}

/// Suggests to end a hold that a thread keeps through its wait, if that `concerns`.
fn kept_through(report: &Report, concerns: impl Fn(&WaitInfo) -> bool) -> Option<String> {
    waiting(report).find_map(|(thread, wait)| {
        let needs = |other: &WaitInfo, held: &HeldInfo| !takes_its_place(other, held, wait);
        let held = concerns(wait)
            .then(|| wanted(report, thread, needs))
            .flatten()?;
        Some(format!(
            "release {}, which {thread} took at {}, before the wait at {}",
            report.the_lock(held.lock),
            place(held.site),
            place(wait.site)
        ))
    })
}

/// Returns the first lock that the thread holds and another one `needs`, which waits for it.
fn wanted<'a>(
    report: &Report,
    thread: &'a ThreadInfo,
    needs: impl Fn(&WaitInfo, &HeldInfo) -> bool,
) -> Option<&'a HeldInfo> {
    let is_wanted = |held: &&HeldInfo| {
        let is_for =
            |wait: &WaitInfo| matches!(wait.what, WaitsFor::Lock { lock, .. } if lock == held.lock);
        waiting(report).any(|(_, wait)| is_for(wait) && needs(wait, held))
    };
    thread.held.iter().find(is_wanted)
}

/// Names a lock that a thread waits for and that a thread held when it ended.
fn left_behind(report: &Report) -> Option<String> {
    let mut ended = report.threads.iter().filter(|thread| thread.ended);
    ended.find_map(|thread| {
        let held = wanted(report, thread, |_, _| true)?;
        if thread.left_by_fork {
            return Some(FORKED.to_owned());
        }
        Some(format!(
            "{thread} has ended without releasing {}, which it took at {}: {FORGOTTEN}",
            report.the_lock(held.lock),
            place(held.site)
        ))
    })
}

/// Returns the suggestion for a wait that only threads of the parent process could end.
fn of_the_parent(report: &Report) -> Option<String> {
    let is_left = |id| report.thread(id).is_some_and(|thread| thread.left_by_fork);
    waiting(report).find_map(|(_, wait)| {
        let WaitsFor::Resource { awaited, .. } = wait.what else {
            return None;
        };
        let Some(FreedBy::Threads(threads)) = &wait.by else {
            return None;
        };
        if !threads.iter().all(|id| is_left(*id)) {
            return None;
        }
        let name = report.the_lock(wait.subject());
        Some(match awaited {
            WaitReason::End | WaitReason::ScopeEnd => format!(
                "a fork copies of the threads only the one that forks: join the thread in the parent, not at {} in \
                 the child, or start it in the child",
                place(wait.site)
            ),
            WaitReason::Initialisation => format!(
                "initialise {name} before the fork, in the thread that forks; or fork before other threads are \
                 started; or do nothing in the child but `exec`"
            ),
            _ => format!(
                "a fork copies of the threads only the one that forks: make {name} in the child, or do nothing in \
                 the child but `exec`"
            ),
        })
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
    let busy = waiting(report).filter(|(_, wait)| !is_idle(wait) && !is_for_an_end(report, wait));
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
    let (does, done, otherwise) = match (awaited(first)?, awaited(second)?) {
        (WaitReason::Message | WaitReason::Item, WaitReason::Message | WaitReason::Item) => (
            "receive before they send",
            "send before it receives",
            "; or, if what leads to one of the messages waits in a channel or a queue that one of the two \
                 serves, let another thread serve that",
        ),
        (WaitReason::Room | WaitReason::Partner, WaitReason::Room | WaitReason::Partner) => (
            "wait to send while they receive nothing",
            "receive what is there before it sends",
            "; or, if neither of them receives what the other one sends, drop the receiver, since the thread that \
             used it is gone",
        ),
        (WaitReason::Event, WaitReason::Event) => (
            "wait for an event before they set one",
            "set its event before it waits",
            "",
        ),
        _ => return None,
    };
    Some(format!(
        "{one} and {two} each {does}: let one of them {done} at {} or at {}{otherwise}",
        place(first.site),
        place(second.site)
    ))
}

/// Returns whether the wait lasts until a thread, a scope, a job or a pool comes to its end.
fn is_for_an_end(report: &Report, wait: &WaitInfo) -> bool {
    match wait.what {
        WaitsFor::Resource { awaited, .. } => match awaited {
            WaitReason::End | WaitReason::ScopeEnd | WaitReason::Result => true,
            WaitReason::Tasks => noun(report, wait) == "ThreadPool",
            _ => false,
        },
        WaitsFor::Lock { .. } => false,
    }
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
        WaitReason::Message | WaitReason::Item | WaitReason::Selection | WaitReason::Unpark => 2,
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
             all one that {}",
            sender_kept(report, me)
        ),
        WaitReason::Room if noun(report, wait) == "blocking pool" => format!(
            "raise the `max_blocking_threads` of {name}, or let no closure that runs there wait for another one"
        ),
        WaitReason::Tasks if noun(report, wait) == "runtime" => format!(
            "drop {name} outside of what runs on it, and under no lock that this needs, or end it with \
             `shutdown_background`, which does not wait"
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
            let joins = waits_for_ends(report, me).next();
            let receiver = match waiting(report).filter(same).count() {
                0 | 1 if let Some((joins, wait)) = joins => format!(
                    "if {joins} has the receiver, let it receive, or drop the receiver, before its wait at {}",
                    place(wait.site)
                ),
                0 | 1 => format!(
                    "if {me} is the receiver, let it keep the item instead of sending it to itself"
                ),
                _ => {
                    let joins = joins.map_or_else(String::new, |(joins, wait)| {
                        let at = place(wait.site);
                        format!("; if {joins} has the receiver, let it receive, or drop the receiver, before its wait at {at}")
                    });
                    format!(
                        "whichever of them is the receiver may not send to itself while others fill the channel: \
                         let it keep the item{joins}"
                    )
                }
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
        WaitReason::Notification => {
            let same = |(_, other): &(_, &WaitInfo)| other.subject() == wait.subject();
            let have = match waiting(report).filter(same).count() {
                0 | 1 => "",
                _ => {
                    "; or, if the threads that wait there have what each of the others waits for, take all that a \
                     thread needs at once, or give it back before the wait"
                }
            };
            format!(
                "check the condition in a loop before the wait at {at}, change it under the mutex, and \
                 notify {name} after that on every path, also that of a panic, with `notify_all` if more than one \
                 thread may wait for it{have}"
            )
        }
        WaitReason::Unpark => format!(
            "unpark {me} on every path, also when the thread that is to do so fails, after what {me} waits for has \
             come; and check for that in a loop before the park at {at}, since the park of a library that the \
             thread calls may take the permit"
        ),
        WaitReason::Tasks if noun(report, wait) != "ThreadPool" => {
            format!(
                "say of every task of {name} that it is done (`task_done`), also when it fails, and before \
                 a thread that has one of them waits at {at}"
            )
        }
        WaitReason::Result if works_for(report, me, wait) => {
            let own = match &wait.by {
                Some(FreedBy::Threads(threads)) if threads.as_slice() == [me.id] => {
                    "; or, if that is the handle of the job that it runs, hand it to a thread that outlives the job"
                }
                _ => "",
            };
            format!(
                "{me} is a worker of {name} and waits at {at} for a job that needs a worker of {name}: return \
                 what the job needs and submit the second one from outside, call it directly, or use a second \
                 pool{own}"
            )
        }
        WaitReason::Initialisation if wait.by == Some(FreedBy::AnyThread) => format!(
            "initialise {name} on every path, also when the thread that is to do that fails"
        ),
        WaitReason::Initialisation => format!(
            "let the initialiser of {name} do without what needs its own result, or compute that \
             before"
        ),
        WaitReason::End | WaitReason::ScopeEnd | WaitReason::Result | WaitReason::Tasks => {
            ends(report, me, wait)?
        }
        _ => return None,
    })
}

/// Names the threads that may keep a sender for which a receiver waits: those that wait for an end do not send any
/// more, and drop what they have after that.
fn sender_kept(report: &Report, receiver: &ThreadInfo) -> String {
    let kept = kept_through_ends(report, receiver);
    match kept.is_empty() {
        true => {
            format!("{receiver} has itself, or that lies in a message which no thread receives")
        }
        false => kept.join(", or that "),
    }
}

/// Yields the other threads that wait for an end, each with its wait.
fn waits_for_ends<'a>(
    report: &'a Report,
    me: &'a ThreadInfo,
) -> impl Iterator<Item = (&'a ThreadInfo, &'a WaitInfo)> {
    let others = waiting(report);
    others.filter(|(other, wait)| other.id != me.id && is_for_an_end(report, wait))
}

/// Names the threads that wait for an end, and so keep what they have until then.
fn kept_through_ends(report: &Report, me: &ThreadInfo) -> Vec<String> {
    let others = waits_for_ends(report, me);
    others
        .map(|(other, wait)| format!("{other} keeps through its wait at {}", place(wait.site)))
        .collect()
}

fn permits(report: &Report, name: &str, me: &ThreadInfo, wait: &WaitInfo) -> String {
    let others = waiting(report).filter(|(_, other)| other.subject() == wait.subject());
    if others.count() > 1 {
        return format!(
            "several threads wait for permits of {name}: if one of them has some already, let it take all \
             that it needs in one call; else make {name} with as many permits as are ever taken at the same \
             time; and release them on every path, also when a thread fails"
        );
    }
    let asks = match wait.counts {
        Some(counts) if counts.wanted > 1 => format!(
            "{me} asks {name} for {} permits at once, and no more than {} come to be free",
            counts.wanted, counts.available
        ),
        _ => format!("no thread is left that releases a permit of {name} to {me}"),
    };
    let kept = kept_through_ends(report, me);
    let others = match kept.is_empty() {
        true => String::new(),
        false => format!(", or that {}", kept.join(", or that ")),
    };
    format!(
        "{asks}: make {name} with as many permits as are ever taken at the same time, drop those that \
         {me} keeps before it asks at {}{others}, and release them on every path, also when a thread fails",
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
fn ends(report: &Report, me: &ThreadInfo, wait: &WaitInfo) -> Option<String> {
    let Some(FreedBy::Threads(awaited)) = &wait.by else {
        return None;
    };
    let at = place(wait.site);
    if awaited.as_slice() == [me.id] {
        return Some(format!(
            "{me} waits at {at} for the end of what it runs itself: hand the handle to a thread that outlives that"
        ));
    }
    let ring = waiting(report).all(|(_, wait)| is_idle(wait) || is_for_an_end(report, wait));
    let names: Vec<String> = awaited.iter().map(|id| report.thread_name(*id)).collect();
    ring.then(|| {
        format!(
            "take away the wait at {at}, or that of {}: threads that wait for each other's ends never end",
            names.join(", ")
        )
    })
}
