//! The descriptions of agents that are no threads, which companion crates give.

use crate::tracking::fork_safe::ForkSafe;

/// Returns a paragraph for each agent.
type Describer = fn() -> Vec<String>;

pub(crate) static DESCRIBERS: ForkSafe<Vec<Describer>> = ForkSafe::new(Vec::new());

/// Makes each dump call `describe`. Each function counts once.
pub(crate) fn add(describe: Describer) {
    let mut describers = DESCRIBERS.lock();
    let is_same = |known: &Describer| std::ptr::fn_addr_eq(*known, describe);
    if !describers.iter().any(is_same) {
        describers.push(describe);
    }
}

/// Returns the paragraphs of all agents. The functions are called without the lock.
pub(super) fn describe_all() -> Vec<String> {
    let describers = DESCRIBERS.lock().clone();
    let mut paragraphs = Vec::new();
    for describe in &describers {
        paragraphs.append(&mut describe());
    }
    paragraphs
}
