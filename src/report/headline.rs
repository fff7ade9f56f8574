//! The sentences of a report: its subject, and the reason of its verdict.

use super::agents::agents;
use super::data::{Basis, Report};
use super::names::and_list;
use super::place::place;
use super::stall_text;
use super::thread::{FreedBy, ThreadInfo, WaitInfo, WaitsFor};
use crate::engine::ids::{LockId, ThreadId};
use crate::engine::mode::Mode;
use crate::engine::reacquisition::Reacquisition;
use crate::engine::verdict::Verdict;
use crate::engine::wait_reason::WaitReason;

/// How many names the first line has at most.
const NAMES_IN_HEADLINE: usize = 4;

impl Report {
    /// Returns the first line of the text, without a line break: `lockwarden: `, the verdict, and its
    /// subject.
    #[must_use]
    pub fn headline(&self) -> String {
        format!("lockwarden: {}", self.subject())
    }

    /// Returns the first line without its prefix: the verdict, and its subject.
    pub(crate) fn subject(&self) -> String {
        format!("{}: {}", self.verdict, subject(self))
    }
}

fn subject(report: &Report) -> String {
    match report.verdict {
        Verdict::Deadlock if report.edges.is_empty() => standstill(report),
        Verdict::Deadlock => {
            // A thread that is only queued has no edge.
            let threads = match distinct_threads(report).len().max(report.threads.len()) {
                0 | 1 => "a thread waits for itself".to_owned(),
                2 => format!("2 {} wait for each other", agents(report)),
                many => format!("{many} {} wait for each other in a ring", agents(report)),
            };
            format!("{threads} over {}", ring(report))
        }
        Verdict::SelfDeadlock if report.edges.is_empty() => match waiting(report).first() {
            Some((task, wait)) if task.is_task => format!(
                "{task} waits for {}, which only it could {}",
                report.awaited(wait),
                match wait.what {
                    WaitsFor::Lock { .. } => "release",
                    WaitsFor::Resource { .. } => "bring about",
                }
            ),
            Some((thread, wait)) => format!(
                "{thread} is about to wait for {}, which only it could bring about",
                report.awaited(wait)
            ),
            None => "a thread waits for itself".to_owned(),
        },
        Verdict::SelfDeadlock => match report.edges.first() {
            Some(edge) => format!(
                "{} asks for {} ({}) while it holds it ({})",
                report.thread_name(edge.thread),
                report.the_lock(edge.to),
                edge.to_mode,
                edge.from_mode
            ),
            None => "a thread asks for a lock that it holds".to_owned(),
        },
        Verdict::RecursiveRead => match report.edges.first() {
            Some(edge) => format!(
                "{} reads {} a second time; a writer that comes in between blocks it for ever",
                report.thread_name(edge.thread),
                report.the_lock(edge.to),
            ),
            None => "a thread reads a lock that it reads already".to_owned(),
        },
        Verdict::Inversion if report.basis == Basis::Declaration => match report.edges.first() {
            Some(edge) => format!(
                "{} is asked for under {}, against the declared order",
                report.the_lock(edge.to),
                report.the_lock(edge.from)
            ),
            None => "a declared order is broken".to_owned(),
        },
        Verdict::Inversion if within_a_class(report) => match report.edges.first() {
            Some(edge) => format!(
                "{} is asked for under {}, against the order within their class",
                report.the_lock(edge.to),
                report.the_lock(edge.from)
            ),
            None => "two locks of a class are nested against their order".to_owned(),
        },
        Verdict::Inversion if report.basis == Basis::Classes => format!(
            "locks of the classes {} are taken in {}",
            ring(report),
            orders(report)
        ),
        Verdict::Inversion => format!("{} are taken in {}", ring(report), orders(report)),
        Verdict::Guarded | Verdict::SingleThread | Verdict::Ordered if report.lacks_writers => {
            format!(
                "{} are taken in {}, by readers that no writer comes between",
                ring(report),
                orders(report)
            )
        }
        Verdict::Guarded => format!(
            "{} are taken in {}, always under {}",
            ring(report),
            orders(report),
            guards(report)
        ),
        Verdict::SingleThread => format!(
            "{} are taken in {}, by one thread",
            ring(report),
            orders(report)
        ),
        Verdict::Ordered => format!(
            "{} are taken in {}, one after the other",
            ring(report),
            orders(report)
        ),
        Verdict::Stall => stall_text::subject(report),
        Verdict::Abandoned => abandoned(report),
        Verdict::HeldAcrossAwait => held_across_await(report),
    }
}

