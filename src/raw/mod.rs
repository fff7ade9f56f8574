//! Raw locks: `parking_lot`'s, each with a record beside it.
//!
//! Both flavours of wrappers are built on these through `lock_api`. The fast path is a try of the
//! bare lock; only when that fails is the detector told of a wait, before it begins.

mod mutex;

pub use self::mutex::{RawFairMutex, RawMutex};
