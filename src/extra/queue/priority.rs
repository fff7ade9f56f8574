//! `PriorityQueue`: the smallest first.

use std::collections::BinaryHeap;

use super::surface::queue;
use super::turn::Comparisons;

queue! {
    /// A queue that gives out first the smallest item, as Python's `PriorityQueue` does.
    ///
    /// With a pair of a rank and a task, rank 1 comes before rank 2;
    /// [`Reverse`](std::cmp::Reverse) turns that round. Items that compare equal come out in no
    /// particular order. A put and a get take a number of comparisons that grows with the logarithm
    /// of the length.
    ///
    /// It is shared by reference, as [`Queue`](super::Queue) is. One thread at a time compares items. A
    /// comparison may ask the queue for its length, and shut it down gracefully; if it puts or gets,
    /// that is reported as a [`SelfDeadlock`](crate::report::Verdict::SelfDeadlock). If a comparison
    /// panics, that comes out of the put or the get, and the order of what is in the queue is then not
    /// certain.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::queue::PriorityQueue;
    ///
    /// let queue = PriorityQueue::new();
    /// for item in [(2, "wash"), (3, "dry"), (1, "wake up")] {
    ///     queue.put(item).unwrap();
    /// }
    /// assert_eq!(queue.get(), Ok((1, "wake up")));
    /// assert_eq!(queue.get(), Ok((2, "wash")));
    /// ```
    PriorityQueue<T: Ord> in Smallest = BinaryHeap::new(), Comparisons = Comparisons::new()
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    /// An item whose comparison with the one of 13 panics.
    #[derive(Debug)]
    struct Unlucky(u32);

    impl Ord for Unlucky {
        fn cmp(&self, other: &Self) -> Ordering {
            assert!(self.0 != 13 && other.0 != 13, "bad luck");
            self.0.cmp(&other.0)
        }
    }

    impl PartialOrd for Unlucky {
        fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
            Some(self.cmp(other))
        }
    }

    impl PartialEq for Unlucky {
        fn eq(&self, other: &Self) -> bool {
            self.cmp(other).is_eq()
        }
    }

    impl Eq for Unlucky {}

    #[test]
    fn a_comparison_that_panics_loses_no_count() {
        let queue = PriorityQueue::new();
        queue.put(Unlucky(1)).unwrap();
        let put = catch_unwind(AssertUnwindSafe(|| queue.put(Unlucky(13))));
        assert!(put.is_err());
        // The item is in it, and the queue goes on.
        assert_eq!(queue.len(), 2);
        for _ in 0..2 {
            queue.get().unwrap();
            queue.task_done().unwrap();
        }
        queue.join();
        queue.put(Unlucky(2)).unwrap();
        assert_eq!(queue.get().unwrap().0, 2);
    }
}
