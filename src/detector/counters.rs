//! The number of reports of each verdict.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::engine::verdict::Verdict;

static REPORTED: [AtomicU64; Verdict::ALL.len()] =
    [const { AtomicU64::new(0) }; Verdict::ALL.len()];

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
