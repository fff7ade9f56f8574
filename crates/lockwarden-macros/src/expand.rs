//! Expands the attribute.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Error, Ident, ItemFn, Result, ReturnType, Signature, Type};

use crate::options::{Options, Strategy};

/// Returns the test that runs the function under supervision.
pub(crate) fn test(attribute: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let options = Options::parse(attribute)?;
    let function: ItemFn = syn::parse2(item)?;
    refuse(&function, &options)?;
    let ItemFn {
        attrs,
        vis,
        sig,
        block,
    } = function;
    let name = &sig.ident;
    let lockwarden = lockwarden(&options);
    let (check, exploration) = (check(&options), exploration(&options));
    let expect = match &options.expect {
        Some(verdict) => quote!(::core::option::Option::Some(
            #lockwarden::report::Verdict::#verdict
        )),
        None => quote!(::core::option::Option::None),
    };
    // libtest requires a test that may panic to return `()`; any other result is reported on the thread
    // that has it, since the result need not be `Send`.
    let (result, end) = if returns_nothing(&sig.output) {
        (quote!(), quote!(;))
    } else {
        (quote!(-> ::std::process::ExitCode), quote!())
    };
    // The span makes the name of the test the place of the check.
    let run = if sig.asyncness.is_some() {
        let body = drive(&options, name);
        quote_spanned! {name.span()=>
            #lockwarden::testing::harness::run_tasks(#check, #expect, #body) #end
        }
    } else {
        quote_spanned! {name.span()=>
            #lockwarden::testing::harness::run(#check, #exploration, #expect, #name) #end
        }
    };
    Ok(quote! {
        #[::core::prelude::v1::test]
        #(#attrs)*
        #vis fn #name() #result {
            #sig #block
            #run
        }
    })
}

