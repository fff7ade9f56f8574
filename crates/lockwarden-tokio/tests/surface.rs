//! The watched modules against those of the tokio that they are built over.
//!
//! `rustdoc` renders both from the compiled crates. Each name of tokio's is there as a re-export; what the types
//! behind it have is compared, so a method or trait of tokio that a type of this crate lacks fails here by name.
#![cfg(all(
    feature = "full",
    feature = "test-util",
    any(debug_assertions, feature = "always")
))]

#[path = "../../lockwarden-std/tests/pages/mod.rs"]
#[expect(
    dead_code,
    reason = "the signatures differ, since what is an `async fn` there is a named wait here"
)]
mod pages;

use pages::Pages;

/// The modules with types that are replaced, as directories of the rendered pages.
const MODULES: [&str; 8] = [
    "runtime",
    "sync",
    "sync/broadcast",
    "sync/futures",
    "sync/mpsc",
    "sync/oneshot",
    "sync/watch",
    "task",
];

/// What is not compared: `Freeze` is no promise of a type and not stable, and the types that are never `Unpin`
/// are `Unpin` here under a bound that never holds, as `pin_project!` writes it. The `Barrier` is unwind safe, which tokio's is not.
const UNCOMPARED: [&str; 5] = [
    "Freeze",
    "!Freeze",
    "!Unpin",
    "!UnwindSafe",
    "!RefUnwindSafe",
];

#[test]
fn replaced_types_have_every_method_and_trait_of_the_originals() {
    let options = Pages::options_for("lockwarden_tokio");
    let root = "lockwarden_tokio::__private::tokio";
    let source = format!("#[doc(inline)] pub use {root}::{{runtime, sync, task}};");
    let theirs = Pages::render("tokio", &source, &options);

    // A module does not inline what it passes on, so each name is inlined here.
    let mut source = String::new();
    for module in MODULES {
        source += &format!("pub mod {} {{\n", module.replace('/', "_"));
        for name in theirs.items(module).keys() {
            let path = module.replace('/', "::");
            source += &format!("#[doc(inline)] pub use lockwarden_tokio::{path}::{name};\n");
        }
        source += "}\n";
    }
    let ours = Pages::render("watched", &source, &options);

    let mut missing = Vec::new();
    let mut compared = 0;
    for module in MODULES {
        let ours = ours.items(&module.replace('/', "_"));
        for (name, original) in theirs.items(module) {
            let our = &ours[&name];
            compared += original.methods.len();
            for method in original.methods.difference(&our.methods) {
                missing.push(format!("tokio::{module}::{name}::{method}"));
            }
            for implemented in original.traits.difference(&our.traits) {
                if !UNCOMPARED.contains(&implemented.as_str()) {
                    missing.push(format!("{implemented} for tokio::{module}::{name}"));
                }
            }
        }
    }
    assert!(compared > 0);
    assert!(missing.is_empty(), "{missing:#?}");
}
