//! Changing the baseline: all new orders at once, or one after the other.

use std::io::{self, BufRead, Write};

use super::baseline::Baseline;
use super::check::{Checked, Link};
use super::merged::Records;
use super::text;
use crate::symbols::Sources;

/// Adds all new orders that close no cycle and are part of no finding; with `prune`, removes the stale ones. Returns how many orders
/// were added and removed, and how many were left out.
pub(crate) fn accept(
    baseline: &mut Baseline,
    checked: &Checked,
    records: &Records,
    prune: bool,
) -> (usize, usize, usize) {
    let (mut added, mut left) = (0, 0);
    let objections = checked.objections();
    for link in &checked.new {
        if objections.contains_key(&link.pair()) {
            left += 1;
        } else {
            add(baseline, link, None);
            added += 1;
        }
    }
    let removed = if prune { checked.stale.len() } else { 0 };
    if prune {
        for pair in &checked.stale {
            baseline.pairs.remove(pair);
        }
    }
    refresh_places(baseline, records);
    (added, removed, left)
}

fn add(baseline: &mut Baseline, link: &Link, reason: Option<String>) {
    baseline
        .pairs
        .insert((link.from.clone(), link.to.clone()), reason);
}

/// Says where the locks of symbols are made now.
fn refresh_places(baseline: &mut Baseline, records: &Records) {
    let mut places = std::mem::take(&mut baseline.places);
    for (class, seen) in &records.classes {
        // A name that the program gives needs no place, and a place stands for itself.
        if !seen.is_named && !seen.places().any(|place| place == *class) {
            places.insert(class.clone(), seen.places().collect());
        }
    }
    baseline.places = places;
}

/// Shows each new order and asks what to do with it. Ends at the end of the input.
pub(crate) fn review(
    baseline: &mut Baseline,
    checked: &Checked,
    records: &Records,
    sources: &Sources,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> io::Result<usize> {
    let mut added = 0;
    let count = checked.new.len();
    let objections = checked.objections();
    'orders: for (at, link) in checked.new.iter().enumerate() {
        let mut shown = format!("\norder {} of {count}\n", at + 1);
        text::link_lines(&mut shown, link, sources);
        let objection = objections.get(&link.pair());
        if let Some(objection) = &objection {
            shown.push_str(&format!("  {objection}\n"));
        }
        output.write_all(shown.as_bytes())?;
        loop {
            write!(output, "[a]ccept, [l]oop with a reason, [s]kip, [q]uit? ")?;
            output.flush()?;
            let mut answer = String::new();
            if input.read_line(&mut answer)? == 0 {
                break 'orders;
            }
            match answer.trim() {
                "a" if objection.is_some() => {
                    writeln!(
                        output,
                        "an order of a cycle or of a finding needs a reason: l"
                    )?;
                }
                "a" => {
                    add(baseline, link, None);
                    added += 1;
                    break;
                }
                "l" => {
                    write!(output, "reason: ")?;
                    output.flush()?;
                    let mut reason = String::new();
                    input.read_line(&mut reason)?;
                    let reason = reason.trim();
                    if reason.is_empty() {
                        writeln!(output, "a known loop needs a reason")?;
                        continue;
                    }
                    add(baseline, link, Some(reason.to_owned()));
                    added += 1;
                    break;
                }
                "s" => break,
                "q" => break 'orders,
                _ => {}
            }
        }
    }
    refresh_places(baseline, records);
    Ok(added)
}

#[cfg(test)]
mod tests {
    use super::super::check::{check, tests::records};
    use super::super::row::Row;
    use super::*;

    #[test]
    fn orders_that_close_no_cycle_are_accepted_and_stale_ones_pruned_on_request() {
        let records = records(&[("a", "b"), ("b", "c"), ("x", "y"), ("y", "x")]);
        let mut baseline = Baseline::parse("old < a\n", "f").unwrap();
        let checked = check(&records, &baseline);
        assert_eq!(accept(&mut baseline, &checked, &records, false), (2, 0, 2));
        assert!(baseline.has("a", "b") && baseline.has("old", "a") && !baseline.has("x", "y"));
        let checked = check(&records, &baseline);
        assert_eq!(accept(&mut baseline, &checked, &records, true), (0, 1, 2));
        assert!(!baseline.has("old", "a"));
    }

    #[test]
    fn the_orders_of_a_finding_are_not_accepted_without_a_reason() {
        // Of the second two the orders that were recorded close no cycle.
        let pairs = [
            ("a", "b"),
            ("x", "y"),
            ("y", "x"),
            ("r:p", "r:q"),
            ("r:q", "r:p"),
        ];
        let mut records = records(&pairs);
        for edges in [&pairs[1..3], &pairs[3..]] {
            let edges: Vec<_> = edges
                .iter()
                .map(|(from, to)| {
                    serde_json::json!({
                        "from": from.trim_start_matches("r:"), "from_mode": "exclusive", "to": to.trim_start_matches("r:"),
                        "to_mode": "exclusive", "thread": ""
                    })
                })
                .collect();
            let finding = serde_json::json!({
                "verdict": "Inversion", "basis": "instances", "edges": edges, "headline": "Inversion", "reason": "",
                "run": "r", "seen_ms": 1
            });
            let row = serde_json::from_value(finding).expect("it is a finding");
            records.add(Row::Finding(row), &mut String::new());
        }
        let mut baseline = Baseline::default();
        let checked = check(&records, &baseline);
        assert_eq!(checked.findings.len(), 2);
        assert_eq!(accept(&mut baseline, &checked, &records, false), (1, 0, 4));
        assert!(baseline.has("a", "b"));
        assert_eq!(check(&records, &baseline).findings.len(), 2);
    }

    #[test]
    fn a_review_takes_one_order_at_a_time_and_a_loop_needs_its_reason() {
        let records = records(&[("a", "b"), ("x", "y"), ("y", "x")]);
        let mut baseline = Baseline::default();
        let checked = check(&records, &baseline);
        let mut answers = "a\na\nl\n\nl\nbefore main\nq\n".as_bytes();
        let mut output = Vec::new();
        let sources = Sources::default();
        let added = review(
            &mut baseline,
            &checked,
            &records,
            &sources,
            &mut answers,
            &mut output,
        );
        assert_eq!(added.unwrap(), 2);
        assert_eq!(baseline.reason_of("a", "b"), Some(None));
        assert_eq!(baseline.reason_of("x", "y"), Some(Some("before main")));
        let output = String::from_utf8(output).unwrap();
        assert!(
            output.contains("it closes a cycle: `x` → `y` → `x`"),
            "{output}"
        );
    }
}
