//! Counting semaphores.
//!
//! The permits are one word, which threads change by compare-and-swap as long as no thread waits. A
//! thread that does not find enough permits enters a FIFO queue: from then on no acquisition
//! overtakes the queue, and a release grants its permits to the first waiter.

mod acquisitions;
mod bounded;
mod error;
mod permit;
mod permits;
mod release_order;
mod unbounded;
mod wait_queue;

pub use self::bounded::BoundedSemaphore;
pub use self::error::TooManyReleases;
pub use self::permit::Permit;
pub use self::unbounded::Semaphore;
