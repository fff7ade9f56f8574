//! One self-contained HTML page of records, and the pictures on it.
//!
//! The page holds its data, its style and its script; it loads nothing from elsewhere.

mod data;
mod lanes;
mod matrix;
mod plain;
mod ring;
mod svg;

use petgraph::graph::NodeIndex;

use super::baseline::Baseline;
use super::check::Checked;
use super::merged::Records;
use super::orders::Orders;
use crate::symbols::Sources;

/// The page.
pub(crate) fn page(
    records: &Records,
    baseline: &Baseline,
    checked: &Checked,
    sources: &Sources,
    totals: &str,
) -> String {
    let data = data::of(records, baseline, checked, sources, totals).to_string();
    // Inside a script element only this could end it.
    let data = data.replace('<', "\\u003c");
    include_str!("page.html")
        .replace("/*STYLE*/", include_str!("page.css"))
        .replace("/*SCRIPT*/", include_str!("page.js"))
        .replace("TOTALS", &svg::escaped(totals))
        .replace("<!-- FINDINGS -->", &plain::findings(checked))
        .replace("\"DATA\"", &data)
}

/// A picture of a part of the graph: the rings of its cycles if there are any, and the matrix of its orders.
pub(crate) fn svg(
    orders: &Orders<'_>,
    baseline: &Baseline,
    pairs: &[(NodeIndex, NodeIndex)],
) -> String {
    matrix::svg(orders, baseline, pairs)
}
