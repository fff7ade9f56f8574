//! `LifoQueue`: last in, first out.

use std::panic::{RefUnwindSafe, UnwindSafe};

use super::surface::queue;

queue! {
    /// A queue that gives out first what came in last: a stack.
    ///
    /// It is shared by reference, as [`Queue`](super::Queue) is.
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

// Nothing of the program's runs while the items are moved, so no panic finds them half moved.
impl<T> UnwindSafe for LifoQueue<T> {}
impl<T> RefUnwindSafe for LifoQueue<T> {}
