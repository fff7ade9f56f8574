//! [`std::thread`](bare::thread), with watched threads.

#[doc(no_inline)]
pub use bare::thread::*;
#[doc(no_inline)]
pub use lockwarden::thread::{
    Builder, JoinHandle, Scope, ScopedJoinHandle, park, park_timeout, scope, sleep, spawn,
    yield_now,
};
