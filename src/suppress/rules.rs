//! The rules in force.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Rule;
use crate::primitives::fork_safe::ForkSafe;
use crate::report::Report;

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

/// Whether a rule fits the finding; counts it for the first one that does.
pub(crate) fn suppresses(report: &Report) -> bool {
    // A copy, since to look at the stacks of a report takes time and runs code that is not ours.
    let rules = RULES.lock().clone();
    let fitting = rules.iter().find(|in_force| in_force.rule.fits(report));
    if let Some(in_force) = fitting {
        in_force.used.fetch_add(1, Ordering::Relaxed);
    }
    fitting.is_some()
}

/// A rule that has fitted nothing. Displayed as a sentence.
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
    let rules = RULES.lock();
    let unused = rules
        .iter()
        .filter(|in_force| in_force.used.load(Ordering::Relaxed) == 0);
    unused
        .map(|in_force| Unused {
            rule: in_force.rule.clone(),
        })
        .collect()
}

/// Lists the unused rules on standard error when the process exits.
pub(super) fn list_unused_at_exit() {
    #[cfg(unix)]
    {
        extern "C" fn list() {
            for unused in unused() {
                crate::sink::say(&unused.to_string());
            }
        }
        #[allow(unsafe_code)]
        // SAFETY: the function fits the signature, is static, and does not unwind: it formats and
        // writes, and errors of writing are ignored.
        unsafe {
            libc::atexit(list);
        }
    }
}
