//! tokio, whose tasks are watched.

#[cfg(any(debug_assertions, feature = "always"))]
mod agent;
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

#[cfg(any(debug_assertions, feature = "always"))]
pub use self::task::spawn;

/// For the macros of this crate alone.
#[cfg(all(feature = "macros", any(debug_assertions, feature = "always")))]
#[doc(hidden)]
pub mod __private {
    pub use tokio;

    pub use crate::branches::branch;
}