/// Returns the threads that wait, with their waits.
fn waiting(report: &Report) -> Vec<(&ThreadInfo, &WaitInfo)> {
    report
        .threads
        .iter()
        .filter_map(|thread| Some((thread, thread.waits.as_ref()?)))
        .collect()
}

/// Returns the subject of a stuck set that is not a lock cycle.
fn standstill(report: &Report) -> String {
    let waiting = waiting(report);
    let by_any_thread = |wait: &WaitInfo| wait.by == Some(FreedBy::AnyThread);
    let is_open = waiting.iter().any(|(_, wait)| by_any_thread(wait));
    let each = |(thread, wait): &(&ThreadInfo, &WaitInfo)| {
        format!("{thread} for {}", report.awaited(wait))
    };
    match waiting.as_slice() {
        [] => "threads wait for each other".to_owned(),
        [(thread, wait)] if is_open => format!(
            "{thread} waits for {}, and no other thread is left",
            report.awaited(wait)
        ),
        [(thread, wait)] if let Some(FreedBy::Threads(by)) = &wait.by => {
            let is_left = |id: &ThreadId| {
                let thread = report.thread(*id);
                thread.is_some_and(|thread| thread.left_by_fork)
            };
            // Of a wait for the end of a thread, the headline names that thread already.
            let by = ended_by(report, wait).or_else(|| {
                let left = by.iter().any(is_left);
                left.then(|| "which the fork left in the parent".to_owned())
            });
            format!(
                "{thread} waits for {}{}",
                report.awaited(wait),
                by.map(|by| format!(", {by}")).unwrap_or_default()
            )
        }
        [(thread, wait)] => format!(
            "{thread} waits for {}, which no thread can bring about",
            report.awaited(wait)
        ),
        many => {
            // Workers without a job come last, in a few words: one of the others matters.
            let (idle, busy): (Vec<_>, Vec<_>) =
                many.iter().partition(|(thread, _)| thread.is_idle());
            let (shown, idle) = match busy.is_empty() {
                true => (idle, 0),
                false => (busy, idle.len()),
            };
            let mut parts: Vec<String> = shown.iter().take(NAMES_IN_HEADLINE).map(each).collect();
            if shown.len() > NAMES_IN_HEADLINE {
                parts.truncate(2);
                parts.push(format!("{} more", shown.len() - 2));
            }
            match idle {
                0 => {}
                1 => parts.push("1 idle worker".to_owned()),
                _ => parts.push(format!("{idle} idle workers")),
            }
            let how = if is_open {
                match many.len() {
                    2 => format!("both {} wait", agents(report)),
                    count => format!("all {count} {} wait", agents(report)),
                }
            } else {
                format!("{} {} wait for each other", many.len(), agents(report))
            };
            format!("{how}: {}", and_list(&parts))
        }
    }
}

/// Returns a line for each pool, about its workers without a job.
pub(super) fn idle(report: &Report) -> Vec<String> {
    let mut pools: Vec<(LockId, usize)> = Vec::new();
    let idle = report.threads.iter().filter(|thread| thread.is_idle());
    for wait in idle.filter_map(|thread| thread.waits.as_ref()) {
        let pool = wait.subject();
        match pools.iter_mut().find(|(known, _)| *known == pool) {
            Some((_, count)) => *count += 1,
            None => pools.push((pool, 1)),
        }
    }
    let line = |(pool, count): (LockId, usize)| {
        let name = report.the_lock(pool);
        match count {
            1 => format!("1 worker of {name} waits for a job"),
            _ => format!("{count} workers of {name} wait for a job"),
        }
    };
    pools.into_iter().map(line).collect()
}

