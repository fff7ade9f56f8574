//! The order matrix: a row for each lock that is held, a column for each that is taken under it, both in
//! topological order. A right order lies above the diagonal; below it lies an order that closes a cycle.

use petgraph::graph::NodeIndex;

use super::super::baseline::Baseline;
use super::super::draw::nodes_of;
use super::super::orders::Orders;
use super::svg::{CHARACTER, Picture, columns, elided};

const CELL: f64 = 18.0;
const LIMIT: usize = 40;

/// The matrix of the given orders.
pub(super) fn svg(
    orders: &Orders<'_>,
    baseline: &Baseline,
    pairs: &[(NodeIndex, NodeIndex)],
) -> String {
    let used = nodes_of(pairs);
    let rows: Vec<NodeIndex> = orders
        .sorted
        .iter()
        .copied()
        .filter(|node| used.contains(node))
        .collect();
    let position = |node: NodeIndex| rows.iter().position(|row| *row == node).unwrap_or_default();
    let longest = rows
        .iter()
        .map(|node| columns(orders.class(*node)).min(LIMIT));
    let left = longest.max().unwrap_or_default() as f64 * CHARACTER + 50.0;
    let side = rows.len() as f64 * CELL;
    let mut picture = Picture::new();
    for (n, node) in rows.iter().enumerate() {
        let y = 30.0 + n as f64 * CELL;
        let name = elided(orders.class(*node), LIMIT);
        picture.text("small", "end", left - 34.0, y + 13.0, &name);
        picture.text(
            "small faint",
            "end",
            left - 8.0,
            y + 13.0,
            &(n + 1).to_string(),
        );
        picture.text(
            "small faint",
            "middle",
            left + n as f64 * CELL + CELL / 2.0,
            22.0,
            &(n + 1).to_string(),
        );
        picture.line("rule", (left, y), (left + side, y));
        picture.line(
            "rule",
            (left + n as f64 * CELL, 30.0),
            (left + n as f64 * CELL, 30.0 + side),
        );
    }
    picture.line("rule", (left, 30.0), (left + side, 30.0 + side));
    for (from, to) in pairs {
        let (row, column) = (position(*from), position(*to));
        let x = left + column as f64 * CELL + CELL / 2.0;
        let y = 30.0 + row as f64 * CELL + CELL / 2.0;
        if row > column {
            // A cross, which distinguishes it without colour.
            picture.line("wrong", (x - 5.0, y - 5.0), (x + 5.0, y + 5.0));
            picture.line("wrong", (x - 5.0, y + 5.0), (x + 5.0, y - 5.0));
            continue;
        }
        let is_known = baseline.has(orders.class(*from), orders.class(*to));
        let class = if is_known { "dot" } else { "fresh" };
        picture.raw(&format!(
            "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/>"
        ));
    }
    let title = "lock orders: a row is held, a column is taken under it";
    picture.end(left + side + 20.0, 30.0 + side + 20.0, title)
}

#[cfg(test)]
mod tests {
    use super::super::super::check::tests::records;
    use super::super::super::draw::{Selection, select};
    use super::*;

    #[test]
    fn right_orders_are_dots_and_one_of_a_cycle_a_cross() {
        let records = records(&[("a", "b"), ("b", "c"), ("c", "b")]);
        let orders = Orders::of(&records);
        let pairs = select(&orders, &Selection::default());
        let svg = svg(&orders, &Baseline::default(), &pairs);
        assert_eq!(svg.matches("<circle").count(), 2);
        assert_eq!(svg.matches("class=\"wrong\"").count(), 2);
    }
}
