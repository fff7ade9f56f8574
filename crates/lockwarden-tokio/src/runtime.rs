//! `tokio::runtime`, whose tasks are watched.

#[doc(no_inline)]
pub use tokio::runtime::*;

mod builder;
mod closing;
mod handle;
pub(crate) mod newer;
#[allow(clippy::module_inception)]
mod runtime;

pub use self::builder::Builder;
pub use self::handle::Handle;
pub use self::runtime::{LocalRuntime, Runtime};
