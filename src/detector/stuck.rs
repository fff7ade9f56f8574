//! Agents that cannot go on, as another crate has found out.

use super::check_session;
use super::panic::Panic;
use super::publish;
use crate::engine::verdict::Verdict;
use crate::report::{Facts, LockInfo, ThreadInfo};
use crate::tracking::thread::slot::Slot;

/// Reports agents that are stuck, to the check of `testing` with this number, or to the process if
/// that is zero.
pub(crate) fn publish_stuck(
    slot: &'static Slot,
    scope: u64,
    verdict: Verdict,
    threads: Vec<ThreadInfo>,
    locks: Vec<LockInfo>,
) -> Option<Panic> {
    let facts = Facts {
        locks,
        threads,
        ..Facts::of(verdict)
    };
    publish::publish_to(
        slot,
        check_session::of_number(scope).as_deref(),
        vec![facts],
    )
}
