//! The tables, as Markdown.

use std::fmt::Write;

use crate::detect::SCENARIOS;
use crate::measure::{CASES, Figure, Figures};
use crate::peers::{BARE, Peer};

/// What stands in a cell that has nothing.
const NOTHING: &str = "–";

/// Everything, for `docs/performance.md`.
pub(crate) fn long(
    peers: &[Peer],
    figures: &Figures,
    debug: &Figures,
    found: &[Vec<String>],
    rounds: usize,
) -> String {
    let mut text = format!(
        "Time as a ratio to the bare locks of `parking_lot` 0.13.0: 1.00 is as fast as they are. \
         Medians of {rounds} rounds, in which the peers take turns; where the rounds differ by \
         much, what their middle half lies between follows in brackets. 2 cores, x86-64 virtual \
         machine.\n\n"
    );
    text += &ratios(peers, figures, |_| true);
    let _ = write!(
        text,
        "\nThe same in debug builds, where bare locks are compiled without optimisation, too; medians of {} rounds. \
         The last row is the CPU time of the compiler for the program of a peer and all that it depends on, from an \
         empty folder.\n\n",
        rounds.div_ceil(3)
    );
    text += &ratios(peers, debug, |at| CASES[at].short);
    let seconds = |peer: &Peer| {
        peer.compile
            .map_or(NOTHING.to_owned(), |s| format!("{s:.1} s"))
    };
    let compile: Vec<String> = peers[BARE + 1..].iter().map(seconds).collect();
    let _ = writeln!(
        text,
        "| compile time (bare: {}) | {} |",
        seconds(&peers[BARE]),
        compile.join(" | ")
    );
    text += "\nWhat they find, each scenario in a process of its own. The bare locks find nothing \
             and are left out.\n\n";
    let rows = SCENARIOS
        .iter()
        .zip(found)
        .map(|(scenario, cells)| (scenario.title.to_owned(), cells.clone()));
    text += &table(&titles(peers), "---", rows);
    text += "\n*n.a.*: the peer looks for deadlocks that are there, and this one is not. Where threads \
             *got through*, they took turns by means that no peer watches, in place of the luck that \
             spares such a program. The last four scenarios cannot deadlock as they run, so that a \
             report is a *false alarm*; a peer that wants one order kept everywhere, whatever else \
             excludes the deadlock, makes it by design. A peer that *panics* does so in a thread that \
             takes part.\n\n";
    for peer in peers {
        let built = match &peer.binary {
            Ok(_) => String::new(),
            Err(why) => format!(" **Does not build**: `{why}`."),
        };
        let (title, about) = (peer.title, peer.about);
        let _ = writeln!(text, "- *{title}*: {about}.{built}");
    }
    text
}

/// The ratios of some cases, for the README.
pub(crate) fn short(peers: &[Peer], figures: &Figures) -> String {
    let mut text = ratios(peers, figures, |at| CASES[at].short);
    for peer in peers {
        if peer.binary.is_err() {
            let _ = writeln!(text, "\n*{}* does not build here.", peer.title);
        }
    }
    text
}

/// The ratios of the chosen cases. The bare locks are 1 by definition and have no column.
fn ratios(peers: &[Peer], figures: &Figures, chosen: impl Fn(usize) -> bool) -> String {
    let rows = (0..CASES.len()).filter(|at| chosen(*at)).map(|at| {
        let cells = figures[at].iter().skip(BARE + 1);
        let cells = cells.map(|figure| figure.map_or(NOTHING.to_owned(), figure_text));
        (CASES[at].title.to_owned(), cells.collect())
    });
    table(&titles(peers), "--:", rows)
}

/// What stands above the columns of all but the bare locks.
fn titles(peers: &[Peer]) -> Vec<&'static str> {
    peers[BARE + 1..].iter().map(|peer| peer.title).collect()
}

fn table(
    titles: &[&str],
    align: &str,
    rows: impl Iterator<Item = (String, Vec<String>)>,
) -> String {
    let mut text = format!("| | {} |\n|---|", titles.join(" | "));
    for _ in titles {
        text += align;
        text.push('|');
    }
    text.push('\n');
    for (title, cells) in rows {
        let _ = writeln!(text, "| {title} | {} |", cells.join(" | "));
    }
    text
}

/// The median, and how far the rounds lie apart where that matters.
fn figure_text(Figure { median, middle }: Figure) -> String {
    let [low, high] = middle;
    let median = ratio(median);
    if high < low * 1.3 {
        return median;
    }
    format!("{median} ({}–{})", ratio(low), ratio(high))
}

/// A ratio with as many digits as mean something.
fn ratio(value: f64) -> String {
    match value {
        ..10.0 => format!("{value:.2}"),
        ..100.0 => format!("{value:.0}"),
        _ => {
            let tens = (value / 10.0).round() as u64 * 10;
            match tens {
                ..1_000 => tens.to_string(),
                _ => format!("{},{:03}", tens / 1_000, tens % 1_000),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_has_as_many_digits_as_mean_something() {
        let texts = [1.046, 9.994, 42.4, 123.4, 1846.0].map(ratio);
        assert_eq!(texts, ["1.05", "9.99", "42", "120", "1,850"]);
    }

    #[test]
    fn rounds_that_differ_by_much_are_said() {
        let of = |middle| {
            figure_text(Figure {
                median: 2.0,
                middle,
            })
        };
        assert_eq!(of([1.9, 2.1]), "2.00");
        assert_eq!(of([1.0, 30.0]), "2.00 (1.00–30)");
    }

    #[test]
    fn a_table_has_a_line_for_each_row() {
        let rows = [("a".to_owned(), vec!["1".to_owned()])];
        let text = table(&["x"], "--:", rows.into_iter());
        assert_eq!(text, "| | x |\n|---|--:|\n| a | 1 |\n");
    }
}
