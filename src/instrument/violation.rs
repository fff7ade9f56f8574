//! Why several locks were not given out together.

use std::fmt;

use super::{LockId, Site};

/// Why a set of locks was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ViolationReason {
    /// One lock stands in the set twice.
    AskedTwice,
    /// The thread holds a lock of the set already.
    HeldAlready,
    /// The thread holds a lock that is above one of the set.
    OutOfOrder,
}

/// One of the two locks of a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockRef {
    lock: LockId,
    name: Option<Box<str>>,
    site: Option<Site>,
}

impl LockRef {
    /// The lock with this id and, as far as they are known, its name and where it was asked for.
    pub(crate) fn new(lock: LockId, name: Option<Box<str>>, site: Option<Site>) -> Self {
        Self { lock, name, site }
    }

    /// The lock.
    #[must_use]
    pub fn lock(&self) -> LockId {
        self.lock
    }

    /// The name of the lock, as it stands in reports. Not known without instrumentation.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Where the lock was asked for or, if it is held, where it was taken.
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

/// A refusal, with both locks that make it one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    reason: ViolationReason,
    asked: LockRef,
    held: LockRef,
}

impl Violation {
    /// `asked` cannot be given out for `reason`, because of `held`, which for
    /// [`AskedTwice`](Reason::AskedTwice) is the same lock, asked for before.
    pub(crate) fn new(reason: ViolationReason, asked: LockRef, held: LockRef) -> Self {
        Self {
            reason,
            asked,
            held,
        }
    }

    pub(crate) fn reason(&self) -> ViolationReason {
        self.reason
    }

    pub(crate) fn asked(&self) -> &LockRef {
        &self.asked
    }

    pub(crate) fn held(&self) -> &LockRef {
        &self.held
    }
}

/// A place, or the words for one that is not known.
struct At(Option<Site>);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(site) => site.fmt(f),
            None => f.write_str("an unknown place"),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (asked, held) = (&self.asked, &self.held);
        let (asks, holds) = (At(asked.site), At(held.site));
        match self.reason {
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
        let text = Violation::new(ViolationReason::OutOfOrder, asked.clone(), held).to_string();
        let here = format!("{}:{line}:", file!());
        assert_eq!(text.matches(&here).count(), 2, "{text}");
        assert!(text.starts_with("`ledger` (#3), asked for at "), "{text}");
        assert!(text.contains("is not above lock #7, which"), "{text}");

        let held = party(3, Some("`ledger`"), None);
        let text =
            Violation::new(ViolationReason::HeldAlready, asked.clone(), held.clone()).to_string();
        assert!(
            text.ends_with("already, taken at an unknown place"),
            "{text}"
        );
        let text = Violation::new(ViolationReason::AskedTwice, asked, held).to_string();
        assert!(
            text.starts_with("`ledger` (#3) is asked for twice at "),
            "{text}"
        );
    }
}
