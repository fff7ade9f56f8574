//! How many findings were reported, ignored and suppressed, and the verdicts that are wanted at all.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::config::{self, Action};
use crate::engine::verdict::Verdict;
use crate::report::Basis;
use crate::tracking::thread::slot::Slot;

static REPORTED: [AtomicU64; Verdict::ALL.len()] =
    [const { AtomicU64::new(0) }; Verdict::ALL.len()];

static REPORTS: AtomicU64 = AtomicU64::new(0);
static UNREPORTED: AtomicU64 = AtomicU64::new(0);
static SUPPRESSED: AtomicU64 = AtomicU64::new(0);

/// Returns the number of suppressed findings.
pub(crate) fn suppressed() -> u64 {
    SUPPRESSED.load(Ordering::Relaxed)
}

/// Returns the number of reports, and the number of findings that the configuration ignored.
pub(crate) fn counts() -> (u64, u64) {
    (
        REPORTS.load(Ordering::Relaxed),
        UNREPORTED.load(Ordering::Relaxed),
    )
}

/// Returns the number of the next report, from 1.
pub(super) fn next() -> u64 {
    REPORTS.fetch_add(1, Ordering::Relaxed) + 1
}

/// Counts a suppressed finding.
pub(super) fn suppress() {
    SUPPRESSED.fetch_add(1, Ordering::Relaxed);
}

/// Returns whether a finding with this verdict is used: it is reported, or counted by the check of the
/// thread.
pub(super) fn is_wanted(slot: &'static Slot, verdict: Verdict) -> bool {
    let config = config::current();
    let bases = [Basis::Instances, Basis::Classes, Basis::Declaration];
    slot.check_id() != 0
        || bases
            .iter()
            .any(|basis| config.action(verdict, *basis) != Action::Ignore)
}

/// Counts findings that are ignored.
pub(super) fn ignore(count: usize) {
    UNREPORTED.fetch_add(count as u64, Ordering::Relaxed);
}

/// Increments the count of a verdict.
pub(super) fn count(verdict: Verdict) {
    // The variants have no explicit discriminants, so each is its position in `ALL`.
    REPORTED[verdict as usize].fetch_add(1, Ordering::Relaxed);
}

/// Returns the number of reports with this verdict.
#[cfg(any(test, feature = "metrics"))]
pub(crate) fn reported(verdict: Verdict) -> u64 {
    REPORTED[verdict as usize].load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_verdict_has_its_own_count() {
        let before = reported(Verdict::Ordered);
        count(Verdict::Ordered);
        assert!(reported(Verdict::Ordered) > before);
    }
}
