//! `Queue`: a FIFO queue.

use std::collections::VecDeque;
use std::panic::{RefUnwindSafe, UnwindSafe};

use super::surface::queue;

queue! {
    /// FIFO queue.
    ///
    /// The queue is shared by reference: between the threads of a scope, in a `static`, or in an
    /// [`Arc`](std::sync::Arc).
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::queue::Queue;
    ///
    /// let queue = Queue::new();
    /// for item in [2, 3, 1] {
    ///     queue.put(item).unwrap();
    /// }
    /// assert_eq!([queue.get(), queue.get(), queue.get()], [Ok(2), Ok(3), Ok(1)]);
    /// ```
    Queue<T> in Fifo = VecDeque::new(), () = ()
}

// The program's code never runs while the items are moved, so no panic leaves them half moved.
impl<T> UnwindSafe for Queue<T> {}
impl<T> RefUnwindSafe for Queue<T> {}
