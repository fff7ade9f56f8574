//! The attribute `#[lockwarden::test]`. The crate `lockwarden` exports it with the feature `macros`,
//! and documents it.

mod expand;
mod options;

use proc_macro::TokenStream;

/// Runs a test under `lockwarden::testing::check`. Use it as `#[lockwarden::test]`.
#[proc_macro_attribute]
pub fn test(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand::test(attribute.into(), item.into())
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}
