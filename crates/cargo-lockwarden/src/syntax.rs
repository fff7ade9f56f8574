//! Source files of any edition, as trees.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};

/// Words that edition 2015 takes for names, and the later ones do not.
const NAMES_OF_2015: [&str; 3] = ["async", "await", "try"];

/// Reads a file, which may use these words as names: the parser knows the later editions alone, and would refuse the whole file for
/// one function that is called `async`. Lines and columns are those of the text.
///
/// # Errors
///
/// If it is no Rust in any edition.
pub(crate) fn parse(text: &str) -> syn::Result<syn::File> {
    syn::parse_file(text).or_else(|error| {
        // A first line for the shell is no token.
        let text = match text.starts_with("#!/") {
            true => format!("//{text}"),
            false => text.to_owned(),
        };
        let tokens = text.parse::<TokenStream>();
        let file = tokens.ok().map(raw).map(syn::parse2::<syn::File>);
        file.and_then(Result::ok).ok_or(error)
    })
}

/// The tokens with these words as raw names.
fn raw(tokens: TokenStream) -> TokenStream {
    let token = |token| match token {
        TokenTree::Ident(ident) if NAMES_OF_2015.iter().any(|name| ident == name) => {
            Ident::new_raw(&ident.to_string(), ident.span()).into()
        }
        TokenTree::Group(group) => {
            let mut changed = Group::new(group.delimiter(), raw(group.stream()));
            changed.set_span(group.span());
            changed.into()
        }
        other => other,
    };
    tokens.into_iter().map(token).collect()
}

#[cfg(test)]
mod tests {
    use syn::spanned::Spanned as _;

    use super::*;

    #[test]
    fn words_that_were_names_in_2015_are_names_at_their_places() {
        let old = "mod a { pub fn async(try: u8) -> u8 { try } }\n  fn after() {}\n";
        let file = parse(old).expect("it is Rust of 2015");
        let place = file.items[1].span().start();
        assert_eq!((place.line, place.column), (2, 2));
        assert!(parse("async fn new() { wait().await }").is_ok());
        assert!(parse("#!/bin/run\nfn try() {}").is_ok());
        assert!(parse("fn {").is_err());
    }
}
