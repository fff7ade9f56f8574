//! Classes without a name get the symbol that the source has for their place of construction.
//!
//! The records say of each such class what its locks hold, as in `src/guarded.rs:8:14 of shop::Ledger`. A name has that
//! type if the place is in generic code, which may construct locks of several types; whether these records have more than
//! one of them makes no difference, so that a class has one name in all records. Where the source is missing, the number
//! of types in the records decides.

use std::collections::{HashMap, HashSet};

use super::merged::{EdgeKey, OF, Records};
use super::names::Name;
use crate::symbols::Sources;

impl Records {
    /// The same records with symbols in place of places of construction, where the source has one that is
    /// unique.
    pub(crate) fn with_symbols(self, sources: &Sources) -> Self {
        let mut symbols = HashMap::new();
        let mut singles = HashMap::new();
        let mut contents = HashMap::new();
        let (mut known, mut several) = (HashSet::new(), HashSet::new());
        for seen in self.classes.values().filter(|seen| !seen.is_named) {
            let sites = seen.sites.iter();
            several.extend(sites.filter(|site| !known.insert(*site)));
        }
        for (class, seen) in &self.classes {
            let Some(site) = seen.sites.first().filter(|_| seen.sites.len() == 1) else {
                continue;
            };
            let construction = sources.construction(site);
            let is_generic = construction
                .as_ref()
                .map_or_else(|| several.contains(site), |found| found.is_generic);
            let symbol = construction.and_then(|found| found.symbol);
            // A name that is given in one place only is a single lock if that place is a static's.
            if let Some(symbol) = &symbol {
                singles.insert(class.clone(), symbol.is_single);
            }
            if seen.is_named {
                continue;
            }
            let base = symbol.map_or_else(|| site.clone(), |symbol| symbol.path);
            let content = content_of(class, site).filter(|_| is_generic);
            symbols.insert(class.clone(), in_full(base, content));
            contents.insert(class.clone(), content.map(str::to_owned));
        }
        // A class without an order has times alone, and its place in its key alone.
        for class in self.times.classes() {
            let site = class.split_once(OF).map_or(class, |(site, _)| site);
            if !self.classes.contains_key(class)
                && let Some(found) = sources.construction(site)
                && let Some(symbol) = found.symbol
            {
                let content = content_of(class, site).filter(|_| found.is_generic);
                symbols.insert(class.to_owned(), in_full(symbol.path, content));
            }
        }
        let name_of = |class: &str| {
            symbols
                .get(class)
                .map_or_else(|| class.to_owned(), Clone::clone)
        };
        let mut renamed = Records {
            runs: self.runs,
            ..Records::default()
        };
        for (class, mut seen) in self.classes {
            seen.is_single = singles.get(&class).copied().unwrap_or_default();
            seen.content = contents.get(&class).cloned().flatten();
            let name = name_of(&class);
            // Two places with one symbol, such as a field that two constructors fill, are many locks.
            if renamed.classes.contains_key(&name) {
                seen.is_single = false;
                renamed.classes.entry(name.clone()).or_default().is_single = false;
            }
            renamed.join_class(name, seen);
        }
        renamed.times = self.times;
        renamed.symbols = symbols.clone();
        let old = self.names;
        let mut translated: HashMap<Name, Name> = HashMap::new();
        for (key, seen) in self.edges {
            let new = &mut renamed.names;
            let mut class = |name: Name| new.intern(&name_of(old.text(name)));
            let (from, to) = (class(key.from), class(key.to));
            let mut gates: Vec<Name> = key.gates.iter().map(|gate| class(*gate)).collect();
            gates.sort_unstable_by_key(|gate| new.text(*gate));
            gates.dedup();
            let mut same = |name: Name| {
                *translated
                    .entry(name)
                    .or_insert_with(|| new.intern(old.text(name)))
            };
            let mut seen = seen;
            let witness = &mut seen.witness;
            for name in [
                &mut witness.from_site,
                &mut witness.to_site,
                &mut witness.thread,
                &mut witness.test,
                &mut witness.binary,
                &mut witness.run,
                &mut witness.stack,
            ] {
                *name = same(*name);
            }
            for set in [&mut seen.roles, &mut seen.tests, &mut seen.runs] {
                for name in set.iter_mut() {
                    *name = same(*name);
                }
            }
            let key = EdgeKey {
                from,
                from_mode: key.from_mode,
                to,
                to_mode: key.to_mode,
                gates: gates.into(),
            };
            renamed.join_edge(key, seen);
        }
        for mut finding in self.findings.into_values() {
            for edge in &mut finding.edges {
                edge.from = name_of(&edge.from);
                edge.to = name_of(&edge.to);
            }
            renamed.add_finding(finding);
        }
        renamed
    }
}

/// What the locks of the class hold, which its key has behind the place.
fn content_of<'a>(class: &'a str, site: &str) -> Option<&'a str> {
    class.strip_prefix(site)?.strip_prefix(OF)
}

fn in_full(base: String, content: Option<&str>) -> String {
    match content {
        Some(content) => format!("{base}{OF}{content}"),
        None => base,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::records::times::tests::time;

    #[test]
    fn a_class_that_has_times_and_no_order_has_its_symbol_too() {
        let root = std::env::temp_dir().join(format!("lockwarden-naming-{}", std::process::id()));
        fs::create_dir_all(root.join("src")).unwrap();
        let source = "static LEDGER: Mutex<u8> = Mutex::new(0);\nfn on<T>(t: T) { let all = Mutex::new(t); }\n";
        fs::write(root.join("src/bank.rs"), source).unwrap();
        let sources = Sources::new(root.clone(), vec![(String::new(), "bank".to_owned())]);
        let mut records = Records::default();
        for class in ["src/bank.rs:1:28 of u8", "src/bank.rs:2:28 of u8", "stats"] {
            records.times.add_time(time("1", class, 1, 1));
        }
        let records = records.with_symbols(&sources);
        let _ = fs::remove_dir_all(root);
        let classes = records.times.by_class(|class| records.name_of(class));
        let mut names: Vec<_> = classes.iter().map(|class| &class.class[..]).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            ["bank::bank::LEDGER", "bank::bank::on::all of u8", "stats"]
        );
        assert!(records.classes.is_empty());
    }
}
