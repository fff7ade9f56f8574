//! The suggestion of a report: one concrete change.

mod order;
mod stuck;

pub(super) use self::order::in_one_function;

use super::data::{Edge, Report};
use super::headline;
use super::place::place;
use super::stall_text;
use crate::engine::verdict::Verdict;

/// How long a guard without a name lives.
const TEMPORARY: &str = "a guard without a name lives to the end of its statement: in an argument, in a \
                         chain of calls, on either side of an assignment, and in the head of a \
                         `match`, `if let`, `while let` or `for`, whose body is a part of the statement";

/// Returns the suggestion.
pub(super) fn suggestion(report: &Report) -> Option<String> {
    match report.verdict {
        Verdict::Inversion if headline::within_a_class(report) => Some(within_a_class(report)),
        Verdict::Inversion | Verdict::Guarded | Verdict::SingleThread | Verdict::Ordered => {
            order::suggestion(report)
        }
        Verdict::Deadlock if report.edges.len() > 1 => order::suggestion(report),
        Verdict::Deadlock => match report.edges.first() {
            Some(edge) => Some(read_twice(edge)),
            None => stuck::suggestion(report),
        },
        Verdict::SelfDeadlock if report.edges.is_empty() => stuck::alone(report),
        Verdict::SelfDeadlock => {
            let edge = report.edges.first()?;
            if order::is_order_of_queue(report, edge.to) {
                return Some(format!(
                    "let the comparison of the items (`Ord::cmp`) do without the queue that compares \
                     them, which it uses at {}",
                    place(edge.to_site)
                ));
            }
            if edge.from_site == edge.to_site {
                return Some(format!(
                    "{} is reached again, by a call, a callback or a loop, while its guard is \
                     alive: drop the guard before that",
                    place(edge.to_site)
                ));
            }
            Some(format!(
                "drop the guard that was taken at {} before the call at {}, or hand the guarded \
                 value on instead of locking again; {TEMPORARY}",
                place(edge.from_site),
                place(edge.to_site)
            ))
        }
        Verdict::RecursiveRead => Some(read_twice(report.edges.first()?)),
        Verdict::Stall => stall_text::suggestion(report),
        Verdict::HeldAcrossAwait => Some(
            "drop the guard before the `.await`, or use the asynchronous lock of the runtime, whose \
             waiters do not block their thread"
                .to_owned(),
        ),
        Verdict::Abandoned if report.threads.iter().any(|thread| thread.left_by_fork) => {
            Some(stuck::FORKED.to_owned())
        }
        Verdict::Abandoned => Some(format!(
            "drop the guard before the thread ends: {}",
            stuck::FORGOTTEN
        )),
    }
}

/// The suggestion about a lock that a thread reads twice, with a writer in between.
fn read_twice(edge: &Edge) -> String {
    let (first, second) = (edge.from_site, edge.to_site);
    if first == second {
        return format!(
            "{} is reached again, by a call, a callback or a loop, while its guard is alive: copy what is \
             needed and drop the guard before that, or use a `RecursiveRwLock`",
            place(first)
        );
    }
    let is_one_line = (first.file(), first.line()) == (second.file(), second.line());
    let temporary = match is_one_line {
        true => format!("; {TEMPORARY}"),
        false => String::new(),
    };
    format!(
        "hand the guard that was taken at {} on to {}, or drop it first, or use a \
         `RecursiveRwLock`{temporary}",
        place(first),
        place(second)
    )
}

/// The suggestion about two locks of one class that nest against its order.
fn within_a_class(report: &Report) -> String {
    let tracked = match report.locks.first() {
        // Locks of several sorts are one class then, without anything in common.
        Some(lock) if lock.name.is_none() && report.is_wrapped() => format!(
            "; or, where {} is the constructor of a type of your own, put `#[track_caller]` on it: the locks are \
             then of the classes of the lines that call it",
            place(lock.created)
        ),
        _ => String::new(),
    };
    format!(
        "take the one with the lower id first, as `lockwarden::acquire` does; or, if the inner \
         one always belongs under the outer one, say so with `inner.nested_in(&outer)`{tracked}"
    )
}
