//! The error of an acquisition that would break the order.

use std::error::Error;
use std::fmt;

use crate::instrument::{LockRef, Violation, ViolationReason};

/// Locks were asked for together that this thread cannot take in order.
///
/// Its text names both locks and both lines.
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
#[derive(Clone, PartialEq, Eq)]
pub struct LockOrderViolation(
    // Boxed, so that the success that nearly always comes back is not burdened with its size.
    Box<Violation>,
);

impl LockOrderViolation {
    /// What is wrong.
    #[must_use]
    pub fn reason(&self) -> ViolationReason {
        self.0.reason()
    }

    /// The lock that cannot be taken, and where it was asked for.
    #[must_use]
    pub fn asked(&self) -> &LockRef {
        self.0.asked()
    }

    /// The lock that stands against it, and where it was taken. If one lock was asked for twice,
    /// that lock.
    #[must_use]
    pub fn held(&self) -> &LockRef {
        self.0.held()
    }
}

impl From<Violation> for LockOrderViolation {
    #[cold]
    fn from(refusal: Violation) -> Self {
        Self(Box::new(refusal))
    }
}

impl fmt::Debug for LockOrderViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockOrderViolation")
            .field("reason", &self.reason())
            .field("asked", self.asked())
            .field("held", self.held())
            .finish()
    }
}

impl fmt::Display for LockOrderViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for LockOrderViolation {}
