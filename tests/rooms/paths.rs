//! The modules of the crate, and the file in which a path ends.

use std::collections::{BTreeMap, BTreeSet};

use super::tokens::{closing, tokens};

/// A path as its segments.
pub(crate) type Segments = Vec<String>;

/// A leaf of a `use`.
struct Use {
    /// `*` for a glob.
    name: String,
    path: Segments,
    is_public: bool,
}

/// A module: what it imports, and what its code names.
#[derive(Default)]
struct Module {
    file: String,
    uses: Vec<Use>,
    paths: BTreeSet<Segments>,
    names: BTreeSet<String>,
}

/// All modules of a crate by their path.
#[derive(Default)]
pub(crate) struct Modules(BTreeMap<Segments, Module>);

impl Modules {
    /// Adds the file `name` with the module `path`.
    pub(crate) fn add(&mut self, path: Segments, name: &str, code: &str) {
        self.add_tokens(path, name, &tokens(code));
    }

    fn add_tokens(&mut self, path: Segments, file: &str, tokens: &[String]) {
        let mut module = Module {
            file: file.to_owned(),
            ..Module::default()
        };
        let mut at = 0;
        while at < tokens.len() {
            let next = |steps: usize| tokens.get(at + steps).map_or("", |token| &**token);
            if tokens[at] == "mod" && next(2) == "{" {
                let end = closing(tokens, at + 2);
                let inner = [&path[..], &[tokens[at + 1].clone()]].concat();
                self.add_tokens(inner, file, &tokens[at + 3..end]);
                at = end;
            } else if tokens[at] == "use" {
                let end = at + tokens[at..].iter().position(|token| token == ";").unwrap();
                let is_public = at > 0 && matches!(&*tokens[at - 1], "pub" | ")");
                let mut leaves = Vec::new();
                add_uses(&path, &[], &tokens[at + 1..end], &mut leaves);
                module
                    .uses
                    .extend(leaves.into_iter().map(|(name, path)| Use {
                        name,
                        path,
                        is_public,
                    }));
                at = end;
            } else if next(1) == "::" && is_name(&tokens[at]) && (at == 0 || tokens[at - 1] != "$")
            {
                let mut segments = vec![tokens[at].clone()];
                while tokens.get(at + 1).is_some_and(|token| token == "::")
                    && tokens.get(at + 2).is_some_and(|token| is_name(token))
                {
                    segments.push(tokens[at + 2].clone());
                    at += 2;
                }
                if let Some(absolute) = absolute(&path, &segments) {
                    module.paths.insert(absolute);
                } else {
                    module.names.insert(segments[0].clone());
                    module.paths.insert([&path[..], &segments].concat());
                }
            } else {
                module.names.insert(tokens[at].clone());
            }
            at += 1;
        }
        self.0.insert(path, module);
    }

    /// The files that each file imports from, with the names that it imports. What a file exports again and
    /// does not use is no import.
    pub(crate) fn imports(&self) -> BTreeMap<String, BTreeMap<String, BTreeSet<String>>> {
        let mut imports: BTreeMap<_, BTreeMap<_, BTreeSet<_>>> = BTreeMap::new();
        for module in self.0.values() {
            let is_used = |leaf: &&Use| !leaf.is_public || module.names.contains(&leaf.name);
            let used = module.uses.iter().filter(is_used).map(|leaf| &leaf.path);
            for path in used.chain(&module.paths) {
                let mut files = BTreeSet::new();
                self.resolve(path, &mut BTreeSet::new(), &mut files);
                files.remove(&module.file);
                for file in files {
                    let names = imports.entry(module.file.clone()).or_default();
                    let name = path.last().unwrap().clone();
                    names.entry(file).or_default().insert(name);
                }
            }
        }
        imports
    }

    /// Adds the files that define what `path` names. A path that ends in a module adds none: what is used of
    /// it has a path of its own.
    fn resolve(
        &self,
        path: &[String],
        seen: &mut BTreeSet<Segments>,
        files: &mut BTreeSet<String>,
    ) {
        if !seen.insert(path.to_vec()) {
            return;
        }
        let Some(depth) = (1..=path.len())
            .rev()
            .find(|depth| self.0.contains_key(&path[..*depth]))
        else {
            return;
        };
        let module = &self.0[&path[..depth]];
        let Some(name) = path.get(depth) else {
            return;
        };
        if name == "*" {
            files.insert(module.file.clone());
            return;
        }
        let rest = &path[depth + 1..];
        let mut is_import = false;
        for leaf in module.uses.iter().filter(|leaf| leaf.name == *name) {
            is_import = true;
            self.resolve(&[&leaf.path[..], rest].concat(), seen, files);
        }
        let is_type = name.starts_with(|first: char| first.is_uppercase());
        if !is_import && (rest.is_empty() || is_type) {
            files.insert(module.file.clone());
        }
    }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// The path from the root of the crate, if `path` begins with `crate`, `self` or `super`.
fn absolute(module: &[String], path: &[String]) -> Option<Segments> {
    let mut base = match &*path[0] {
        "crate" => vec!["crate".to_owned()],
        "self" => module.to_vec(),
        "super" => module[..module.len() - 1].to_vec(),
        _ => return None,
    };
    let mut rest = &path[1..];
    while rest.first().is_some_and(|part| part == "super") {
        base.pop();
        rest = &rest[1..];
    }
    Some([&base[..], rest].concat())
}

/// Adds each leaf of a tree of imports with the name that it gets.
fn add_uses(
    module: &[String],
    prefix: &[String],
    tree: &[String],
    uses: &mut Vec<(String, Segments)>,
) {
    let list = tree.iter().position(|token| token == "{");
    let part = &tree[..list.unwrap_or(tree.len())];
    let alias = part.iter().position(|token| token == "as");
    let segments = part[..alias.unwrap_or(part.len())].iter();
    let segments: Vec<String> = segments.filter(|token| *token != "::").cloned().collect();
    let mut path = [prefix, &segments[..]].concat();
    if let Some(list) = list {
        let inner = &tree[list + 1..closing(tree, list)];
        let mut start = 0;
        let mut depth = 0;
        for (at, token) in inner.iter().enumerate() {
            match &**token {
                "{" => depth += 1,
                "}" => depth -= 1,
                "," if depth == 0 => {
                    add_uses(module, &path, &inner[start..at], uses);
                    start = at + 1;
                }
                _ => {}
            }
        }
        if start < inner.len() {
            add_uses(module, &path, &inner[start..], uses);
        }
        return;
    }
    if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    let Some(last) = path.last() else {
        return;
    };
    let name = alias.map_or(last, |at| &part[at + 1]).clone();
    let path = absolute(module, &path).unwrap_or_else(|| [module, &path].concat());
    uses.push((name, path));
}
