//! The guards of locks that were taken together.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{LockResult, PoisonError};

/// The guards of locks that were taken together, in the order in which they were asked for: a
/// tuple, or a vector.
///
/// The locks are released together, in the reverse of the order in which they were taken.
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
    // Taken out at the end, by `split` or by the drop, and there until then.
    guards: Option<G>,
    order: G::Order,
}

/// A number of guards: a tuple of up to eight, or a vector.
pub trait GuardSet: Sized {
    /// The order of acquisition: the places in the bundle, from the first lock taken to the last.
    type Order;

    /// Drops the guards in the reverse of `order`.
    #[doc(hidden)]
    fn release(self, order: &Self::Order);
}

const THERE: &str = "the guards are there until the end";

impl<G: GuardSet> Guards<G> {
    /// `guards`, which were taken in `order`.
    #[inline]
    pub(super) fn new(guards: G, order: G::Order) -> Self {
        Self {
            guards: Some(guards),
            order,
        }
    }

    /// Gives the guards out, to be dropped one by one in whatever order.
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

    /// The bundle with each guard made another, in the same order.
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

/// The guard, poisoned or not, and notes in `poisoned` if it is.
#[inline]
pub(super) fn open<G>(given: LockResult<G>, poisoned: &mut bool) -> G {
    given.unwrap_or_else(|error| {
        *poisoned = true;
        error.into_inner()
    })
}

/// `guards`, as an error if one of them is `poisoned`.
#[inline]
pub(super) fn close<G: GuardSet>(guards: Guards<G>, poisoned: bool) -> LockResult<Guards<G>> {
    if poisoned {
        Err(PoisonError::new(guards))
    } else {
        Ok(guards)
    }
}
