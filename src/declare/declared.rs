//! The orders that have been declared so far.

use parking_lot::Mutex;

use crate::config::RuleError;
use crate::engine::{lists, sorting};
use crate::report::Escaped;

/// A name in a declared order.
#[derive(Clone)]
struct Name {
    text: &'static str,
    /// The names that come right after it, by their places in the list, and where that was declared.
    after: Vec<(usize, String)>,
}

/// All names, each once.
static NAMES: Mutex<Vec<Name>> = Mutex::new(Vec::new());

/// Adds orders, each with the place of its declaration, all or none; returns them with `'static` names.
pub(super) fn add(orders: &[(&[&str], String)]) -> Result<Vec<Vec<&'static str>>, RuleError> {
    let mut names = NAMES.lock();
    let mut grown = names.clone();
    let orders = add_to(&mut grown, orders)?;
    *names = grown;
    Ok(orders)
}

fn add_to(
    all: &mut Vec<Name>,
    orders: &[(&[&str], String)],
) -> Result<Vec<Vec<&'static str>>, RuleError> {
    // Sorted, for the search.
    let mut places: Vec<(&'static str, usize)> = Vec::new();
    for (at, name) in all.iter().enumerate() {
        places.push((name.text, at));
    }
    sorting::sort(&mut places);
    let mut taken = Vec::new();
    for (names, place) in orders {
        let mut kept: Vec<&'static str> = Vec::with_capacity(names.len());
        let mut last = None;
        for name in *names {
            let second = keep(all, &mut places, name);
            let name = all[second].text;
            kept.push(name);
            let Some(first) = last.replace(second) else {
                continue;
            };
            if first == second {
                let first = Escaped(name);
                return Err(RuleError::new(format!(
                    "{place}: `{first}` stands before itself"
                )));
            }
            if let Some(chain) = chain(all, second, first) {
                let (first, second) = (Escaped(all[first].text), Escaped(name));
                return Err(RuleError::new(format!(
                    "{place}: `{first}` is declared to come before `{second}`, but {chain}; remove \
                     one of these"
                )));
            }
            all[first].after.push((second, place.clone()));
        }
        taken.push(kept);
    }
    Ok(taken)
}

/// Returns the place of a name, of which a `'static` copy is added if it is a new one.
fn keep(all: &mut Vec<Name>, places: &mut Vec<(&'static str, usize)>, name: &str) -> usize {
    let place = match lists::search(places.len(), &|place| places[place].0.cmp(name)) {
        Ok(place) => return places[place].1,
        Err(place) => place,
    };
    let text: &'static str = Box::leak(name.to_owned().into_boxed_str());
    places.insert(place, (text, all.len()));
    all.push(Name {
        text,
        after: Vec::new(),
    });
    all.len() - 1
}

/// Describes the chain by which `from` comes before `to`, if there is one.
fn chain(all: &[Name], from: usize, to: usize) -> Option<String> {
    if all[from].after.is_empty() {
        return None;
    }
    let mut seen = vec![false; all.len()];
    seen[from] = true;
    let mut ways = vec![(from, String::new())];
    while let Some((at, way)) = ways.pop() {
        if at == to {
            return Some(way);
        }
        for (next, place) in &all[at].after {
            if !std::mem::replace(&mut seen[*next], true) {
                let link = if way.is_empty() {
                    String::new()
                } else {
                    format!("{way}, and ")
                };
                let (before, after) = (Escaped(all[at].text), Escaped(all[*next].text));
                ways.push((
                    *next,
                    format!("{link}`{before}` before `{after}` at {place}"),
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

    fn order<'a>(names: &'a [&'static str]) -> (&'a [&'static str], String) {
        (names, Location::caller().to_string())
    }

    #[test]
    fn consistent_orders_are_accepted() {
        let orders = [
            order(&["a", "b", "c"]),
            order(&["a", "c"]),
            order(&["x", "c"]),
        ];
        assert_eq!(add_to(&mut Vec::new(), &orders).unwrap().len(), 3);
    }

    #[test]
    fn a_contradiction_names_the_chain_and_its_places() {
        let orders = [order(&["a", "b"]), order(&["b", "c"]), order(&["c", "a"])];
        let error = add_to(&mut Vec::new(), &orders).unwrap_err().to_string();
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
        let error = add_to(&mut Vec::new(), &[order(&["a", "a"])])
            .unwrap_err()
            .to_string();
        assert!(error.contains("`a` stands before itself"), "{error}");
    }
}
