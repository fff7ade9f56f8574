//! What is done once: std's `Once`, `OnceLock` and `LazyLock`, watched.
//!
//! Each stands on std's own type. What the initialiser did up to its end comes before what a thread
//! does that has seen that it is done: by any method, the first time that it does.

mod lazy_lock;
mod once;
mod once_lock;

pub use self::lazy_lock::LazyLock;
pub use self::once::Once;
pub use self::once_lock::OnceLock;
