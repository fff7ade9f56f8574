//! `parking_lot` 0.13, watched.

#[doc(inline)]
pub use ::lockwarden::parking_lot::*;
