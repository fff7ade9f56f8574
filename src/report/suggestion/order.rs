//! The suggestion for lock orders that close a cycle.
//!
//! One edge has to go. The best one is a lock that is reacquired while another one is held, since that
//! hold can end before; else the newest edge: its two calls are swapped, or both locks are taken at
//! once.

use std::fmt;

use super::super::data::{Edge, Report};
use super::super::lock::LockInfo;
use super::super::owner::foreign_places;
use super::super::place::{dependency, place};
use super::super::source::Sources;
use super::super::stack::Stack;
use super::super::symbols::is_of_the_command;
use crate::engine::ids::{LockId, Site};
use crate::engine::lists;
use crate::engine::reacquisition::Reacquisition;
use crate::tracking::lock::kind::LockKind;

/// Two places that are further apart, in lines, are not searched for a function between them.
const NEAR: u32 = 100;

pub(super) fn suggestion(report: &Report) -> Option<String> {
    for edge in &report.edges {
        if is_order_of_queue(report, edge.from) {
            return Some(compared(report, edge));
        }
    }
    let edges = report.edges_from_closing();
    for edge in &edges {
        if let Some(again) = edge.to_again {
            return Some(taken_back(report, edge, again));
        }
    }
    if let Some(edge) = initialised(report, &edges) {
        return Some(across_a_dependency(report, edge).unwrap_or_else(|| initialise(report, edge)));
    }
    // The newest of those with the most places in the program's own code; what a destructor asks for, as its thread
    // unwinds, has no call that could be made earlier.
    let mut best = (*edges.first()?, usize::MAX);
    for &edge in &edges {
        let thread = report.thread(edge.thread);
        let places = match thread.is_some_and(|thread| thread.panicking) {
            true => 3 + foreign_places(edge),
            false => foreign_places(edge),
        };
        // One line that takes both locks, in a loop or for its callers, has no two calls to swap: the lines of
        // another edge are the better ones to change.
        let cost = 2 * places + usize::from(is_one_call(edge));
        // A reacquired lock cannot be acquired at another place than that.
        if edge.from_again.is_none() && cost < best.1 {
            best = (edge, cost);
        }
    }
    let edge = best.0;
    Some(across_a_dependency(report, edge).unwrap_or_else(|| one_order(report, edge)))
}

/// Returns the suggestion for a comparison of items that takes a lock: the lock under which a queue
/// compares has no other use.
fn compared(report: &Report, edge: &Edge) -> String {
    let (asked, second) = (report.the_lock(edge.to), place(edge.to_site));
    format!(
        "let the comparison of the items (`Ord::cmp`) do without {asked}, which it takes at {second}, or \
         release {asked} before an item is put or got"
    )
}

/// Returns whether the lock is the one under which a `PriorityQueue` compares.
pub(super) fn is_order_of_queue(report: &Report, lock: LockId) -> bool {
    report.noun(lock) == "order of a PriorityQueue"
}

/// Returns the edge to change of an order with an initialisation in it: neither `acquire` nor a swap of lines can
/// change that one. A lock under which a value is initialised can be taken later; else one initialiser has to do
/// without the next one.
fn initialised<'a>(report: &Report, edges: &[&'a Edge]) -> Option<&'a Edge> {
    let mut under_once = None;
    for &edge in edges {
        if is_once(report, edge.from) {
            under_once = under_once.or(Some(edge));
        } else if is_once(report, edge.to) {
            return Some(edge);
        }
    }
    under_once
}

fn is_once(report: &Report, lock: LockId) -> bool {
    matches!(
        report.noun(lock),
        "Once" | "OnceLock" | "LazyLock" | "OnceCell" | "Lazy" | "tokio OnceCell"
    )
}

fn initialise(report: &Report, edge: &Edge) -> String {
    let (held, asked) = (report.the_lock(edge.from), report.the_lock(edge.to));
    let (first, second) = (place(edge.from_site), place(edge.to_site));
    match is_once(report, edge.from) {
        true => {
            format!("let the initialiser of {held} do without {asked}, which it needs at {second}")
        }
        false => format!(
            "initialise {asked} before {first} takes {held}, instead of under it at {second}"
        ),
    }
}

