//! The orders that have been declared so far.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::PathBuf;

use parking_lot::Mutex;

use crate::config::RuleError;
use crate::engine::ids::Site;
use crate::report::Escaped;

/// Where an order was declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Code(Site),
    File(PathBuf, usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Code(site) => site.fmt(f),
            Place::File(path, line) => {
                let path = path.display().to_string();
                write!(f, "{}:{line}", Escaped(&path))
            }
        }
    }
}

/// For each name the names that come right after it, and where that was declared.
type After = HashMap<&'static str, Vec<(&'static str, Place)>>;

static AFTER: Mutex<Option<After>> = Mutex::new(None);

/// Adds orders, all or none; returns them with `'static` names.
pub(super) fn add(orders: &[(Vec<&str>, Place)]) -> Result<Vec<Vec<&'static str>>, RuleError> {
    let mut after = AFTER.lock();
    let after = after.get_or_insert_default();
    let mut grown = after.clone();
    let orders = add_to(&mut grown, orders)?;
    *after = grown;
    Ok(orders)
}

fn add_to(
    after: &mut After,
    orders: &[(Vec<&str>, Place)],
) -> Result<Vec<Vec<&'static str>>, RuleError> {
    let mut taken = Vec::new();
    for (names, place) in orders {
        let names: Vec<&'static str> = names.iter().map(|name| keep(after, name)).collect();
        for pair in names.windows(2) {
            let (first, second) = (pair[0], pair[1]);
            if first == second {
                let first = Escaped(first);
                return Err(RuleError::new(format!(
                    "{place}: `{first}` stands before itself"
                )));
            }
            if let Some(chain) = chain(after, second, first) {
                let (first, second) = (Escaped(first), Escaped(second));
                return Err(RuleError::new(format!(
                    "{place}: `{first}` is declared to come before `{second}`, but {chain}; remove \
                     one of these"
                )));
            }
            after
                .entry(first)
                .or_default()
                .push((second, place.clone()));
        }
        taken.push(names);
    }
    Ok(taken)
}

/// Returns a `'static` copy of the name: each distinct one is stored once.
fn keep(after: &mut After, name: &str) -> &'static str {
    if let Some((known, _)) = after.get_key_value(name) {
        return known;
    }
    let name: &'static str = Box::leak(name.to_owned().into_boxed_str());
    after.insert(name, Vec::new());
    name
}

/// Describes the chain by which `from` comes before `to`, if there is one.
fn chain(after: &After, from: &'static str, to: &'static str) -> Option<String> {
    let mut seen = HashSet::from([from]);
    let mut ways = vec![(from, String::new())];
    while let Some((at, way)) = ways.pop() {
        if at == to {
            return Some(way);
        }
        for (next, place) in &after[at] {
            if seen.insert(next) {
                let link = if way.is_empty() {
                    String::new()
                } else {
                    format!("{way}, and ")
                };
                ways.push((
                    next,
                    format!(
                        "{link}`{}` before `{}` at {place}",
                        Escaped(at),
                        Escaped(next)
                    ),
                ));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::Location;

    fn order(names: &[&'static str]) -> (Vec<&'static str>, Place) {
        (names.to_vec(), Place::Code(Location::caller()))
    }

    #[test]
    fn consistent_orders_are_accepted() {
        let mut after = After::new();
        let orders = [
            order(&["a", "b", "c"]),
            order(&["a", "c"]),
            order(&["x", "c"]),
        ];
        assert_eq!(add_to(&mut after, &orders).unwrap().len(), 3);
    }

    #[test]
    fn a_contradiction_names_the_chain_and_its_places() {
        let mut after = After::new();
        let orders = [order(&["a", "b"]), order(&["b", "c"]), order(&["c", "a"])];
        let error = add_to(&mut after, &orders).unwrap_err().to_string();
        assert!(
            error.contains("`c` is declared to come before `a`"),
            "{error}"
        );
        assert!(error.contains("`a` before `b` at "), "{error}");
        assert!(error.contains(", and `b` before `c` at "), "{error}");
        assert!(error.contains(file!()), "{error}");
    }

    #[test]
    fn a_name_cannot_come_before_itself() {
        let error = add_to(&mut After::new(), &[order(&["a", "a"])])
            .unwrap_err()
            .to_string();
        assert!(error.contains("`a` stands before itself"), "{error}");
    }
}
