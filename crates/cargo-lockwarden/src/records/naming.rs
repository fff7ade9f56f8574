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
            let content = class
                .strip_prefix(site.as_str())
                .and_then(|rest| rest.strip_prefix(OF))
                .filter(|_| is_generic);
            let name = match content {
                Some(content) => format!("{base}{OF}{content}"),
                None => base,
            };
            contents.insert(class.clone(), content.map(str::to_owned));
            symbols.insert(class.clone(), name);
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
