//! Primitives that std and parking_lot do not have, built on the public
//! [`instrument`](crate::instrument) API as those of another crate would be: `tests/one_door.rs` compiles
//! this folder as a part of another crate. They are re-exported at the crate root and in
//! [`sync`](crate::sync).

#[cfg(feature = "channel")]
pub mod channel;
pub(crate) mod channel_end;
pub(crate) mod channel_iter;
pub(crate) mod event;
pub(crate) mod limited;
#[cfg(any(feature = "pool", feature = "timer"))]
mod panic_message;
#[cfg(feature = "pool")]
pub mod pool;
#[cfg(feature = "queue")]
pub mod queue;
pub(crate) mod semaphore;
#[cfg(feature = "timer")]
pub mod timer;
