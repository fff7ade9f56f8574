//! The sentences of a report: its subject, and the reason of its verdict.

use std::fmt;
use std::fmt::{Display as _, Write as _};

use super::agents::agents;
use super::count::counted;
use super::data::{Basis, Edge, Report};
use super::names::{and_list, push_new};
use super::place::place;
use super::stall_text;
use super::thread::{FreedBy, HeldInfo, ThreadInfo, WaitInfo, WaitsFor};
use crate::engine::ids::{LockId, ThreadId};
use crate::engine::lists;
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
        format!("{}: {}", self.verdict, fmt::from_fn(|f| subject(f, self)))
    }
}

fn subject(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let edge = report.edges.first();
    match report.verdict {
        Verdict::Deadlock if edge.is_none() => standstill(f, report),
        Verdict::Deadlock => {
            let agents = agents(report);
            // A thread that is only queued has no edge.
            match distinct_threads(report).len().max(report.threads.len()) {
                0 | 1 => f.write_str("a thread waits for itself")?,
                2 => write!(f, "2 {agents} wait for each other")?,
                many => write!(f, "{many} {agents} wait for each other in a ring")?,
            }
            write!(f, " over {}", ring(report))
        }
        Verdict::SelfDeadlock => match edge {
            Some(edge) => write!(
                f,
                "{} asks for {} ({}) while it holds it ({})",
                report.thread_name(edge.thread),
                report.the_lock(edge.to),
                edge.to_mode,
                edge.from_mode
            ),
            None => waits_for_itself(f, report),
        },
        Verdict::RecursiveRead => match edge {
            Some(edge) => write!(
                f,
                "{} reads {} a second time; a writer that comes in between blocks it for ever",
                report.thread_name(edge.thread),
                report.the_lock(edge.to),
            ),
            None => f.write_str("a thread reads a lock that it reads already"),
        },
        Verdict::Inversion if report.basis == Basis::Declaration => match edge {
            Some(edge) => against(f, report, edge, "against the declared order"),
            None => f.write_str("a declared order is broken"),
        },
        Verdict::Inversion
            if let Some(edge) = edge
                && within_a_class(report) =>
        {
            against(f, report, edge, "against the order within their class")
        }
        Verdict::Inversion | Verdict::Guarded | Verdict::SingleThread | Verdict::Ordered => {
            if report.verdict == Verdict::Inversion && report.basis == Basis::Classes {
                f.write_str("locks of the classes ")?;
            }
            let orders = match report.edges.len() {
                0..=2 => "both orders",
                _ => "an order that closes a ring",
            };
            write!(f, "{} are taken in {orders}", ring(report))?;
            match report.verdict {
                Verdict::Inversion => Ok(()),
                _ if report.lacks_writers => {
                    f.write_str(", by readers that no writer comes between")
                }
                Verdict::Guarded => write!(f, ", always under {}", guards(report)),
                Verdict::SingleThread => f.write_str(", by one thread"),
                _ => f.write_str(", one after the other"),
            }
        }
        Verdict::Stall => stall_text::subject(f, report),
        Verdict::Abandoned => abandoned(f, report),
        Verdict::HeldAcrossAwait => held_across_await(f, report),
    }
}

/// Writes the subject of a self-deadlock that is not about a lock that is held.
fn waits_for_itself(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let Some(&(me, wait)) = report.waiting().first() else {
        let me = report.threads.first();
        return match me.filter(|me| me.is_asleep) {
            Some(me) => write!(
                f,
                "{} waits for something that is not watched, which nothing else could bring about",
                report.thread_name(me.id)
            ),
            None => f.write_str("a thread waits for itself"),
        };
    };
    let waits = match me.is_task {
        true => "waits",
        false => "is about to wait",
    };
    let could = match wait.what {
        WaitsFor::Lock { .. } if me.is_task => "release",
        WaitsFor::Lock { .. } | WaitsFor::Resource { .. } => "bring about",
    };
    let awaited = report.awaited(wait);
    write!(f, "{me} {waits} for {awaited}, which only it could {could}")
}

