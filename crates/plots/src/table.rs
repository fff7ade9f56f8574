//! The tables, in Markdown.

use std::fmt::Write;

use crate::figures::{self, Row};

/// The shapes in the order of the page: what each is, and what its size counts.
const SHAPES: [(&str, &str, &str); 19] = [
    ("alone", "Locks taken one at a time", "locks"),
    ("star", "One parent, many children", "edges"),
    ("fan-in", "One child, many parents", "edges"),
    ("chain-head-first", "A chain that grows at its end", "edges"),
    (
        "chain-tail-first",
        "A chain that grows at its start",
        "edges",
    ),
    (
        "halves",
        "From each lock of one half to each of the other",
        "edges",
    ),
    ("random-order", "100,000 locks in a random order", "edges"),
    ("cliques-of-45", "Groups of 45 locks, nested", "edges"),
    (
        "rotations",
        "Locks nested in all their rotations: each two in both orders",
        "locks",
    ),
    ("depth", "Nested in one thread", "depth"),
    (
        "threads-private",
        "Threads, each with a pair of its own",
        "threads",
    ),
    (
        "threads-shared",
        "Threads that nest the same pair",
        "threads",
    ),
    (
        "learning",
        "Threads at once, each of which learns 20,000 edges into leaves under its own parent (time of all together)",
        "threads",
    ),
    (
        "learning-inner",
        "The same with edges into locks that nest further, which take the lock of the graph",
        "threads",
    ),
    (
        "nest-in-turn",
        "Locks in one nest, which 32 threads take one after the other (*new*: a thread after the first, an acquisition)",
        "locks",
    ),
    (
        "nest-of-classes-in-turn",
        "The same, each lock of a class of its own",
        "locks",
    ),
    (
        "herd",
        "Threads that wait for one notification and end (ns a thread, its start included)",
        "threads",
    ),
    (
        "threads-in-turn",
        "Threads spawned and joined one after the other (ns a thread: of all; of the last hundred)",
        "threads",
    ),
    (
        "loaded",
        "Known pairs, after many threads have nested them under gates",
        "threads",
    ),
];

/// All tables, one after the other.
pub(crate) fn all(rows: &[Row]) -> String {
    let mut text = String::new();
    for (shape, title, counted) in SHAPES {
        table(&mut text, rows, shape, title, counted);
    }
    text
}

fn table(text: &mut String, rows: &[Row], shape: &str, title: &str, counted: &str) {
    let mut rows = figures::of(rows, shape).peekable();
    let Some(first) = rows.peek() else { return };
    let (new, part) = match first.edges > 0.0 || shape == "depth" {
        true => ("new edge, ns", "bytes an edge"),
        false => ("first time, ns", "bytes a lock"),
    };
    let mut line = |words: std::fmt::Arguments<'_>| {
        writeln!(text, "{words}").expect("a string takes everything");
    };
    line(format_args!("#### {title} (`{shape}`)\n"));
    line(format_args!(
        "| {counted} | {new} | known, ns | bare, ns | ratio | {part} | kept, bytes |"
    ));
    line(format_args!("|--:|--:|--:|--:|--:|--:|--:|"));
    for row in rows {
        let size = match counted {
            "edges" => row.edges,
            "locks" => row.locks,
            "threads" => row.threads,
            _ => row.depth,
        };
        line(format_args!(
            "| {} | {} | {:.1} | {:.1} | {:.2} | {} | {} |",
            grouped(size),
            grouped(row.new),
            row.known,
            row.bare,
            row.known / row.bare,
            grouped(row.bytes / row.parts()),
            grouped(row.kept),
        ));
    }
    line(format_args!(""));
}

/// A number without decimals, its digits in groups of three.
fn grouped(number: f64) -> String {
    let digits = format!("{:.0}", number.abs());
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number <= -0.5 {
        text.insert(0, '-');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_groups_of_three() {
        assert_eq!(grouped(0.0), "0");
        assert_eq!(grouped(999.6), "1,000");
        assert_eq!(grouped(1_234_567.0), "1,234,567");
        assert_eq!(grouped(-123.0), "-123");
    }

    #[test]
    fn a_shape_without_rows_has_no_table() {
        assert_eq!(all(&[]), "");
    }
}
