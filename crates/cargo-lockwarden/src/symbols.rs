//! The name of a lock from the source at its line of construction.
//!
//! A place of construction is a file, a line and a column. The source there says what the lock is called:
//! the field of a struct literal (`Bank.audit`), a static (`LEDGER`), or a binding (`open::queue`). A
//! symbol survives moved lines, which a place does not.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{LineColumn, TokenStream, TokenTree};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

use crate::syntax;

/// What the source calls a lock.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Symbol {
    /// `bank::Bank.audit`, `bank::LEDGER`, `bank::open::queue`.
    pub(crate) path: String,
    /// Whether the place constructs exactly one lock in a process: the whole value of a static.
    pub(crate) is_single: bool,
}

/// What the source shows of a place at which a lock is constructed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Construction {
    pub(crate) symbol: Option<Symbol>,
    /// Whether the code around it has parameters of types or constants: such a place may construct locks of several
    /// types.
    pub(crate) is_generic: bool,
}

/// Where the source of a place is found.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// The root of the workspace, to which paths of its packages are relative.
    root: PathBuf,
    /// The packages of the workspace: their directories relative to the root, and their names.
    packages: Vec<(String, String)>,
    /// The directories under `registry/src` of cargo's home, one for each registry.
    registries: Vec<PathBuf>,
    files: RefCell<HashMap<String, Option<String>>>,
    constructions: RefCell<HashMap<String, Option<Construction>>>,
}

impl Sources {
    /// The sources of the workspace at `root` with the given packages, and those of cargo's registries.
    pub(crate) fn new(root: PathBuf, mut packages: Vec<(String, String)>) -> Self {
        // The longest directory that a path starts with is that of its package.
        packages.sort_by_key(|(directory, _)| std::cmp::Reverse(directory.len()));
        Self {
            root,
            packages,
            registries: registries(),
            ..Self::default()
        }
    }

    /// The construction at `place`, a key of the form `path:line:column`; `None` if the source is not there or has no
    /// construction at that place.
    pub(crate) fn construction(&self, place: &str) -> Option<Construction> {
        if let Some(known) = self.constructions.borrow().get(place) {
            return known.clone();
        }
        let found = self.find(place);
        let known = found.clone();
        let mut constructions = self.constructions.borrow_mut();
        constructions.insert(place.to_owned(), known);
        found
    }

    fn find(&self, place: &str) -> Option<Construction> {
        let (path, line, column) = split_place(place)?;
        let source = self.text(path)?;
        let file = syntax::parse(&source).ok()?;
        at(&file, &self.module(path), line, column)
    }

    /// The line at `place`, without its end.
    pub(crate) fn line(&self, place: &str) -> Option<String> {
        let (path, line, _) = split_place(place)?;
        let text = self.text(path)?;
        Some(text.lines().nth(line.checked_sub(1)?)?.to_owned())
    }

    fn text(&self, path: &str) -> Option<String> {
        let mut files = self.files.borrow_mut();
        files
            .entry(path.to_owned())
            .or_insert_with(|| {
                self.locate(path)
                    .and_then(|path| fs::read_to_string(path).ok())
            })
            .clone()
    }

    /// The file of a path of a key.
    pub(crate) fn locate(&self, path: &str) -> Option<PathBuf> {
        let own = self.root.join(path);
        if own.is_file() {
            return Some(own);
        }
        let inside = folder_of(path)?;
        let registry = self
            .registries
            .iter()
            .map(|registry| registry.join(&inside));
        let mut found = registry.filter(|path| path.is_file());
        found.next()
    }

    /// The module path of a file: the crate, then its modules.
    fn module(&self, path: &str) -> String {
        let package = self.packages.iter().find_map(|(directory, name)| {
            let rest = match directory.as_str() {
                "" => path,
                directory => path.strip_prefix(directory)?.strip_prefix('/')?,
            };
            rest_is_of_package(rest).then(|| (name.clone(), rest))
        });
        let (name, rest) = package.unwrap_or_else(|| {
            let (package, rest) = split_package(path).unwrap_or_else(|| {
                let (package, rest) = path.split_once('/').unwrap_or(("", path));
                ((package, ""), rest)
            });
            (package.0.to_owned(), rest)
        });
        module_of(&name.replace('-', "_"), rest)
    }
}

