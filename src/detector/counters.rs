//! How many reports of each verdict were made.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::engine::verdict::Verdict;

static REPORTED: [AtomicU64; Verdict::ALL.len()] =
    [const { AtomicU64::new(0) }; Verdict::ALL.len()];

/// One more.
pub(super) fn count(verdict: Verdict) {
    // The variants carry no numbers of their own, so each is its position in `ALL`.
    REPORTED[verdict as usize].fetch_add(1, Ordering::Relaxed);
}

/// How many reports of this verdict were made.
#[cfg(any(test, feature = "metrics"))]
pub(crate) fn reported(verdict: Verdict) -> u64 {
    REPORTED[verdict as usize].load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_verdict_is_counted_apart() {
        let before = reported(Verdict::Ordered);
        count(Verdict::Ordered);
        assert!(reported(Verdict::Ordered) > before);
    }
}
