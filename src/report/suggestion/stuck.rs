//! The suggestion for deadlocks in which not all waits are for locks.
//!
//! The whole cycle decides, never a single wait: first a lock that one thread keeps through its wait
//! and another one needs; then a panic; then the wait whose end would let the others continue.

use std::fmt;

use super::super::data::Report;
use super::super::headline::is_left_by_fork;
use super::super::names::{list, push_new};
use super::super::place::place;
use super::super::thread::{FreedBy, HeldInfo, ThreadInfo, WaitInfo, WaitsFor};
use crate::engine::ids::LockId;
use crate::engine::lists;
use crate::engine::wait_reason::WaitReason;

/// How long a guard without a name lives.
pub(super) const TEMPORARY: &str = "a guard without a name lives to the end of its statement: in an argument, in a \
                         chain of calls, on either side of an assignment, and in the head of a \
                         `match`, `if let`, `while let` or `for`, whose body is a part of the statement";

/// What to do where a lock is held by a thread that a fork has left behind.
pub(super) const FORKED: &str = "take the locks that the child needs before the fork, in the thread that forks, \
                                 and drop them in both processes; or fork before other threads are started; or \
                                 do nothing in the child but `exec`";
/// What to look for where a thread has ended without releasing a lock.
pub(super) const FORGOTTEN: &str = "look for `mem::forget`, for a guard kept in a value that is leaked, and for a \
                                    missing `force_unlock`";

pub(super) fn suggestion(report: &Report) -> Option<String> {
    // A hold that a thread keeps through its wait for a resource, and that another thread needs.
    let is_for_resource = |wait: &WaitInfo| wait.reason().is_some() || wait.again.is_some();
    let certain = kept_through(report, &is_for_resource)
        .or_else(|| kept_asleep(report))
        .or_else(|| of_the_parent(report))
        .or_else(|| left_behind(report));
    if certain.is_some() {
        return certain;
    }
    // The guards of such a lock may be sent.
    let any_could_end = |wait: &WaitInfo| wait.by == Some(FreedBy::AnyThread);
    let waits = waits(report)
        .or_else(|| kept_through(report, &any_could_end))
        .or_else(|| locks_alone(report));
    match (panics(report), waits) {
        (Some(panics), Some(waits)) => Some(format!("{panics}; {waits}")),
        (panics, waits) => panics.or(waits),
    }
}

/// Returns the suggestion for a thread that waits for an event that only it could cause.
pub(super) fn alone(report: &Report) -> Option<String> {
    let &(thread, wait) = report.waiting().first()?;
    if wait.reason().is_some() {
        return of_wait(report, thread, wait);
    }
    let (lock, at) = (wait.subject(), place(wait.site));
    Some(match thread.held.iter().find(|held| held.lock == lock) {
        Some(_) if is_value(report, lock) => format!(
            "let the initialiser of {} do without its own value, for which it waits at {at}",
            report.the_lock(lock)
        ),
        Some(held) => format!(
            "drop the guard that was taken at {} before the wait at {at}, or hand the guarded value on \
             instead of locking again; {TEMPORARY}",
            place(held.site)
        ),
        None => format!(
            "{thread} has a future that comes first for {}, and does not poll it: await it, or drop it, \
             before the wait at {at}; a `select!` that borrows a future does not drop it",
            report.the_lock(lock)
        ),
    })
}

/// Returns whether a thread that waits for a lock would only come to wait where the holder does: workers that receive
/// under the lock of a shared receiver take it in one place, and wait for a message in the same statement. None of them
/// needs the lock for anything else, so its release would let no thread continue. At a barrier it would: one more thread
/// arrives.
fn takes_its_place(waiter: &WaitInfo, held: &HeldInfo, holder: &WaitInfo) -> bool {
    /// The most lines from the head of a chain of calls to its last call.
    const STATEMENT: u32 = 3;
    let (taken, waits) = (held.site, holder.site);
    waiter.site == taken
        && holder.by == Some(FreedBy::AnyThread)
        && holder.reason() != Some(WaitReason::Arrival)
        && taken.file() == waits.file()
        && (taken.line()..=taken.line() + STATEMENT).contains(&waits.line())
}

