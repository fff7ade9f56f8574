//! Exploration of schedules: each bug is found in its racy form, without turnstiles, and right programs
//! stay silent.

#![cfg(any(debug_assertions, feature = "always"))]

mod confirm;
mod locks;
mod primitives;
mod programs;

use std::time::Duration;

use lockwarden::report::Report;
use lockwarden::testing::explore::{self, Explore, FindingKind, Outcome};

/// An exploration that waits for its threads however busy the machine is.
fn explore(body: impl Fn() + Send + Sync + 'static) -> Explore {
    explore::explore(body).patience(LONG).timeout(LONG)
}

/// Longer than anything takes that goes well.
const LONG: Duration = Duration::from_secs(300);

/// The reports among the findings.
fn reports(outcome: &Outcome) -> Vec<&Report> {
    let kinds = outcome.findings().iter().map(|finding| finding.kind());
    kinds
        .filter_map(|kind| match kind {
            FindingKind::Report(report) => Some(&**report),
            _ => None,
        })
        .collect()
}
