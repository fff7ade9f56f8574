//! The rules in effect.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::Rule;
use crate::report::Report;
use crate::sink;
use crate::tracking::fork_safe::ForkSafe;

/// How long a finding waits for the names of its stacks, if a rule names a function.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) struct InForce {
    rule: Rule,
    is_used: bool,
}

pub(crate) static RULES: ForkSafe<Vec<InForce>> = ForkSafe::new(Vec::new());

pub(super) fn add(rule: Rule) {
    RULES.lock().push(InForce {
        rule,
        is_used: false,
    });
}

/// Returns whether a rule matches the finding; the first one that does counts as used.
pub(crate) fn suppresses(report: &Report) -> bool {
    // A key may be looked up in the tables of symbols, which are read once, and not under the lock of the rules.
    for lock in &report.locks {
        let _ = lock.key();
    }
    let mut needs_names = false;
    if is_fitted(report, &mut needs_names) {
        return true;
    }
    if !needs_names {
        return false;
    }
    // The delivery thread resolves the names: that takes long, and much stack.
    sink::resolve(report, PATIENCE);
    is_fitted(report, &mut needs_names)
}

/// Returns whether a rule matches the finding with the names that are known; notes if one of the rules needs the names
/// of the stacks.
fn is_fitted(report: &Report, needs_names: &mut bool) -> bool {
    for in_force in &mut *RULES.lock() {
        if in_force.rule.fits(report) {
            in_force.is_used = true;
            return true;
        }
        *needs_names |= in_force.rule.needs_functions(report.verdict);
    }
    false
}

/// A rule that has matched nothing. Displayed as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unused {
    /// The rule.
    pub rule: Rule,
}

impl fmt::Display for Unused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the suppression `{}` was not used", self.rule)
    }
}

/// Returns the rules that have matched nothing so far, to be printed at the end of a run: an unused rule
/// hides nothing now, and may hide a new finding later.
///
/// # Examples
///
/// ```
/// for unused in lockwarden::suppress::unused() {
///     println!("{unused}");
/// }
/// ```
#[must_use]
pub fn unused() -> Vec<Unused> {
    let mut unused = Vec::new();
    for in_force in RULES.lock().iter() {
        if !in_force.is_used {
            unused.push(Unused {
                rule: in_force.rule.clone(),
            });
        }
    }
    unused
}

/// Whether the unused rules are listed at the end of the process.
static LISTS_UNUSED: AtomicBool = AtomicBool::new(false);

/// Has the unused rules listed on standard error when the process exits.
pub(super) fn list_unused_at_exit() {
    LISTS_UNUSED.store(true, Ordering::Relaxed);
}

/// Lists the unused rules, if that was requested.
#[cfg_attr(not(unix), allow(dead_code))]
pub(crate) fn say_unused() {
    if LISTS_UNUSED.load(Ordering::Relaxed) {
        for unused in &unused() {
            sink::say(&unused.to_string());
        }
    }
}