/// Suggests to end a hold that a thread keeps while it sleeps in a wait that is not watched.
fn kept_asleep(report: &Report) -> Option<String> {
    for thread in &report.threads {
        if thread.is_asleep
            && let Some(held) = wanted(report, thread, None)
        {
            let call = fmt::from_fn(|f| match thread.called_in() {
                Some(call) => write!(f, "the call at {}", call.place()),
                None if thread.is_task => f.write_str("it waits for what is not watched"),
                None => f.write_str("the call in which it sleeps"),
            });
            return Some(format!(
                "release {}, which {thread} took at {}, before {call}",
                report.the_lock(held.lock),
                place(held.site),
            ));
        }
    }
    None
}

/// Suggests to end a hold that a thread keeps through its wait, if that `concerns`.
fn kept_through(report: &Report, concerns: &dyn Fn(&WaitInfo) -> bool) -> Option<String> {
    for (thread, wait) in report.waiting() {
        if concerns(wait)
            && let Some(held) = wanted(report, thread, Some(wait))
        {
            return Some(format!(
                "release {}, which {thread} took at {}, before the wait at {}{}",
                report.the_lock(held.lock),
                place(held.site),
                place(wait.site),
                fmt::from_fn(|f| asked_in_a_hook(f, report, held.lock))
            ));
        }
    }
    None
}

/// Returns the suggestion for tasks all of which wait for locks: a value that is initialised once cannot be released, a
/// guard of a lock of threads that a suspended task keeps can be dropped before its `.await`, and any other hold can
/// end before the wait.
fn locks_alone(report: &Report) -> Option<String> {
    for thread in &report.threads {
        if thread.is_task
            && thread.waits.is_none()
            && !thread.ended
            && let Some(held) = wanted(report, thread, None)
            && !is_of_tasks(report, held.lock)
        {
            return Some(format!(
                "drop the guard that {thread} took at {} before its `.await`, or use the asynchronous lock of the \
                 runtime, whose waiters are suspended",
                place(held.site)
            ));
        }
    }
    let mut initialises = None;
    let mut needs_value = None;
    for (thread, wait) in report.waiting() {
        if wait.reason().is_some() {
            continue;
        }
        let Some(held) = wanted(report, thread, Some(wait)) else {
            continue;
        };
        let (kept, asked) = (report.the_lock(held.lock), report.the_lock(wait.subject()));
        let (first, second) = (place(held.site), place(wait.site));
        if is_value(report, held.lock) {
            initialises = initialises.or(Some(format!(
                "let the initialiser of {kept} do without {asked}, which it needs at {second}"
            )));
        } else if is_value(report, wait.subject()) {
            needs_value = needs_value.or(Some(format!(
                "initialise {asked} before {kept} is taken at {first}, instead of under it at {second}"
            )));
        }
    }
    if let Some(suggestion) = needs_value.or(initialises) {
        return Some(suggestion);
    }
    let release = kept_through(report, &|wait| wait.reason().is_none())?;
    let waiting = report.waiting();
    let first = waiting.first()?.1.subject();
    Some(
        match waiting.iter().all(|(_, wait)| wait.subject() == first) {
            true => release,
            false => format!("{release}, or let all of them take these locks in one order"),
        },
    )
}

/// Returns whether the lock is a value that tasks initialise once.
fn is_value(report: &Report, lock: LockId) -> bool {
    report.noun(lock) == "tokio OnceCell"
}

/// Returns whether the lock is one whose waiters do not block their thread.
fn is_of_tasks(report: &Report, lock: LockId) -> bool {
    report.noun(lock).starts_with("tokio ")
}

/// Writes what a panic hook may do that waits for this lock.
fn asked_in_a_hook(f: &mut fmt::Formatter<'_>, report: &Report, lock: LockId) -> fmt::Result {
    for (thread, wait) in report.waiting() {
        if thread.panicking && wait.reason().is_none() && wait.subject() == lock {
            let tries = match wait.what {
                WaitsFor::Lock { mode, .. } => report.try_of(lock, mode),
                _ => "try_lock",
            };
            return write!(
                f,
                "; or, if {} is in a panic hook, ask with `{tries}` there",
                place(wait.site)
            );
        }
    }
    Ok(())
}

