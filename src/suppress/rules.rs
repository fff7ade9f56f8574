//! The rules in effect.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::Rule;
use crate::report::Report;
use crate::sink;
use crate::tracking::fork_safe::ForkSafe;

/// How long a finding waits for the names of its stacks, if a rule names a function.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) struct InForce {
    rule: Rule,
    used: AtomicU64,
}

pub(crate) static RULES: ForkSafe<Vec<Arc<InForce>>> = ForkSafe::new(Vec::new());

pub(super) fn add(rule: Rule) {
    RULES.lock().push(Arc::new(InForce {
        rule,
        used: AtomicU64::new(0),
    }));
}

/// Returns whether a rule matches the finding; counts it for the first one that does.
pub(crate) fn suppresses(report: &Report) -> bool {
    // A copy, since to wait for the names of the stacks takes time.
    let rules = RULES.lock().clone();
    if rules.is_empty() {
        return false;
    }
    let by_data = rules.iter().find(|in_force| in_force.rule.fits(report));
    let fitting = by_data.or_else(|| {
        let by_function = |in_force: &&Arc<InForce>| in_force.rule.is_about_functions();
        rules.iter().find(by_function)?;
        // The delivery thread resolves the names: that takes long, and much stack.
        sink::resolve(report, PATIENCE);
        rules.iter().find(|in_force| in_force.rule.fits(report))
    });
    if let Some(in_force) = fitting {
        in_force.used.fetch_add(1, Ordering::Relaxed);
    }
    fitting.is_some()
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

pub(super) fn unused() -> Vec<Unused> {
    let mut unused = Vec::new();
    for in_force in RULES.lock().iter() {
        if in_force.used.load(Ordering::Relaxed) == 0 {
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
        for unused in unused() {
            sink::say(&unused.to_string());
        }
    }
}
