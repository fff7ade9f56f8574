//! Barriers: std's, watched, and with the means to give up.
//!
//! A barrier counts for itself, as std's does, since who waits at std's is not told which others it
//! went on with; a thread that is early for the next time would be taken for one of those.

mod core;
mod error;
mod generations;
mod result;

pub use self::core::Barrier;
pub use self::error::{BarrierTimeoutError, BrokenBarrierError};
pub use self::result::BarrierWaitResult;
