//! The detector of the facade, for a program that itself depends on `lockwarden`.

#[doc(inline)]
pub use ::lockwarden::*;
