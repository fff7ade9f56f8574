//! Stores of a queue: the items and their order.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};

use crate::instrument::Stamped;

/// Collection that determines the order of the items.
pub(crate) trait Store: Default {
    /// The type that the program puts and gets.
    type Item;

    /// Adds an entry.
    fn push(&mut self, entry: Stamped<Self::Item>);

    /// Removes and returns the next entry, if there is one.
    fn pop(&mut self) -> Option<Stamped<Self::Item>>;
}

/// Store that yields the oldest entry first.
pub(crate) type Fifo<T> = VecDeque<Stamped<T>>;
/// Store that yields the newest entry first.
pub(crate) type Lifo<T> = Vec<Stamped<T>>;
/// Store that yields the smallest entry first.
pub(crate) type Smallest<T> = BinaryHeap<Ranked<T>>;

impl<T> Store for Fifo<T> {
    type Item = T;

    fn push(&mut self, entry: Stamped<T>) {
        self.push_back(entry);
    }

    fn pop(&mut self) -> Option<Stamped<T>> {
        self.pop_front()
    }
}

impl<T> Store for Lifo<T> {
    type Item = T;

    fn push(&mut self, entry: Stamped<T>) {
        Vec::push(self, entry);
    }

    fn pop(&mut self) -> Option<Stamped<T>> {
        Vec::pop(self)
    }
}

impl<T: Ord> Store for Smallest<T> {
    type Item = T;

    fn push(&mut self, entry: Stamped<T>) {
        BinaryHeap::push(self, Ranked(entry));
    }

    fn pop(&mut self) -> Option<Stamped<T>> {
        BinaryHeap::pop(self).map(|ranked| ranked.0)
    }
}

/// Entry with the inverse order of its item, since a heap yields the greatest first.
pub(crate) struct Ranked<T>(Stamped<T>);

impl<T: Ord> Ord for Ranked<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.message().cmp(self.0.message())
    }
}

impl<T: Ord> PartialOrd for Ranked<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Ord> PartialEq for Ranked<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T: Ord> Eq for Ranked<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn order_of<S: Store<Item = u32>>() -> Vec<u32> {
        let mut store = S::default();
        for item in [2, 1, 3] {
            store.push(Stamped::stamp(item));
        }
        std::iter::from_fn(|| store.pop())
            .map(Stamped::receive)
            .collect()
    }

    #[test]
    fn each_store_has_its_order() {
        assert_eq!(order_of::<Fifo<u32>>(), [2, 1, 3]);
        assert_eq!(order_of::<Lifo<u32>>(), [3, 1, 2]);
        assert_eq!(order_of::<Smallest<u32>>(), [1, 2, 3]);
    }
}
