//! Threads that ended by a panic: what others wait for in vain is often what one of them was to do.

use std::collections::VecDeque;

use crate::engine::ids::ThreadId;
use crate::primitives::fork_safe::ForkSafe;

/// How many are remembered: the last ones.
const KEPT: usize = 16;

/// With the check of `testing` that each belonged to.
pub(super) static PANICKED: ForkSafe<VecDeque<(u64, ThreadId, Option<String>)>> =
    ForkSafe::new(VecDeque::new());

/// Remembers a thread that ends by a panic, of this check or of the process at large.
pub(crate) fn add(scope: u64, thread: ThreadId, name: Option<String>) {
    let mut panicked = PANICKED.lock();
    if panicked.len() == KEPT {
        panicked.pop_front();
    }
    panicked.push_back((scope, thread, name));
}

/// The threads that ended by a panic, of a check or of the process at large, the last one first.
pub(crate) fn of(scope: u64) -> Vec<(ThreadId, Option<String>)> {
    let panicked = PANICKED.lock();
    let of_scope = panicked.iter().rev().filter(|entry| entry.0 == scope);
    of_scope.map(|(_, id, name)| (*id, name.clone())).collect()
}
