//! The findings that an assertion has selected.

use crate::report::{LockInfo, Report, Verdict};

/// The findings of one verdict. Made by [`Outcome::assert_finds`](super::Outcome::assert_finds).
#[derive(Clone, Debug)]
pub struct Found<'a> {
    verdict: Verdict,
    reports: Vec<&'a Report>,
    watched: bool,
}

impl<'a> Found<'a> {
    pub(super) fn new(verdict: Verdict, reports: Vec<&'a Report>, watched: bool) -> Self {
        Self {
            verdict,
            reports,
            watched,
        }
    }

    /// Returns the findings; none only if no locks are watched.
    #[must_use]
    pub fn reports(&self) -> &[&'a Report] {
        &self.reports
    }

    /// Fails the test unless one of the findings is about these locks and no others, in any order.
    ///
    /// A lock is given by its name or by its label. Returns the findings about these locks.
    ///
    /// # Panics
    ///
    /// If there is none, with the locks that were found instead.
    #[track_caller]
    #[expect(
        clippy::must_use_candidate,
        reason = "it is an assertion, and the result is for those who want more"
    )]
    pub fn among<const N: usize>(self, names: [&str; N]) -> Self {
        let about: Vec<&Report> = self
            .reports
            .iter()
            .copied()
            .filter(|report| is_about(report, &names))
            .collect();
        if self.watched && about.is_empty() {
            let others: Vec<String> = self.reports.iter().map(|report| words(report)).collect();
            panic!(
                "lockwarden: no {} is among {}; found were those among {}",
                self.verdict,
                names.map(|name| format!("`{name}`")).join(", "),
                others.join("; ")
            );
        }
        Self {
            reports: about,
            ..self
        }
    }
}

/// Returns the locks that a report is about: those of its edges, or else the first one that it names.
#[inline]
pub(super) fn subjects(report: &Report) -> Vec<&LockInfo> {
    let mut subjects: Vec<&LockInfo> = Vec::new();
    for edge in &report.edges {
        for id in &[edge.from, edge.to] {
            if let Some(lock) = report.lock(*id)
                && !subjects.iter().any(|known| known.id == *id)
            {
                subjects.push(lock);
            }
        }
    }
    if let (true, Some(first)) = (report.edges.is_empty(), report.locks.first()) {
        subjects.push(first);
    }
    subjects
}

#[inline]
fn is_about(report: &Report, names: &[&str]) -> bool {
    let mut left: Vec<&str> = names.to_vec();
    let taken = subjects(report).iter().all(|lock| {
        let is_meant =
            |name: &&str| lock.name == Some(*name) || lock.label.as_deref() == Some(name);
        match left.iter().position(is_meant) {
            Some(at) => {
                left.swap_remove(at);
                true
            }
            None => false,
        }
    });
    taken && left.is_empty()
}

#[inline]
fn words(report: &Report) -> String {
    let locks = subjects(report);
    let names: Vec<String> = locks.iter().map(ToString::to_string).collect();
    names.join(", ")
}