/// Writes the subject of one edge that is in the wrong order.
fn against(f: &mut fmt::Formatter<'_>, report: &Report, edge: &Edge, order: &str) -> fmt::Result {
    let (asked, held) = (report.the_lock(edge.to), report.the_lock(edge.from));
    write!(f, "{asked} is asked for under {held}, {order}")
}

/// Writes the subject of a stuck set that is not a lock cycle.
fn standstill(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let waiting = report.waiting();
    let is_open = is_open(&waiting);
    let &[(thread, wait)] = waiting.as_slice() else {
        return match waiting.is_empty() {
            true => f.write_str("threads wait for each other"),
            false => crowd(f, report, &waiting, is_open),
        };
    };
    write!(f, "{thread} waits for {}", report.awaited(wait))?;
    match &wait.by {
        _ if is_open && thread.is_task => f.write_str(", and no task or thread can end that"),
        _ if is_open => f.write_str(", and no thread can end that"),
        // Of a wait for the end of a thread, the headline names that thread already.
        Some(FreedBy::Threads(by)) => match ended_by(report, wait) {
            Some(by) => write!(f, ", {by}"),
            None if by.iter().any(|id| is_left_by_fork(report, *id)) => {
                f.write_str(", which the fork left in the parent")
            }
            None => Ok(()),
        },
        _ => f.write_str(", which no thread can bring about"),
    }
}

/// Writes what several threads wait for.
fn crowd(
    f: &mut fmt::Formatter<'_>,
    report: &Report,
    waiting: &[(&ThreadInfo, &WaitInfo)],
    is_open: bool,
) -> fmt::Result {
    let agents = agents(report);
    match waiting.len() {
        count if !is_open => write!(f, "{count} {agents} wait for each other: ")?,
        2 => write!(f, "both {agents} wait: ")?,
        count => write!(f, "all {count} {agents} wait: ")?,
    }
    // Workers without a job come last, in a few words: one of the others matters.
    let (mut shown, mut idle) = (Vec::new(), 0);
    for &(thread, wait) in waiting {
        match thread.is_idle() {
            true => idle += 1,
            false => shown.push((thread, wait)),
        }
    }
    if shown.is_empty() {
        (shown, idle) = (waiting.to_vec(), 0);
    }
    let named = match shown.len() {
        few @ 0..=NAMES_IN_HEADLINE => few,
        _ => 2,
    };
    let more = shown.len() - named;
    let parts = named + usize::from(more > 0) + usize::from(idle > 0);
    and_list(f, parts, &|f, at| match shown.get(at) {
        Some((thread, wait)) if at < named => {
            write!(f, "{thread} for {}", report.awaited(wait))
        }
        _ if at == named && more > 0 => write!(f, "{more} more"),
        _ => counted(idle, "idle worker").fmt(f),
    })
}

/// Returns whether any thread of the process could have ended one of the waits.
fn is_open(waiting: &[(&ThreadInfo, &WaitInfo)]) -> bool {
    lists::any(waiting, &|(_, wait)| wait.by == Some(FreedBy::AnyThread))
}

pub(super) fn any_left_by_fork(report: &Report) -> bool {
    lists::any(&report.threads, &|thread| thread.left_by_fork)
}

pub(super) fn is_left_by_fork(report: &Report, id: ThreadId) -> bool {
    report.thread(id).is_some_and(|thread| thread.left_by_fork)
}

/// Writes a line for each pool, about its workers without a job.
pub(super) fn idle(out: &mut String, report: &Report) {
    let mut pools: Vec<(LockId, u64)> = Vec::new();
    for (thread, wait) in report.waiting() {
        if !thread.is_idle() {
            continue;
        }
        let pool = wait.subject();
        match pools.iter_mut().find(|(known, _)| *known == pool) {
            Some((_, count)) => *count += 1,
            None => pools.push((pool, 1)),
        }
    }
    for (pool, count) in pools {
        let verb = if count == 1 { "waits" } else { "wait" };
        let (workers, name) = (counted(count, "worker"), report.the_lock(pool));
        let _ = writeln!(out, "\n{workers} of {name} {verb} for a job");
    }
}

