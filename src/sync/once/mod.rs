//! What is done once: std's `Once`, `OnceLock` and `LazyLock`, watched.
//!
//! Each stands on std's own type. What the initialiser did up to its end comes before what a thread
//! does that has seen that it is done: by any method, the first time that it does.
//!
//! In an instrumented build, threads take turns before they go into std's type, and wait for their
//! turn where the detector sees it: nobody but the thread that has it can end such a wait. In std's
//! own wait, which they do not get to, nothing could be said of them.

mod lazy_lock;
mod once;
mod once_lock;

pub use self::lazy_lock::LazyLock;
pub use self::once::Once;
pub use self::once_lock::OnceLock;
