//! `tokio::task`, whose tasks are watched.

#[doc(no_inline)]
pub use tokio::task::*;

mod blocking;
mod join_handle;
mod join_set;
mod local;
mod spawn;

#[cfg(feature = "rt-multi-thread")]
pub use self::blocking::block_in_place;
pub use self::blocking::spawn_blocking;
pub(crate) use self::blocking::spawn_blocking_on;
pub use self::join_handle::JoinHandle;
pub use self::join_set::JoinSet;
pub use self::local::{LocalSet, spawn_local};
pub use self::spawn::spawn;
pub(crate) use self::spawn::{lets_out, root};
