//! The lines of a file of orders.

use std::path::Path;

use crate::config::{RuleError, rule_file};

/// What a line looks like.
const EXAMPLE: &str = "ledger < audit < stats";

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Order<'a> {
    pub(super) line: usize,
    pub(super) names: Vec<&'a str>,
}

pub(super) fn parse<'a>(text: &'a str, path: &Path) -> Result<Vec<Order<'a>>, RuleError> {
    let mut orders = Vec::new();
    for (number, line) in rule_file::lines(text) {
        let malformed = |problem| RuleError::new(problem).at(path, number, EXAMPLE);
        let line = line.split('#').next().unwrap_or_default();
        let names: Vec<&str> = line.split('<').map(str::trim).collect();
        if names.iter().any(|name| name.is_empty()) {
            return Err(malformed("a name is missing"));
        }
        if names.len() < 2 {
            return Err(malformed("one name is no order"));
        }
        orders.push(Order {
            line: number,
            names,
        });
    }
    Ok(orders)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_orders_and_the_rest_is_passed_over() {
        let text = "# locks\n\nledger < audit<stats # three\n  cache line <  index \n";
        let orders = parse(text, Path::new("x")).unwrap();
        assert_eq!(
            orders[0],
            Order {
                line: 3,
                names: vec!["ledger", "audit", "stats"]
            }
        );
        assert_eq!(
            orders[1],
            Order {
                line: 4,
                names: vec!["cache line", "index"]
            }
        );
    }

    #[test]
    fn a_malformed_line_is_named() {
        for (text, problem) in [
            ("a < b\na <", "x:2: a name is missing"),
            ("lonely", "x:1: one name is no order"),
        ] {
            let error = parse(text, Path::new("x")).unwrap_err().to_string();
            assert!(error.starts_with(problem), "{error}");
        }
    }
}
