//! Semaphores: a number of permits that threads take and give back.
//!
//! The permits are one word, which takers and givers change by compare-and-swap as long as nobody
//! waits. Whoever does not find enough stands in line, and the line is served in its order: from
//! then on nobody passes it, and a release hands its permits to the first.

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
