//! The tables.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::PEERS;
use crate::find::{self, Found, SCENARIOS};
use crate::measure::{CASES, Costs};

const BEGIN: &str = "<!-- peers:begin -->";
const END: &str = "<!-- peers:end -->";

/// Both tables, in Markdown.
pub fn tables(costs: &Costs, found: &Found) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "Nanoseconds an operation, and the ratio to bare `parking_lot` 0.13 (medians of 20 runs):\n"
    );
    let _ = writeln!(text, "| | {} |", CASES.join(" | "));
    let _ = writeln!(text, "|---|{}", "---:|".repeat(CASES.len()));
    for (peer, cases) in PEERS.iter().zip(costs) {
        let _ = write!(text, "| {} ", peer.title);
        for ((_, time), (_, bare)) in cases.iter().zip(&costs[0]) {
            let _ = match (time, bare) {
                (Some(time), Some(bare)) => {
                    write!(text, "| {} ({}) ", rounded(*time), ratio(time / bare))
                }
                _ => write!(text, "| – "),
            };
        }
        let _ = writeln!(text, "|");
    }
    let detectors: Vec<&str> = PEERS
        .iter()
        .filter(|peer| peer.detects)
        .map(|peer| peer.title)
        .collect();
    let _ = writeln!(text, "\nWhat each finds, of what happens in a test run:\n");
    let _ = writeln!(text, "| | {} |", detectors.join(" | "));
    let _ = writeln!(text, "|---|{}", "---|".repeat(detectors.len()));
    for (at, (_, title, wanted)) in SCENARIOS.iter().enumerate() {
        let _ = write!(text, "| {title} ");
        for peer in found {
            let _ = write!(text, "| {} ", find::word(peer[at], *wanted));
        }
        let _ = writeln!(text, "|");
    }
    text
}

fn rounded(time: f64) -> String {
    match time {
        ..100.0 => format!("{time:.1}"),
        ..10_000.0 => format!("{time:.0}"),
        _ => format!("{:.0} µs", time / 1000.0),
    }
}

fn ratio(ratio: f64) -> String {
    match ratio {
        ..10.0 => format!("{ratio:.2}"),
        _ => format!("{ratio:.0}"),
    }
}

/// Puts `text` between the marks of a file.
pub fn between_marks(file: &Path, text: &str) {
    let old = fs::read_to_string(file).expect("the file can be read");
    let (before, rest) = old.split_once(BEGIN).expect("the file has the first mark");
    let (_, after) = rest.split_once(END).expect("the file has the second mark");
    fs::write(file, format!("{before}{BEGIN}\n{text}{END}{after}"))
        .expect("the file can be written");
}
