//! What is compiled in the place of tokio, for a program that itself depends on `lockwarden-tokio`.

#[doc(inline)]
pub use ::tokio::*;
