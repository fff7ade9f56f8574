//! Joint acquisition of any number of locks of one type: slices, vectors, arrays, iterators.

use std::sync::LockResult;

use super::guards::{GuardSet, Guards, close, open};
use super::{Acquire, LockOrderViolation, Lockable};
use crate::instrument::{Site, check_ascending};

/// Locks that an iterator yields. Returned by [`each`].
#[derive(Clone, Debug)]
#[must_use = "nothing is locked before it is given to `acquire`"]
pub struct Each<I>(I);

/// Requests every lock that `locks` yields, as an argument of [`acquire`](super::acquire).
///
/// # Examples
///
/// ```
/// use lockwarden::acquire::{acquire, each, read};
/// use lockwarden::sync::RwLock;
///
/// let shards: Vec<RwLock<u32>> = (0..4).map(RwLock::new).collect();
/// let held = acquire(each(shards.iter().map(read)))?.checked().unwrap();
/// assert_eq!(held.iter().map(|shard| **shard).sum::<u32>(), 6);
/// # Ok::<(), lockwarden::acquire::LockOrderViolation>(())
/// ```
pub fn each<I: IntoIterator>(locks: I) -> Each<I> {
    Each(locks)
}

impl<L: Lockable> Acquire for Vec<L> {
    type Guards = Vec<L::Guard>;

    fn acquire_at(self, site: Site) -> Result<Guards<Self::Guards>, LockOrderViolation> {
        loop {
            let records: Vec<_> = self.iter().map(Lockable::record).collect();
            check_ascending(&records, site)?;
            let ids: Vec<_> = records.iter().map(|record| record.id()).collect();
            let mut order: Vec<usize> = (0..self.len()).collect();
            order.sort_unstable_by_key(|&at| ids[at]);
            // If an acquisition panics, the guards in here are dropped, which releases the locks
            // acquired before.
            let mut guards: Vec<_> = self.iter().map(|_| None).collect();
            for &at in &order {
                guards[at] = Some(self[at].lock(site));
            }
            let guards = Guards::new(guards.into_iter().flatten().collect(), order);
            // If another thread acquired a lock for the first time meanwhile, its id may differ
            // from the one read above. Now that the lock is held, its id is final.
            if records
                .iter()
                .zip(&ids)
                .all(|(record, id)| record.id() == *id)
            {
                return Ok(guards);
            }
        }
    }
}

impl<I: IntoIterator<Item: Lockable>> Acquire for Each<I> {
    type Guards = Vec<<I::Item as Lockable>::Guard>;

    fn acquire_at(self, site: Site) -> Result<Guards<Self::Guards>, LockOrderViolation> {
        self.0.into_iter().collect::<Vec<_>>().acquire_at(site)
    }
}

impl<L: Lockable, const N: usize> Acquire for [L; N] {
    type Guards = Vec<L::Guard>;

    fn acquire_at(self, site: Site) -> Result<Guards<Self::Guards>, LockOrderViolation> {
        each(self).acquire_at(site)
    }
}

/// A reference to a slice, an array, a vector or another collection.
impl<'a, C: ?Sized> Acquire for &'a C
where
    &'a C: IntoIterator<Item: Lockable>,
{
    type Guards = Vec<<<&'a C as IntoIterator>::Item as Lockable>::Guard>;

    fn acquire_at(self, site: Site) -> Result<Guards<Self::Guards>, LockOrderViolation> {
        each(self).acquire_at(site)
    }
}

impl<G> GuardSet for Vec<G> {
    type Order = Vec<usize>;

    fn release(self, order: &Self::Order) {
        let mut guards: Vec<_> = self.into_iter().map(Some).collect();
        for &at in order.iter().rev() {
            drop(guards[at].take());
        }
    }
}

impl<G> Guards<Vec<LockResult<G>>> {
    /// Returns the guards without their `LockResult`s.
    ///
    /// # Errors
    ///
    /// Returns an error if one of the locks is poisoned. The error holds all the guards.
    pub fn checked(self) -> LockResult<Guards<Vec<G>>> {
        let mut poisoned = false;
        let guards = self.map(|given| {
            let opened = given.into_iter().map(|given| open(given, &mut poisoned));
            opened.collect::<Vec<_>>()
        });
        close(guards, poisoned)
    }
}
