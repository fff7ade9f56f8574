//! The text of a check for a terminal.

use std::fmt::{self, Write as _};

use anstyle::{AnsiColor, Style};

use super::check::{CYCLES, Checked, Cycle, Link};
use super::merged::Records;
use super::read::Tally;
use super::row::FindingRow;
use crate::symbols::{Sources, split_place};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const NOTE: Style = AnsiColor::Cyan.on_default().bold();
const HELP: Style = AnsiColor::Green.on_default().bold();
const BOLD: Style = Style::new().bold();

/// How many new orders a text lists.
const LISTED: usize = 20;

/// How many functions of a stack a text shows.
const STACK: usize = 8;

/// A label in a style, followed by a colon.
fn label(style: Style, text: &str) -> impl fmt::Display {
    format!("{style}{text}{style:#}")
}

/// The first line: what was read.
pub(crate) fn totals(records: &Records, tally: &Tally) -> String {
    let unended = records.runs.values().filter(|run| !run.ended).count();
    let full = records.runs.values().filter(|run| run.full).count();
    let mut text = format!(
        "{}, {}, {}",
        count(records.runs.len(), "process", "processes"),
        count(records.classes.len(), "lock class", "lock classes"),
        count(records.edges.len(), "order", "orders"),
    );
    if let Some(folder) = &tally.replaced {
        let _ = write!(text, ", in {}, which each run replaces", folder.display());
    }
    if unended > 0 {
        let _ = write!(
            text,
            "; {unended} without an end (still running, killed or aborted)"
        );
    }
    if full > 0 {
        let _ = write!(
            text,
            "; {full} reached the size limit, so orders are missing"
        );
    }
    if let Some((path, line)) = &tally.first_bad {
        let _ = write!(
            text,
            "; {} skipped, the first at {}:{line}",
            count(tally.bad, "unreadable line", "unreadable lines"),
            path.display()
        );
    }
    text
}

pub(crate) fn count(count: usize, one: &str, many: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    }
}

/// The whole result of a check; `baseline` names what the orders were compared with.
pub(crate) fn checked(checked: &Checked, sources: &Sources, baseline: &str) -> String {
    let mut text = String::new();
    for finding in &checked.findings {
        text.push_str(&self::finding(finding, sources));
        text.push('\n');
    }
    for cycle in &checked.cycles {
        text.push_str(&self::cycle(cycle, sources));
        text.push('\n');
    }
    if checked.alike > 0 {
        let _ = writeln!(
            text,
            "{}: {} of the same verdicts and lock classes",
            label(NOTE, "note"),
            count(checked.alike, "further finding is", "further findings are")
        );
    }
    if checked.cycles.len() >= CYCLES {
        let _ = writeln!(
            text,
            "{}: {CYCLES} cycles are the most that one check looks for; there may be more",
            label(NOTE, "note")
        );
    }
    for (cycle, reason) in &checked.excused {
        let _ = writeln!(
            text,
            "{}: {}: {reason}",
            label(NOTE, "excused"),
            cycle.ring()
        );
    }
    let objections = checked.objections();
    let (closing, adding): (Vec<&Link>, _) = checked
        .new
        .iter()
        .partition(|link| objections.contains_key(&link.pair()));
    for (links, what) in [
        (
            adding,
            [
                "`cargo lockwarden accept` adds it",
                "`cargo lockwarden accept` adds them",
            ],
        ),
        (
            closing,
            [
                "`cargo lockwarden review` takes it with a reason, since it is part of a cycle or of a finding",
                "`cargo lockwarden review` takes them with a reason, since they are part of a cycle or of a finding",
            ],
        ),
    ] {
        let what = match links.len() {
            0 => continue,
            1 => what[0],
            _ => what[1],
        };
        let _ = writeln!(
            text,
            "{}: {} not in {baseline}; {what}:",
            label(NOTE, "new"),
            count(links.len(), "order is", "orders are"),
        );
        for link in links.iter().take(LISTED) {
            let _ = writeln!(text, "  {} < {}   # {}", link.from, link.to, link.to_site);
        }
        if let Some(more) = links.len().checked_sub(LISTED + 1) {
            let _ = writeln!(text, "  and {} more", more + 1);
        }
    }
    if !checked.stale.is_empty() {
        let _ = writeln!(
            text,
            "{}: {} of {baseline} did not occur; `cargo lockwarden accept --prune` removes {} after a \
             run of everything",
            label(NOTE, "stale"),
            count(checked.stale.len(), "order", "orders"),
            if checked.stale.len() == 1 {
                "it"
            } else {
                "them"
            },
        );
    }
    text
}

