//! Errors of a joint acquisition of several locks.

use std::error::Error;
use std::fmt;

use crate::engine::ids::{LockId, Site};

/// Reason for which a joint acquisition of several locks failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ViolationReason {
    /// A lock occurs twice in the set.
    AskedTwice,
    /// The thread already holds a lock of the set.
    HeldAlready,
    /// The thread holds a lock whose id is above that of a lock of the set.
    OutOfOrder,
}

/// One of the two locks of a violation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockRef {
    lock: LockId,
    name: Option<Box<str>>,
    site: Option<Site>,
}

impl LockRef {
    /// Creates a reference to the lock with this id and, where known, its name and the site.
    pub fn new(lock: LockId, name: Option<Box<str>>, site: Option<Site>) -> Self {
        Self { lock, name, site }
    }

    /// Returns the id of the lock.
    #[must_use]
    pub fn lock(&self) -> LockId {
        self.lock
    }

    /// Returns the name of the lock as reports show it; `None` without instrumentation.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns the site at which the lock was requested or, if it is held, acquired.
    #[must_use]
    pub fn site(&self) -> Option<Site> {
        self.site
    }
}

impl fmt::Display for LockRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} ({})", self.lock),
            None => write!(f, "lock {}", self.lock),
        }
    }
}

/// Error of a joint acquisition of locks that the thread cannot acquire in order.
///
/// Its message names both locks and both source lines.
///
/// # Examples
///
/// ```
/// use lockwarden::acquire::{ViolationReason, acquire};
/// use lockwarden::sync::Mutex;
///
/// let account = Mutex::named("account", 100);
/// let refused = acquire((&account, &account)).unwrap_err();
/// assert_eq!(refused.reason(), ViolationReason::AskedTwice);
/// println!("{refused}");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockOrderViolation(
    // Boxed, so that the `Result` stays small for the common case of success.
    Box<Conflict>,
);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Conflict {
    reason: ViolationReason,
    asked: LockRef,
    held: LockRef,
}

impl LockOrderViolation {
    /// Creates the violation that `asked` cannot be acquired for `reason`, because of `held`. For
    /// [`AskedTwice`](ViolationReason::AskedTwice), `held` is the first occurrence of the same
    /// lock.
    #[cold]
    pub(crate) fn new(reason: ViolationReason, asked: LockRef, held: LockRef) -> Self {
        Self(Box::new(Conflict {
            reason,
            asked,
            held,
        }))
    }

    /// Returns the reason.
    #[must_use]
    pub fn reason(&self) -> ViolationReason {
        self.0.reason
    }

    /// Returns the lock that cannot be acquired, and the line of the request.
    #[must_use]
    pub fn asked(&self) -> &LockRef {
        &self.0.asked
    }

    /// Returns the conflicting lock, and the line of its acquisition. If a lock was requested
    /// twice, it is that lock.
    #[must_use]
    pub fn held(&self) -> &LockRef {
        &self.0.held
    }
}

impl Error for LockOrderViolation {}

/// Displays a site, or a phrase for an unknown one.
struct At(Option<Site>);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(site) => site.fmt(f),
            None => f.write_str("an unknown place"),
        }
    }
}

impl fmt::Display for LockOrderViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Conflict {
            reason,
            asked,
            held,
        } = &*self.0;
        let (asks, holds) = (At(asked.site), At(held.site));
        match reason {
            ViolationReason::AskedTwice => write!(f, "{asked} is asked for twice at {asks}"),
            ViolationReason::HeldAlready => write!(
                f,
                "{asked}, asked for at {asks}, is held by this thread already, taken at {holds}"
            ),
            ViolationReason::OutOfOrder => write!(
                f,
                "{asked}, asked for at {asks}, is not above {held}, which this thread holds, \
                 taken at {holds}"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use super::*;

    fn party(number: u64, name: Option<&str>, site: Option<Site>) -> LockRef {
        LockRef::new(LockId::new(number).unwrap(), name.map(Box::from), site)
    }

    #[test]
    fn a_refusal_names_both_locks_and_both_lines() {
        let (site, line) = (Location::caller(), line!());
        let asked = party(3, Some("`ledger`"), Some(site));
        let held = party(7, None, Some(site));
        let text =
            LockOrderViolation::new(ViolationReason::OutOfOrder, asked.clone(), held).to_string();
        let here = format!("{}:{line}:", file!());
        assert_eq!(text.matches(&here).count(), 2, "{text}");
        assert!(text.starts_with("`ledger` (#3), asked for at "), "{text}");
        assert!(text.contains("is not above lock #7, which"), "{text}");

        let held = party(3, Some("`ledger`"), None);
        let text =
            LockOrderViolation::new(ViolationReason::HeldAlready, asked.clone(), held.clone())
                .to_string();
        assert!(
            text.ends_with("already, taken at an unknown place"),
            "{text}"
        );
        let text = LockOrderViolation::new(ViolationReason::AskedTwice, asked, held).to_string();
        assert!(
            text.starts_with("`ledger` (#3) is asked for twice at "),
            "{text}"
        );
    }
}
