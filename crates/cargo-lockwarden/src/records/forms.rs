//! The result of a check in the forms that other tools read.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::check::{Checked, Cycle, Link};
use super::row::FindingRow;
use crate::symbols::{folder_of, split_place};

/// One failure, whatever it came from.
struct Failure<'a> {
    /// The verdict, or `Cycle`.
    rule: &'a str,
    title: String,
    detail: String,
    /// Where a reader begins.
    place: &'a str,
    /// Each further place with what happens there.
    others: Vec<(&'a str, String)>,
    /// The steps of each thread, in order.
    flows: Vec<Vec<(&'a str, String)>>,
    fingerprint: String,
    test: String,
}

fn failures(checked: &Checked) -> Vec<Failure<'_>> {
    let findings = checked.findings.iter().map(of_finding);
    findings
        .chain(checked.cycles.iter().map(of_cycle))
        .collect()
}

fn of_finding(finding: &FindingRow) -> Failure<'_> {
    let mut detail = finding.reason.clone();
    if let Some(suggestion) = &finding.suggestion {
        let _ = write!(detail, "; {suggestion}");
    }
    let steps = finding.edges.iter().map(|edge| {
        vec![
            (edge.from_site.as_str(), format!("takes `{}`", edge.from)),
            (
                edge.to_site.as_str(),
                format!("takes `{}` under `{}`", edge.to, edge.from),
            ),
        ]
    });
    let flows: Vec<_> = steps.collect();
    Failure {
        rule: &finding.verdict,
        title: finding.title().to_owned(),
        detail,
        place: finding.place(),
        others: flows.iter().flatten().cloned().collect(),
        flows,
        fingerprint: finding.fingerprint(),
        test: finding.test.clone(),
    }
}

fn of_cycle(cycle: &Cycle) -> Failure<'_> {
    let steps = |link: &'_ Link| {
        (
            format!("takes `{}`", link.from),
            format!(
                "takes `{}` under `{}` ({})",
                link.to,
                link.from,
                link.taken_by()
            ),
        )
    };
    let flows: Vec<Vec<(&str, String)>> = cycle
        .links
        .iter()
        .map(|link| {
            let (holds, takes) = steps(link);
            vec![
                (link.from_site.as_str(), holds),
                (link.to_site.as_str(), takes),
            ]
        })
        .collect();
    let first = cycle.links.iter().find(|link| link.is_new);
    let first = first.or(cycle.links.first());
    Failure {
        rule: "Cycle",
        title: format!("lock classes close a cycle: {}", cycle.ring()),
        detail: "threads and instances of different processes were not compared".to_owned(),
        place: first.map_or("", |link| link.to_site.as_str()),
        others: flows.iter().flatten().cloned().collect(),
        flows,
        fingerprint: cycle.fingerprint(),
        test: first.map_or_else(String::new, |link| link.test.clone()),
    }
}

fn location(place: &str, text: &str) -> Option<Value> {
    let (path, line, column) = split_place(place)?;
    // A URI has no spaces.
    let path = folder_of(path).unwrap_or_else(|| path.to_owned());
    Some(json!({
        "physicalLocation": {
            "artifactLocation": { "uri": path },
            "region": { "startLine": line, "startColumn": column },
        },
        "message": { "text": text },
    }))
}

/// SARIF 2.1.0, which code scanning reads: one result each, at the place of the new order.
pub(crate) fn sarif(checked: &Checked) -> String {
    let failures = failures(checked);
    let mut rules: Vec<&str> = failures.iter().map(|failure| failure.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    let results: Vec<Value> = failures
        .iter()
        .map(|failure| {
            let flows: Vec<Value> = failure
                .flows
                .iter()
                .map(|steps| {
                    let steps: Vec<Value> = steps
                        .iter()
                        .enumerate()
                        .filter_map(|(at, (place, text))| {
                            Some(json!({ "location": location(place, text)?, "executionOrder": at + 1 }))
                        })
                        .collect();
                    json!({ "locations": steps })
                })
                .collect();
            let others = failure.others.iter();
            json!({
                "ruleId": failure.rule,
                "level": "error",
                "message": { "text": format!("{}. {}.", failure.title, failure.detail) },
                "locations": location(failure.place, &failure.title).into_iter().collect::<Vec<_>>(),
                "relatedLocations":
                    others.filter_map(|(place, text)| location(place, text)).collect::<Vec<_>>(),
                "codeFlows": [{ "threadFlows": flows }],
                "partialFingerprints": { "lockwarden/v1": failure.fingerprint },
            })
        })
        .collect();
    let rules: Vec<Value> = rules
        .into_iter()
        .map(|rule| json!({ "id": rule, "shortDescription": { "text": describe(rule) } }))
        .collect();
    let value = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "lockwarden",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "results": results,
        }],
    });
    format!("{value:#}\n")
}

