//! Recognises crates that implement an allocator.
//!
//! The watched locks allocate when a thread waits for them, so an allocator must not take one: a crate that
//! implements an allocator keeps the bare std. What counts is what is compiled: an implementation behind a
//! feature that is off leaves nothing out.

use std::path::Path;

use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

use super::cfg::Cfg;
use super::modules;
use crate::project::LeftOut;
use crate::syntax;

/// Leaves out a package that implements an allocator in the modules below `root`. One of the workspace is
/// watched all the same if the allocator is made of no lock: one that counts with atomics is not all that the
/// package is.
pub(super) fn leaves_out(is_member: bool, root: &Path, cfg: &Cfg) -> Option<LeftOut> {
    let leaves = |text: &str| implements(text, cfg) && (!is_member || takes_lock(text));
    modules::any(root, cfg, leaves).then_some(LeftOut::Allocator)
}

/// Whether a file implements an allocator in what is compiled of it.
fn implements(text: &str, cfg: &Cfg) -> bool {
    // Most files need no parser.
    if !text.contains("GlobalAlloc") {
        return false;
    }
    let Ok(file) = syntax::parse(text) else {
        return text.contains("GlobalAlloc for");
    };
    let mut visitor = Visitor {
        implements: false,
        cfg,
    };
    if cfg.keeps(&file.attrs) {
        visitor.visit_file(&file);
    }
    visitor.implements
}

struct Visitor<'a> {
    /// Whether an implementation was seen.
    implements: bool,
    cfg: &'a Cfg,
}

impl<'ast> Visit<'ast> for Visitor<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes = match item {
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            syn::Item::Macro(item) => &item.attrs,
            syn::Item::Mod(item) => &item.attrs,
            _ => return,
        };
        if self.cfg.keeps(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if is_allocator(item) {
            self.implements = true;
        }
        visit::visit_item_impl(self, item);
    }

    /// What a macro makes of its input is not known: an implementation in it counts.
    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        if call.tokens.to_string().contains("GlobalAlloc for") {
            self.implements = true;
        }
    }
}

/// Whether the allocators of a file are made of a lock: their implementations, and the items of the file that these name.
fn takes_lock(text: &str) -> bool {
    let Ok(file) = syntax::parse(text) else {
        return names_lock(text);
    };
    let source = |item: &syn::Item| item.span().source_text().unwrap_or_default();
    let (mut reached, mut others): (Vec<_>, Vec<_>) = file
        .items
        .iter()
        .partition(|item| matches!(item, syn::Item::Impl(item) if is_allocator(item)));
    if reached.is_empty() {
        // It stands inside another item.
        return names_lock(text);
    }
    let mut at = 0;
    while let Some(item) = reached.get(at).copied() {
        let text = source(item);
        let (named, rest) = others
            .into_iter()
            .partition(|other| name(other).is_some_and(|name| has_word(&text, &name)));
        others = rest;
        reached.extend::<Vec<_>>(named);
        at += 1;
    }
    reached.into_iter().any(|item| names_lock(&source(item)))
}

fn is_allocator(item: &syn::ItemImpl) -> bool {
    let of = item.trait_.as_ref().and_then(|of| of.1.segments.last());
    of.is_some_and(|last| last.ident == "GlobalAlloc")
}

/// The name by which other items reach this one; of an implementation, that of its type.
fn name(item: &syn::Item) -> Option<String> {
    let ident = match item {
        syn::Item::Const(item) => &item.ident,
        syn::Item::Enum(item) => &item.ident,
        syn::Item::Fn(item) => &item.sig.ident,
        syn::Item::Impl(item) => match &*item.self_ty {
            syn::Type::Path(path) => &path.path.segments.last()?.ident,
            _ => return None,
        },
        syn::Item::Macro(item) => item.ident.as_ref()?,
        syn::Item::Mod(item) => &item.ident,
        syn::Item::Static(item) => &item.ident,
        syn::Item::Struct(item) => &item.ident,
        syn::Item::Type(item) => &item.ident,
        _ => return None,
    };
    // A name that was a word of a later edition stands in the text as it is.
    Some(ident.unraw().to_string())
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|part| part == word)
}

