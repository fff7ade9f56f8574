//! Runs in the compiler: bare.

use proc_macro::TokenStream;

/// The full name of what `std::sync::Mutex` is in the macro, as a literal.
#[proc_macro]
pub fn std_mutex(_: TokenStream) -> TokenStream {
    let name = std::any::type_name::<std::sync::Mutex<u8>>();
    format!("{name:?}").parse().unwrap()
}
