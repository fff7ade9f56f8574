//! Error of a joint acquisition that would violate the order.

use std::error::Error;
use std::fmt;

use crate::instrument::{LockRef, Violation, ViolationReason};

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
#[derive(Clone, PartialEq, Eq)]
pub struct LockOrderViolation(
    // Boxed, so that the `Result` stays small for the common case of success.
    Box<Violation>,
);

impl LockOrderViolation {
    /// Returns the reason.
    #[must_use]
    pub fn reason(&self) -> ViolationReason {
        self.0.reason()
    }

    /// Returns the lock that cannot be acquired, and the line of the request.
    #[must_use]
    pub fn asked(&self) -> &LockRef {
        self.0.asked()
    }

    /// Returns the conflicting lock, and the line of its acquisition. If a lock was requested
    /// twice, it is that lock.
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