fn rest_is_of_package(rest: &str) -> bool {
    let starts = [
        "src/",
        "tests/",
        "examples/",
        "benches/",
        "build.rs",
        "lib.rs",
        "main.rs",
    ];
    starts.iter().any(|start| rest.starts_with(start))
}

/// The name and the version of the package in the path of a dependency, and the path within it:
/// `dashmap 5.5.3, src/lib.rs`.
fn split_package(path: &str) -> Option<((&str, &str), &str)> {
    let (package, rest) = path.split_once(", ")?;
    Some((package.rsplit_once(' ')?, rest))
}

/// The path of a file of a dependency below the folder of its registry; `None` for other files.
pub(crate) fn folder_of(path: &str) -> Option<String> {
    let ((name, version), rest) = split_package(path)?;
    Some(format!("{name}-{version}/{rest}"))
}

/// The module of the file `rest` in the package `name`.
pub(crate) fn module_of(name: &str, rest: &str) -> String {
    let rest = rest.strip_suffix(".rs").unwrap_or(rest);
    // `lib.path` of a manifest may name a file beside it.
    if matches!(rest, "lib" | "main") {
        return name.to_owned();
    }
    if let Some(inside) = rest.strip_prefix("src/") {
        let modules = inside.strip_prefix("bin/").map_or(inside, |bin| bin);
        let modules = modules.strip_suffix("/mod").unwrap_or(modules);
        return match modules {
            "lib" | "main" => name.to_owned(),
            modules => format!("{name}::{}", modules.replace('/', "::")),
        };
    }
    // A test, an example or a bench is a crate of its own.
    let inside = rest.split_once('/').map_or(rest, |(_, inside)| inside);
    let inside = inside
        .strip_suffix("/main")
        .or_else(|| inside.strip_suffix("/mod"))
        .unwrap_or(inside);
    inside.replace('/', "::").replace('-', "_")
}

fn registries() -> Vec<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let Some(sources) = home.map(|home| home.join("registry").join("src")) else {
        return Vec::new();
    };
    let Ok(entries) = fs::read_dir(sources) else {
        return Vec::new();
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut registries: Vec<PathBuf> = paths.filter(|path| path.is_dir()).collect();
    registries.sort();
    registries
}

/// The path, line and column of `path:line:column`.
pub(crate) fn split_place(place: &str) -> Option<(&str, usize, usize)> {
    let mut parts = place.rsplitn(3, ':');
    let column = parts.next()?.parse().ok()?;
    let line = parts.next()?.parse().ok()?;
    let path = parts
        .next()
        .filter(|path| Path::new(path).extension().is_some())?;
    Some((path, line, column))
}

/// What a source shows of the lock that is constructed at `line` and `column`, both from 1.
pub(crate) fn at(
    file: &syn::File,
    module: &str,
    line: usize,
    column: usize,
) -> Option<Construction> {
    let place = LineColumn {
        line,
        column: column.checked_sub(1)?,
    };
    let mut search = Search {
        place,
        scopes: vec![Scope::Module(module.to_owned())],
        generic: 0,
        found: None,
    };
    search.visit_file(file);
    search.found
}

/// What surrounds an expression.
#[derive(Clone, Debug)]
enum Scope {
    Module(String),
    /// The type of an `impl` block.
    Type(String),
    Function(String),
    /// A static or a constant.
    Item(String),
    /// A field of a struct literal: the type and the field.
    Field(String, String),
    Binding(String),
    /// Something that constructs its contents more than once, or as a part: a call, an array, a macro.
    Part,
}

struct Search {
    place: LineColumn,
    scopes: Vec<Scope>,
    /// How many of the scopes have parameters.
    generic: usize,
    found: Option<Construction>,
}

impl Search {
    fn within(&mut self, scope: Scope, visit: impl FnOnce(&mut Self)) {
        if self.found.is_none() {
            self.scopes.push(scope);
            visit(self);
            self.scopes.pop();
        }
    }

