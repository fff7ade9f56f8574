//! The sentences of a report: what it is about, why it is what it is, and what to do.

use super::data::{Edge, Report};
use super::names::{and_list, duration};
use crate::engine::ids::{LockId, ThreadId};
use crate::engine::mode::Mode;
use crate::engine::verdict::Verdict;

/// More names than this make a first line that nobody reads to its end.
const NAMES_IN_HEADLINE: usize = 4;

/// Two places that are further apart, in lines, are taken to be in different functions, where
/// nobody can swap them.
const NEAR: u32 = 40;

/// The first line: the mark, the verdict, and what it is about.
pub(super) fn headline(report: &Report) -> String {
    format!("lockwarden: {}: {}", report.verdict, subject(report))
}

fn subject(report: &Report) -> String {
    match report.verdict {
        Verdict::Deadlock => {
            let threads = match distinct_threads(report).len() {
                0 | 1 => "a thread waits for itself".to_owned(),
                2 => "2 threads wait for each other".to_owned(),
                many => format!("{many} threads wait for each other in a ring"),
            };
            match report.edges.len() {
                0 => threads,
                _ => format!("{threads} over {}", ring(report)),
            }
        }
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
        Verdict::Inversion => format!("{} are taken in {}", ring(report), orders(report)),
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
        Verdict::Stall => stall(report),
        Verdict::Abandoned => abandoned(report),
    }
}

/// The locks of the cycle: all of them, or how many they are.
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

fn stall(report: &Report) -> String {
    let waiting = report
        .threads
        .iter()
        .find_map(|thread| thread.waits.as_ref().map(|wait| (thread, wait)));
    match waiting {
        Some((thread, wait)) => {
            let awaited = report.awaited(wait);
            match wait.since {
                Some(since) => format!("{thread} has waited {} for {awaited}", duration(since)),
                None => format!("{thread} waits for {awaited}"),
            }
        }
        None => match report.threads.first() {
            Some(thread) => format!("{thread} makes no progress"),
            None => "a thread makes no progress".to_owned(),
        },
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
            format!("{thread} ended while it held {}", and_list(&names))
        }
        None => "a thread ended while it held a lock".to_owned(),
    }
}

/// Why the verdict is what it is.
pub(super) fn reason(report: &Report) -> String {
    let mut reason = match report.verdict {
        Verdict::Deadlock => match distinct_threads(report).len() {
            0 | 1 => "the thread waits, without a timeout, for what only it can release".to_owned(),
            many => format!(
                "each of the {many} threads waits, without a timeout, for a lock that the next one \
                 holds; none of them can go on"
            ),
        },
        Verdict::SelfDeadlock => "only this thread could release it, and it would be asleep; this \
                                  is certain, at this very call"
            .to_owned(),
        Verdict::Inversion => format!(
            "{}, no common lock, nothing orders them: each can come to hold its first lock while \
             the next one waits for it",
            counted_threads(report)
        ),
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
        Verdict::Stall => "no progress for longer than the limit; whether it will ever go on is \
                           not known"
            .to_owned(),
        Verdict::Abandoned => "the guard was forgotten, or leaked; nobody is left to release the \
                               lock, and whoever asks for it waits for ever"
            .to_owned(),
    };
    let queued = readers_behind_a_writer(report);
    if !queued.is_empty() {
        let names: Vec<String> = queued.iter().map(|&id| report.the_lock(id)).collect();
        reason += &format!(
            "; both sides only read {}, but a writer that is queued in between blocks the second \
             reader",
            and_list(&names)
        );
    }
    reason
}

