//! What the script of the page works on.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use super::super::baseline::Baseline;
use super::super::check::{Checked, Cycle, Link};
use super::super::merged::Records;
use super::super::orders::{Orders, Step};
use super::super::row::{FindingEdge, FindingRow};
use super::super::times::ClassTimes;
use super::super::top::duration;
use super::lanes::{self, Lane};
use super::ring::{self, Part};
use crate::symbols::{Sources, split_place};

/// How many lines of source stand around the line that matters.
const AROUND: usize = 2;

pub(super) fn of(
    records: &Records,
    baseline: &Baseline,
    checked: &Checked,
    sources: &Sources,
    totals: &str,
) -> Value {
    let orders = Orders::of(records);
    // A node that is in no order has no row.
    let rank: HashMap<_, usize> = orders
        .sorted
        .iter()
        .enumerate()
        .map(|(at, node)| (*node, at))
        .collect();
    let classes: Vec<Value> = orders
        .sorted
        .iter()
        .map(|node| {
            let class = orders.class(*node);
            let seen = records.classes.get(class);
            json!({
                "name": class,
                "kind": seen.map_or("", |seen| seen.kinds.first().map_or("", String::as_str)),
                "site": seen.map_or("", |seen| seen.sites.first().map_or("", String::as_str)),
            })
        })
        .collect();
    let edges: Vec<Value> = orders
        .pairs()
        .map(|(from, to)| {
            let parallel = orders.edges(from, to);
            let (key, seen) = parallel[0];
            let link = Link::of(records, Step { key, seen }, baseline);
            let runs = parallel.iter().map(|(_, seen)| seen.runs.len()).max();
            json!([
                rank[&from],
                rank[&to],
                u8::from(link.is_new),
                u8::from(orders.are_in_one_knot(from, to)),
                runs,
                link.from_site,
                link.to_site,
                link.taken_by(),
                format!("{}, {}", link.from_mode, link.to_mode),
                link.gates.join(", "),
            ])
        })
        .collect();
    let findings = checked
        .findings
        .iter()
        .map(|finding| of_finding(finding, records, sources));
    let cycles = checked
        .cycles
        .iter()
        .map(|cycle| of_cycle(cycle, records, sources, ""));
    let excused = checked
        .excused
        .iter()
        .map(|(cycle, reason)| of_cycle(cycle, records, sources, reason));
    let unended: Vec<_> = records
        .runs
        .values()
        .filter(|run| !run.ended)
        .map(|run| format!("{} {}", run.binary, run.test))
        .collect();
    let times = records.times.by_class(|class| records.name_of(class));
    json!({
        "totals": totals,
        "times": times.iter().map(of_times).collect::<Vec<_>>(),
        "findings": findings.chain(cycles).collect::<Vec<_>>(),
        "excused": excused.collect::<Vec<_>>(),
        "classes": classes,
        "edges": edges,
        "stale": checked.stale.iter().map(|(from, to)| format!("{from} < {to}")).collect::<Vec<_>>(),
        "unended": unended,
    })
}

/// The names of the locks at which the edges of a finding start. A finding is about instances; those of one class are
/// distinguished by a letter.
fn instances(edges: &[FindingEdge]) -> Vec<String> {
    let has_twin =
        |edge: &FindingEdge| edges.iter().filter(|other| other.from == edge.from).count() > 1;
    let names = edges
        .iter()
        .zip('A'..='Z')
        .map(|(edge, letter)| match has_twin(edge) {
            true => format!("{} {letter}", edge.from),
            false => edge.from.clone(),
        });
    let rest = edges.iter().skip(26).map(|edge| edge.from.clone());
    names.chain(rest).collect()
}

/// The times of a class: each time in nanoseconds and as text.
fn of_times(class: &ClassTimes) -> Value {
    let time = |ns: u64| json!([ns, duration(ns)]);
    let pairs = class.pairs.iter().map(|(pair, sum)| {
        json!([
            pair.site,
            pair.by_site,
            pair.by_role,
            sum.count,
            duration(sum.ns)
        ])
    });
    json!({
        "name": class.class,
        "waited": time(class.waits.ns),
        "waits": class.waits.count,
        "longest": time(class.waits.longest_ns),
        "longest_site": class.waits.longest_site,
        "contention": class.contention(),
        "taken": class.holds.count,
        "held": time(class.holds.longest_ns),
        "held_site": class.holds.longest_site,
        "pairs": pairs.collect::<Vec<_>>(),
    })
}

fn kind_of(records: &Records, class: &str) -> String {
    let seen = records.classes.get(class);
    let kind = seen.and_then(|seen| seen.kinds.first());
    kind.map_or_else(String::new, Clone::clone)
}

