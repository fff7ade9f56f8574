//! Guards of locks that were acquired together.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{LockResult, PoisonError};

/// Guards of locks that were acquired together, in the order in which they were requested: a tuple,
/// or a vector.
///
/// The locks are released together, in the reverse of the order of their acquisition.
///
/// # Examples
///
/// ```
/// use lockwarden::acquire::acquire;
/// use lockwarden::sync::Mutex;
///
/// let (from, to) = (Mutex::new(100), Mutex::new(0));
/// let mut held = acquire((&from, &to))?.checked().unwrap();
/// *held.0 -= 30;
/// *held.1 += 30;
/// # Ok::<(), lockwarden::acquire::LockOrderViolation>(())
/// ```
#[must_use = "if unused the locks will immediately unlock"]
#[clippy::has_significant_drop]
pub struct Guards<G: GuardSet> {
    // `Some` until `split` or the drop takes the guards.
    guards: Option<G>,
    order: G::Order,
}

/// Set of guards: a tuple of up to eight, or a vector.
pub trait GuardSet: Sized {
    /// The order of acquisition: the indices in the set, from the first lock acquired to the last.
    type Order;

    /// Drops the guards in the reverse of `order`.
    #[doc(hidden)]
    fn release(self, order: &Self::Order);
}

const THERE: &str = "the guards are there until the end";

impl<G: GuardSet> Guards<G> {
    /// Creates the set of `guards`, which were acquired in `order`.
    #[inline]
    pub(super) fn new(guards: G, order: G::Order) -> Self {
        Self {
            guards: Some(guards),
            order,
        }
    }

    /// Returns the guards, which can then be dropped in any order.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::acquire::acquire;
    /// use lockwarden::sync::Mutex;
    ///
    /// let (a, b) = (Mutex::new(1), Mutex::new(2));
    /// let (a, b) = acquire((&a, &b))?.split();
    /// let a = a.unwrap();
    /// drop(b);
    /// assert_eq!(*a, 1);
    /// # Ok::<(), lockwarden::acquire::LockOrderViolation>(())
    /// ```
    #[inline]
    pub fn split(mut self) -> G {
        self.guards.take().expect(THERE)
    }

    /// Maps the guards, which keep their order.
    #[inline]
    pub(super) fn map<H: GuardSet<Order = G::Order>>(mut self, f: impl FnOnce(G) -> H) -> Guards<H>
    where
        G::Order: Default,
    {
        let guards = f(self.guards.take().expect(THERE));
        Guards::new(guards, std::mem::take(&mut self.order))
    }
}

impl<G: GuardSet> Drop for Guards<G> {
    #[inline]
    fn drop(&mut self) {
        if let Some(guards) = self.guards.take() {
            guards.release(&self.order);
        }
    }
}

impl<G: GuardSet> Deref for Guards<G> {
    type Target = G;

    #[inline]
    fn deref(&self) -> &G {
        self.guards.as_ref().expect(THERE)
    }
}

impl<G: GuardSet> DerefMut for Guards<G> {
    #[inline]
    fn deref_mut(&mut self) -> &mut G {
        self.guards.as_mut().expect(THERE)
    }
}

impl<G: GuardSet + fmt::Debug> fmt::Debug for Guards<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// Returns the guard, and sets `poisoned` if the lock is poisoned.
#[inline]
pub(super) fn open<G>(given: LockResult<G>, poisoned: &mut bool) -> G {
    given.unwrap_or_else(|error| {
        *poisoned = true;
        error.into_inner()
    })
}

/// Returns `guards`, inside an error if `poisoned`.
#[inline]
pub(super) fn close<G: GuardSet>(guards: Guards<G>, poisoned: bool) -> LockResult<Guards<G>> {
    if poisoned {
        Err(PoisonError::new(guards))
    } else {
        Ok(guards)
    }
}