    /// Visits what is inside an item with these parameters.
    fn within_item(
        &mut self,
        scope: Scope,
        generics: &syn::Generics,
        visit: impl FnOnce(&mut Self),
    ) {
        let has_parameters =
            generics.type_params().next().is_some() || generics.const_params().next().is_some();
        self.generic += usize::from(has_parameters);
        self.within(scope, visit);
        self.generic -= usize::from(has_parameters);
    }

    fn is_here(&self, start: LineColumn) -> bool {
        start == self.place
    }

    fn find(&mut self) {
        self.found = Some(Construction {
            symbol: self.name(),
            is_generic: self.generic > 0,
        });
    }

    fn name(&self) -> Option<Symbol> {
        let mut is_single = true;
        let scopes = self.scopes.iter().enumerate().rev();
        for (at, scope) in scopes {
            let name = match scope {
                Scope::Part => {
                    is_single = false;
                    continue;
                }
                Scope::Field(of, field) => format!("{}.{field}", self.item(at, of)),
                Scope::Item(name) => self.item(at, name),
                Scope::Binding(name) => format!("{}::{name}", self.path(at)),
                // Two locks of one function would have one name.
                Scope::Function(_) | Scope::Type(_) | Scope::Module(_) => return None,
            };
            let is_item = matches!(scope, Scope::Item(_));
            return Some(Symbol {
                path: name,
                is_single: is_single && is_item,
            });
        }
        None
    }

    /// The path of an item with this name: functions around it are left out of it for a type, since it
    /// may be made by any of them.
    fn item(&self, at: usize, name: &str) -> String {
        let modules = self.scopes[..at].iter().filter_map(|scope| match scope {
            Scope::Module(name) => Some(name.as_str()),
            _ => None,
        });
        let mut path: Vec<&str> = modules.collect();
        path.push(name);
        path.join("::")
    }

    /// The path of the scope, functions and types included.
    fn path(&self, at: usize) -> String {
        let names = self.scopes[..at].iter().filter_map(|scope| match scope {
            Scope::Module(name) | Scope::Type(name) | Scope::Function(name) => Some(name.as_str()),
            _ => None,
        });
        names.collect::<Vec<_>>().join("::")
    }

    /// The type that is meant by the path of a struct literal.
    fn type_of_literal(&self, path: &syn::Path) -> String {
        let name = path
            .segments
            .last()
            .map(|segment| segment.ident.to_string());
        let name = name.unwrap_or_default();
        if name != "Self" {
            return name;
        }
        let mut around = self.scopes.iter().rev();
        around
            .find_map(|scope| match scope {
                Scope::Type(name) => Some(name.clone()),
                _ => None,
            })
            .unwrap_or(name)
    }

    fn tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            if self.is_here(token.span().start()) {
                return self.find();
            }
            if let TokenTree::Group(group) = token {
                self.tokens(group.stream());
            }
        }
    }
}

fn type_name(of: &syn::Type) -> String {
    match of {
        syn::Type::Path(path) => {
            let last = path.path.segments.last();
            last.map_or_else(String::new, |segment| segment.ident.to_string())
        }
        syn::Type::Reference(reference) => type_name(&reference.elem),
        _ => String::new(),
    }
}

fn binding_name(pattern: &syn::Pat) -> Option<String> {
    match pattern {
        syn::Pat::Ident(ident) => Some(ident.ident.to_string()),
        syn::Pat::Type(typed) => binding_name(&typed.pat),
        _ => None,
    }
}

