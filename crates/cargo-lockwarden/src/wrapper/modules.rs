//! The files of a crate, by the modules that are compiled.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use syn::ext::IdentExt as _;
use syn::visit::{self, Visit};

use super::cfg::Cfg;
use crate::syntax;

/// Whether the text of a file of the crate, from its root on, is such a one. A module that a macro declares is not
/// known.
pub(super) fn any(root: &Path, cfg: &Cfg, is: impl Fn(&str) -> bool) -> bool {
    let mut modules = vec![Module::root(root)];
    let mut seen = BTreeSet::new();
    while let Some(module) = modules.pop() {
        // A condition that is not known may name a file again.
        if !seen.insert(module.file.clone()) {
            continue;
        }
        let Ok(text) = fs::read_to_string(&module.file) else {
            continue;
        };
        let inside = module.declares(&text, cfg);
        // A file with a condition of its own that does not hold is no part of the crate.
        let Some(inside) = inside else {
            continue;
        };
        if is(&text) {
            return true;
        }
        modules.extend(inside);
    }
    false
}

/// The file of a module.
#[derive(Clone, Debug)]
struct Module {
    file: PathBuf,
    /// The folder of the files of the modules that it declares.
    folder: PathBuf,
}

impl Module {
    fn root(file: &Path) -> Self {
        let folder = file.parent().unwrap_or(Path::new(""));
        Self {
            file: file.to_owned(),
            folder: folder.to_owned(),
        }
    }

    /// The modules that `item` can be, which it declares without a body in the module whose files are in `folder`:
    /// more than one if a condition that is not known decides about its file.
    fn declared(item: &syn::ItemMod, folder: &Path, in_file: &Path, cfg: &Cfg) -> Vec<Self> {
        let name = item.ident.to_string();
        let name = name.trim_start_matches("r#");
        let (mut modules, mut is_certain) = (Vec::new(), false);
        for attribute in &item.attrs {
            for path in cfg.expand(attribute).iter().filter_map(path) {
                modules.push(Self::root(&in_file.with_file_name(path)));
                is_certain |= cfg.is_certain(attribute);
            }
        }
        if is_certain {
            return modules;
        }
        let inside = folder.join(name);
        let beside = folder.join(format!("{name}.rs"));
        let file = if beside.is_file() {
            beside
        } else {
            inside.join("mod.rs")
        };
        modules.push(Self {
            file,
            folder: inside,
        });
        modules
    }

    /// The modules that the file declares, with files of their own; `None` if the file is not compiled.
    fn declares(&self, text: &str, cfg: &Cfg) -> Option<Vec<Self>> {
        // Most files need no parser.
        if !text.contains("mod ") {
            return Some(Vec::new());
        }
        let Ok(file) = syntax::parse(text) else {
            return Some(Vec::new());
        };
        let mut visitor = Visitor {
            modules: Vec::new(),
            file: &self.file,
            folder: self.folder.clone(),
            cfg,
        };
        cfg.keeps(&file.attrs).then(|| {
            visitor.visit_file(&file);
            visitor.modules
        })
    }
}

/// The value of an attribute `path`.
fn path(attribute: &syn::Meta) -> Option<String> {
    let pair = attribute.require_name_value().ok()?;
    match &pair.value {
        syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(text),
            ..
        }) if pair.path.is_ident("path") => Some(text.value()),
        _ => None,
    }
}

struct Visitor<'a> {
    /// Those that were declared so far.
    modules: Vec<Module>,
    file: &'a Path,
    folder: PathBuf,
    cfg: &'a Cfg,
}

impl<'ast> Visit<'ast> for Visitor<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes = match item {
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Mod(item) => &item.attrs,
            _ => return,
        };
        if self.cfg.keeps(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if item.content.is_some() {
            let inside = self.folder.join(item.ident.unraw().to_string());
            let outside = std::mem::replace(&mut self.folder, inside);
            visit::visit_item_mod(self, item);
            self.folder = outside;
        } else {
            let modules = Module::declared(item, &self.folder, self.file, self.cfg);
            self.modules.extend(modules);
        }
    }
}