fn describe(rule: &str) -> &'static str {
    match rule {
        "Cycle" => "Lock classes are taken in orders that close a cycle over several processes",
        "Inversion" => "Locks are taken in orders that can deadlock",
        "Deadlock" => "Threads wait for each other",
        "SelfDeadlock" => "A thread waits for a lock that it holds",
        "RecursiveRead" => "A thread reads a lock twice; a writer in between blocks it",
        "Abandoned" => "A thread ended while it held a lock",
        _ => "A finding of lockwarden",
    }
}

/// Commands of GitHub's workflows: one annotation each, at most ten, which is what GitHub shows.
pub(crate) fn github(checked: &Checked) -> String {
    const SHOWN: usize = 10;
    let failures = failures(checked);
    let mut text = String::new();
    for failure in failures.iter().take(SHOWN) {
        let at = match split_place(failure.place) {
            Some((path, line, column)) => {
                format!(" file={},line={line},col={column},", property(path))
            }
            None => " ".to_owned(),
        };
        let _ = writeln!(
            text,
            "::error{at}title={}::{}",
            property(&format!("lockwarden: {}", failure.rule)),
            message(&format!("{}. {}.", failure.title, failure.detail)),
        );
    }
    if failures.len() > SHOWN {
        let _ = writeln!(
            text,
            "::notice::{} more findings are in the log",
            failures.len() - SHOWN
        );
    }
    text
}

/// A summary in Markdown, for `$GITHUB_STEP_SUMMARY`.
pub(crate) fn summary(checked: &Checked, totals: &str) -> String {
    let failures = failures(checked);
    let mut text = format!("## lockwarden\n\n{totals}.\n\n");
    if failures.is_empty() {
        text.push_str("No finding.\n");
    } else {
        text.push_str("| finding | where | test |\n|---|---|---|\n");
        for failure in &failures {
            // The title of a finding begins with its verdict.
            let title = failure.title.strip_prefix(failure.rule);
            let title = title.and_then(|title| title.strip_prefix(": "));
            let _ = writeln!(
                text,
                "| **{}** {} | `{}` | {} |",
                failure.rule,
                title.unwrap_or(&failure.title).replace('|', "\\|"),
                failure.place,
                failure.test,
            );
        }
    }
    if !checked.new.is_empty() {
        text.push_str("\n<details><summary>New lock orders</summary>\n\n```text\n");
        for link in &checked.new {
            let _ = writeln!(text, "{} < {}", link.from, link.to);
        }
        text.push_str("```\n\n</details>\n");
    }
    text
}

fn message(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

/// JUnit's XML: one failed case each, or one passed case if there are none.
pub(crate) fn junit(checked: &Checked) -> String {
    let failures = failures(checked);
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        text,
        "<testsuites><testsuite name=\"lockwarden\" tests=\"{}\" failures=\"{}\">",
        failures.len().max(1),
        failures.len(),
    );
    if failures.is_empty() {
        text.push_str("<testcase classname=\"lockwarden\" name=\"lock orders\"/>\n");
    }
    for failure in &failures {
        let _ = writeln!(
            text,
            "<testcase classname=\"{}\" name=\"{}\"><failure type=\"{}\" message=\"{}\">{}</failure></testcase>",
            xml(if failure.test.is_empty() {
                "lockwarden"
            } else {
                &failure.test
            }),
            xml(&format!("{} {}", failure.rule, failure.fingerprint)),
            xml(failure.rule),
            xml(&failure.title),
            xml(&format!("{}\n{}", failure.place, failure.detail)),
        );
    }
    text.push_str("</testsuite></testsuites>\n");
    text
}

fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // XML has no form for most control characters.
            character if character.is_control() && character != '\n' => escaped.push('\u{fffd}'),
            character => escaped.push(character),
        }
    }
    escaped
}

/// The whole result.
pub(crate) fn json(checked: &Checked) -> String {
    let link = |link: &Link| {
        json!({
            "from": link.from, "from_mode": link.from_mode, "from_site": link.from_site,
            "to": link.to, "to_mode": link.to_mode, "to_site": link.to_site,
            "gates": link.gates, "thread": link.thread, "test": link.test,
            "binary": link.binary, "run": link.run, "stack": link.stack, "is_new": link.is_new,
        })
    };
    let cycle = |cycle: &Cycle| {
        json!({
            "classes": cycle.classes(),
            "fingerprint": cycle.fingerprint(),
            "one_process": cycle.is_of_one_run(),
            "orders": cycle.links.iter().map(link).collect::<Vec<_>>(),
        })
    };
    let excused = checked.excused.iter();
    let value = json!({
        "schema": 1,
        "findings": checked.findings,
        "cycles": checked.cycles.iter().map(cycle).collect::<Vec<_>>(),
        "excused": excused
            .map(|(ring, reason)| json!({ "cycle": cycle(ring), "reason": reason }))
            .collect::<Vec<_>>(),
        "new_orders": checked.new.iter().map(link).collect::<Vec<_>>(),
        "stale_orders": checked.stale,
    });
    format!("{value:#}\n")
}

#[cfg(test)]
mod tests {
    use super::super::baseline::Baseline;
    use super::super::check::{check, tests::records};
    use super::*;

    fn checked() -> Checked {
        check(&records(&[("a", "b"), ("b", "a")]), &Baseline::default())
    }

    #[test]
    fn sarif_has_a_place_flows_and_a_fingerprint_that_names_no_line() {
        let value: Value = serde_json::from_str(&sarif(&checked())).unwrap();
        let result = &value["runs"][0]["results"][0];
        assert_eq!(result["ruleId"], "Cycle");
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "src/a.rs");
        assert_eq!(place["region"]["startLine"], 2);
        let flows = result["codeFlows"][0]["threadFlows"].as_array().unwrap();
        assert_eq!(flows.len(), 2);
        let print = result["partialFingerprints"]["lockwarden/v1"]
            .as_str()
            .unwrap();
        assert_eq!(print, checked().cycles[0].fingerprint());
    }

    #[test]
    fn github_gets_an_annotation_at_the_line() {
        let text = github(&checked());
        assert!(
            text.starts_with("::error file=src/a.rs,line=2,col=1,title=lockwarden%3A Cycle::"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 1);
    }

    #[test]
    fn junit_has_one_failure_or_one_passed_case() {
        assert!(junit(&checked()).contains("tests=\"1\" failures=\"1\""));
        assert!(junit(&Checked::default()).contains("tests=\"1\" failures=\"0\""));
        assert_eq!(xml("a<b&\u{1}"), "a&lt;b&amp;\u{fffd}");
    }

    #[test]
    fn json_lists_cycles_and_new_orders() {
        let value: Value = serde_json::from_str(&json(&checked())).unwrap();
        assert_eq!(value["cycles"][0]["classes"], json!(["a", "b"]));
        assert_eq!(value["new_orders"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn a_summary_is_a_table() {
        let text = summary(&checked(), "2 processes");
        assert!(
            text.contains("| **Cycle** lock classes close a cycle"),
            "{text}"
        );
        let finding = FindingRow {
            verdict: "Inversion".to_owned(),
            headline: "lockwarden: Inversion: `a` and `b` are taken in both orders".to_owned(),
            ..FindingRow::default()
        };
        let found = Checked {
            findings: vec![finding],
            ..Checked::default()
        };
        let text = summary(&found, "1 process");
        assert!(
            text.contains("| **Inversion** `a` and `b` are taken"),
            "{text}"
        );
        assert!(summary(&Checked::default(), "1 process").contains("No finding."));
    }
}
