//! The parser of a file of orders, which is also the baseline of `cargo lockwarden check`.
//!
//! | line | meaning |
//! |---|---|
//! | `ledger < audit < stats` | each class comes before those that follow it |
//! | `a < b ! loop: reason` | an accepted order that closes a cycle: it is not enforced |
//! | `bank::Bank.audit = src/bank.rs:28:20` | the place of construction that a symbol stands for |

use std::path::Path;

use crate::config::{RuleError, rule_file};
use crate::engine::sorting;

/// A line in the right form, for error messages.
const EXAMPLE: &str = "ledger < audit < stats";

/// The most combinations of places that one line stands for.
const MOST_PLACES: usize = 64;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Order<'a> {
    pub(super) line: usize,
    pub(super) names: Vec<&'a str>,
    /// Whether it is accepted although it closes a cycle.
    pub(super) is_loop: bool,
}

pub(super) fn parse<'a>(text: &'a str, path: &Path) -> Result<Vec<Order<'a>>, RuleError> {
    let mut orders = Vec::new();
    let mut places: Vec<(&str, &str)> = Vec::new();
    for (number, line) in rule_file::lines(text) {
        let malformed = |problem| RuleError::new(problem).at(path, number, EXAMPLE);
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some((symbol, place)) = line.split_once(" = ") {
            places.push((symbol.trim(), place.trim()));
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
        let mut names = Vec::new();
        for name in order.split('<') {
            let name = name.trim();
            if name.is_empty() {
                return Err(malformed("a name is missing"));
            }
            names.push(name);
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
    sorting::sort_by_key(&mut places, |(symbol, _)| *symbol);
    let mut placed = Vec::new();
    for order in &orders {
        let mut chains = vec![Vec::new()];
        for name in &order.names {
            let first = places.partition_point(|(symbol, _)| symbol < name);
            let mut names = Vec::new();
            for (symbol, place) in &places[first..] {
                if symbol != name || names.len() == MOST_PLACES {
                    break;
                }
                names.push(*place);
            }
            if names.is_empty() {
                names.push(name);
            }
            chains = longer(&chains, &names);
        }
        for names in chains {
            placed.push(Order { names, ..*order });
        }
    }
    Ok(placed)
}

/// Returns each chain with each of these places at its end, but no more than [`MOST_PLACES`].
fn longer<'a>(chains: &[Vec<&'a str>], places: &[&'a str]) -> Vec<Vec<&'a str>> {
    let mut longer = Vec::new();
    for chain in chains {
        for place in places {
            if longer.len() == MOST_PLACES {
                return longer;
            }
            let mut chain = chain.clone();
            chain.push(*place);
            longer.push(chain);
        }
    }
    longer
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
