//! Which acquired-before edges are news: seen for the first time in this process, and not in the baseline.
//!
//! `LOCKWARDEN_RECORD_KNOWN` names a baseline, the file that `cargo lockwarden accept` writes. Orders of it are
//! neither recorded nor emitted as events, so that only news leaves a host.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::sync::OnceLock;

use super::rows::EdgeRow;
use crate::declare;
use crate::sink;
use crate::tracking::fork_safe::ForkSafe;
use crate::tracking::lock::class_key;
use crate::variables::Variable;

/// Hashes of the edges that this process has seen. A fork takes the lock; the child keeps the edges of its
/// parent apart by the process id in each hash.
pub(crate) static SEEN: ForkSafe<Option<HashSet<u64>>> = ForkSafe::new(None);

/// Returns whether the edge is seen for the first time and is not in the baseline.
pub(super) fn is_news(edge: &EdgeRow) -> bool {
    static KNOWN: OnceLock<HashSet<(String, String)>> = OnceLock::new();
    let mut hasher = DefaultHasher::new();
    (std::process::id(), edge).hash(&mut hasher);
    if !SEEN.lock().get_or_insert_default().insert(hasher.finish()) {
        return false;
    }
    let known = KNOWN.get_or_init(baseline);
    if known.is_empty() {
        return true;
    }
    // A baseline may have the place alone.
    let forms = |key: &str| {
        let place = class_key::without_content(key).unwrap_or(key);
        [key.to_owned(), place.to_owned()]
    };
    let tos = forms(&edge.to);
    for from in &forms(&edge.from) {
        for to in &tos {
            if known.contains(&(from.clone(), to.clone())) {
                return false;
            }
        }
    }
    true
}

/// Reads the baseline that the environment names; empty without one, or if it cannot be read.
fn baseline() -> HashSet<(String, String)> {
    let Some(path) = Variable::RecordKnown.read() else {
        return HashSet::new();
    };
    declare::pairs_of(Path::new(&path)).unwrap_or_else(|error| {
        sink::say(&format!("{}: {error}", Variable::RecordKnown.name()));
        HashSet::new()
    })
}