/// Suggests to release the hold before a call that reacquires a lock.
fn taken_back(report: &Report, edge: &Edge, again: Reacquisition) -> String {
    let (held, asked) = (report.the_lock(edge.from), report.the_lock(edge.to));
    let (first, second) = (place(edge.from_site), place(edge.to_site));
    let release = format_args!("release {held}, which is taken at {first}, before the");
    match again {
        Reacquisition::Wait => format!(
            "{release} wait at {second}: the wait releases {asked} when it begins and takes it back when it \
             ends, while {held} is held"
        ),
        Reacquisition::Unlocked => format!(
            "{release} call at {second}: it releases {asked} while it runs and takes it back when it ends, \
             while {held} is held"
        ),
        Reacquisition::Upgrade => format!(
            "{release} upgrade at {second}, which waits until {asked} has no other reader; or upgrade \
             before {held} is taken"
        ),
    }
}

/// Returns the suggestion for an order of which one call or both are made by a dependency.
fn across_a_dependency(report: &Report, edge: &Edge) -> Option<String> {
    let (held, asked) = (report.the_lock(edge.from), report.the_lock(edge.to));
    let (first, second) = (place(edge.from_site), place(edge.to_site));
    let inner = dependency(edge.to_site.file());
    Some(match (dependency(edge.from_site.file()), inner) {
        (None, None) => return None,
        (None, Some(inner)) => format!(
            "release {held}, which is taken at {first}, before the call into {inner} that takes {asked}"
        ),
        (Some(outer), None) => format!(
            "end the call into {outer}, or drop what it returned, before {second} takes {asked}, since it holds \
             {held} until then; or take {asked} before the call into {outer}"
        ),
        (Some(outer), Some(inner)) if outer == inner => {
            let call = report.stack_of(edge).and_then(Stack::own_caller);
            let kept = fmt::from_fn(|f| match &call {
                Some(call) => write!(
                    f,
                    "; or, if the program keeps what {outer} has returned with {held}, drop that before the call at {}",
                    call.place()
                ),
                None => Ok(()),
            });
            format!(
                "the lines to change are those of {outer}, at {first} and {second}; until they are changed, hold one \
                 lock of your own around each call into {outer} that leads there{kept}"
            )
        }
        (Some(outer), Some(inner)) => format!(
            "the lines to change are those of {outer} at {first} and of {inner} at {second}; without a change \
             of theirs, keep {outer} from calling into {inner} while it holds {held}"
        ),
    })
}

/// Suggests to swap two calls, or to take both locks at once.
fn one_order(report: &Report, edge: &Edge) -> String {
    let (held, asked) = (report.the_lock(edge.from), report.the_lock(edge.to));
    let (first, second) = (place(edge.from_site), place(edge.to_site));
    if edge.from_again.is_some() {
        return format!(
            "release {held}, which is taken back at {first}, before {second} takes {asked}; or take \
             {asked} before {held} is taken for the first time"
        );
    }
    let both = fmt::from_fn(|f| match report.edges.len() {
        2 => {
            let (asked, held) = (
                variable(report, edge.to, "a"),
                variable(report, edge.from, "b"),
            );
            write!(f, "`lockwarden::acquire((&{asked}, &{held}))`")
        }
        _ => f.write_str("`lockwarden::acquire(..)`"),
    });
    let lines = |edge: &Edge| (edge.from_site, edge.to_site);
    let shares = |other: &Edge| !std::ptr::eq(other, edge) && lines(other) == lines(edge);
    // A function that locks its arguments, called with them in either order: swapping its lines changes
    // nothing. Nor does it where another thread comes by one of the two lines, as in a walk along a list from
    // either end, whose loop takes all locks but the first: that thread's order would change as well.
    if lists::any(&report.edges, &shares) || is_one_call(edge) || is_line_of_another(report, edge) {
        let same = "the same lines take the locks in whatever order they are given:";
        let callers = match report.is_in_one_line() || is_one_call(edge) {
            true => {
                "; or, where the whole program locks through this line, let its callers take the locks \
                 in one order"
            }
            false => "",
        };
        return match can_be_taken_at_once(report) {
            true => format!(
                "{same} take them at once with {both}, or sort them before {first}{callers}"
            ),
            false => format!("{same} sort them before {first}{callers}"),
        };
    }
    if let Some(again) = taken_again(report, edge) {
        let (held, asked) = (report.the_lock(again.from), report.the_lock(again.to));
        let (first, second) = (place(again.from_site), place(again.to_site));
        return format!(
            "release {held}, which is taken at {first}, before {second} takes {asked} again"
        );
    }
    let swapped = fmt::from_fn(|f| swapped(f, report, edge));
    match can_be_taken_at_once(report) {
        true => format!("{swapped}; or take both at once with {both}"),
        false => swapped.to_string(),
    }
}