impl<'ast> Visit<'ast> for Search {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let scope = Scope::Module(item.ident.to_string());
        self.within(scope, |search| visit::visit_item_mod(search, item));
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let scope = Scope::Type(type_name(&item.self_ty));
        self.within_item(scope, &item.generics, |search| {
            visit::visit_item_impl(search, item)
        });
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        let scope = Scope::Type(item.ident.to_string());
        // Of a trait, `Self` is a parameter too.
        self.generic += 1;
        self.within(scope, |search| visit::visit_item_trait(search, item));
        self.generic -= 1;
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        let scope = Scope::Function(item.sig.ident.to_string());
        self.within_item(scope, &item.sig.generics, |search| {
            visit::visit_item_fn(search, item)
        });
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        let scope = Scope::Function(item.sig.ident.to_string());
        self.within_item(scope, &item.sig.generics, |search| {
            visit::visit_impl_item_fn(search, item)
        });
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        let scope = Scope::Function(item.sig.ident.to_string());
        self.within_item(scope, &item.sig.generics, |search| {
            visit::visit_trait_item_fn(search, item)
        });
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        let scope = Scope::Item(item.ident.to_string());
        self.within(scope, |search| search.visit_expr(&item.expr));
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        let scope = Scope::Item(item.ident.to_string());
        // Each use of a constant makes another lock.
        self.within(scope, |search| {
            search.within(Scope::Part, |search| search.visit_expr(&item.expr));
        });
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        let Some(init) = &local.init else { return };
        match binding_name(&local.pat) {
            Some(name) => self.within(Scope::Binding(name), |search| search.visit_expr(&init.expr)),
            None => self.visit_expr(&init.expr),
        }
        if let Some((_, diverge)) = &init.diverge {
            self.visit_expr(diverge);
        }
    }

    fn visit_expr_struct(&mut self, literal: &'ast syn::ExprStruct) {
        let of = self.type_of_literal(&literal.path);
        for field in &literal.fields {
            let name = match &field.member {
                syn::Member::Named(name) => name.to_string(),
                syn::Member::Unnamed(index) => index.index.to_string(),
            };
            let scope = Scope::Field(of.clone(), name);
            self.within(scope, |search| search.visit_expr(&field.expr));
        }
        if let Some(rest) = &literal.rest {
            self.visit_expr(rest);
        }
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if self.is_here(call.span().start()) {
            return self.find();
        }
        self.within(Scope::Part, |search| visit::visit_expr_call(search, call));
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if self.is_here(call.method.span().start()) {
            return self.find();
        }
        self.within(Scope::Part, |search| {
            visit::visit_expr_method_call(search, call)
        });
    }

    fn visit_expr_array(&mut self, array: &'ast syn::ExprArray) {
        self.within(Scope::Part, |search| visit::visit_expr_array(search, array));
    }

    fn visit_expr_repeat(&mut self, array: &'ast syn::ExprRepeat) {
        self.within(Scope::Part, |search| {
            visit::visit_expr_repeat(search, array)
        });
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        if self.is_here(item.span().start()) {
            return self.find();
        }
        let tokens = item.tokens.clone();
        self.within(Scope::Part, |search| search.tokens(tokens));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"
use std::sync::{Arc, Mutex};

static LEDGER: Mutex<i64> = Mutex::new(0);
static SHARDS: [Mutex<i64>; 2] = [const { Mutex::new(0) }; 2];

struct Bank { audit: Mutex<i64>, accounts: Vec<Mutex<i64>> }

impl Bank {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            audit: Mutex::new(0),
            accounts: vec![Mutex::new(0)],
        })
    }
}

struct Guarded<T>(Mutex<T>);

impl<T> Guarded<T> {
    fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }
}

fn made<T: Default>() -> Arc<Mutex<T>> {
    let lock = Arc::new(Mutex::new(T::default()));
    lock
}

