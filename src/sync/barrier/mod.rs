//! Tracked barriers with std's interface, which can also be broken.
//!
//! The barrier is implemented here and not on std's, because a thread that waits at std's cannot
//! see which threads it continued with; a thread that arrives early for the next generation would
//! be taken for one of them.

mod core;
mod error;
mod generations;
mod result;

pub use self::core::Barrier;
pub use self::error::{BarrierTimeoutError, BrokenBarrierError};
pub use self::result::BarrierWaitResult;
