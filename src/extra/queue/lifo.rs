//! `LifoQueue`: a LIFO queue.

use std::panic::{RefUnwindSafe, UnwindSafe};

use super::surface::queue;

queue! {
    /// LIFO queue: a stack.
    ///
    /// The queue is shared by reference, as [`Queue`](super::Queue) is.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::queue::LifoQueue;
    ///
    /// let queue = LifoQueue::new();
    /// for item in [2, 3, 1] {
    ///     queue.put(item).unwrap();
    /// }
    /// assert_eq!([queue.get(), queue.get(), queue.get()], [Ok(1), Ok(3), Ok(2)]);
    /// ```
    LifoQueue<T> in Lifo = Vec::new(), () = ()
}

// The program's code never runs while the items are moved, so no panic leaves them half moved.
impl<T> UnwindSafe for LifoQueue<T> {}
impl<T> RefUnwindSafe for LifoQueue<T> {}
