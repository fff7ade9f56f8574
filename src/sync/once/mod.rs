//! Tracked one-time initialisation with std's interface: `Once`, `OnceLock` and `LazyLock`.
//!
//! Each wraps std's own type. What the initialiser did up to its end happens before what a thread
//! does after it has seen, by any method, that the initialisation is done; the thread acquires the
//! clock at its first access.
//!
//! In an instrumented build, a thread takes a turn before it calls std's type, and the wait for a
//! turn is published in the detector: only the thread that has the turn can end it. So no thread
//! ever waits inside std's type, where the detector could not see the wait.

mod call_once;
mod lazy_lock;
mod methods;
mod once_lock;

pub use self::call_once::Once;
pub use self::lazy_lock::LazyLock;
pub(crate) use self::methods::once_methods;
pub use self::once_lock::OnceLock;
