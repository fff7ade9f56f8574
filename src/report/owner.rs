//! Whose code the lines of a report are: the program's own, or that of a dependency.
//!
//! A dependency is known by its path, in which cargo puts what it has from a registry or a repository. The
//! members of a workspace, and packages beside it, are the program's own.

use super::data::{Edge, Report};
use super::names::push_new;
use super::place::dependency;
use crate::engine::ids::Site;
use crate::engine::lists;
use crate::engine::verdict::Verdict;

/// Returns how many of the two places of an edge are in dependencies: an edge with few of them is the one to
/// change.
pub(super) fn foreign_places(edge: &Edge) -> usize {
    let is_foreign = |site: Site| usize::from(dependency(site.file()).is_some());
    is_foreign(edge.from_site) + is_foreign(edge.to_site)
}

/// Returns a sentence, without a full stop, on whose code each order is; `None` if all of it is the program's
/// own.
pub(super) fn whose(report: &Report) -> Option<String> {
    if !lists::any(&report.edges, &|edge| foreign_places(edge) > 0) {
        return None;
    }
    let mut parts = Vec::new();
    for edge in &report.edges_from_closing() {
        let subject = match report.verdict {
            Verdict::SelfDeadlock | Verdict::RecursiveRead => "it".to_owned(),
            _ => format!("the order of {}", report.thread_name(edge.thread)),
        };
        push_new(&mut parts, format!("{subject} {}", of_edge(report, edge)));
    }
    Some(parts.join("; "))
}

fn of_edge(report: &Report, edge: &Edge) -> String {
    let first = dependency(edge.from_site.file());
    let second = dependency(edge.to_site.file());
    match (first, second) {
        (None, None) => "is made by the program's own code alone".to_owned(),
        (None, Some(second)) => format!(
            "is made by the program's own code, which holds {} while it calls into {second}",
            report.the_lock(edge.from)
        ),
        (Some(first), None) => format!(
            "is made by the program's own code, which asks for {} while {first} holds {}",
            report.the_lock(edge.to),
            report.the_lock(edge.from)
        ),
        (Some(first), Some(second)) if first == second => format!("is made within {first}"),
        (Some(first), Some(second)) => {
            format!("is made between {first} and {second}, into which it calls")
        }
    }
}
