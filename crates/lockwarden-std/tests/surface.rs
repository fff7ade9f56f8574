//! The facade against the standard library of the toolchain that runs the test.
//!
//! `rustdoc` renders `std::sync` and `std::thread` from the compiled standard library, and the same
//! modules of the facade. What both pages list is compared, so a new item or method of std fails here
//! by name.

mod pages;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use pages::Pages;

/// The modules whose items are replaced, as directories of the rendered pages.
const MODULES: [&str; 3] = ["sync", "sync/mpsc", "thread"];

/// Stable items of std that the facade passes through, one by one: an item that is in neither this
/// list nor the facade's is new and needs a decision.
const PASSED_THROUGH: [(&str, &[&str]); 3] = [
    (
        "sync",
        &[
            "Arc",
            "LockResult",
            "OnceState",
            "PoisonError",
            "TryLockError",
            "TryLockResult",
            "Weak",
        ],
    ),
    (
        "sync/mpsc",
        &[
            "RecvError",
            "RecvTimeoutError",
            "SendError",
            "TryRecvError",
            "TrySendError",
        ],
    ),
    (
        "thread",
        &[
            "AccessError",
            "LocalKey",
            "Result",
            "Thread",
            "ThreadId",
            "available_parallelism",
            "current",
            "panicking",
            "park_timeout_ms",
            "sleep_ms",
            "yield_now",
        ],
    ),
];

fn of_std() -> Pages {
    Pages::render("std", "#[doc(inline)] pub use std::{sync, thread};", &[])
}

fn of_facade() -> Pages {
    // The facade does not inline what it passes on, so each name is inlined here.
    let mut source = String::new();
    for (module, names) in replaced() {
        let path = module.replace('/', "::");
        source += &format!("pub mod {} {{\n", module.replace('/', "_"));
        for name in names {
            source += &format!("#[doc(inline)] pub use lockwarden_std::{path}::{name};\n");
        }
        source += "}\n";
    }
    Pages::render("facade", &source, &Pages::options_for("lockwarden_std"))
}

/// What the facade takes from `lockwarden`, by module, as its sources say.
fn replaced() -> BTreeMap<&'static str, BTreeSet<String>> {
    let sources = [
        ("sync", include_str!("../src/sync/mod.rs")),
        ("sync/mpsc", include_str!("../src/sync/mpsc.rs")),
        ("thread", include_str!("../src/thread.rs")),
    ];
    sources
        .into_iter()
        .map(|(module, source)| {
            let names = source
                .split("pub use lockwarden::")
                .skip(1)
                .flat_map(|import| {
                    let import = import.split(';').next().unwrap();
                    let names = import.rsplit("::").next().unwrap();
                    names
                        .trim_matches(['{', '}'])
                        .split(',')
                        .map(|name| name.trim_matches([' ', '\n', '{', '}']).to_owned())
                        .filter(|name| !name.is_empty())
                        .collect::<Vec<_>>()
                })
                .collect();
            (module, names)
        })
        .collect()
}

fn passed_through(module: &str) -> BTreeSet<String> {
    PASSED_THROUGH
        .iter()
        .filter(|(name, _)| *name == module)
        .flat_map(|(_, names)| names.iter().map(|name| (*name).to_owned()))
        .collect()
}

#[test]
fn the_pages_are_understood() {
    let std = of_std();
    let items = std.items("sync");
    let mutex = &items["Mutex"];
    assert!(!mutex.unstable);
    for method in ["new", "lock", "try_lock", "into_inner", "get_mut"] {
        assert!(mutex.methods.contains(method), "{:?}", mutex.methods);
    }
    assert!(mutex.signature_words.contains("MutexGuard"));
    for implemented in ["Default", "Debug", "Send", "From"] {
        assert!(mutex.traits.contains(implemented), "{:?}", mutex.traits);
    }
    assert!(items["ReentrantLock"].unstable);
    assert!(!items["Arc"].signature_words.contains("Mutex"));
    assert!(items["ONCE_INIT"].signature_words.contains("Once"));
}

#[test]
fn every_item_of_std_is_replaced_or_known_to_pass_through() {
    let problems = problems(&of_std(), &replaced());
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn a_constant_of_a_replaced_type_that_passes_through_is_found() {
    let mut replaced = replaced();
    replaced.get_mut("sync").unwrap().remove("ONCE_INIT");
    let problems = problems(&of_std(), &replaced);
    let expected = "std::sync::ONCE_INIT passes through and mentions `Once`";
    assert!(problems.iter().any(|p| p == expected), "{problems:#?}");
}

/// What passes through by mistake, is new, or is gone.
fn problems(std: &Pages, replaced: &BTreeMap<&'static str, BTreeSet<String>>) -> Vec<String> {
    let replaced_names: BTreeSet<&String> = replaced.values().flatten().collect();
    let mut problems = Vec::new();
    for module in MODULES {
        let passed = passed_through(module);
        let items = std.items(module);
        for (name, item) in &items {
            if replaced[module].contains(name) || item.unstable {
                continue;
            }
            for word in &item.signature_words {
                if replaced_names.contains(word) && !is_namesake(module, word, replaced) {
                    problems.push(format!(
                        "std::{module}::{name} passes through and mentions `{word}`"
                    ));
                }
            }
            // A newer toolchain may have more, which falls through: that is only said of the
            // toolchain for which the list was made.
            if !passed.contains(name) && is_the_toolchain_of_the_list() {
                problems.push(format!("std::{module}::{name} is in neither list"));
            }
        }
        for name in replaced[module].iter().chain(&passed) {
            if !items.contains_key(name) {
                problems.push(format!("std::{module}::{name} does not exist"));
            }
        }
    }
    problems
}

/// Whether `word` is the name of a replaced item of other modules alone, whose like in `module` is
/// another thing: `Iter`, `Scope` and the functions are such names.
fn is_namesake(
    module: &str,
    word: &str,
    replaced: &BTreeMap<&'static str, BTreeSet<String>>,
) -> bool {
    let first = word.chars().next().unwrap();
    first.is_lowercase() || !(replaced[module].contains(word) || replaced["sync"].contains(word))
}

fn is_the_toolchain_of_the_list() -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-V").output().unwrap();
    String::from_utf8_lossy(&output.stdout).starts_with("rustc 1.95.")
}

#[test]
fn replaced_types_have_every_stable_method_and_trait_of_the_originals() {
    let std = of_std();
    let facade = of_facade();
    let mut missing = Vec::new();
    for (module, names) in replaced() {
        let originals = std.items(module);
        let ours = facade.items(&module.replace('/', "_"));
        for name in names {
            let original = &originals[&name];
            let our = &ours[&name];
            for method in original.methods.difference(&our.methods) {
                missing.push(format!("std::{module}::{name}::{method}"));
            }
            for implemented in original.traits.difference(&our.traits) {
                missing.push(format!("{implemented} for std::{module}::{name}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
