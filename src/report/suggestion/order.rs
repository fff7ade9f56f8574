//! The suggestion for lock orders that close a cycle.
//!
//! One edge has to go. The best one is a lock that is reacquired while another one is held, since that
//! hold can end before; else the newest edge: its two calls are swapped, or both locks are taken at
//! once.

use super::super::data::{Edge, Report};
use super::super::owner::foreign_places;
use super::super::place::{dependency, place};
use super::super::source::Sources;
use super::super::symbols::is_of_the_command;
use crate::engine::ids::{LockId, Site};
use crate::engine::reacquisition::Reacquisition;

/// Two places that are further apart, in lines, are not searched for a function between them.
const NEAR: u32 = 100;

/// Returns the suggestion.
pub(super) fn suggestion(report: &Report) -> Option<String> {
    let compared = report.edges.iter().find_map(|edge| compared(report, edge));
    let mut edges = report.edges_from_closing();
    let special = compared
        .or_else(|| edges.find_map(|edge| taken_back(report, edge)))
        .or_else(|| initialised(report));
    if special.is_some() {
        return special;
    }
    // A reacquired lock cannot be acquired at another place than that.
    let plain = |edge: &&Edge| edge.from_again.is_none();
    let by_destructor = |edge: &Edge| {
        let thread = report.thread(edge.thread);
        thread.is_some_and(|thread| thread.panicking)
    };
    let newest = report.edges_from_closing().next()?;
    // The newest of those with the most places in the program's own code; what a destructor asks for, as its thread
    // unwinds, has no call that could be made earlier.
    let mine = report
        .edges_from_closing()
        .filter(plain)
        .min_by_key(|edge| (by_destructor(edge), foreign_places(edge)));
    let edge = mine.unwrap_or(newest);
    Some(across_a_dependency(report, edge).unwrap_or_else(|| one_order(report, edge)))
}

/// Returns the suggestion for a comparison of items that takes a lock: the lock under which a queue
/// compares has no other use.
fn compared(report: &Report, edge: &Edge) -> Option<String> {
    is_order_of_queue(report, edge.from).then(|| {
        format!(
            "let the comparison of the items (`Ord::cmp`) do without {}, which it takes at {}, or \
             release {} before an item is put or got",
            report.the_lock(edge.to),
            place(edge.to_site),
            report.the_lock(edge.to)
        )
    })
}

/// Returns whether the lock is the one under which a `PriorityQueue` compares.
pub(super) fn is_order_of_queue(report: &Report, lock: LockId) -> bool {
    let lock = report.lock(lock);
    lock.is_some_and(|lock| lock.noun == "order of a PriorityQueue")
}

/// Returns the suggestion for an order with an initialisation in it: neither `acquire` nor a swap of lines can change
/// that one. A lock under which a value is initialised can be taken later; else one initialiser has to do without
/// the next one.
fn initialised(report: &Report) -> Option<String> {
    let is_once = |id| {
        let lock = report.lock(id);
        lock.is_some_and(|lock| matches!(lock.noun, "Once" | "OnceLock" | "LazyLock"))
    };
    let find =
        |wanted: &dyn Fn(&Edge) -> bool| report.edges_from_closing().find(|edge| wanted(edge));
    let edge = find(&|edge| is_once(edge.to) && !is_once(edge.from));
    let edge = edge.or_else(|| find(&|edge| is_once(edge.from)))?;
    Some(across_a_dependency(report, edge).unwrap_or_else(|| {
        let (held, asked) = (report.the_lock(edge.from), report.the_lock(edge.to));
        let (first, second) = (place(edge.from_site), place(edge.to_site));
        match is_once(edge.from) {
            true => format!(
                "let the initialiser of {held} do without {asked}, which it needs at {second}"
            ),
            false => format!(
                "initialise {asked} before {first} takes {held}, instead of under it at {second}"
            ),
        }
    }))
}

/// Suggests to release the hold before a call that reacquires a lock.
fn taken_back(report: &Report, edge: &Edge) -> Option<String> {
    let (held, asked) = (report.the_lock(edge.from), report.the_lock(edge.to));
    let (first, second) = (place(edge.from_site), place(edge.to_site));
    let release = format!("release {held}, which is taken at {first}, before");
    Some(match edge.to_again? {
        Reacquisition::Wait => format!(
            "{release} the wait at {second}: the wait releases {asked} when it begins and takes it \
             back when it ends, while {held} is held"
        ),
        Reacquisition::Unlocked => format!(
            "{release} the call at {second}: it releases {asked} while it runs and takes it back \
             when it ends, while {held} is held"
        ),
        Reacquisition::Upgrade => format!(
            "{release} the upgrade at {second}, which waits until {asked} has no other reader; or \
             upgrade before {held} is taken"
        ),
    })
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
        (Some(outer), Some(inner)) if outer == inner => format!(
            "the lines to change are those of {outer}, at {first} and {second}; until they are changed, hold one \
             lock of your own around each call into {outer} that leads there"
        ),
        (Some(outer), Some(inner)) => format!(
            "the lines to change are those of {outer} at {first} and of {inner} at {second}; without a change \
             of theirs, keep {outer} from calling into {inner} while it holds {held}"
        ),
    })
}

/// Suggests to swap two calls, or to take both locks at once.
fn one_order(report: &Report, edge: &Edge) -> String {
    let (held, asked) = (report.the_lock(edge.from), report.the_lock(edge.to));
    let (first, second) = (edge.from_site, edge.to_site);
    let (first_at, second_at) = (place(first), place(second));
    let both = match report.edges.len() {
        2 => format!(
            "`lockwarden::acquire((&{}, &{}))`",
            variable(report, edge.to, "a"),
            variable(report, edge.from, "b")
        ),
        _ => "`lockwarden::acquire(..)`".to_owned(),
    };
    // A function that locks its arguments, called with them in either order: swapping its lines changes
    // nothing.
    if edge.from_again.is_some() {
        return format!(
            "release {held}, which is taken back at {first_at}, before {second_at} takes {asked}; or take \
             {asked} before {held} is taken for the first time"
        );
    }
    let same_lines = |other: &&Edge| (other.from_site, other.to_site) == (first, second);
    if report.edges.iter().filter(same_lines).count() > 1 {
        let at_once = match is_of_the_command() {
            true => String::new(),
            false => format!("take them at once with {both}, or "),
        };
        let callers = match report.is_in_one_line() {
            true => {
                "; or, where the whole program locks through this line, let its callers take the locks \
                 in one order"
            }
            false => "",
        };
        return format!(
            "the same lines take the locks in whatever order they are given: {at_once}sort them \
             before {first_at}{callers}"
        );
    }
    let swap = if !in_one_function(first, second) {
        format!("take {asked} before {first_at} takes {held}, instead of after it at {second_at}")
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
    match is_of_the_command() {
        true => format!("{swap}{like}"),
        false => format!("{swap}{like}; or take both at once with {both}"),
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
    let mut begins_one = |number| {
        let line = sources.line(first.file(), number);
        line.is_none_or(begins_function)
    };
    !(from + 1..=to).any(&mut begins_one) && (from < to || !begins_one(from))
}

/// Returns whether a function begins in this line: the word `fn`, and a name after it.
fn begins_function(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    let mut words = code.split_whitespace();
    words.any(|word| word == "fn") && words.next().is_some()
}

/// Returns the name of the lock as an identifier, or `otherwise`.
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
    // Two accounts are both called `account`: the name would be ambiguous.
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
