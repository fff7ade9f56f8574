//! `PriorityQueue`: a queue that yields the smallest item first.

use std::collections::BinaryHeap;

use super::surface::queue;
use super::turn::Comparisons;

queue! {
    /// Priority queue that yields the smallest item first, as Python's `PriorityQueue` does.
    ///
    /// With pairs of a rank and a task, rank 1 precedes rank 2; [`Reverse`](std::cmp::Reverse)
    /// inverts that. Items that compare equal come out in unspecified order. A put and a get take a
    /// number of comparisons that grows with the logarithm of the length.
    ///
    /// The queue is shared by reference, as [`Queue`](super::Queue) is. One thread at a time
    /// compares items. A comparison may ask the queue for its length, and shut it down gracefully;
    /// a put or a get in it is reported as a
    /// [`SelfDeadlock`](crate::report::Verdict::SelfDeadlock). A panic of a comparison propagates
    /// out of the put or the get, and leaves the order of the items unspecified.
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

    /// Item whose comparison with 13 panics.
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
        // The queue contains the item and still works.
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
