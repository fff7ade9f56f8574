//! What a report advises: one concrete change.

use super::data::{Edge, Report};
use super::stall;
use super::thread::{ThreadInfo, WaitInfo, WaitsFor};
use super::words;
use crate::engine::awaited::Awaited;
use crate::engine::ids::LockId;
use crate::engine::verdict::Verdict;

/// Two places that are further apart, in lines, are taken to be in different functions, where
/// nobody can swap them.
const NEAR: u32 = 40;

/// What to change.
pub(super) fn suggestion(report: &Report) -> Option<String> {
    match report.verdict {
        Verdict::Inversion if words::within_a_class(report) => Some(
            "take the one with the lower id first, as `lockwarden::acquire` does; or, if the inner \
             one always belongs under the outer one, say so with `inner.nested_in(&outer)`"
                .to_owned(),
        ),
        Verdict::Inversion | Verdict::Guarded | Verdict::SingleThread | Verdict::Ordered => {
            Some(one_order(report, report.edges_from_closing().next()?))
        }
        Verdict::Deadlock if report.edges.len() > 1 => {
            Some(one_order(report, report.edges_from_closing().next()?))
        }
        Verdict::Deadlock => standstill(report),
        Verdict::SelfDeadlock if report.edges.is_empty() => {
            let wait = report.threads.iter().find_map(|t| t.waits.as_ref())?;
            Some(instead(wait)?.to_owned())
        }
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
        Verdict::Stall => stall::suggestion(report),
        Verdict::Abandoned if report.threads.iter().any(|thread| thread.left_by_fork) => Some(
            "take the locks that the child needs before the fork, in the thread that forks, and drop \
             them in both processes; or fork before other threads are started; or do nothing in the \
             child but `exec`"
                .to_owned(),
        ),
        Verdict::Abandoned => Some(
            "drop the guard before the thread ends: look for `mem::forget`, for a guard kept in a \
             value that is leaked, and for a missing `force_unlock`"
                .to_owned(),
        ),
    }
}

/// What to change where not all waits are for locks.
fn standstill(report: &Report) -> Option<String> {
    let waits = |thread: &ThreadInfo| thread.waits.clone();
    let wanted: Vec<LockId> = report
        .threads
        .iter()
        .filter_map(waits)
        .filter_map(|wait| match wait.what {
            WaitsFor::Lock { lock, .. } => Some(lock),
            WaitsFor::Resource { .. } => None,
        })
        .collect();
    // Somebody keeps a lock through a wait for something else, and another one needs the lock.
    for thread in &report.threads {
        let Some(wait) = &thread.waits else { continue };
        let kept = thread.held.iter().find(|held| wanted.contains(&held.lock));
        if let (WaitsFor::Resource { .. }, Some(held)) = (wait.what, kept) {
            return Some(format!(
                "let go of {}, which {thread} took at {}, before the wait at {}",
                report.the_lock(held.lock),
                held.site,
                wait.site
            ));
        }
    }
    let waits = report.threads.iter().filter_map(waits);
    let wait = waits.min_by_key(innocence)?;
    instead(&wait).map(str::to_owned)
}

/// How little a wait says about what is wrong: who waits for a message, or for the end of a thread,
/// often waits for what another one of the deadlock would have done.
fn innocence(wait: &WaitInfo) -> u8 {
    match wait.what {
        WaitsFor::Resource { awaited, .. } => match awaited {
            Awaited::Room | Awaited::Partner => 0,
            Awaited::Message | Awaited::Item | Awaited::Selection => 2,
            Awaited::Job => 3,
            Awaited::End | Awaited::ScopeEnd => 4,
            _ => 1,
        },
        WaitsFor::Lock { .. } => 5,
    }
}

/// What usually goes wrong with such a wait.
fn instead(wait: &WaitInfo) -> Option<&'static str> {
    let WaitsFor::Resource { awaited, .. } = wait.what else {
        return None;
    };
    Some(match awaited {
        Awaited::Message => {
            "drop every sender that is not used any more, the receiving thread's own above all; and \
             let one side send before it receives"
        }
        Awaited::Room | Awaited::Partner => {
            "receive somewhere that does not depend on this send, drop the receiver when nobody \
             receives any more, or make more room"
        }
        Awaited::Item => {
            "put something in on every path, also when a thread fails, or shut the queue down when \
             nobody puts any more"
        }
        Awaited::Selection => "give the select a branch that is sure to come, or a timeout",
        Awaited::Permit => {
            "release a permit on every path, also when a thread fails, and let nobody wait for \
             further ones while it keeps some"
        }
        Awaited::Event => "set the event on every path, also when the thread that should fails",
        Awaited::Arrival => {
            "make the barrier for as many threads as come, and abort it when one of them fails"
        }
        Awaited::Notification => {
            "change the condition under the mutex, and notify after that on every path, also that \
             of a panic; check the condition before each wait"
        }
        Awaited::Tasks => "say of every task that it is done, also when it fails",
        Awaited::Result => {
            "let no job wait for another one of the same pool: return what it needs, chain the two, \
             or use a second pool"
        }
        Awaited::Initialisation => {
            "let the initialiser do without what needs its own result, or compute that outside"
        }
        Awaited::End => "let no thread join itself, nor one that waits for it",
        _ => return None,
    })
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