/// Returns the counts of the resource of a wait. Of several threads that wait for one resource, the
/// last one that began to wait has read the present counts.
pub(super) fn counts(report: &Report, wait: &WaitInfo) -> Option<String> {
    let (own, awaited) = (wait.counts?, wait.reason()?);
    let mut newest: Option<&WaitInfo> = None;
    for (_, other) in report.waiting() {
        let is_alike = other.what == wait.what && other.counts.is_some();
        if is_alike && newest.is_none_or(|newest| other.since < newest.since) {
            newest = Some(other);
        }
    }
    let newest = newest?.counts?;
    Some(match awaited {
        WaitReason::Permit => format!(
            "which asks for {}; {} free, {} queued",
            some(own.wanted, "permit"),
            are(newest.available, "permit"),
            are(newest.queued, "thread")
        ),
        WaitReason::Arrival => format!(
            "which is made for {} threads, of which {} {} arrived",
            own.wanted,
            newest.available,
            match newest.available {
                1 => "has",
                _ => "have",
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

/// Returns a number with its noun.
fn some(count: u32, noun: &str) -> impl fmt::Display {
    fmt::from_fn(move |f| match count {
        0 => write!(f, "no {noun}"),
        _ => counted(count.into(), noun).fmt(f),
    })
}

/// Returns a number with its noun and a verb.
fn are(count: u32, noun: &str) -> impl fmt::Display {
    fmt::from_fn(move |f| {
        let verb = if count == 1 { "is" } else { "are" };
        write!(f, "{} {verb}", counted(count.into(), noun))
    })
}

/// Writes how a lock is reacquired, as a line.
pub(super) fn taken_back(out: &mut String, report: &Report, again: Reacquisition, lock: LockId) {
    let (call, ends) = match again {
        Reacquisition::Wait => (
            "wait there releases",
            "when it begins and takes it back when it ends",
        ),
        Reacquisition::Unlocked => (
            "call there releases",
            "while it runs and takes it back when it ends",
        ),
        Reacquisition::Upgrade => ("upgrade there waits until", "has no other reader"),
    };
    let _ = writeln!(out, "    the {call} {} {ends}", report.lock_name(lock));
}

/// Returns which threads could have ended a wait for a resource, or for a lock whose holder is stuck;
/// `None` if the wait itself implies that.
pub(super) fn ended_by(report: &Report, wait: &WaitInfo) -> Option<String> {
    let threads = match wait.by.as_ref()? {
        FreedBy::Threads(threads) => threads,
        FreedBy::AnyThread => {
            return Some("which any thread could end, but none can move".to_owned());
        }
        FreedBy::NoThread => return Some("which no remaining thread can end".to_owned()),
    };
    let names = report.threads_named(threads);
    match wait.reason() {
        Some(WaitReason::End | WaitReason::ScopeEnd) => None,
        Some(_) => Some(format!("which only {names} could end")),
        None if any_task(report) => Some(kept_or_ahead(report, threads, wait.subject())),
        None => Some(format!("which {names} {}", keep(threads))),
    }
}

/// Returns which of the threads, which are tasks, keep a lock. A task that does not hold it is ahead in the queue, or has
/// a future that was given the lock.
fn kept_or_ahead(report: &Report, threads: &[ThreadId], lock: LockId) -> String {
    let (mut holders, mut ahead) = (Vec::new(), Vec::new());
    for &id in threads {
        let thread = report.thread(id);
        match thread.is_some_and(|thread| thread.holds(lock)) {
            true => holders.push(id),
            false => ahead.push(id),
        }
    }
    let mut parts = Vec::new();
    if !holders.is_empty() {
        let held = report.threads_named(&holders);
        parts.push(format!("{held} {}", keep(&holders)));
    }
    if !ahead.is_empty() {
        let are = if ahead.len() > 1 { "are" } else { "is" };
        let first = report.threads_named(&ahead);
        parts.push(format!("{first} {are} to have first"));
    }
    format!("which {}", parts.join(", and "))
}

/// Returns the verb for as many holders of a lock.
fn keep(holders: &[ThreadId]) -> &'static str {
    match holders.len() {
        0 | 1 => "keeps",
        _ => "keep",
    }
}

fn any_task(report: &Report) -> bool {
    lists::any(&report.threads, &|thread| thread.is_task)
}

/// Returns why the waits never end. The text of each wait names its threads.
fn never_ends(report: &Report) -> &'static str {
    let waiting = report.waiting();
    match waiting.len() {
        _ if is_open(&waiting) => {
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
fn ring(report: &Report) -> impl fmt::Display {
    fmt::from_fn(|f| {
        let mut names = Vec::new();
        for edge in &report.edges {
            push_new(&mut names, report.the_lock(edge.from).to_string());
        }
        if names.len() > NAMES_IN_HEADLINE {
            let rest = names.len() - 2;
            names.truncate(2);
            names.push(format!("{rest} more"));
        }
        and_list(f, names.len(), &|f, at| f.write_str(&names[at]))
    })
}

/// Writes why readers do not wait for each other, though they would if a writer were queued between
/// them.
fn no_writer_then(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let readers = readers_behind_a_writer(report);
    let names = report.the_locks(&readers);
    write!(
        f,
        "both sides only read {names}: the second reader waits for the first only behind a writer that is \
         queued in between, and "
    )?;
    match report.verdict {
        Verdict::Guarded => write!(
            f,
            "every thread that was seen to write it holds {}, which one of these threads holds too",
            guards(report)
        )?,
        Verdict::SingleThread => f.write_str("too few other threads were seen to write it")?,
        _ => f.write_str("every write that was seen came before or after that")?,
    }
    f.write_str("; it becomes an inversion when another thread writes it meanwhile")
}

fn guards(report: &Report) -> impl fmt::Display {
    fmt::from_fn(|f| match report.guards.as_slice() {
        [] => f.write_str("a common lock"),
        guards => report.the_locks(guards).fmt(f),
    })
}

/// The first thread is the one that holds, the others are blocked.
fn held_across_await(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    if let [holder, blocked @ ..] = report.threads.as_slice()
        && let Some(held) = holder.held.last()
    {
        let name = report.the_lock(held.lock);
        write!(f, "{holder} holds {name} while it is suspended, and ")?;
        return match blocked {
            [blocked] => write!(f, "{blocked} is blocked by that"),
            many => write!(f, "{} threads are blocked by that", many.len()),
        };
    }
    f.write_str("a task holds a lock of threads while it is suspended")
}

fn abandoned(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let ended_with_locks = |thread: &ThreadInfo| thread.ended && !thread.held.is_empty();
    let thread = lists::find(&report.threads, &ended_with_locks);
    let Some(thread) = thread.or_else(|| report.threads.first()) else {
        return f.write_str("a thread ended while it held a lock");
    };
    let mut names = Vec::new();
    for held in &thread.held {
        if is_left(report, thread, held) {
            push_new(&mut names, report.the_lock(held.lock).to_string());
        }
    }
    if names.is_empty() {
        names.push("a lock".to_owned());
    }
    let names = fmt::from_fn(|f| and_list(f, names.len(), &|f, at| f.write_str(&names[at])));
    match thread.left_by_fork {
        true => write!(
            f,
            "{thread} held {names} at the fork, and is not in this process"
        ),
        false => write!(f, "{thread} ended while it held {names}"),
    }
}

/// Returns whether the report is about this lock of the thread that has ended: one that another thread waits for, else
/// the first one, and those of its class that were taken at its place.
fn is_left(report: &Report, thread: &ThreadInfo, held: &HeldInfo) -> bool {
    let is_awaited = |lock: LockId| {
        let waits_for_it = |other: &ThreadInfo| {
            let wait = other.waits.as_ref();
            wait.is_some_and(|wait| wait.subject() == lock)
        };
        lists::any(&report.threads, &waits_for_it)
    };
    if lists::any(&thread.held, &|held| is_awaited(held.lock)) {
        return is_awaited(held.lock);
    }
    let is_alike = |first: &HeldInfo| {
        let alike = report.key_of(held.lock) == report.key_of(first.lock);
        held.lock == first.lock || (alike && held.site == first.site)
    };
    thread.held.first().is_some_and(is_alike)
}

pub(super) fn reason(report: &Report) -> String {
    let reason = fmt::from_fn(|f| {
        why(f, report)?;
        about_queued_writers(f, report)?;
        about_destructors(f, report)
    });
    reason.to_string()
}

fn why(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let text = match report.verdict {
        Verdict::Deadlock if report.edges.is_empty() => never_ends(report),
        Verdict::Deadlock => match distinct_threads(report).len().max(report.threads.len()) {
            0 | 1 => "the thread waits, without a timeout, for what only it can release",
            many => {
                return write!(
                    f,
                    "each of the {many} {} waits, without a timeout, for a lock that the next one \
                     holds; none of them can go on",
                    agents(report)
                );
            }
        },
        Verdict::SelfDeadlock if report.edges.is_empty() && any_task(report) => {
            "only this task could bring that about, and nothing else wakes it: all that it waits for \
             was seen when it was polled once more"
        }
        Verdict::SelfDeadlock if report.edges.is_empty() => {
            "only this thread could bring that about, and it would be asleep; this is certain, at \
             this very call"
        }
        Verdict::SelfDeadlock => {
            "only this thread could release it, and it would be asleep; this is certain, at this \
             very call"
        }
        Verdict::Inversion if report.basis == Basis::Declaration => match report.declared {
            Some(site) => {
                return write!(
                    f,
                    "the opposite order is declared at {}; the first thread that keeps to it can meet this one",
                    place(site)
                );
            }
            None => "the opposite order is declared",
        },
        Verdict::Inversion if within_a_class(report) => {
            "locks of one class are alike, so it takes an order among them on which all threads \
             agree, which is that of their sub-classes and ids; a thread that keeps to it can meet this \
             thread"
        }
        Verdict::Inversion => {
            write!(f, "{}, ", counted_threads(report))?;
            // What the class edges have around them are classes.
            let common = match report.basis {
                Basis::Instances => locks_around_all(report),
                _ => Vec::new(),
            };
            match common.as_slice() {
                [] => f.write_str("no common lock, nothing orders them")?,
                common => write!(
                    f,
                    "nothing orders them, and what they hold in common, {}, does not keep them apart: it is only \
                     shared, or held by one thread around another",
                    report.the_locks(common)
                )?,
            }
            match report.basis {
                Basis::Classes => {
                    "; no two threads were seen to take the same instances in opposite orders: it \
                     is the order of the classes that closes a ring, and it deadlocks as soon as \
                     the instances are the same"
                }
                _ if common.is_empty() => {
                    ": each can come to hold its first lock while the next one waits for it"
                }
                _ => "; each can come to hold its first lock while the next one waits for it",
            }
        }
        Verdict::Guarded | Verdict::SingleThread | Verdict::Ordered if report.lacks_writers => {
            return no_writer_then(f, report);
        }
        Verdict::Guarded => {
            write!(f, "guarded by {}", guards(report))?;
            ": both sides happen under it, so they never meet; they can as soon as one of them goes \
             without it"
        }
        Verdict::SingleThread => {
            "one thread takes both orders, and it cannot meet itself; it becomes an inversion when \
             a second thread takes either"
        }
        Verdict::Ordered => {
            "the orders are separated by a spawn, a join or a message, so they never overlapped; \
             it becomes an inversion when that goes away"
        }
        Verdict::RecursiveRead => {
            "a writer that queues between the two reads waits for the first, and the second waits \
             behind that writer"
        }
        Verdict::Stall => return stall_text::reason(f, report),
        Verdict::HeldAcrossAwait => {
            "the task gives the lock back only when it is polled again; until then every thread \
             that takes the lock is blocked, and no task can be polled on it"
        }
        Verdict::Abandoned if any_left_by_fork(report) => {
            "a fork copies a lock as it is, and of the threads only the one that forks; no thread of this \
             process can release the lock, and a thread that asks for it waits for ever"
        }
        Verdict::Abandoned => {
            "the guard was forgotten, or leaked; no thread can release the lock any more, and a \
             thread that asks for it waits for ever"
        }
    };
    f.write_str(text)
}

/// Returns the locks that every thread of the cycle has around its order.
fn locks_around_all(report: &Report) -> Vec<LockId> {
    let Some((first, others)) = report.edges.split_first() else {
        return Vec::new();
    };
    let mut around = first.gates.clone();
    around.retain(|gate| others.iter().all(|edge| edge.gates.contains(gate)));
    // An upgrade asks for a lock that is held.
    around.retain(|&gate| report.edges.iter().all(|edge| edge.to != gate));
    around
}

/// Writes which writers block the second of two readers.
fn about_queued_writers(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let queued = readers_behind_a_writer(report);
    if queued.is_empty() || report.lacks_writers {
        return Ok(());
    }
    let mut writers = Vec::new();
    for &lock in &queued {
        if let Some((thread, wait)) = queued_writer(report, lock) {
            writers.push(format!("{thread}, which waits at {}", place(wait.site)));
        }
    }
    write!(
        f,
        "; both sides only read {}, but ",
        report.the_locks(&queued)
    )?;
    f.write_str(&writers.join("; "))?;
    f.write_str(match writers.len() {
        0 => "a writer that is queued in between blocks the second reader",
        1 => ", is the writer that is queued in between and blocks the second reader",
        _ => ", are the writers that are queued in between and block the second reader",
    })
}

/// Writes which requests are those of destructors.
fn about_destructors(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    for thread in &report.threads {
        if !thread.panicking && !thread.ending {
            continue;
        }
        let site = thread.waits.as_ref().map(|wait| wait.site);
        let edge = lists::find(&report.edges, &|edge| edge.thread == thread.id);
        let Some(site) = site.or(edge.map(|edge| edge.to_site)) else {
            continue;
        };
        let at = place(site);
        let is_scope =
            thread.waits.as_ref().and_then(WaitInfo::reason) == Some(WaitReason::ScopeEnd);
        match thread.panicking {
            true if is_scope => write!(
                f,
                "; {thread} unwinds from a panic, and the scope that it leaves at {at} waits for its threads"
            )?,
            true => write!(
                f,
                "; {thread} unwinds from a panic, so what it asks for at {at} is asked for by a \
                 destructor or a panic hook"
            )?,
            false => write!(
                f,
                "; {thread} has returned or ends the process, so what it waits for at {at} is waited for by the \
                 destructor of a thread-local or a handler of `atexit`, and the thread ends after that"
            )?,
        }
    }
    Ok(())
}

/// Returns the thread of a deadlock that is queued to write this lock between two readers, and its
/// wait.
pub(super) fn queued_writer(report: &Report, lock: LockId) -> Option<(&ThreadInfo, &WaitInfo)> {
    if report.verdict != Verdict::Deadlock {
        return None;
    }
    let mode = Mode::Exclusive;
    for (thread, wait) in report.waiting() {
        let is_in_ring = || lists::any(&report.edges, &|edge| edge.thread == thread.id);
        if wait.what == (WaitsFor::Lock { lock, mode }) && !is_in_ring() {
            return Some((thread, wait));
        }
    }
    None
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

fn counted_threads(report: &Report) -> impl fmt::Display {
    fmt::from_fn(|f| {
        let threads = distinct_threads(report);
        let is_task = |&id: &ThreadId| report.thread(id).is_some_and(|thread| thread.is_task);
        let noun = match !threads.is_empty() && threads.iter().all(is_task) {
            true => "task",
            false => "thread",
        };
        match threads.len() {
            0 | 1 => write!(f, "one {noun}"),
            2 => write!(f, "two {noun}s"),
            3 => write!(f, "three {noun}s"),
            many => write!(f, "{many} {noun}s"),
        }
    })
}

/// Returns the locks at which both sides of the cycle only read; the two sides of a deadlock may be the reads of one
/// thread.
pub(super) fn readers_behind_a_writer(report: &Report) -> Vec<LockId> {
    let edges = &report.edges;
    let mut locks = Vec::new();
    if edges.len() < 2 && report.verdict != Verdict::Deadlock {
        return locks;
    }
    for (at, edge) in edges.iter().enumerate() {
        let next = &edges[(at + 1) % edges.len()];
        let both_read = edge.to_mode == Mode::Shared && next.from_mode == Mode::Shared;
        if both_read && edge.to == next.from {
            locks.push(edge.to);
        }
    }
    locks
}
