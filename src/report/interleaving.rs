//! The interleaving of a cycle: one column for each thread, one row for each step.

use std::fmt;
use std::fmt::Write as _;

use super::data::{Basis, Edge, Report};
use super::headline;
use super::place::short_place;
use super::width::{shortened, width};
use crate::engine::ids::{LockId, Site};
use crate::engine::verdict::Verdict;

/// How many threads have a column each; more threads are listed in rows.
const MAX_COLUMNS: usize = 4;
/// The width of all columns together, in terminal columns.
const TOTAL: usize = 104;
/// The indent of the first column, and the space between two.
const INDENT: usize = 4;
const GAP: usize = 4;

/// One step: its column, the action, the lock, and the place.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) column: usize,
    pub(crate) verb: &'static str,
    pub(crate) lock: String,
    pub(crate) site: Option<Site>,
}

/// Writes the interleaving, or nothing for a verdict that has none.
pub(super) fn show(out: &mut String, report: &Report) {
    if report.edges.is_empty() || headline::within_a_class(report) {
        return;
    }
    let title = match report.verdict {
        Verdict::Deadlock => "how they came to this:",
        Verdict::Inversion | Verdict::RecursiveRead => "how it deadlocks:",
        _ => return,
    };
    let _ = writeln!(out, "\n{title}");
    let edges = report.edges_from_closing();
    let (heads, steps) = match report.verdict {
        Verdict::RecursiveRead => read_twice(report, edges[0]),
        _ => around(report, &edges),
    };
    if heads.len() > MAX_COLUMNS {
        rows(out, report, &edges);
    } else {
        columns(out, &heads, &steps, heads.len() == 2);
    }
}

/// How many steps of a schedule are shown: its last ones.
const MAX_STEPS: usize = 60;

/// Returns the table of a schedule: a column for each thread or, for many threads, a line for each step
/// that begins with its thread.
pub(crate) fn schedule_table(heads: &[String], steps: &[Step]) -> String {
    let mut out = String::new();
    let left_out = steps.len().saturating_sub(MAX_STEPS);
    let steps = &steps[left_out..];
    if left_out > 0 {
        let _ = writeln!(out, "{:INDENT$}({left_out} steps before)", "");
    }
    if heads.len() <= MAX_COLUMNS {
        columns(&mut out, heads, steps, heads.len() < MAX_COLUMNS);
        return out;
    }
    let mut first = 0;
    for head in heads {
        first = first.max(width(head));
    }
    let first = first.min(TOTAL / 4);
    for step in steps {
        let cell = cell(step, TOTAL - INDENT - GAP - first, true);
        let cells = [shortened(&heads[step.column], first), cell];
        row(&mut out, &[first, 0], &cells);
    }
    out
}

/// Each thread acquires its first lock, then each asks for the next one.
fn around(report: &Report, edges: &[&Edge]) -> (Vec<String>, Vec<Step>) {
    let (mut heads, mut steps) = (Vec::new(), Vec::new());
    for (column, edge) in edges.iter().enumerate() {
        heads.push(report.thread_name(edge.thread).to_string());
        let takes = match edge.from_again {
            None => "takes",
            Some(_) => "takes back",
        };
        let site = Some(edge.from_site);
        steps.push(step(report, column, takes, edge.from, site));
    }
    // Of a declared order no thread was seen that keeps to it.
    let kept = match edges {
        [edge] if report.basis == Basis::Declaration => Some((edge.to, edge.from)),
        _ => None,
    };
    if let Some((first, _)) = kept {
        heads.push(ANY_OTHER.to_owned());
        steps.push(step(report, 1, "takes", first, None));
    }
    for lock in headline::readers_behind_a_writer(report) {
        // In a deadlock the writer exists, and has a line.
        let (head, site) = match headline::queued_writer(report, lock) {
            Some((thread, wait)) => (thread.to_string(), Some(wait.site)),
            None => (ANY_WRITER.to_owned(), None),
        };
        let known = heads.iter().position(|known| *known == head);
        let column = known.unwrap_or_else(|| {
            heads.push(head);
            heads.len() - 1
        });
        steps.push(step(report, column, "queues for", lock, site));
    }
    for (column, edge) in edges.iter().enumerate() {
        let site = Some(edge.to_site);
        steps.push(step(report, column, "waits for", edge.to, site));
    }
    if let Some((_, second)) = kept {
        steps.push(step(report, 1, "waits for", second, None));
    }
    (heads, steps)
}

