//! The graph of lock orders as text: DOT, Mermaid, JSON. The pictures are in `svg`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use petgraph::graph::NodeIndex;
use serde_json::json;

use super::baseline::Baseline;
use super::check::Link;
use super::orders::{Orders, Step};

/// Which part of the graph is drawn.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    /// This class and its neighbours.
    pub(crate) focus: Option<String>,
    /// The classes whose names or places start with this crate.
    pub(crate) of_crate: Option<String>,
    /// The edges that lie on cycles.
    pub(crate) cycles: bool,
}

/// The selected edges of a graph, as pairs of nodes.
pub(crate) fn select(orders: &Orders<'_>, selection: &Selection) -> Vec<(NodeIndex, NodeIndex)> {
    let is_of_crate = |node: NodeIndex, name: &str| {
        let class = orders.class(node);
        class.split("::").next() == Some(name) || class.starts_with(&format!("{name} "))
    };
    let mut pairs: Vec<(NodeIndex, NodeIndex)> = orders.pairs().collect();
    if let Some(focus) = &selection.focus {
        pairs.retain(|(from, to)| orders.class(*from) == focus || orders.class(*to) == focus);
    }
    if let Some(name) = &selection.of_crate {
        pairs.retain(|(from, to)| is_of_crate(*from, name) || is_of_crate(*to, name));
    }
    if selection.cycles {
        pairs.retain(|(from, to)| orders.are_in_one_knot(*from, *to));
    }
    pairs
}

/// The nodes of edges, each once.
pub(crate) fn nodes_of(pairs: &[(NodeIndex, NodeIndex)]) -> BTreeSet<NodeIndex> {
    pairs.iter().flat_map(|(from, to)| [*from, *to]).collect()
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Graphviz. An edge on a cycle is bold, a new one dashed.
pub(crate) fn dot(
    orders: &Orders<'_>,
    baseline: &Baseline,
    pairs: &[(NodeIndex, NodeIndex)],
) -> String {
    let mut text = String::from(
        "digraph lock_orders {\n  rankdir=LR;\n  node [shape=box, fontname=monospace];\n",
    );
    for node in nodes_of(pairs) {
        let _ = writeln!(
            text,
            "  {} [label={}];",
            node.index(),
            quoted(orders.class(node))
        );
    }
    for (from, to) in pairs {
        let mut styles = Vec::new();
        if orders.are_in_one_knot(*from, *to) {
            styles.push("bold");
        }
        if !baseline.has(orders.class(*from), orders.class(*to)) {
            styles.push("dashed");
        }
        let style = match styles.is_empty() {
            true => String::new(),
            false => format!(" [style={}]", quoted(&styles.join(","))),
        };
        let _ = writeln!(text, "  {} -> {}{style};", from.index(), to.index());
    }
    text.push_str("}\n");
    text
}

/// Mermaid, which code hosts show in Markdown.
pub(crate) fn mermaid(orders: &Orders<'_>, pairs: &[(NodeIndex, NodeIndex)]) -> String {
    let mut text = String::from("flowchart LR\n");
    for node in nodes_of(pairs) {
        let label = orders.class(node).replace('"', "#quot;");
        let _ = writeln!(text, "  n{}[\"{label}\"]", node.index());
    }
    for (from, to) in pairs {
        let arrow = match orders.are_in_one_knot(*from, *to) {
            true => "==>",
            false => "-->",
        };
        let _ = writeln!(text, "  n{} {arrow} n{}", from.index(), to.index());
    }
    text
}

/// All that is known of the edges.
pub(crate) fn json(
    orders: &Orders<'_>,
    baseline: &Baseline,
    pairs: &[(NodeIndex, NodeIndex)],
) -> String {
    let classes: Vec<_> = nodes_of(pairs)
        .into_iter()
        .map(|node| {
            let class = orders.class(node);
            let seen = orders.records.classes.get(class);
            json!({
                "class": class,
                "kinds": seen.map(|seen| &seen.kinds),
                "sites": seen.map(|seen| &seen.sites),
            })
        })
        .collect();
    let edges: Vec<_> = pairs
        .iter()
        .flat_map(|(from, to)| {
            orders
                .edges(*from, *to)
                .iter()
                .map(move |edge| (from, to, edge))
        })
        .map(|(from, to, (key, seen))| {
            let link = Link::of(orders.records, Step { key, seen }, baseline);
            json!({
                "from": link.from, "from_mode": link.from_mode, "from_site": link.from_site,
                "to": link.to, "to_mode": link.to_mode, "to_site": link.to_site,
                "gates": link.gates, "roles": link.roles, "thread": link.thread,
                "test": link.test, "binary": link.binary, "run": link.run, "stack": link.stack,
                "is_new": link.is_new, "on_cycle": orders.are_in_one_knot(*from, *to),
            })
        })
        .collect();
    format!("{:#}\n", json!({ "classes": classes, "edges": edges }))
}

#[cfg(test)]
mod tests {
    use super::super::check::tests::records;
    use super::*;

    #[test]
    fn the_selection_limits_what_is_drawn() {
        let records = records(&[
            ("a::x", "a::y"),
            ("a::y", "a::x"),
            ("b::z", "a::x"),
            ("c::q", "c::p"),
        ]);
        let orders = Orders::of(&records);
        let count = |selection: &Selection| select(&orders, selection).len();
        assert_eq!(count(&Selection::default()), 4);
        let focus = Some("a::x".to_owned());
        assert_eq!(
            count(&Selection {
                focus,
                ..Selection::default()
            }),
            3
        );
        assert_eq!(
            count(&Selection {
                cycles: true,
                ..Selection::default()
            }),
            2
        );
        let of_crate = Some("c".to_owned());
        assert_eq!(
            count(&Selection {
                of_crate,
                ..Selection::default()
            }),
            1
        );
    }

    #[test]
    fn dot_and_mermaid_quote_their_names() {
        let records = records(&[("a\"b", "c")]);
        let orders = Orders::of(&records);
        let pairs = select(&orders, &Selection::default());
        assert!(dot(&orders, &Baseline::default(), &pairs).contains("label=\"a\\\"b\""));
        assert!(mermaid(&orders, &pairs).contains("a#quot;b"));
    }
}
