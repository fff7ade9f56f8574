//! The parser of a file of orders, which is also the baseline of `cargo lockwarden check`.
//!
//! | line | meaning |
//! |---|---|
//! | `ledger < audit < stats` | each class comes before those that follow it |
//! | `a < b ! loop: reason` | an accepted order that closes a cycle: it is not enforced |
//! | `bank::Bank.audit = src/bank.rs:28:20` | the place of construction that a symbol stands for |

use std::collections::HashMap;

use std::path::Path;

use crate::config::{RuleError, rule_file};

/// A line in the right form, for error messages.
const EXAMPLE: &str = "ledger < audit < stats";

/// The most combinations of places that one line stands for.
const MOST_PLACES: usize = 64;

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Order<'a> {
    pub(super) line: usize,
    pub(super) names: Vec<&'a str>,
    /// Whether it is accepted although it closes a cycle.
    pub(super) is_loop: bool,
}

pub(super) fn parse<'a>(text: &'a str, path: &Path) -> Result<Vec<Order<'a>>, RuleError> {
    let mut orders = Vec::new();
    let mut places: HashMap<&str, Vec<&str>> = HashMap::new();
    for (number, line) in rule_file::lines(text) {
        let malformed = |problem| RuleError::new(problem).at(path, number, EXAMPLE);
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some((symbol, place)) = line.split_once(" = ") {
            places.entry(symbol.trim()).or_default().push(place.trim());
            continue;
        }
        let (order, note) = match line.split_once(" ! ") {
            Some((order, note)) => (order, Some(note)),
            None => (line, None),
        };
        let reason = note.and_then(|note| note.trim().strip_prefix("loop:"));
        if note.is_some() && reason.map(str::trim).is_none_or(str::is_empty) {
            return Err(malformed("a known loop needs its reason after `! loop:`"));
        }
        let names: Vec<&str> = order.split('<').map(str::trim).collect();
        if names.iter().any(|name| name.is_empty()) {
            return Err(malformed("a name is missing"));
        }
        if names.len() < 2 {
            return Err(malformed("one name is no order"));
        }
        orders.push(Order {
            line: number,
            names,
            is_loop: note.is_some(),
        });
    }
    // The process identifies a lock without a name by its location of construction. A symbol may have several: two
    // constructors make the lock of one field.
    let placed = orders.into_iter().flat_map(|order: Order<'a>| {
        let chains = order.names.iter().fold(vec![Vec::new()], |chains, name| {
            let own = [*name];
            let names = places.get(name).map_or(&own[..], Vec::as_slice);
            chains
                .iter()
                .flat_map(|chain: &Vec<&'a str>| {
                    names
                        .iter()
                        .map(move |name| [&chain[..], &[*name]].concat())
                })
                .take(MOST_PLACES)
                .collect()
        });
        chains.into_iter().map(move |names| Order {
            line: order.line,
            names,
            is_loop: order.is_loop,
        })
    });
    Ok(placed.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_orders_and_comments_are_skipped() {
        let text = "# locks\n\nledger < audit<stats # three\n  cache line <  index \n";
        let orders = parse(text, Path::new("x")).unwrap();
        assert_eq!(
            orders[0],
            Order {
                line: 3,
                names: vec!["ledger", "audit", "stats"],
                is_loop: false,
            }
        );
        assert_eq!(
            orders[1],
            Order {
                line: 4,
                names: vec!["cache line", "index"],
                is_loop: false,
            }
        );
    }

    #[test]
    fn a_baseline_has_symbols_and_known_loops() {
        let text = "b::B.x = src/b.rs:1:2\na < b::B.x\nb::B.x < a ! loop: at the start\n";
        let orders = parse(text, Path::new("x")).unwrap();
        assert_eq!(orders.len(), 2);
        assert_eq!(orders[0].names, ["a", "src/b.rs:1:2"]);
        assert!(!orders[0].is_loop && orders[1].is_loop);
    }

    #[test]
    fn a_symbol_with_two_places_stands_for_both() {
        let text = "B.x = src/b.rs:1:2\nB.x = src/b.rs:9:2\na < B.x\n";
        let orders = parse(text, Path::new("x")).unwrap();
        let names: Vec<_> = orders.iter().map(|order| order.names.clone()).collect();
        assert_eq!(names, [["a", "src/b.rs:1:2"], ["a", "src/b.rs:9:2"]]);
    }

    #[test]
    fn a_malformed_line_is_an_error_with_its_number() {
        for (text, problem) in [
            ("a < b ! loop:", "x:1: a known loop needs its reason"),
            ("a < b\na <", "x:2: a name is missing"),
            ("lonely", "x:1: one name is no order"),
        ] {
            let error = parse(text, Path::new("x")).unwrap_err().to_string();
            assert!(error.starts_with(problem), "{error}");
        }
    }
}
