//! Errors of the queues: one type per operation.

use std::error::Error;
use std::fmt;

/// Error of [`put`](super::Queue::put): the queue is shut down. Contains the item.
///
/// # Examples
///
/// ```
/// use lockwarden::queue::{PutError, Queue, Shutdown};
///
/// let queue = Queue::new();
/// queue.shutdown(Shutdown::Graceful);
/// assert_eq!(queue.put("late"), Err(PutError("late")));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PutError<T>(pub T);

impl<T> PutError<T> {
    /// Returns the item that was not put.
    pub fn into_inner(self) -> T {
        self.0
    }
}

/// Error of [`try_put`](super::Queue::try_put). Contains the item.
///
/// # Examples
///
/// ```
/// use lockwarden::queue::{Queue, TryPutError};
///
/// let queue = Queue::bounded(1);
/// assert_eq!(queue.try_put("first"), Ok(()));
/// assert_eq!(queue.try_put("second"), Err(TryPutError::Full("second")));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TryPutError<T> {
    /// The queue has no room.
    Full(T),
    /// The queue is shut down.
    ShutDown(T),
}

impl<T> TryPutError<T> {
    /// Returns the item that was not put.
    pub fn into_inner(self) -> T {
        match self {
            TryPutError::Full(item) | TryPutError::ShutDown(item) => item,
        }
    }
}

/// Error of [`put_timeout`](super::Queue::put_timeout). Contains the item.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use lockwarden::queue::{PutTimeoutError, Queue};
///
/// let queue = Queue::bounded(1);
/// queue.put("first").unwrap();
/// let refused = queue.put_timeout("second", Duration::from_millis(1));
/// assert_eq!(refused, Err(PutTimeoutError::Full("second")));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PutTimeoutError<T> {
    /// The queue had no room within the time limit.
    Full(T),
    /// The queue is shut down.
    ShutDown(T),
}

impl<T> PutTimeoutError<T> {
    /// Returns the item that was not put.
    pub fn into_inner(self) -> T {
        match self {
            PutTimeoutError::Full(item) | PutTimeoutError::ShutDown(item) => item,
        }
    }
}

/// Error of [`get`](super::Queue::get): the queue is shut down and empty.
///
/// # Examples
///
/// ```
/// use lockwarden::queue::{GetError, Queue, Shutdown};
///
/// let queue: Queue<i32> = Queue::new();
/// queue.shutdown(Shutdown::Graceful);
/// assert_eq!(queue.get(), Err(GetError));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetError;

/// Error of [`try_get`](super::Queue::try_get).
///
/// # Examples
///
/// ```
/// use lockwarden::queue::{Queue, TryGetError};
///
/// let queue: Queue<i32> = Queue::new();
/// assert_eq!(queue.try_get(), Err(TryGetError::Empty));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryGetError {
    /// The queue is empty.
    Empty,
    /// The queue is shut down and empty.
    ShutDown,
}

/// Error of [`get_timeout`](super::Queue::get_timeout).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use lockwarden::queue::{GetTimeoutError, Queue};
///
/// let queue: Queue<i32> = Queue::new();
/// let nothing = queue.get_timeout(Duration::from_millis(1));
/// assert_eq!(nothing, Err(GetTimeoutError::Empty));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GetTimeoutError {
    /// The queue was empty until the time limit passed.
    Empty,
    /// The queue is shut down and empty.
    ShutDown,
}

/// Error of [`task_done`](super::Queue::task_done): it was called more often than items were got.
///
/// # Examples
///
/// ```
/// use lockwarden::queue::{Queue, TooManyDone};
///
/// let queue = Queue::new();
/// queue.put("task").unwrap();
/// assert_eq!(queue.task_done(), Err(TooManyDone)); // The item was not got.
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyDone;

/// Error of [`join_timeout`](super::Queue::join_timeout): some items were not done within the time
/// limit.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use lockwarden::queue::Queue;
///
/// let queue = Queue::new();
/// queue.put("task").unwrap();
/// let gave_up = queue.join_timeout(Duration::from_millis(1));
/// assert_eq!(gave_up.unwrap_err().count, 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unfinished {
    /// The number of items that are in the queue, or were got and not marked as done.
    pub count: usize,
}

const FULL: &str = "the queue is full";
const EMPTY: &str = "the queue is empty";
const SHUT_DOWN: &str = "the queue is shut down";
const DRAINED: &str = "the queue is shut down and empty";

/// Implements the traits of an error that holds an item, without bounds on the item, as std's
/// channels do.
macro_rules! item_error {
    ($name:ident { $($variant:pat => $text:expr, $debug:expr;)+ }) => {
        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $($variant => $debug,)+ })
            }
        }

        impl<T> fmt::Display for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $($variant => $text,)+ })
            }
        }

        impl<T> Error for $name<T> {}
    };
}

item_error!(PutError { PutError(_) => SHUT_DOWN, "PutError(..)"; });
item_error!(TryPutError {
    TryPutError::Full(_) => FULL, "Full(..)";
    TryPutError::ShutDown(_) => SHUT_DOWN, "ShutDown(..)";
});
item_error!(PutTimeoutError {
    PutTimeoutError::Full(_) => FULL, "Full(..)";
    PutTimeoutError::ShutDown(_) => SHUT_DOWN, "ShutDown(..)";
});

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(DRAINED)
    }
}

impl fmt::Display for TryGetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TryGetError::Empty => EMPTY,
            TryGetError::ShutDown => DRAINED,
        })
    }
}

impl fmt::Display for GetTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            GetTimeoutError::Empty => EMPTY,
            GetTimeoutError::ShutDown => DRAINED,
        })
    }
}

impl fmt::Display for TooManyDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("more items were marked as done than were got from the queue")
    }
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} items of the queue are not done", self.count)
    }
}

impl Error for GetError {}
impl Error for TryGetError {}
impl Error for GetTimeoutError {}
impl Error for TooManyDone {}
impl Error for Unfinished {}