/// Returns the first lock of the thread that another one waits for, and not only to come to the present wait of the
/// thread.
fn wanted<'a>(
    report: &Report,
    thread: &'a ThreadInfo,
    present: Option<&WaitInfo>,
) -> Option<&'a HeldInfo> {
    for held in &thread.held {
        for (_, wait) in report.waiting() {
            let is_for = wait.reason().is_none() && wait.subject() == held.lock;
            if is_for && !present.is_some_and(|present| takes_its_place(wait, held, present)) {
                return Some(held);
            }
        }
    }
    None
}

/// Names a lock that a thread waits for and that a thread held when it ended.
fn left_behind(report: &Report) -> Option<String> {
    for thread in &report.threads {
        if thread.ended
            && let Some(held) = wanted(report, thread, None)
        {
            if thread.left_by_fork {
                return Some(FORKED.to_owned());
            }
            return Some(format!(
                "{thread} has ended without releasing {}, which it took at {}: {FORGOTTEN}",
                report.the_lock(held.lock),
                place(held.site)
            ));
        }
    }
    None
}

/// Returns the suggestion for a wait that only threads of the parent process could end.
fn of_the_parent(report: &Report) -> Option<String> {
    for (_, wait) in report.waiting() {
        if let Some(awaited) = wait.reason()
            && let Some(FreedBy::Threads(threads)) = &wait.by
            && !lists::any(threads, &|id| !is_left_by_fork(report, *id))
        {
            let name = report.the_lock(wait.subject());
            return Some(match awaited {
                WaitReason::End | WaitReason::ScopeEnd => format!(
                    "a fork copies of the threads only the one that forks: join the thread in the parent, not \
                     at {} in the child, or start it in the child",
                    place(wait.site)
                ),
                WaitReason::Initialisation => format!(
                    "initialise {name} before the fork, in the thread that forks; or fork before other threads \
                     are started; or do nothing in the child but `exec`"
                ),
                _ => format!(
                    "a fork copies of the threads only the one that forks: make {name} in the child, or do \
                     nothing in the child but `exec`"
                ),
            });
        }
    }
    None
}

/// Names a panicked thread that might otherwise have ended a wait.
fn panics(report: &Report) -> Option<String> {
    let thread = lists::find(&report.threads, &|thread| thread.panicked)?;
    let what = fmt::from_fn(|f| match thread.ended {
        true => write!(f, "{thread} has ended by a panic"),
        false => write!(f, "a job or a callback that {thread} ran has panicked"),
    });
    Some(format!(
        "{what}, and did not do what came after that: look there first, and do what others wait for \
         in a destructor, or on the error path as well"
    ))
}

/// Returns the suggestion for the wait that matters most.
fn waits(report: &Report) -> Option<String> {
    let several = crossed(report).or_else(|| within_an_initialiser(report));
    if several.is_some() {
        return several;
    }
    let mut best = None;
    for (thread, wait) in report.waiting() {
        if let Some(innocence) = innocence(report, thread, wait)
            && best.is_none_or(|(_, _, least)| innocence < least)
        {
            best = Some((thread, wait, innocence));
        }
    }
    let (thread, wait, _) = best?;
    of_wait(report, thread, wait)
}

/// Suggests to take a wait that any thread could end out of an initialiser for whose value another thread waits, as a
/// lock that another thread wants is to be released before a wait.
fn within_an_initialiser(report: &Report) -> Option<String> {
    for (_, wait) in report.waiting() {
        let Some(FreedBy::Threads(initialisers)) = &wait.by else {
            continue;
        };
        for (runs, inner) in report.waiting() {
            if wait.reason() == Some(WaitReason::Initialisation)
                && initialisers.contains(&runs.id)
                && inner.by == Some(FreedBy::AnyThread)
                && let Some(otherwise) = of_wait(report, runs, inner)
            {
                return Some(format!(
                    "let the initialiser of {}, in which {runs} waits at {}, do without what needs its own result, or \
                     compute that before; or, if what ends that wait does not need it, {otherwise}",
                    report.the_lock(wait.subject()),
                    place(inner.site)
                ));
            }
        }
    }
    None
}