/// What to change.
pub(super) fn suggestion(report: &Report) -> Option<String> {
    match report.verdict {
        Verdict::Inversion | Verdict::Guarded | Verdict::SingleThread | Verdict::Ordered => {
            Some(one_order(report, report.edges_from_closing().next()?))
        }
        Verdict::Deadlock if report.edges.len() > 1 => {
            Some(one_order(report, report.edges_from_closing().next()?))
        }
        Verdict::Deadlock => None,
        Verdict::SelfDeadlock => {
            let edge = report.edges.first()?;
            if edge.from_site == edge.to_site {
                return Some(format!(
                    "{} is reached again, by a call, a callback or a loop, while its guard is \
                     alive: drop the guard before that",
                    edge.to_site
                ));
            }
            Some(format!(
                "drop the guard that was taken at {} before the call at {}, or hand the guarded \
                 value on instead of locking again; a guard in the head of a `match`, `if let` or \
                 `while let` lives to the end of its body",
                edge.from_site, edge.to_site
            ))
        }
        Verdict::RecursiveRead => {
            let edge = report.edges.first()?;
            Some(format!(
                "hand the guard that was taken at {} on to {}, or drop it first, or use a \
                 `RecursiveRwLock`",
                edge.from_site, edge.to_site
            ))
        }
        Verdict::Stall => None,
        Verdict::Abandoned => Some(
            "drop the guard before the thread ends: look for `mem::forget`, for a guard kept in a \
             value that is leaked, and for a missing `force_unlock`"
                .to_owned(),
        ),
    }
}

/// "Swap these two lines, or take both at once."
fn one_order(report: &Report, edge: &Edge) -> String {
    let (held, asked) = (report.the_lock(edge.from), report.the_lock(edge.to));
    let (first, second) = (edge.from_site, edge.to_site);
    let both = match report.edges.len() {
        2 => format!(
            "`lockwarden::acquire((&{}, &{}))`",
            variable(report, edge.to, "a"),
            variable(report, edge.from, "b")
        ),
        _ => "`lockwarden::acquire(..)`".to_owned(),
    };
    // A function that locks its arguments, called with them in either order: swapping its lines
    // would change nothing.
    let same_lines = |other: &Edge| (other.from_site, other.to_site) == (first, second);
    if report
        .edges
        .iter()
        .filter(|other| same_lines(other))
        .count()
        > 1
    {
        return format!(
            "the same lines take the locks in whatever order they are given: take them at once \
             with {both}, or sort them before {first}"
        );
    }
    let near = first.file() == second.file()
        && first.line() <= second.line()
        && second.line() - first.line() <= NEAR;
    let swap = if !near {
        format!("take {asked} before {first} takes {held}, instead of after it at {second}")
    } else if first.line() < second.line() {
        format!(
            "swap lines {} and {} of {}, so that {asked} is taken before {held}",
            first.line(),
            second.line(),
            first.file()
        )
    } else {
        format!(
            "swap the two calls in line {} of {}, so that {asked} is taken before {held}",
            first.line(),
            first.file()
        )
    };
    let like = match report.edges.iter().find(|other| other.from == edge.to) {
        Some(other) if report.edges.len() == 2 && other.thread != edge.thread => {
            format!(", as {} does", report.thread_name(other.thread))
        }
        Some(_) if report.edges.len() > 2 => ", which opens the ring".to_owned(),
        _ => String::new(),
    };
    format!("{swap}{like}; or take both at once with {both}")
}

/// The name of the lock as a variable might be called, or `otherwise`.
fn variable(report: &Report, id: LockId, otherwise: &str) -> String {
    let name = report
        .lock(id)
        .and_then(|lock| lock.name)
        .unwrap_or_default();
    let mut characters = name.chars();
    let plain = characters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|next| next.is_ascii_alphanumeric() || next == '_');
    // Two accounts are both called `account`: then the name would say the wrong thing.
    let unique = report
        .locks
        .iter()
        .filter(|lock| lock.name == Some(name))
        .count()
        == 1;
    if plain && unique {
        name.to_owned()
    } else {
        otherwise.to_owned()
    }
}

fn distinct_threads(report: &Report) -> Vec<ThreadId> {
    let mut threads: Vec<ThreadId> = Vec::new();
    for edge in &report.edges {
        if !threads.contains(&edge.thread) {
            threads.push(edge.thread);
        }
    }
    threads
}

fn counted_threads(report: &Report) -> String {
    match distinct_threads(report).len() {
        0 | 1 => "one thread".to_owned(),
        2 => "two threads".to_owned(),
        3 => "three threads".to_owned(),
        many => format!("{many} threads"),
    }
}

/// The locks at which both sides of the cycle only read.
pub(super) fn readers_behind_a_writer(report: &Report) -> Vec<LockId> {
    if report.edges.len() < 2 {
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