fn names_lock(source: &str) -> bool {
    ["Mutex", "RwLock", "Once", "Lazy", "Condvar", "mpsc"]
        .iter()
        .any(|name| source.contains(name))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Whether a crate with these files, the first of them its root, is left out.
    fn leaves(name: &str, is_member: bool, files: &[(&str, &str)], features: &[&str]) -> bool {
        let folder = std::env::temp_dir().join(format!("lockwarden-{name}-{}", std::process::id()));
        for (file, text) in files {
            let file = folder.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let cfg = Cfg::of_features(features.iter().map(|feature| (*feature).to_owned()));
        let left = leaves_out(is_member, &folder.join(files[0].0), &cfg);
        fs::remove_dir_all(&folder).unwrap();
        left.is_some()
    }

    const ALLOCATOR: &str =
        "use std::alloc::GlobalAlloc;\npub struct A;\nunsafe impl GlobalAlloc for A {}\n";

    #[test]
    fn an_implementation_is_found_and_a_mention_is_not() {
        let is_left = |text| leaves("mention", false, &[("lib.rs", text)], &[]);
        assert!(is_left(ALLOCATOR));
        assert!(is_left(
            "struct A;\nunsafe impl<T: B> std::alloc::GlobalAlloc\n    for A<T> {\n}"
        ));
        assert!(is_left(
            "wrap! { unsafe impl GlobalAlloc for A {} }\nfn f() {}"
        ));
        assert!(is_left("fn f() { unsafe impl GlobalAlloc for A {} }"));
        assert!(!is_left("// unsafe impl GlobalAlloc for A\nfn f() {}"));
        assert!(!is_left("fn f<A: GlobalAlloc>(a: A) {}"));
    }

    #[test]
    fn the_file_of_a_module_counts_although_another_system_has_another_one() {
        let root = (
            "lib.rs",
            "#[cfg_attr(windows, path = \"win.rs\")]\nmod sys;",
        );
        let files = |win, sys| [root, ("win.rs", win), ("sys.rs", sys)];
        let is_left = |win, sys| leaves("systems", false, &files(win, sys), &[]);
        assert!(is_left("", ALLOCATOR));
        assert!(is_left(ALLOCATOR, ""));
        assert!(!is_left("", ""));
        // A file that names itself is read once.
        assert!(!is_left(
            "",
            "#[cfg_attr(windows, path = \"sys.rs\")]\nmod again;"
        ));
    }

    #[test]
    fn an_implementation_counts_where_it_is_compiled() {
        let inside =
            "#[cfg(all(unix, any(feature = \"measure\", feature = \"more\")))]\nmod counting;";
        let files = [("lib.rs", inside), ("counting.rs", ALLOCATOR)];
        assert!(!leaves("off", false, &files, &["other"]));
        assert!(leaves("on", false, &files, &["more"]));
        let inline = "mod a {\n    #[cfg(not(feature = \"plain\"))]\n    mod b;\n}";
        let files = [("src/lib.rs", inline), ("src/a/b/mod.rs", ALLOCATOR)];
        assert!(leaves("nested", false, &files, &[]));
        assert!(!leaves("plain", false, &files, &["plain"]));
        let named = "#[path = \"other.rs\"]\nmod named;";
        let files = [("lib.rs", named), ("other.rs", ALLOCATOR)];
        assert!(leaves("path", false, &files, &[]));
        // A file that belongs to no module, and one that has a condition of its own.
        let files = [("lib.rs", "mod a;"), ("b.rs", ALLOCATOR)];
        assert!(!leaves("stray", false, &files, &[]));
        let own = format!("#![cfg(feature = \"measure\")]\n{ALLOCATOR}");
        let files = [("lib.rs", "mod a;"), ("a.rs", &*own)];
        assert!(!leaves("inner", false, &files, &[]));
        assert!(leaves("inner-on", false, &files, &["measure"]));
        assert!(!leaves(
            "test",
            false,
            &[("lib.rs", "#[cfg(test)] mod a;"), ("a.rs", ALLOCATOR)],
            &[]
        ));
    }

    #[test]
    fn a_member_is_left_out_if_its_allocator_takes_locks() {
        assert!(!leaves("atomics", true, &[("lib.rs", ALLOCATOR)], &[]));
        let is_left = |text: &str| leaves("locks", true, &[("lib.rs", text)], &[]);
        let with = |body: &str, items: &str| {
            format!("struct A;\nunsafe impl GlobalAlloc for A {{ {body} }}\n{items}\n")
        };
        let list = "static LIST: Mutex<()> = Mutex::new(());";
        assert!(is_left(&with("fn alloc() { LIST.lock(); }", list)));
        let through = format!("fn list() {{ LIST.lock(); }}\n{list}");
        assert!(is_left(&with("fn alloc() { list(); }", &through)));
        // A function of edition 2015, whose name is a word of the language since.
        let old = format!("fn try() {{ LIST.lock(); }}\n{list}");
        assert!(is_left(&with("fn alloc() { try(); }", &old)));
        let own = "impl A { fn list(&self) { Mutex::new(1); } }";
        assert!(is_left(&with("", own)));
        assert!(is_left(&format!(
            "mod a {{ {} }}",
            with("", "static B: Once;")
        )));
        // Tests beside an allocator that counts, with locks of their own.
        let tests = format!("use std::sync::Mutex;\nfn test() {{ LIST.lock(); }}\n{list}");
        let counts = "fn alloc() { COUNT.fetch_add(1); }";
        let count = "static COUNT: AtomicUsize = AtomicUsize::new(0);";
        assert!(!is_left(&with(counts, &format!("{count}\n{tests}"))));
    }
}