/// Returns the suggestion for two threads that each wait for a message, for room or for an event, of different
/// channels or other resources, or for more threads that all wait for a message, or all for room.
fn crossed(report: &Report) -> Option<String> {
    let mut busy = Vec::new();
    for (thread, wait) in report.waiting() {
        if !is_idle(wait) && !is_for_an_end(report, wait) {
            busy.push((thread, wait));
        }
    }
    let is_message =
        |wait: &WaitInfo| matches!(wait.reason(), Some(WaitReason::Message | WaitReason::Item));
    let is_room =
        |wait: &WaitInfo| matches!(wait.reason(), Some(WaitReason::Room | WaitReason::Partner));
    let all = |is_such: &dyn Fn(&WaitInfo) -> bool| busy.iter().all(|(_, wait)| is_such(wait));
    let are_two = busy.len() == 2;
    let differ = |at: usize| {
        let is_other = |(_, wait): &Waiting<'_>| wait.subject() != busy[at].1.subject();
        busy[..at].iter().all(is_other)
    };
    if busy.len() < 2 || !(1..busy.len()).all(differ) {
        return None;
    }
    let them = match are_two {
        true => "of the two",
        false => "of them",
    };
    // Idle workers look the same, while a thread that keeps their senders waits for their end.
    let idle = fmt::from_fn(|f| {
        for (_, wait) in report.waiting() {
            if is_for_an_end(report, wait) {
                return write!(
                    f,
                    "; or, if they have nothing left to do, drop every sender of their channels before the wait at {}",
                    place(wait.site)
                );
            }
        }
        Ok(())
    });
    let none_receives = match are_two {
        true => "neither of them receives what the other one",
        false => "none of them receives what another one",
    };
    let unread = fmt::from_fn(|f| match waits_for_ends(report, busy[0].0).first() {
        Some((joins, wait)) => write!(
            f,
            "let {joins} receive that, or drop the receiver, before its wait at {}",
            place(wait.site)
        ),
        None => f.write_str("drop the receiver, since the thread that used it is gone"),
    });
    let (does, done, otherwise) = if all(&is_message) {
        (
            "receive before they send",
            "send before it receives",
            format!(
                "; or, if what leads to one of the messages waits in a channel or a queue that one {them} \
                 serves, let another thread serve that{idle}"
            ),
        )
    } else if all(&is_room) {
        (
            "wait to send while they receive nothing",
            "receive what is there before it sends",
            format!("; or, if {none_receives} sends, {unread}"),
        )
    } else if are_two && all(&|wait| wait.reason() == Some(WaitReason::Event)) {
        (
            "wait for an event before they set one",
            "set its event before it waits",
            String::new(),
        )
    } else {
        return None;
    };
    let count = busy.len();
    let threads = fmt::from_fn(|f| list(f, count, " and ", &|f, at| write!(f, "{}", busy[at].0)));
    let mut waits = Vec::new();
    for (_, wait) in &busy {
        push_new(&mut waits, format!("at {}", place(wait.site)));
    }
    let places = fmt::from_fn(|f| list(f, waits.len(), " or ", &|f, at| f.write_str(&waits[at])));
    Some(format!(
        "{threads} each {does}: let one of them {done} {places}{otherwise}"
    ))
}

/// Returns whether the wait lasts until a thread, a scope, a job or a pool comes to its end.
fn is_for_an_end(report: &Report, wait: &WaitInfo) -> bool {
    match wait.reason() {
        Some(WaitReason::End | WaitReason::ScopeEnd | WaitReason::Result) => true,
        Some(WaitReason::Tasks) => noun(report, wait) == "ThreadPool",
        _ => false,
    }
}

fn is_idle(wait: &WaitInfo) -> bool {
    wait.reason() == Some(WaitReason::Job)
}

/// Returns how unlikely a wait for a resource is to be the cause: a thread that waits for a message, or for the end of a
/// thread, a job or a pool, often waits for an action of another thread of the deadlock.
fn innocence(report: &Report, me: &ThreadInfo, wait: &WaitInfo) -> Option<u8> {
    let innocence = match wait.reason()? {
        WaitReason::Room | WaitReason::Partner => 0,
        WaitReason::Message | WaitReason::Item | WaitReason::Selection | WaitReason::Unpark => 2,
        _ if is_for_an_end(report, wait) => 3,
        WaitReason::Job => 4,
        _ => 1,
    };
    // A job that waits for its own pool blocks the threads that wait for the job.
    Some(match works_for(report, me, wait) {
        true => innocence,
        false => innocence + 5,
    })
}

