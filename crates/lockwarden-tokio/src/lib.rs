//! tokio, whose tasks are watched.

#[cfg(any(debug_assertions, feature = "always"))]
mod agent;
#[cfg(any(debug_assertions, feature = "always"))]
mod examine;
#[cfg(any(debug_assertions, feature = "always"))]
mod world;

#[doc(no_inline)]
pub use tokio::*;

#[cfg(any(debug_assertions, feature = "always"))]
pub mod runtime;
#[cfg(any(debug_assertions, feature = "always"))]
pub mod sync;
#[cfg(any(debug_assertions, feature = "always"))]
pub mod task;

#[cfg(any(debug_assertions, feature = "always"))]
pub use self::task::spawn;
