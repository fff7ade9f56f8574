//! Threads of a check that were started and have not said yet that they are there.
//!
//! In a check, only its own threads count as able to end a wait. One that was just started is not
//! among them before it runs, which can take long on a machine that is busy; so it is expected from
//! before it is started until its slot says which check it belongs to.
//!
//! Who looks at the slots of a check asks before and after ([`PendingSpawns`]). If nobody was expected before,
//! all that were started until then are found in their slots, or have ended; and if nobody was
//! started meanwhile, those are all. Whoever is the last to be started looks itself, when it waits
//! or ends.

use std::hash::BuildHasherDefault;

use crate::engine::order_graph::IdMap;
use crate::shim::fork_safe::ForkSafe;

/// What is known of the threads of one check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::tracking) struct PendingCount {
    /// How many are expected.
    expected: usize,
    /// How many were ever started.
    started: u64,
}

/// By the number of the check, until that is over.
pub(in crate::tracking) static COUNTS: ForkSafe<IdMap<u64, PendingCount>> =
    ForkSafe::new(IdMap::with_hasher(BuildHasherDefault::new()));

/// A thread of the check is about to be started.
pub(crate) fn add(scope: u64) {
    let mut counts = COUNTS.lock();
    let count = counts.entry(scope).or_default();
    count.expected += 1;
    count.started += 1;
}

/// One that was expected is there, or will never be.
pub(crate) fn remove(scope: u64) {
    if let Some(count) = COUNTS.lock().get_mut(&scope) {
        count.expected = count.expected.saturating_sub(1);
    }
}

/// The check is over. Threads that it has left behind go on to be counted.
pub(crate) fn close(scope: u64) {
    let mut counts = COUNTS.lock();
    if counts.get(&scope).is_some_and(|count| count.expected == 0) {
        counts.remove(&scope);
    }
}

/// Whether a thread of the check is expected.
pub(crate) fn has(scope: u64) -> bool {
    scope != 0
        && COUNTS
            .lock()
            .get(&scope)
            .is_some_and(|count| count.expected > 0)
}

/// The counts of all checks at one moment.
#[derive(Debug, Default)]
pub(crate) struct PendingSpawns(IdMap<u64, PendingCount>);

impl PendingSpawns {
    /// At this moment, before the slots are looked at.
    pub(crate) fn call() -> Self {
        Self(COUNTS.lock().clone())
    }

    /// The checks that have threads, or may have, which were not found in the slots that were looked
    /// at since the call.
    pub(crate) fn missing(&self) -> Vec<u64> {
        let counts = COUNTS.lock();
        let changed = counts.iter().filter(|(scope, now)| {
            self.0
                .get(scope)
                .is_none_or(|then| then.expected > 0 || then.started != now.started)
        });
        changed.map(|(scope, _)| *scope).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_expects_threads_until_all_are_there() {
        // No check of this process has so high a number.
        let scope = u64::MAX;
        assert!(!has(scope) && !has(0));
        add(scope);
        add(scope);
        remove(scope);
        assert!(has(scope));
        remove(scope);
        assert!(!has(scope));
        close(scope);
        remove(scope);
        assert!(!has(scope));
    }

    #[test]
    fn threads_are_missing_if_one_was_expected_before_or_started_since() {
        let scope = u64::MAX - 1;
        let missing = |roll: &PendingSpawns| roll.missing().contains(&scope);
        let none = PendingSpawns::call();
        assert!(!missing(&none));
        add(scope);
        assert!(missing(&none), "one was started");
        let expecting = PendingSpawns::call();
        remove(scope);
        assert!(missing(&expecting), "it may not have been found");
        let all_there = PendingSpawns::call();
        assert!(!missing(&all_there));
        add(scope);
        remove(scope);
        assert!(
            missing(&all_there),
            "one was started, and may have come and gone"
        );
        close(scope);
        assert!(!missing(&all_there));
    }
}
