//! The suggestion of a report: one concrete change.

mod order;
mod stuck;

pub(super) use self::order::in_one_function;

use super::data::{Edge, Report};
use super::headline;
use super::place::{dependency, place};
use super::stack::Stack;
use super::stall_text;
use crate::engine::verdict::Verdict;
use crate::tracking::lock::kind::LockKind;

pub(super) fn suggestion(report: &Report) -> Option<String> {
    match report.verdict {
        Verdict::Inversion if headline::within_a_class(report) => Some(within_a_class(report)),
        Verdict::Inversion | Verdict::Guarded | Verdict::SingleThread | Verdict::Ordered => {
            order::suggestion(report)
        }
        Verdict::Deadlock if report.edges.len() > 1 => order::suggestion(report),
        Verdict::Deadlock => match report.edges.first() {
            Some(edge) => Some(read_twice(report, edge)),
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
            if let Some(late) = asked_late(report, edge) {
                return Some(late);
            }
            if edge.from_site == edge.to_site {
                return Some(format!(
                    "{} is reached again, by a call, a callback or a loop, while its guard is \
                     alive: drop the guard before that",
                    place(edge.to_site)
                ));
            }
            if order::is_in_destructor(edge.from_site, edge.to_site) {
                return Some(format!(
                    "{} is in a destructor, which runs while the guard that was taken at {} is alive: drop that guard \
                     first, or move the value out from under it (`mem::take`, or what `insert` and `replace` \
                     return) and drop the value after the guard",
                    place(edge.to_site),
                    place(edge.from_site)
                ));
            }
            Some(format!(
                "drop the guard that was taken at {} before {}, or hand the guarded \
                 value on instead of locking again; {}",
                place(edge.from_site),
                call_of(report, edge),
                stuck::TEMPORARY
            ))
        }
        Verdict::RecursiveRead => Some(read_twice(report, report.edges.first()?)),
        Verdict::Stall => stall_text::suggestion(report),
        Verdict::HeldAcrossAwait => Some(
            "drop the guard before the `.await`, or use the asynchronous lock of the runtime, whose \
             waiters do not block their thread"
                .to_owned(),
        ),
        Verdict::Abandoned if headline::any_left_by_fork(report) => {
            Some(stuck::FORKED.to_owned())
        }
        Verdict::Abandoned => Some(format!(
            "drop the guard before the thread ends: {}",
            stuck::FORGOTTEN
        )),
    }
}

/// Names the call that asks for the lock: where that is in a dependency, the one of the program that leads there.
fn call_of(report: &Report, edge: &Edge) -> String {
    let stack = || {
        let of_thread = report.thread(edge.thread)?.stack.as_ref();
        of_thread.or(report.stack.as_ref())
    };
    if let Some(dependency) = dependency(edge.to_site.file())
        && let Some(caller) = stack().and_then(Stack::own_caller)
    {
        return format!("the call into {dependency} by {caller}");
    }
    format!("the call at {}", place(edge.to_site))
}

/// The suggestion about a lock that a thread asks for again while it unwinds or ends: what it calls then comes at
/// a time that the holder of the lock did not choose.
fn asked_late(report: &Report, edge: &Edge) -> Option<String> {
    let thread = report.thread(edge.thread)?;
    let (taken, asked) = (place(edge.from_site), place(edge.to_site));
    let tries = report.try_of(edge.to, edge.to_mode);
    if thread.panicking {
        return Some(format!(
            "if the guard that was taken at {taken} was alive when the panic came: ask with `{tries}` at {asked} where \
             that is in a panic hook, and see that the guard is dropped first where it is in a destructor; else drop \
             the guard before that call"
        ));
    }
    thread.ending.then(|| {
        format!(
            "drop the guard that was taken at {taken} before the thread returns or ends the process, or, if the call \
             at {asked} is in a handler of `atexit`, ask with `{tries}` there"
        )
    })
}

/// The suggestion about a lock that a thread reads twice, with a writer in between.
fn read_twice(report: &Report, edge: &Edge) -> String {
    let (first, second) = (edge.from_site, edge.to_site);
    // Locks of tasks and values of channels have no such variant.
    let recursive = match report.noun(edge.to) == LockKind::RW_LOCK.noun() {
        true => ", or use the `RecursiveRwLock` of parking_lot 0.13",
        false => "",
    };
    if first == second {
        return format!(
            "{} is reached again, by a call, a callback or a loop, while its guard is alive: copy what is \
             needed and drop the guard before that{recursive}",
            place(first)
        );
    }
    let is_one_line = (first.file(), first.line()) == (second.file(), second.line());
    let temporary = match is_one_line {
        true => format!("; {}", stuck::TEMPORARY),
        false => String::new(),
    };
    format!(
        "hand the guard that was taken at {} on to {}, or drop it first{recursive}{temporary}",
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