mod inner {
    fn open() {
        let queue = Arc::new(Mutex::new(0));
        consume(Mutex::new(1));
    }
}
"#;

    /// The symbol of the construction that starts at `text` in its line, the `nth` of those.
    fn symbol(text: &str, nth: usize) -> Option<Symbol> {
        construction(text, nth)?.symbol
    }

    fn construction(text: &str, nth: usize) -> Option<Construction> {
        let lines = SOURCE.lines().enumerate();
        let mut places = lines.filter_map(|(at, line)| Some((at + 1, line.find(text)? + 1)));
        let (line, column) = places.nth(nth).expect("it is in the source");
        let file = syn::parse_file(SOURCE).expect("it is Rust");
        at(&file, "bank", line, column)
    }

    fn named(path: &str, is_single: bool) -> Option<Symbol> {
        let path = path.to_owned();
        Some(Symbol { path, is_single })
    }

    #[test]
    fn statics_fields_and_bindings_give_names() {
        assert_eq!(symbol("Mutex::new(0);", 0), named("bank::LEDGER", true));
        assert_eq!(
            symbol("Mutex::new(0) }; 2", 0),
            named("bank::SHARDS", false)
        );
        assert_eq!(
            symbol("Mutex::new(0),", 0),
            named("bank::Bank.audit", false)
        );
        assert_eq!(
            symbol("Mutex::new(0)],", 0),
            named("bank::Bank.accounts", false)
        );
        assert_eq!(
            symbol("Mutex::new(0));", 0),
            named("bank::inner::open::queue", false)
        );
        assert_eq!(symbol("Mutex::new(1));", 0), None);
    }

    #[test]
    fn a_place_within_parameters_is_generic() {
        for (text, nth, is_generic) in [
            ("Mutex::new(0);", 0, false),
            ("Mutex::new(0),", 0, false),
            ("Mutex::new(value)", 0, true),
            ("Mutex::new(T::default()", 0, true),
            ("Mutex::new(1));", 0, false),
        ] {
            let found = construction(text, nth).expect("it is there");
            assert_eq!(found.is_generic, is_generic, "{text}");
        }
        assert_eq!(symbol("Mutex::new(value)", 0), None);
        let made = symbol("Mutex::new(T::default()", 0);
        assert_eq!(made, named("bank::made::lock", false));
        assert_eq!(construction("struct Bank", 0), None);
    }

    #[test]
    fn modules_follow_the_files() {
        for (name, rest, module) in [
            ("bank", "src/lib.rs", "bank"),
            ("bank", "src/main.rs", "bank"),
            ("bank", "lib.rs", "bank"),
            ("bank", "src/a/mod.rs", "bank::a"),
            ("bank", "src/a/b.rs", "bank::a::b"),
            ("bank", "src/bin/tool.rs", "bank::tool"),
            ("bank", "tests/it/main.rs", "it"),
            ("bank", "examples/ledger.rs", "ledger"),
        ] {
            assert_eq!(module_of(name, rest), module, "{rest}");
        }
        let sources = Sources::new(PathBuf::new(), Vec::new());
        assert_eq!(sources.module("dash-map 5.5.3, src/a.rs"), "dash_map::a");
        assert_eq!(sources.module("till/src/lib.rs"), "till");
        let folder = folder_of("dash-map 5.5.3, src/a.rs");
        assert_eq!(folder.as_deref(), Some("dash-map-5.5.3/src/a.rs"));
        assert_eq!(folder_of("src/a.rs"), None);
        let packages = vec![("crates/bank".to_owned(), "the-bank".to_owned())];
        let sources = Sources::new(PathBuf::new(), packages);
        assert_eq!(sources.module("crates/bank/lib.rs"), "the_bank");
    }

    #[test]
    fn a_line_of_a_dependency_is_read_in_the_copy_of_the_registry() {
        let registry = format!("lockwarden-registry-{}", std::process::id());
        let registry = std::env::temp_dir().join(registry);
        let folder = registry.join("dash-map-5.5.3/src");
        fs::create_dir_all(&folder).unwrap();
        let text = "static A: Mutex<u8> = Mutex::new(1);\n";
        fs::write(folder.join("a.rs"), text).unwrap();
        let sources = Sources {
            registries: vec![registry.clone()],
            ..Sources::default()
        };
        let place = "dash-map 5.5.3, src/a.rs:1:23";
        let line = sources.line(place);
        let construction = sources.construction(place);
        fs::remove_dir_all(registry).unwrap();
        assert_eq!(line.as_deref(), Some(text.trim_end()));
        let symbol = construction.unwrap().symbol;
        assert_eq!(symbol.unwrap().path, "dash_map::a::A");
    }

    #[test]
    fn a_place_is_split_from_its_end() {
        assert_eq!(split_place("src/x.rs:10:5"), Some(("src/x.rs", 10, 5)));
        assert_eq!(split_place("ledger"), None);
        assert_eq!(split_place("a:1:2"), None);
    }
}
