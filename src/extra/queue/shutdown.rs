//! Modes of a shutdown.

/// Treatment of the items that are in a queue when it is shut down.
///
/// # Examples
///
/// ```
/// use lockwarden::queue::{Queue, Shutdown};
///
/// let queue = Queue::new();
/// queue.put(1).unwrap();
/// queue.shutdown(Shutdown::Graceful);
/// assert_eq!(queue.len(), 1);
/// queue.shutdown(Shutdown::Immediate);
/// assert_eq!(queue.len(), 0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shutdown {
    /// The items can still be got; when none is left, a get fails.
    Graceful,
    /// The items are dropped and count as done. Items that were got before do not: a `join` waits
    /// until they are marked.
    Immediate,
}