/// Returns the counts of the resource of a wait. Of several threads that wait for one resource, the
/// last one that began to wait has read the present counts.
pub(super) fn counts(report: &Report, wait: &WaitInfo) -> Option<String> {
    let own = wait.counts?;
    let alike = waiting(report).into_iter().map(|(_, other)| other);
    let is_alike = |other: &&WaitInfo| {
        other.subject() == wait.subject() && reason_of(other) == reason_of(wait)
    };
    let alike = alike.filter(|other| is_alike(other) && other.counts.is_some());
    let newest = alike.min_by_key(|other| other.since)?.counts?;
    let WaitsFor::Resource { awaited, .. } = wait.what else {
        return None;
    };
    Some(match awaited {
        WaitReason::Permit => {
            let are = |count, noun| match count {
                1 => format!("1 {noun} is"),
                _ => format!("{count} {noun}s are"),
            };
            format!(
                "which asks for {}; {} free, {} queued",
                some(own.wanted, "permit"),
                are(newest.available, "permit"),
                are(newest.queued, "thread")
            )
        }
        WaitReason::Arrival => format!(
            "which is made for {} threads, of which {} arrived",
            own.wanted,
            match newest.available {
                1 => "1 has".to_owned(),
                arrived => format!("{arrived} have"),
            }
        ),
        WaitReason::Message => format!("which is empty and has {}", some(own.queued, "sender")),
        WaitReason::Partner => format!("which has {}", some(own.queued, "receiver")),
        WaitReason::Room if own.queued == 0 => {
            format!("which is full, with room for {}", some(own.wanted, "item"))
        }
        WaitReason::Room => format!(
            "which is full, with room for {}, and has {}",
            some(own.wanted, "message"),
            some(own.queued, "receiver")
        ),
        _ => return None,
    })
}

/// Returns what a thread waits for, if that is no lock.
fn reason_of(wait: &WaitInfo) -> Option<WaitReason> {
    match wait.what {
        WaitsFor::Resource { awaited, .. } => Some(awaited),
        WaitsFor::Lock { .. } => None,
    }
}

