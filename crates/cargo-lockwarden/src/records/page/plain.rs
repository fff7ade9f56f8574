//! What the page says where its script does not run: what was found, as a list.
//!
//! A browser without JavaScript shows this, and so does a CI server that serves what a job has kept with a policy against scripts;
//! there a `noscript` element would stay hidden. The script puts the cards in its place.

use super::super::check::{Checked, Cycle};
use super::super::row::{FindingEdge, FindingRow};
use super::svg::escaped;

/// The content of the section of the findings.
pub(super) fn findings(checked: &Checked) -> String {
    let of_processes = checked.findings.iter().map(of_finding);
    let items: Vec<String> = of_processes
        .chain(checked.cycles.iter().map(of_cycle))
        .collect();
    let mut html = format!("<h2>Findings ({})</h2>\n", items.len());
    html += "<p>Without JavaScript this page has no pictures, no matrix and no tables. ";
    if items.is_empty() {
        html += "Nothing was found.</p>\n";
    } else {
        html += "<code>cargo lockwarden check</code> prints the same findings in full.</p>\n";
        html += &format!("<ul>\n{}</ul>\n", items.concat());
    }
    html
}

fn of_finding(finding: &FindingRow) -> String {
    let edges = finding.edges.iter().map(
        |FindingEdge {
             from,
             from_site,
             to,
             to_site,
             ..
         }| { order(to, to_site, from, from_site) },
    );
    item(finding.title(), edges)
}

fn of_cycle(cycle: &Cycle) -> String {
    let links = cycle.links.iter();
    let links = links.map(|link| order(&link.to, &link.to_site, &link.from, &link.from_site));
    item(&format!("Cycle: {}", cycle.ring()), links)
}

fn order(to: &str, to_site: &str, from: &str, from_site: &str) -> String {
    format!("takes `{to}` at {to_site} under `{from}`, which was taken at {from_site}")
}

fn item(title: &str, orders: impl Iterator<Item = String>) -> String {
    let orders = orders.map(|order| format!("<br>{}", escaped(&order)));
    format!(
        "<li><strong>{}</strong>{}</li>\n",
        escaped(title),
        orders.collect::<String>()
    )
}