/// The head of a thread that keeps to a declared order.
const ANY_OTHER: &str = "any thread in the declared order";
/// The head of a writer that no thread of the report is.
const ANY_WRITER: &str = "any writer";

fn read_twice(report: &Report, edge: &Edge) -> (Vec<String>, Vec<Step>) {
    let reader = report.thread_name(edge.thread).to_string();
    let (first, second) = (Some(edge.from_site), Some(edge.to_site));
    let steps = vec![
        step(report, 0, "reads", edge.to, first),
        step(report, 1, "queues for", edge.to, None),
        step(report, 0, "waits for", edge.to, second),
    ];
    (vec![reader, ANY_WRITER.to_owned()], steps)
}

fn step(
    report: &Report,
    column: usize,
    verb: &'static str,
    lock: LockId,
    site: Option<Site>,
) -> Step {
    let lock = report.short_name(lock).to_string();
    Step {
        column,
        verb,
        lock,
        site,
    }
}

fn columns(out: &mut String, heads: &[String], steps: &[Step], with_places: bool) {
    let room = (TOTAL - INDENT - GAP * (heads.len() - 1)) / heads.len();
    let mut first = Vec::new();
    for head in heads {
        first.push(shortened(head, room));
    }
    let mut rows = vec![first];
    for step in steps {
        let mut cells = vec![String::new(); heads.len()];
        cells[step.column] = cell(step, room, with_places);
        rows.push(cells);
    }
    table(out, &rows);
}

/// Returns the text of a step, cut to fit by shortening only the name: the line number matters more.
fn cell(step: &Step, room: usize, with_place: bool) -> String {
    let place = match step.site {
        Some(site) if with_place => format!("  {}", shortened(&short_place(site), room / 2)),
        _ => String::new(),
    };
    let taken = width(step.verb) + 1 + width(&place);
    if step.lock.is_empty() {
        return format!("{}{place}", step.verb);
    }
    format!(
        "{} {}{place}",
        step.verb,
        shortened(&step.lock, room.saturating_sub(taken))
    )
}

/// Writes a cycle of many threads: what each holds, and what it asks for.
fn rows(out: &mut String, report: &Report, edges: &[&Edge]) {
    let room = (TOTAL - INDENT - 2 * GAP) / 3;
    let short = |name: &dyn fmt::Display| shortened(&name.to_string(), room);
    let mut rows = vec![vec![short(&"thread"), short(&"holds"), short(&"waits for")]];
    for edge in edges {
        rows.push(vec![
            short(&report.thread_name(edge.thread)),
            short(&report.short_name(edge.from)),
            short(&report.short_name(edge.to)),
        ]);
    }
    table(out, &rows);
}

/// Writes rows of cells in columns that are as wide as their widest cell; the first row is the head.
fn table(out: &mut String, rows: &[Vec<String>]) {
    let mut widths = vec![0; rows[0].len()];
    for cells in rows {
        for (column, cell) in cells.iter().enumerate() {
            widths[column] = width(cell).max(widths[column]);
        }
    }
    row(out, &widths, &rows[0]);
    let mut rules = Vec::new();
    for &wide in &widths {
        rules.push("-".repeat(wide));
    }
    row(out, &widths, &rules);
    for cells in &rows[1..] {
        row(out, &widths, cells);
    }
}

fn row(out: &mut String, widths: &[usize], cells: &[String]) {
    let mut line = " ".repeat(INDENT);
    for (column, text) in cells.iter().enumerate() {
        let pad = widths[column].saturating_sub(width(text)) + GAP;
        let _ = write!(line, "{text}{:pad$}", "");
    }
    out.push_str(line.trim_end());
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_names_do_not_break_the_columns() {
        let long = "錠前".repeat(40);
        let step = |column| Step {
            column,
            verb: "takes",
            lock: format!("`{long}`"),
            site: Some(std::panic::Location::caller()),
        };
        let mut out = String::new();
        columns(
            &mut out,
            &[long.clone(), "b".to_owned()],
            &[step(0), step(1)],
            true,
        );
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines.len(), 4, "{out}");
        for line in &lines {
            assert!(width(line) <= TOTAL, "{out}");
        }
        // The second column begins at the same place in every line.
        let begin = width(
            lines[1]
                .split_at(lines[1].rfind(' ').expect("two columns") + 1)
                .0,
        );
        assert_eq!(
            width(lines[0].strip_suffix('b').expect("its head")),
            begin,
            "{out}"
        );
        assert_eq!(lines[3].find("takes"), Some(begin), "{out}");
        assert!(lines[2].contains("interleaving.rs:"), "{out}");
    }
}
