//! The attribute `#[lockwarden::test]`, for the crate `lockwarden`, whose feature `macros` brings it
//! and whose documentation says how it is used.

mod expand;
mod options;

use proc_macro::TokenStream;

/// Runs a test under supervision. Use it as `#[lockwarden::test]`.
#[proc_macro_attribute]
pub fn test(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand::test(attribute.into(), item.into())
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}
