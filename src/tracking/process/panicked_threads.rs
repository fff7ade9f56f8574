//! Threads that ended by a panic, or caught one: what others wait for in vain is often what the code that
//! panicked was to do.

use std::collections::VecDeque;

use crate::engine::ids::ThreadId;
use crate::shim::fork_safe::ForkSafe;

/// How many are remembered: the last ones.
const KEPT: usize = 16;

/// A thread in which something panicked.
#[derive(Clone, Debug)]
pub(crate) struct Panicked {
    /// The check of `testing` that it belonged to; zero stands for the process.
    scope: u64,
    pub(crate) thread: ThreadId,
    pub(crate) name: Option<String>,
    /// Whether the panic was that of a job or a callback, and the thread went on.
    pub(crate) is_caught: bool,
}

pub(in crate::tracking) static PANICKED: ForkSafe<VecDeque<Panicked>> =
    ForkSafe::new(VecDeque::new());

/// Remembers a thread that ends by a panic or, if it `is_caught`, goes on after one.
pub(crate) fn add(scope: u64, thread: ThreadId, name: Option<String>, is_caught: bool) {
    let mut panicked = PANICKED.lock();
    // A worker whose jobs panic again and again hides no other thread.
    panicked.retain(|entry| entry.thread != thread);
    if panicked.len() == KEPT {
        panicked.pop_front();
    }
    panicked.push_back(Panicked {
        scope,
        thread,
        name,
        is_caught,
    });
}

/// The threads in which something panicked, of a check or of the process at large, the last one first.
pub(crate) fn of(scope: u64) -> Vec<Panicked> {
    let panicked = PANICKED.lock();
    let of_scope = panicked.iter().rev().filter(|entry| entry.scope == scope);
    of_scope.cloned().collect()
}