fn finding(finding: &FindingRow, sources: &Sources) -> String {
    let mut text = format!(
        "{}: {BOLD}{}{BOLD:#}\n",
        label(ERROR, "error"),
        finding.title()
    );
    for edge in &finding.edges {
        let by = format!(" by {}", edge.taken_by());
        order(
            &mut text,
            sources,
            (&edge.from, &edge.from_site),
            (&edge.to, &edge.to_site),
            &by,
        );
    }
    let program = match (finding.test.as_str(), finding.binary.as_str()) {
        ("", binary) => format!("program `{binary}`"),
        (test, _) => format!("test `{test}`"),
    };
    let _ = writeln!(text, "  = {}: {}", label(NOTE, "found by"), program);
    if !finding.reason.is_empty() {
        let _ = writeln!(text, "  = {}: {}", label(NOTE, "why"), finding.reason);
    }
    if let Some(suggestion) = &finding.suggestion {
        let _ = writeln!(text, "  = {}: {suggestion}", label(HELP, "help"));
    }
    text
}

fn cycle(cycle: &Cycle, sources: &Sources) -> String {
    let title = if cycle.is_of_one_run() {
        "cycle of lock classes"
    } else {
        "cycle over the lock orders of several processes"
    };
    let mut text = format!(
        "{}: {BOLD}{title}: {}{BOLD:#}\n",
        label(ERROR, "error"),
        cycle.ring()
    );
    for link in &cycle.links {
        link_lines(&mut text, link, sources);
    }
    let _ = writeln!(
        text,
        "  = {}: the classes close a cycle; which threads and which locks of a class take part was not \
         compared",
        label(NOTE, "why")
    );
    let new = cycle.links.iter().find(|link| link.is_new);
    if let Some(new) = new {
        let _ = writeln!(
            text,
            "  = {}: take `{}` before `{}` at {}, as the other code does; or, if these never meet, accept it \
             with its reason: `{} < {} ! loop: REASON`",
            label(HELP, "help"),
            new.to,
            new.from,
            new.from_site,
            new.from,
            new.to,
        );
    }
    text
}

/// The lines of one order of a cycle.
pub(crate) fn link_lines(text: &mut String, link: &Link, sources: &Sources) {
    let by = format!(
        " by {}{}",
        link.taken_by(),
        if link.is_new { " (new)" } else { "" }
    );
    order(
        text,
        sources,
        (&link.from, &link.from_site),
        (&link.to, &link.to_site),
        &by,
    );
    // The first function is that of the line above.
    for frame in link.stack.iter().skip(1).take(STACK) {
        let _ = writeln!(text, "      in {frame}");
    }
}

fn order(text: &mut String, sources: &Sources, from: (&str, &str), to: (&str, &str), by: &str) {
    let _ = writeln!(text, "  `{}` is taken under `{}`{by}", to.0, from.0);
    for (place, what) in [(from.1, "holds"), (to.1, "takes")] {
        let _ = write!(text, "    {what} at {place}");
        if let (Some(line), Some((path, _, _))) = (sources.line(place), split_place(place)) {
            // The line says nothing to a reader if it is only the name of the file.
            if !path.is_empty() && !line.trim().is_empty() {
                let _ = write!(text, "   {}", line.trim());
            }
        }
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::super::baseline::Baseline;
    use super::super::check::{check, tests::records};
    use super::*;

    #[test]
    fn records_that_the_next_run_replaces_are_said_to_be_such() {
        let mut tally = Tally::default();
        assert_eq!(
            totals(&Records::default(), &tally),
            "0 processes, 0 lock classes, 0 orders"
        );
        tally.replaced = Some("folder".into());
        assert_eq!(
            totals(&Records::default(), &tally),
            "0 processes, 0 lock classes, 0 orders, in folder, which each run replaces"
        );
    }

    #[test]
    fn the_threads_of_a_finding_are_called_as_its_suggestion_calls_them() {
        let edge = |from: &str, to: &str, thread: &str| {
            format!(
                r#"{{"from":"{from}","from_mode":"exclusive","to":"{to}","to_mode":"exclusive","thread":"{thread}"}}"#
            )
        };
        let edges = [edge("a", "b", "writer"), edge("b", "a", "#4")].join(",");
        let row = format!(r#"{{"verdict":"Inversion","edges":[{edges}]}}"#);
        let row = serde_json::from_str(&row).expect("it is a finding");
        let text = finding(&row, &Sources::default());
        assert!(text.contains("`b` is taken under `a` by thread `writer`\n"));
        assert!(text.contains("`a` is taken under `b` by thread #4\n"));
    }

    #[test]
    fn accept_is_said_to_add_what_it_adds_and_no_order_of_a_cycle() {
        let records = records(&[("a", "b"), ("x", "y"), ("y", "x")]);
        let found = check(&records, &Baseline::default());
        let text =
            anstream::adapter::strip_str(&checked(&found, &Sources::default(), "f")).to_string();
        let (_, new) = text.split_once("new: ").expect("there are new orders");
        let (adds, closes) = new.split_once("new: ").expect("of two kinds");
        assert!(
            adds.starts_with("1 order is not in f; `cargo lockwarden accept` adds it:\n  a < b "),
            "{text}"
        );
        assert_eq!(adds.lines().count(), 2, "{text}");
        assert!(
            closes.starts_with(
                "2 orders are not in f; `cargo lockwarden review` takes them with a reason, "
            ),
            "{text}"
        );
        assert_eq!(closes.lines().count(), 3, "{text}");
    }
}