fn of_cycle(cycle: &Cycle, records: &Records, sources: &Sources, reason: &str) -> Value {
    let title = format!("Cycle: {}", cycle.ring());
    let parts: Vec<Part> = cycle
        .links
        .iter()
        .map(|link| Part {
            lock: link.from.clone(),
            kind: kind_of(records, &link.from),
            by: [link.taken_by(), link.to_site.clone()],
            is_new: link.is_new,
        })
        .collect();
    let lanes: Vec<Lane> = cycle
        .links
        .iter()
        .zip(1..)
        .map(|(link, number)| Lane {
            thread: format!("{number}. {}", link.taken_by()),
            holds: (link.from.clone(), link.from_site.clone()),
            asks: (link.to.clone(), link.to_site.clone()),
        })
        .collect();
    let places = cycle.links.iter().zip(1..).flat_map(|(link, number)| {
        [
            place(
                sources,
                &link.from_site,
                &format!("{number}. takes `{}` ({})", link.from, link.taken_by()),
            ),
            with_stack(
                place(
                    sources,
                    &link.to_site,
                    &format!("{number}. takes `{}` under `{}`", link.to, link.from),
                ),
                &link.stack,
            ),
        ]
    });
    let why = match (reason, cycle.is_of_one_run()) {
        ("", true) => {
            "one process took these orders; which locks of a class and which threads was not compared"
        }
        ("", false) => {
            "different processes took these orders; threads and instances were not compared"
        }
        (reason, _) => reason,
    };
    json!({
        "verdict": "Cycle",
        "title": title,
        "why": why,
        "help": "take these locks in one order everywhere, or accept the new order with its reason in locks.order",
        "ring": ring::svg(&parts, &title),
        "lanes": if cycle.links.len() <= 4 { lanes::svg(&lanes, "how it deadlocks") } else { String::new() },
        "places": places.collect::<Vec<_>>(),
        "locks": cycle.classes(),
        "id": cycle.fingerprint(),
    })
}

fn of_finding(finding: &FindingRow, records: &Records, sources: &Sources) -> Value {
    let edges = &finding.edges;
    let names = instances(edges);
    let parts: Vec<Part> = edges
        .iter()
        .zip(&names)
        .map(|(edge, name)| Part {
            lock: name.clone(),
            kind: kind_of(records, &edge.from),
            by: [edge.taken_by(), edge.to_site.clone()],
            is_new: false,
        })
        .collect();
    // Each edge ends at the lock at which the next one starts.
    let next = names.iter().cycle().skip(1);
    let lanes: Vec<Lane> = edges
        .iter()
        .zip(names.iter().zip(next))
        .zip(1..)
        .map(|((edge, (from, to)), number)| Lane {
            thread: format!("{number}. {}", edge.taken_by()),
            holds: (from.clone(), edge.from_site.clone()),
            asks: (to.clone(), edge.to_site.clone()),
        })
        .collect();
    let is_ring = edges.len() >= 2;
    let places = edges.iter().zip(1..).flat_map(|(edge, number)| {
        let number = if is_ring {
            format!("{number}. ")
        } else {
            String::new()
        };
        [
            place(
                sources,
                &edge.from_site,
                &format!("{number}takes `{}` ({})", edge.from, edge.taken_by()),
            ),
            place(
                sources,
                &edge.to_site,
                &format!("{number}takes `{}` under `{}`", edge.to, edge.from),
            ),
        ]
    });
    json!({
        "verdict": finding.verdict,
        "title": finding.title(),
        "why": finding.reason,
        "help": finding.suggestion,
        "by": match finding.test.as_str() {
            "" => finding.binary.clone(),
            test => format!("{} {test}", finding.binary),
        },
        "ring": if is_ring { ring::svg(&parts, finding.title()) } else { String::new() },
        "lanes": if is_ring && edges.len() <= 4 { lanes::svg(&lanes, "how it deadlocks") } else { String::new() },
        "places": places.collect::<Vec<_>>(),
        "locks": edges.iter().map(|edge| &edge.from).collect::<BTreeSet<_>>(),
        "id": finding.fingerprint(),
    })
}

/// The place with the functions in which the lock was taken.
fn with_stack(mut place: Value, stack: &[String]) -> Value {
    if !stack.is_empty() {
        place["stack"] = json!(stack);
    }
    place
}

/// A place with the source around it.
fn place(sources: &Sources, place: &str, what: &str) -> Value {
    let Some((path, line, column)) = split_place(place) else {
        return json!({ "place": place, "what": what, "lines": [] });
    };
    let first = line.saturating_sub(AROUND).max(1);
    let lines: Vec<Value> = (first..=line + AROUND)
        .filter_map(|number| {
            let text = sources.line(&format!("{path}:{number}:1"))?;
            Some(json!([number, text]))
        })
        .collect();
    json!({ "place": place, "what": what, "line": line, "column": column, "lines": lines })
}
