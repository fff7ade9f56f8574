//! Numbers with their nouns.

use std::fmt;

/// Returns a number with its noun: `1 lock`, `2 locks`.
pub(crate) fn counted(count: u64, noun: &str) -> impl fmt::Display {
    fmt::from_fn(move |f| {
        let plural = if count == 1 { "" } else { "s" };
        write!(f, "{count} {noun}{plural}")
    })
}
