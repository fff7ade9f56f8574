//! What is in a queue, and what comes out of it next.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};

use crate::instrument::Clock;

/// An item, with what the thread that put it did before.
///
/// Of the size of the item alone in a build without instrumentation.
pub(crate) struct Entry<T> {
    past: Clock,
    item: T,
}

impl<T> Entry<T> {
    /// Packs an item that the calling thread is about to put.
    pub(super) fn stamp(item: T) -> Self {
        Self {
            past: Clock::release(),
            item,
        }
    }

    /// Unpacks it in the thread that has got it.
    pub(super) fn receive(self) -> T {
        self.past.acquire();
        self.item
    }

    /// Unpacks it in the thread that could not put it.
    pub(super) fn take_back(self) -> T {
        self.item
    }
}

/// A collection, and the order in which it gives back what it was given.
pub(crate) trait Store: Default {
    /// What the program puts and gets.
    type Item;

    /// Takes one in.
    fn push(&mut self, entry: Entry<Self::Item>);

    /// Gives the next one out, if there is any.
    fn pop(&mut self) -> Option<Entry<Self::Item>>;
}

/// The one that came first comes out first.
pub(crate) type Fifo<T> = VecDeque<Entry<T>>;
/// The one that came last comes out first.
pub(crate) type Lifo<T> = Vec<Entry<T>>;
/// The smallest comes out first.
pub(crate) type Smallest<T> = BinaryHeap<Ranked<T>>;

impl<T> Store for Fifo<T> {
    type Item = T;

    fn push(&mut self, entry: Entry<T>) {
        self.push_back(entry);
    }

    fn pop(&mut self) -> Option<Entry<T>> {
        self.pop_front()
    }
}

impl<T> Store for Lifo<T> {
    type Item = T;

    fn push(&mut self, entry: Entry<T>) {
        Vec::push(self, entry);
    }

    fn pop(&mut self) -> Option<Entry<T>> {
        Vec::pop(self)
    }
}

impl<T: Ord> Store for Smallest<T> {
    type Item = T;

    fn push(&mut self, entry: Entry<T>) {
        BinaryHeap::push(self, Ranked(entry));
    }

    fn pop(&mut self) -> Option<Entry<T>> {
        BinaryHeap::pop(self).map(|ranked| ranked.0)
    }
}

/// An entry that is the greater, the smaller its item is: a heap gives out the greatest first.
pub(crate) struct Ranked<T>(Entry<T>);

impl<T: Ord> Ord for Ranked<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.item.cmp(&self.0.item)
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
            store.push(Entry::stamp(item));
        }
        std::iter::from_fn(|| store.pop())
            .map(Entry::receive)
            .collect()
    }

    #[test]
    fn each_store_has_its_order() {
        assert_eq!(order_of::<Fifo<u32>>(), [2, 1, 3]);
        assert_eq!(order_of::<Lifo<u32>>(), [3, 1, 2]);
        assert_eq!(order_of::<Smallest<u32>>(), [1, 2, 3]);
    }
}
