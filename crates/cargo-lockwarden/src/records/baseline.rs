//! The committed baseline: the text that `LOCKWARDEN_ORDER` reads.
//!
//! ```text
//! # Lock orders of this workspace; `cargo lockwarden accept` adds lines.
//! bank::Bank.audit = src/bank.rs:28:20
//! bank::Bank.audit < bank::LEDGER
//! stats < ledger ! loop: both before the server listens
//! ```
//!
//! `a < b` is an order that is right. A line with `! loop:` and a reason is an order that closes a known
//! cycle: it is accepted, and the process does not enforce it. `symbol = place` says where the lock of a
//! symbol is made, so that the process, which identifies classes by places, can enforce its orders. A file is a set of lines:
//! `locks.order merge=union` in `.gitattributes` merges two versions of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The first line of a new baseline.
const HEADER: &str = "# Lock orders of this workspace: `a < b` says that b may be taken while a is held.\n\
                      # `cargo lockwarden accept` adds lines; keep them sorted, one pair a line.\n";

/// A pair of classes: the one that is held, and the one that is taken under it.
pub(crate) type Pair = (String, String);

/// The lines of a baseline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Baseline {
    /// The comments at the start of the file.
    header: String,
    /// Each pair with the reason for which it may close a cycle, if it does.
    pub(crate) pairs: BTreeMap<Pair, Option<String>>,
    /// The places of construction of a symbol.
    pub(crate) places: BTreeMap<String, BTreeSet<String>>,
}

impl Baseline {
    /// Reads a baseline. An error names the line, what is wrong with it, and how it should read.
    pub(crate) fn parse(text: &str, file: &str) -> Result<Self, String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut baseline = Self::default();
        let is_comment = |line: &&str| line.trim_start().starts_with('#');
        for line in text.lines().take_while(is_comment) {
            baseline.header.push_str(line.trim_end());
            baseline.header.push('\n');
        }
        for (at, line) in text.lines().enumerate() {
            let wrong = |what: &str| Err(format!("{file}:{}: {what}", at + 1));
            let line = line.split(" #").next().unwrap_or_default().trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some((symbol, place)) = line.split_once(" = ") {
                let places = baseline.places.entry(symbol.trim().to_owned());
                places.or_default().insert(place.trim().to_owned());
                continue;
            }
            let (order, reason) = match line.split_once(" ! ") {
                None => (line, None),
                Some((order, note)) => match note.trim().strip_prefix("loop:").map(str::trim) {
                    Some(reason) if !reason.is_empty() => (order, Some(reason.to_owned())),
                    _ => {
                        return wrong(
                            "a known loop needs its reason, as in `a < b ! loop: before the \
                             server listens`",
                        );
                    }
                },
            };
            let names: Vec<&str> = order.split(" < ").map(str::trim).collect();
            if names.len() < 2 || names.iter().any(|name| name.is_empty()) {
                return wrong("this is no order; a line reads `ledger < audit`");
            }
            for pair in names.windows(2) {
                if pair[0] == pair[1] {
                    return wrong(&format!("`{}` stands before itself", pair[0]));
                }
                let pair = (pair[0].to_owned(), pair[1].to_owned());
                // A union of two versions may have a pair with and without a reason.
                let known = baseline.pairs.entry(pair).or_default();
                if known.is_none() {
                    known.clone_from(&reason);
                }
            }
        }
        Ok(baseline)
    }

    /// The text, sorted.
    pub(crate) fn text(&self) -> String {
        let mut text = match self.header.as_str() {
            "" => HEADER.to_owned(),
            header => header.to_owned(),
        };
        let used: BTreeSet<&str> = self
            .pairs
            .keys()
            .flat_map(|(from, to)| [from.as_str(), to.as_str()])
            .collect();
        for (symbol, places) in &self.places {
            for place in places.iter().filter(|_| used.contains(symbol.as_str())) {
                let _ = writeln!(text, "{symbol} = {place}");
            }
        }
        for ((from, to), reason) in &self.pairs {
            let _ = match reason {
                None => writeln!(text, "{from} < {to}"),
                Some(reason) => writeln!(text, "{from} < {to} ! loop: {reason}"),
            };
        }
        text
    }

    pub(crate) fn has(&self, from: &str, to: &str) -> bool {
        self.reason_of(from, to).is_some()
    }

    /// `Some(None)` for an order, `Some(Some(reason))` for a known loop.
    pub(crate) fn reason_of(&self, from: &str, to: &str) -> Option<Option<&str>> {
        let pair = (from.to_owned(), to.to_owned());
        self.pairs.get(&pair).map(Option::as_deref)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_baseline_is_read_and_written_the_same() {
        let text = "# ours\nb::B.x = src/b.rs:1:2\na < b::B.x\nb::B.x < c ! loop: old\n";
        let baseline = Baseline::parse(text, "locks.order").unwrap();
        assert_eq!(baseline.text(), text);
        assert!(baseline.has("a", "b::B.x"));
        assert_eq!(baseline.reason_of("b::B.x", "c"), Some(Some("old")));
        assert_eq!(baseline.reason_of("c", "a"), None);
    }

    #[test]
    fn a_chain_is_its_pairs_and_a_union_keeps_the_reason() {
        let text = "a < b < c # why\na < b\na < b ! loop: known\n";
        let baseline = Baseline::parse(text, "locks.order").unwrap();
        assert_eq!(baseline.pairs.len(), 2);
        assert_eq!(baseline.reason_of("a", "b"), Some(Some("known")));
    }

    #[test]
    fn a_bad_line_is_named() {
        for (text, part) in [
            ("a\n", "f:1: this is no order"),
            ("# x\na < a\n", "f:2: `a` stands before itself"),
            ("a < b ! because\n", "f:1: a known loop needs its reason"),
            ("a < b ! loop:\n", "f:1: a known loop needs its reason"),
        ] {
            let error = Baseline::parse(text, "f").unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