/// Returns a number with its noun.
fn some(count: u32, noun: &str) -> String {
    match count {
        0 => format!("no {noun}"),
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

/// Returns how a lock is reacquired.
pub(super) fn taken_back(again: Reacquisition, lock: &str) -> String {
    match again {
        Reacquisition::Wait => {
            format!("the wait there releases {lock} when it begins and takes it back when it ends")
        }
        Reacquisition::Unlocked => {
            format!("the call there releases {lock} while it runs and takes it back when it ends")
        }
        Reacquisition::Upgrade => {
            format!("the upgrade there waits until {lock} has no other reader")
        }
    }
}

/// Returns which threads could have ended a wait for a resource, or for a lock whose holder is stuck;
/// `None` if the wait itself implies that.
pub(super) fn ended_by(report: &Report, wait: &WaitInfo) -> Option<String> {
    let text = match wait.by.as_ref()? {
        FreedBy::Threads(threads) => {
            if let WaitsFor::Resource {
                awaited: WaitReason::End | WaitReason::ScopeEnd,
                ..
            } = wait.what
            {
                return None;
            }
            let names: Vec<String> = threads.iter().map(|id| report.thread_name(*id)).collect();
            match wait.what {
                // A task that does not hold it is ahead in the queue, or has a future that was given the lock.
                WaitsFor::Lock { lock, .. } if any_task(report) => {
                    let holds = |id: &ThreadId| {
                        let thread = report.thread(*id);
                        thread
                            .is_some_and(|thread| thread.held.iter().any(|held| held.lock == lock))
                    };
                    let (holders, ahead): (Vec<_>, Vec<_>) =
                        threads.iter().partition(|id| holds(id));
                    let named = |ids: &[&ThreadId], does: &str| {
                        let names: Vec<_> = ids.iter().map(|id| report.thread_name(**id)).collect();
                        (!names.is_empty()).then(|| format!("{} {does}", and_list(&names)))
                    };
                    let parts = [named(&holders, "keeps"), named(&ahead, "is to have first")];
                    let parts: Vec<String> = parts.into_iter().flatten().collect();
                    format!("which {}", parts.join(", and "))
                }
                WaitsFor::Lock { .. } => format!("which {} keeps", and_list(&names)),
                WaitsFor::Resource { .. } => format!("which only {} could end", and_list(&names)),
            }
        }
        FreedBy::AnyThread => "which any thread could end, but none can move".to_owned(),
        FreedBy::NoThread => "which no remaining thread can end".to_owned(),
    };
    Some(text)
}

fn any_task(report: &Report) -> bool {
    report.threads.iter().any(|thread| thread.is_task)
}

/// Returns why the waits never end. The text of each wait names its threads.
fn never_ends(report: &Report) -> &'static str {
    let waiting = waiting(report);
    let by_any_thread = |(_, wait): &(&ThreadInfo, &WaitInfo)| wait.by == Some(FreedBy::AnyThread);
    match waiting.len() {
        _ if waiting.iter().any(by_any_thread) => {
            "every thread is blocked without a limit, so none is left that could end any of these \
             waits"
        }
        0 | 1 => "the wait has no limit, and no thread is left that could end it",
        _ if agents(report) == "tasks and threads" => {
            "none of these waits has a limit, and each task or thread that could end one of them waits \
             as well, or has ended; so none of them ever goes on"
        }
        _ => {
            "none of these waits has a limit, and each thread that could end one of them waits as \
             well, or has ended; so none of them ever goes on"
        }
    }
}

/// Returns the locks of the cycle: all names, or two and the number of the others.
fn ring(report: &Report) -> String {
    let mut names: Vec<String> = Vec::new();
    for edge in &report.edges {
        let name = report.the_lock(edge.from);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.len() > NAMES_IN_HEADLINE {
        let rest = names.len() - 2;
        names.truncate(2);
        names.push(format!("{rest} more"));
    }
    and_list(&names)
}

fn orders(report: &Report) -> &'static str {
    match report.edges.len() {
        0..=2 => "both orders",
        _ => "an order that closes a ring",
    }
}

/// Returns why readers do not wait for each other, though they would if a writer were queued between
/// them.
fn no_writer_then(report: &Report) -> String {
    let when = match report.verdict {
        Verdict::Guarded => format!(
            "every thread that was seen to write it holds {}, which one of these threads holds too",
            guards(report)
        ),
        Verdict::SingleThread => "too few other threads were seen to write it".to_owned(),
        _ => "every write that was seen came before or after that".to_owned(),
    };
    let names = readers_behind_a_writer(report);
    let names: Vec<String> = names.iter().map(|&id| report.the_lock(id)).collect();
    format!(
        "both sides only read {}: the second reader waits for the first only behind a writer that is \
         queued in between, and {when}; it becomes an inversion when another thread writes it \
         meanwhile",
        and_list(&names)
    )
}

fn guards(report: &Report) -> String {
    if report.guards.is_empty() {
        return "a common lock".to_owned();
    }
    let names: Vec<String> = report
        .guards
        .iter()
        .map(|&id| report.the_lock(id))
        .collect();
    and_list(&names)
}

/// The first thread is the one that holds, the others are blocked.
fn held_across_await(report: &Report) -> String {
    let holder = report.threads.first();
    let held = holder.and_then(|holder| holder.held.last());
    match (holder, held) {
        (Some(holder), Some(held)) => format!(
            "{holder} holds {} while it is suspended, and {} blocked by that",
            report.the_lock(held.lock),
            match &report.threads[1..] {
                [blocked] => format!("{blocked} is"),
                many => format!("{} threads are", many.len()),
            }
        ),
        _ => "a task holds a lock of threads while it is suspended".to_owned(),
    }
}

fn abandoned(report: &Report) -> String {
    let thread = report
        .threads
        .iter()
        .find(|thread| thread.ended && !thread.held.is_empty())
        .or_else(|| report.threads.first());
    match thread {
        Some(thread) => {
            let mut names: Vec<String> = Vec::new();
            for held in &thread.held {
                let name = report.the_lock(held.lock);
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            if names.is_empty() {
                names.push("a lock".to_owned());
            }
            let names = and_list(&names);
            match thread.left_by_fork {
                true => format!("{thread} held {names} at the fork, and is not in this process"),
                false => format!("{thread} ended while it held {names}"),
            }
        }
        None => "a thread ended while it held a lock".to_owned(),
    }
}

/// Returns the reason of the verdict.
pub(super) fn reason(report: &Report) -> String {
    let mut reason = match report.verdict {
        Verdict::Deadlock if report.edges.is_empty() => never_ends(report).to_owned(),
        Verdict::Deadlock => match distinct_threads(report).len().max(report.threads.len()) {
            0 | 1 => "the thread waits, without a timeout, for what only it can release".to_owned(),
            many => format!(
                "each of the {many} {} waits, without a timeout, for a lock that the next one \
                 holds; none of them can go on",
                agents(report)
            ),
        },
        Verdict::SelfDeadlock if report.edges.is_empty() && any_task(report) => {
            "only this task could bring that about, and nothing else wakes it: all that it waits for \
             was seen when it was polled once more"
                .to_owned()
        }
        Verdict::SelfDeadlock if report.edges.is_empty() => {
            "only this thread could bring that about, and it would be asleep; this is certain, at \
             this very call"
                .to_owned()
        }
        Verdict::SelfDeadlock => "only this thread could release it, and it would be asleep; this \
                                  is certain, at this very call"
            .to_owned(),
        Verdict::Inversion if report.basis == Basis::Declaration => match report.declared {
            Some(site) => format!(
                "the opposite order is declared at {site}; the first thread that keeps to it can \
                 meet this one"
            ),
            None => "the opposite order is declared".to_owned(),
        },
        Verdict::Inversion if within_a_class(report) => {
            "locks of one class are alike, so it takes an order among them on which all threads \
             agree, which is that of their sub-classes and ids; a thread that keeps to it can meet this \
             thread"
                .to_owned()
        }
        Verdict::Inversion if report.basis == Basis::Classes => format!(
            "{}, no common lock, nothing orders them; no two threads were seen to take the same \
             instances in opposite orders: it is the order of the classes that closes a ring, and \
             it deadlocks as soon as the instances are the same",
            counted_threads(report)
        ),
        Verdict::Inversion => format!(
            "{}, no common lock, nothing orders them: each can come to hold its first lock while \
             the next one waits for it",
            counted_threads(report)
        ),
        Verdict::Guarded | Verdict::SingleThread | Verdict::Ordered if report.lacks_writers => {
            no_writer_then(report)
        }
        Verdict::Guarded => format!(
            "guarded by {}: both sides happen under it, so they never meet; they can as soon as \
             one of them goes without it",
            guards(report)
        ),
        Verdict::SingleThread => "one thread takes both orders, and it cannot meet itself; it \
                                  becomes an inversion when a second thread takes either"
            .to_owned(),
        Verdict::Ordered => "the orders are separated by a spawn, a join or a message, so they \
                             never overlapped; it becomes an inversion when that goes away"
            .to_owned(),
        Verdict::RecursiveRead => "a writer that queues between the two reads waits for the \
                                   first, and the second waits behind that writer"
            .to_owned(),
        Verdict::Stall => stall_text::reason(report),
        Verdict::HeldAcrossAwait => "the task gives the lock back only when it is polled again; until \
                                     then every thread that takes the lock is blocked, and no task \
                                     can be polled on it"
            .to_owned(),
        Verdict::Abandoned if report.threads.iter().any(|thread| thread.left_by_fork) => {
            "a fork copies a lock as it is, and of the threads only the one that forks; no thread of this \
             process can release the lock, and a thread that asks for it waits for ever"
                .to_owned()
        }
        Verdict::Abandoned => "the guard was forgotten, or leaked; no thread can release the \
                               lock any more, and a thread that asks for it waits for ever"
            .to_owned(),
    };
    let queued = readers_behind_a_writer(report);
    if !queued.is_empty() && !report.lacks_writers {
        let names: Vec<String> = queued.iter().map(|&id| report.the_lock(id)).collect();
        let writers = queued
            .iter()
            .filter_map(|&lock| queued_writer(report, lock));
        let writers: Vec<String> = writers
            .map(|(thread, wait)| format!("{thread}, which waits at {}", place(wait.site)))
            .collect();
        let writer = match writers.as_slice() {
            [] => "a writer that is queued in between blocks".to_owned(),
            [one] => format!("{one}, is the writer that is queued in between and blocks"),
            many => format!(
                "{}, are the writers that are queued in between and block",
                many.join("; ")
            ),
        };
        reason += &format!(
            "; both sides only read {}, but {writer} the second reader",
            and_list(&names)
        );
    }
    let in_destructor = |thread: &&ThreadInfo| thread.panicking || thread.ending;
    for thread in report.threads.iter().filter(in_destructor) {
        let site = thread.waits.as_ref().map(|wait| wait.site);
        let edge = report.edges.iter().find(|edge| edge.thread == thread.id);
        if let Some(site) = site.or(edge.map(|edge| edge.to_site)) {
            let at = place(site);
            reason += &match thread.panicking {
                true => format!(
                    "; {thread} unwinds from a panic, so what it asks for at {at} is asked for by a \
                     destructor or a panic hook"
                ),
                false => format!(
                    "; {thread} has returned, so what it waits for at {at} is waited for by the destructor \
                     of a thread-local, and the thread ends after that"
                ),
            };
        }
    }
    reason
}

/// Returns the thread of a deadlock that is queued to write this lock between two readers, and its
/// wait.
pub(super) fn queued_writer(report: &Report, lock: LockId) -> Option<(&ThreadInfo, &WaitInfo)> {
    if report.verdict != Verdict::Deadlock {
        return None;
    }
    let is_in_ring = |thread: &ThreadInfo| report.edges.iter().any(|edge| edge.thread == thread.id);
    waiting(report).into_iter().find(|(thread, wait)| {
        let writes =
            matches!(wait.what, WaitsFor::Lock { lock: it, mode: Mode::Exclusive } if it == lock);
        writes && !is_in_ring(thread)
    })
}

/// Returns whether the report is about two locks of one class.
pub(super) fn within_a_class(report: &Report) -> bool {
    report.basis == Basis::Classes && report.edges.len() == 1
}

pub(super) fn distinct_threads(report: &Report) -> Vec<ThreadId> {
    let mut threads: Vec<ThreadId> = Vec::new();
    for edge in &report.edges {
        if !threads.contains(&edge.thread) {
            threads.push(edge.thread);
        }
    }
    threads
}

fn counted_threads(report: &Report) -> String {
    let threads = distinct_threads(report);
    let is_task = |&id: &ThreadId| report.thread(id).is_some_and(|thread| thread.is_task);
    let noun = if !threads.is_empty() && threads.iter().all(is_task) {
        "task"
    } else {
        "thread"
    };
    match threads.len() {
        0 | 1 => format!("one {noun}"),
        2 => format!("two {noun}s"),
        3 => format!("three {noun}s"),
        many => format!("{many} {noun}s"),
    }
}

/// Returns the locks at which both sides of the cycle only read; the two sides of a deadlock may be the reads of one
/// thread.
pub(super) fn readers_behind_a_writer(report: &Report) -> Vec<LockId> {
    if report.edges.len() < 2 && report.verdict != Verdict::Deadlock {
        return Vec::new();
    }
    let next = report.edges.iter().cycle().skip(1);
    report
        .edges
        .iter()
        .zip(next)
        .filter(|(edge, next)| {
            edge.to_mode == Mode::Shared && next.from_mode == Mode::Shared && edge.to == next.from
        })
        .map(|(edge, _)| edge.to)
        .collect()
}