/// Returns whether the program can take the locks of the cycle with `lockwarden::acquire`: it names the library, and
/// these are locks of threads.
fn can_be_taken_at_once(report: &Report) -> bool {
    let can_be_taken = |edge: &Edge| {
        let noun = report.noun(edge.to);
        let kinds = [
            LockKind::MUTEX,
            LockKind::FAIR_MUTEX,
            LockKind::REENTRANT_MUTEX,
            LockKind::RW_LOCK,
            LockKind::RECURSIVE_RW_LOCK,
        ];
        kinds.iter().any(|kind| kind.noun() == noun)
    };
    !is_of_the_command() && report.edges.iter().all(can_be_taken)
}

/// Returns whether both locks are taken by one call.
fn is_one_call(edge: &Edge) -> bool {
    edge.from_site == edge.to_site
}

/// Returns whether the two calls could be swapped, but another edge takes another lock at one of the two lines.
fn is_line_of_another(report: &Report, edge: &Edge) -> bool {
    let calls = |edge: &Edge| [(edge.from_site, edge.from), (edge.to_site, edge.to)];
    let is_shared = |other: &Edge| {
        let mine = calls(edge);
        let takes_another = |&(site, lock): &(Site, LockId)| {
            mine.iter().any(|&(own, held)| own == site && held != lock)
        };
        calls(other).iter().any(takes_another)
    };
    lists::any(&report.edges, &is_shared) && in_one_function(edge.from_site, edge.to_site)
}

/// Returns the edge to the lock that one function releases and takes again, under the lock that it took in between: the
/// two edges of the cycle meet in that call.
fn taken_again<'a>(report: &'a Report, edge: &'a Edge) -> Option<&'a Edge> {
    let [one, other] = report.edges.as_slice() else {
        return None;
    };
    let other = if std::ptr::eq(one, edge) { other } else { one };
    let meet = |(before, after): &(&Edge, &Edge)| {
        before.to_site == after.from_site
            && before.to == after.from
            && in_one_function(before.from_site, after.to_site)
    };
    let (_, after) = [(edge, other), (other, edge)].into_iter().find(meet)?;
    Some(after)
}

fn swapped(f: &mut fmt::Formatter<'_>, report: &Report, edge: &Edge) -> fmt::Result {
    let (held, asked) = (report.the_lock(edge.from), report.the_lock(edge.to));
    let (first, second) = (edge.from_site, edge.to_site);
    let (file, line) = (first.file(), first.line());
    if !in_one_block(first, second) {
        let (first, second) = (place(first), place(second));
        write!(
            f,
            "take {asked} before {first} takes {held}, instead of after it at {second}"
        )?;
    } else if line < second.line() {
        let second = second.line();
        write!(
            f,
            "swap lines {line} and {second} of {file}, so that {asked} is taken before {held}"
        )?;
    } else {
        write!(
            f,
            "swap the two calls in line {line} of {file}, so that {asked} is taken before {held}"
        )?;
    }
    match lists::find(&report.edges, &|other| other.from == edge.to) {
        Some(other) if report.edges.len() == 2 && other.thread != edge.thread => {
            write!(f, ", as {} does", report.thread_name(other.thread))
        }
        Some(_) if report.edges.len() > 2 => f.write_str(", which opens the ring"),
        _ => Ok(()),
    }
}