/// Returns the path of this crate's library.
fn lockwarden(options: &Options) -> TokenStream {
    match &options.lockwarden {
        Some(path) => quote!(#path),
        None => quote!(::lockwarden),
    }
}

/// Returns the expression that makes the check.
fn check(options: &Options) -> TokenStream {
    let lockwarden = lockwarden(options);
    let mut check = quote!(#lockwarden::testing::Check::new());
    if let Some(timeout) = options.timeout {
        let (seconds, nanos) = (timeout.as_secs(), timeout.subsec_nanos());
        check.extend(quote!(.timeout(::core::time::Duration::new(#seconds, #nanos))));
    }
    if let Some(graph) = &options.graph {
        check.extend(quote!(.graph(#lockwarden::testing::Graph::#graph)));
    }
    check
}

/// Returns the expression of the exploration, if there is one.
fn exploration(options: &Options) -> TokenStream {
    let Some(schedules) = options.explore else {
        return quote!(::core::option::Option::None);
    };
    let lockwarden = lockwarden(options);
    let seed = options.seed.unwrap_or_default();
    let strategy = match options.strategy.unwrap_or(Strategy::Random) {
        Strategy::Random => quote!(Random),
        Strategy::Pct { depth } => quote!(Pct { depth: #depth }),
        Strategy::DepthFirst { preemptions } => {
            let most = preemptions.unwrap_or(usize::MAX);
            quote!(DepthFirst { preemptions: #most })
        }
        Strategy::PartialOrder => quote!(PartialOrder),
    };
    quote!(::core::option::Option::Some(
        #lockwarden::testing::harness::Exploration {
            schedules: #schedules,
            seed: #seed,
            strategy: #lockwarden::testing::explore::Strategy::#strategy,
        }
    ))
}

/// Returns the closure that runs an asynchronous test on a runtime of its own.
fn drive(options: &Options, name: &Ident) -> TokenStream {
    // As tokio's own macros name it, so that a `use` or a renamed package decides.
    let tokio = match &options.tokio {
        Some(path) => quote!(#path),
        None => quote!(tokio),
    };
    let mut check = quote_spanned!(name.span()=> #tokio::testing::AsyncCheck::new());
    if let Some(workers) = options.workers {
        check.extend(quote!(.workers(#workers)));
    }
    if options.paused == Some(true) {
        check.extend(quote!(.paused()));
    }
    quote_spanned!(name.span()=> move || #check.drive(#name))
}

fn returns_nothing(output: &ReturnType) -> bool {
    match output {
        ReturnType::Default => true,
        ReturnType::Type(_, of) => matches!(&**of, Type::Tuple(tuple) if tuple.elems.is_empty()),
    }
}

/// Refuses a function that cannot be a test.
fn refuse(function: &ItemFn, options: &Options) -> Result<()> {
    let Signature {
        asyncness,
        generics,
        inputs,
        ..
    } = &function.sig;
    let is_set = options.workers.is_some() || options.paused.is_some() || options.tokio.is_some();
    if asyncness.is_none() && is_set {
        let problem = "only an `async fn` has workers, a paused clock and a tokio";
        return Err(Error::new_spanned(&function.sig.ident, problem));
    }
    if asyncness.is_some() && options.explore.is_some() {
        let problem = "the schedules of tasks are the runtime's: an `async fn` is not explored";
        return Err(Error::new_spanned(&function.sig.ident, problem));
    }
    if !generics.params.is_empty() {
        return Err(Error::new_spanned(generics, "a test is not generic"));
    }
    if !inputs.is_empty() {
        return Err(Error::new_spanned(inputs, "a test takes no arguments"));
    }
    let again = function
        .attrs
        .iter()
        .find(|attribute| attribute.path().is_ident("test"));
    if let Some(again) = again {
        let problem = "`#[lockwarden::test]` makes it a test already: leave this one out";
        return Err(Error::new_spanned(again, problem));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(item: TokenStream) -> String {
        let error = test(TokenStream::new(), item).err();
        error.expect("there is something wrong").to_string()
    }

    #[test]
    fn a_function_that_cannot_be_a_test_is_refused() {
        for (item, words) in [
            (
                quote!(
                    fn f<T>() {}
                ),
                "is not generic",
            ),
            (
                quote!(
                    fn f(x: u8) {}
                ),
                "takes no arguments",
            ),
            (
                quote!(
                    #[test]
                    fn f() {}
                ),
                "leave this one out",
            ),
            (
                quote!(
                    struct S;
                ),
                "expected `fn`",
            ),
        ] {
            let problem = problem(item);
            assert!(problem.contains(words), "{problem}");
        }
    }

    #[test]
    fn an_asynchronous_test_is_driven_by_the_tokio_that_is_in_scope() {
        let item = || {
            quote!(
                async fn f() {}
            )
        };
        let text = test(quote!(workers = 2, paused = true), item()).unwrap();
        let text = text.to_string().replace(' ', "");
        assert!(
            text.contains(
                "move||tokio::testing::AsyncCheck::new().workers(2usize).paused().drive(f)"
            ),
            "{text}"
        );
        let renamed = quote!(lockwarden = "c::d", expect = "Inversion", explore = 9);
        let text = test(
            renamed,
            quote!(
                fn f() {}
            ),
        )
        .unwrap()
        .to_string();
        assert!(!text.contains(":: lockwarden"), "{text}");
        assert!(
            text.contains("c :: d :: testing :: harness :: run"),
            "{text}"
        );
        let text = test(quote!(tokio = "a::b"), item()).unwrap().to_string();
        assert!(text.contains("a :: b :: testing"), "{text}");
        let plain = quote!(
            fn f() {}
        );
        assert!(test(quote!(workers = 2), plain).is_err());
        assert!(test(quote!(explore = 9), item()).is_err());
    }

    #[test]
    fn only_a_test_with_a_result_returns_an_exit_code() {
        let text = |item| test(TokenStream::new(), item).unwrap().to_string();
        for nothing in [
            quote!(
                fn f() {}
            ),
            quote!(
                fn f() -> () {}
            ),
        ] {
            assert!(!text(nothing).contains("ExitCode"));
        }
        let given = text(quote!(
            fn f() -> Result<(), String> {
                Ok(())
            }
        ));
        assert!(
            given.contains("fn f () -> :: std :: process :: ExitCode {"),
            "{given}"
        );
        assert!(
            given.contains("fn f () -> Result < () , String > {"),
            "{given}"
        );
    }
}
