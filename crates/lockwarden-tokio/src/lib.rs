//! tokio, whose tasks are watched.

#[cfg(any(debug_assertions, feature = "always"))]
mod agent;
#[cfg(any(debug_assertions, feature = "always"))]
mod dump;
#[cfg(any(debug_assertions, feature = "always"))]
mod examine;
#[cfg(any(debug_assertions, feature = "always"))]
mod world;

#[doc(no_inline)]
pub use tokio::*;

#[cfg(all(feature = "macros", any(debug_assertions, feature = "always")))]
mod branches;
#[cfg(any(debug_assertions, feature = "always"))]
pub mod runtime;
#[cfg(any(debug_assertions, feature = "always"))]
pub mod sync;
#[cfg(any(debug_assertions, feature = "always"))]
pub mod task;

pub mod testing;

#[cfg(any(debug_assertions, feature = "always"))]
pub use self::dump::{Dump, TaskState, TaskWait, dump};
#[cfg(any(debug_assertions, feature = "always"))]
pub use self::task::spawn;

/// For the macros of this crate alone.
#[cfg(all(feature = "macros", any(debug_assertions, feature = "always")))]
#[doc(hidden)]
pub mod __private {
    pub use tokio;

    pub use crate::branches::branch;
}

/// Whether a task of a deadlock is made to panic, where the configuration of lockwarden asks for a
/// panic (it does by default); if not, which is the default here, deadlocks of tasks are reported only.
///
/// The panic is raised in a wait of the task, which ends with a [`JoinError`](task::JoinError) and
/// releases what it holds. tokio's locks do not poison, so what they protect may be half written. With
/// `panic = "abort"` the process ends.
pub fn break_deadlocks(breaks: bool) {
    #[cfg(any(debug_assertions, feature = "always"))]
    examine::set_breaking(breaks);
    #[cfg(not(any(debug_assertions, feature = "always")))]
    let _ = breaks;
}