/// Returns whether the two calls stand in one function, in this order, as far as its source shows: no
/// function begins between them. Without the source they are taken to stand in two functions, so a swap
/// is not suggested.
pub(in crate::report) fn in_one_function(first: Site, second: Site) -> bool {
    let (from, to) = (first.line(), second.line());
    if first.file() != second.file() || to < from || to - from > NEAR {
        return false;
    }
    let mut sources = Sources::default();
    // The first call stands behind the head of its function, if that is in the same line.
    let begin = if from < to { from + 1 } else { from };
    for number in begin..=to {
        if sources
            .line(first.file(), number)
            .is_none_or(begins_function)
        {
            return false;
        }
    }
    true
}

/// Returns whether the two calls stand in one block, in this order, as far as the source shows: the block of the first one does
/// not end before the second one, and no other block is begun and not ended between them, as that of a `while let` or a closure.
fn in_one_block(first: Site, second: Site) -> bool {
    if !in_one_function(first, second) {
        return false;
    }
    let mut sources = Sources::default();
    let mut depth = Some(0);
    for number in first.line()..=second.line() {
        let line = sources.line(first.file(), number).unwrap_or_default();
        let end = match number == second.line() {
            true => second.column() as usize - 1,
            false => line.len(),
        };
        let begin = match number == first.line() {
            true => first.column() as usize - 1,
            false => 0,
        };
        depth = depth.and_then(|depth| depth_after(depth, line.get(begin..end)?));
    }
    depth == Some(0)
}

/// Returns how many blocks are open after this piece of code; `None` if one ends there that was begun before the first piece.
fn depth_after(mut depth: u32, code: &str) -> Option<u32> {
    let code = code.split_once("//").map_or(code, |(code, _)| code);
    // What is within quotes is text, such as the braces of a format.
    for code in code.split('"').step_by(2) {
        for c in code.chars() {
            depth = match c {
                '{' => depth + 1,
                '}' => depth.checked_sub(1)?,
                _ => depth,
            };
        }
    }
    Some(depth)
}

/// Returns whether the later call stands in a destructor, as far as its source shows, and the first one does not.
pub(super) fn is_in_destructor(first: Site, later: Site) -> bool {
    let mut sources = Sources::default();
    let mut lines = (1..=later.line()).rev().take(NEAR as usize);
    let function = lines.find_map(|number| {
        let line = sources.line(later.file(), number)?;
        // In the line of the call a function can begin behind it.
        let before = later.column() as usize - 1;
        let is_its_line = number == later.line();
        let code = if is_its_line {
            line.get(..before)?
        } else {
            line
        };
        function_of(code).map(str::to_owned)
    });
    function.is_some_and(|name| name.starts_with("drop(")) && !in_one_function(first, later)
}

fn begins_function(line: &str) -> bool {
    function_of(line).is_some()
}

/// Returns the name of the last function that begins in this line, with what follows it: the word after `fn`.
fn function_of(line: &str) -> Option<&str> {
    let code = line.split_once("//").map_or(line, |(code, _)| code);
    let (mut name, mut is_name) = (None, false);
    for word in code.split_whitespace() {
        if is_name {
            name = Some(word);
        }
        is_name = word == "fn";
    }
    name
}

/// Returns the name of the lock as an identifier, or `otherwise`.
fn variable(report: &Report, id: LockId, otherwise: &'static str) -> &'static str {
    let Some(name) = report.lock(id).and_then(|lock| lock.name) else {
        return otherwise;
    };
    let bytes = name.as_bytes();
    let plain = bytes.first().is_some_and(|first| !first.is_ascii_digit())
        && bytes
            .iter()
            .all(|next| next.is_ascii_alphanumeric() || *next == b'_');
    // Two accounts are both called `account`: the name would be ambiguous.
    let is_other = |lock: &LockInfo| lock.id != id && lock.name == Some(name);
    match plain && !lists::any(&report.locks, &is_other) {
        true => name,
        false => otherwise,
    }
}

#[cfg(test)]
mod tests {
    use super::depth_after;

    #[test]
    fn blocks_that_are_begun_and_ended_are_counted() {
        for (code, depth) in [
            ("let ledger = self.ledger.lock();", Some(0)),
            ("while let Some(job) = self.jobs.lock().pop() {", Some(1)),
            ("if is_new { begin(); } else {", Some(1)),
            ("lock(); }", None),
            ("println!(\"{{ {}\", 1); // {", Some(0)),
        ] {
            assert_eq!(depth_after(0, code), depth, "{code}");
        }
    }
}
