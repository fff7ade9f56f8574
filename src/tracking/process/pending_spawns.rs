//! Threads of a check that were spawned and have not registered yet.
//!
//! In a check, only its own threads count as able to end a wait. A spawned thread is not among them before it
//! runs, which can take long on a busy machine; so it is pending from before the spawn until its slot names
//! its check.
//!
//! A thread that reads the slots of a check reads the counts before and afterwards ([`PendingSpawns`]). If no
//! spawn was pending before, all threads spawned until then are found in their slots, or have ended; and if
//! none was spawned meanwhile, those are all. The last thread to be spawned looks itself, when it waits or
//! ends.

use crate::tracking::fork_safe::ForkSafe;

/// The counts of one check.
#[derive(Clone, Copy, Debug)]
pub(in crate::tracking) struct PendingCount {
    /// The number of the check.
    scope: u64,
    /// The number of pending threads.
    expected: usize,
    /// The number of threads that were ever spawned.
    started: u64,
}

/// The counts of the running checks, which are few at a time.
pub(in crate::tracking) static COUNTS: ForkSafe<Vec<PendingCount>> = ForkSafe::new(Vec::new());

fn of(counts: &mut [PendingCount], scope: u64) -> Option<&mut PendingCount> {
    counts.iter_mut().find(|count| count.scope == scope)
}

/// Records that a thread of the check is about to be spawned.
pub(crate) fn add(scope: u64) {
    let mut counts = COUNTS.lock();
    match of(&mut counts, scope) {
        Some(count) => {
            count.expected += 1;
            count.started += 1;
        }
        None => counts.push(PendingCount {
            scope,
            expected: 1,
            started: 1,
        }),
    }
}

/// Records that a pending thread has registered, or will never exist.
pub(crate) fn remove(scope: u64) {
    if let Some(count) = of(&mut COUNTS.lock(), scope) {
        count.expected = count.expected.saturating_sub(1);
    }
}

/// Records that the check is over. The counts of threads that still run continue.
pub(crate) fn close(scope: u64) {
    COUNTS
        .lock()
        .retain(|count| count.scope != scope || count.expected > 0);
}

/// Returns whether a thread of the check is pending.
pub(crate) fn has(scope: u64) -> bool {
    scope != 0 && of(&mut COUNTS.lock(), scope).is_some_and(|count| count.expected > 0)
}

/// The counts of all checks at one moment.
#[derive(Debug, Default)]
pub(crate) struct PendingSpawns(Vec<PendingCount>);

impl PendingSpawns {
    /// Reads the counts before the slots are read.
    pub(crate) fn call() -> Self {
        Self(COUNTS.lock().clone())
    }

    /// Returns the checks that have, or may have, threads which were not found in the slots that were read
    /// since the call.
    pub(crate) fn missing(&self) -> Vec<u64> {
        let mut missing = Vec::new();
        for count in COUNTS.lock().iter() {
            let mut before = self.0.iter();
            let then = before.find(|then| then.scope == count.scope);
            if then.is_none_or(|then| then.expected > 0 || then.started != count.started) {
                missing.push(count.scope);
            }
        }
        missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_has_pending_threads_until_all_have_registered() {
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
    fn threads_are_missing_if_one_was_pending_before_or_spawned_since() {
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