/// Returns the usual mistake with such a wait, with the names and places of this one.
fn of_wait(report: &Report, me: &ThreadInfo, wait: &WaitInfo) -> Option<String> {
    let name = report.the_lock(wait.subject());
    let at = place(wait.site);
    Some(match wait.reason()? {
        WaitReason::Message => format!(
            "the receive at {at} ends when a thread sends to {name} or when its last sender is \
             dropped: send before this wait, and drop every sender that is not used any more, above \
             all one that {}",
            fmt::from_fn(|f| sender_kept(f, report, me))
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
        WaitReason::Room | WaitReason::Partner => format!(
            "the send at {at} ends when a thread receives from {name} or when its last receiver is \
             dropped: receive in a thread that does not wait for this send, or make room for all \
             that is sent before the first receive; {}",
            fmt::from_fn(|f| about_receiver(f, report, me, wait))
        ),
        WaitReason::Item => format!(
            "put an item into {name} on every path, also when a thread fails, or shut {name} down when \
             no thread puts any more"
        ),
        WaitReason::Selection => {
            format!("give the select at {at} a branch that is sure to come, or a timeout")
        }
        WaitReason::Permit => permits(report, me, wait),
        WaitReason::Event => {
            format!("set {name} on every path, also when the thread that is to set it fails")
        }
        WaitReason::Arrival => fmt::from_fn(|f| arrivals(f, report, wait)).to_string(),
        // That of tokio, which has no mutex beside it.
        WaitReason::Notification if noun(report, wait) == "Notify" => format!(
            "notify {name} by `notify_one`, which the next wait takes, too, while `notify_waiters` wakes only what \
             waits already; do it on every path, also that of a panic, and check before the wait at {at} whether \
             what it is for has come"
        ),
        WaitReason::Notification => {
            let have = fmt::from_fn(|f| {
                match count_alike(report, wait) {
                0 | 1 => write!(
                    f,
                    "; or, if {me} itself has what it waits for, give it back before the wait"
                ),
                _ => f.write_str(
                    "; or, if the threads that wait there have what each of the others waits for, take all that a \
                     thread needs at once, or give it back before the wait",
                ),
            }
            });
            format!(
                "check the condition in a loop before the wait at {at}, change it under the mutex, and \
                 notify {name} after that on every path, also that of a panic, with `notify_all` if more than one \
                 thread may wait for it{have}{}",
                fmt::from_fn(|f| further_notifications(f, report, wait))
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

/// Writes what makes the others come to a barrier: threads that wait at several ones come to them in different orders.
fn arrivals(f: &mut fmt::Formatter<'_>, report: &Report, first: &WaitInfo) -> fmt::Result {
    let mut barriers = vec![first.subject()];
    for (_, wait) in report.waiting() {
        if wait.reason() == Some(WaitReason::Arrival) && !barriers.contains(&wait.subject()) {
            barriers.push(wait.subject());
        }
    }
    let name = report.the_lock(first.subject());
    match barriers.as_slice() {
        [_] => write!(
            f,
            "make {name} for as many threads as come to it in one round, and abort it when one of them fails"
        ),
        all => write!(
            f,
            "let all threads come to {} in one order; or, if they do, make each for as many threads as come to it \
             in one round, and abort it when one of them fails",
            report.the_locks(all)
        ),
    }
}

/// Writes that other threads wait for notifications of other condition variables.
fn further_notifications(
    f: &mut fmt::Formatter<'_>,
    report: &Report,
    first: &WaitInfo,
) -> fmt::Result {
    let mut named = vec![first.subject()];
    for (_, wait) in report.waiting() {
        let lock = wait.subject();
        if wait.reason() == Some(WaitReason::Notification) && !named.contains(&lock) {
            let name = report.the_lock(lock);
            write!(
                f,
                "; the same goes for the wait at {} and {name}",
                place(wait.site)
            )?;
            named.push(lock);
        }
    }
    Ok(())
}

/// Returns how many threads wait for the resource of this wait.
fn count_alike(report: &Report, wait: &WaitInfo) -> usize {
    let mut count = 0;
    for (_, other) in report.waiting() {
        count += usize::from(other.subject() == wait.subject());
    }
    count
}

/// Writes what the receiver may do for a thread that sends.
fn about_receiver(
    f: &mut fmt::Formatter<'_>,
    report: &Report,
    me: &ThreadInfo,
    wait: &WaitInfo,
) -> fmt::Result {
    let is_alone = count_alike(report, wait) <= 1;
    if !is_alone {
        f.write_str(
            "whichever of them is the receiver may not send to itself while others fill the channel: \
             let it keep the item",
        )?;
    }
    match waits_for_ends(report, me).first() {
        Some((joins, wait)) => write!(
            f,
            "{}if {joins} has the receiver, let it receive, or drop the receiver, before its wait at {}",
            if is_alone { "" } else { "; " },
            place(wait.site)
        ),
        None if is_alone => write!(
            f,
            "if {me} is the receiver, let it keep the item instead of sending it to itself"
        ),
        None => Ok(()),
    }
}

/// Writes which threads may keep a sender for which a receiver waits: those that wait for an end do not send any
/// more, and drop what they have after that.
fn sender_kept(f: &mut fmt::Formatter<'_>, report: &Report, receiver: &ThreadInfo) -> fmt::Result {
    let others = waits_for_ends(report, receiver);
    match others.is_empty() {
        true => write!(f, "{receiver} has itself")?,
        false => kept_through_ends(f, &others)?,
    }
    f.write_str(", or that lies in a message which no thread receives")
}

type Waiting<'a> = (&'a ThreadInfo, &'a WaitInfo);

/// Returns the other threads that wait for an end, each with its wait.
fn waits_for_ends<'a>(report: &'a Report, me: &ThreadInfo) -> Vec<Waiting<'a>> {
    let mut others = Vec::new();
    for (other, wait) in report.waiting() {
        if other.id != me.id && is_for_an_end(report, wait) {
            others.push((other, wait));
        }
    }
    others
}

/// Writes the threads that wait for an end, and so keep what they have until then.
fn kept_through_ends(f: &mut fmt::Formatter<'_>, others: &[Waiting<'_>]) -> fmt::Result {
    for (at, (other, wait)) in others.iter().enumerate() {
        let or = if at > 0 { ", or that " } else { "" };
        write!(
            f,
            "{or}{other} keeps through its wait at {}",
            place(wait.site)
        )?;
    }
    Ok(())
}

fn permits(report: &Report, me: &ThreadInfo, wait: &WaitInfo) -> String {
    let name = report.the_lock(wait.subject());
    if count_alike(report, wait) > 1 {
        return format!(
            "several threads wait for permits of {name}: if one of them has some already, let it take all \
             that it needs in one call; else make {name} with as many permits as are ever taken at the same \
             time; and release them on every path, also when a thread fails"
        );
    }
    let asks = fmt::from_fn(|f| match wait.counts {
        Some(counts) if counts.wanted > 1 => write!(
            f,
            "{me} asks {name} for {} permits at once, and no more than {} come to be free",
            counts.wanted, counts.available
        ),
        _ => write!(
            f,
            "no thread is left that releases a permit of {name} to {me}"
        ),
    });
    let others = fmt::from_fn(|f| {
        let others = waits_for_ends(report, me);
        f.write_str(if others.is_empty() { "" } else { ", or that " })?;
        kept_through_ends(f, &others)
    });
    format!(
        "{asks}: make {name} with as many permits as are ever taken at the same time, drop those that \
         {me} keeps before it asks at {}{others}, and release them on every path, also when a thread fails",
        place(wait.site)
    )
}

/// Returns the type of the resource of a wait.
fn noun(report: &Report, wait: &WaitInfo) -> &'static str {
    report.noun(wait.subject())
}

/// Returns whether a thread that waits for a pool runs a job of that pool: another thread waits for
/// this job.
fn works_for(report: &Report, me: &ThreadInfo, wait: &WaitInfo) -> bool {
    for (_, other) in report.waiting() {
        if other.subject() == wait.subject()
            && let Some(FreedBy::Threads(threads)) = &other.by
            && threads.contains(&me.id)
        {
            return true;
        }
    }
    false
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
    for (_, wait) in report.waiting() {
        if !is_idle(wait) && !is_for_an_end(report, wait) {
            return None;
        }
    }
    Some(format!(
        "take away the wait at {at}, or that of {}: threads that wait for each other's ends never end",
        report.threads_named(awaited)
    ))
}
