//! Which acquired-before edges are news: seen for the first time in this process, and not in the baseline.
//!
//! `LOCKWARDEN_RECORD_KNOWN` names a baseline, the file that `cargo lockwarden accept` writes. Orders of it are
//! neither recorded nor emitted as events, so that only news leaves a host.

use std::hash::BuildHasherDefault;
use std::path::Path;
use std::sync::OnceLock;

use super::rows::EdgeRow;
use crate::declare;
use crate::engine::order_graph::{Hashes, hash_of};
use crate::sink;
use crate::tracking::fork_safe::ForkSafe;
use crate::tracking::lock::class_key;
use crate::variables::Variable;

/// Hashes of the edges that this process has seen. A fork takes the lock; the child keeps the edges of its
/// parent apart by the process id in each hash.
pub(crate) static SEEN: ForkSafe<Hashes> =
    ForkSafe::new(Hashes::with_hasher(BuildHasherDefault::new()));

/// Returns whether the edge is seen for the first time and is not in the baseline.
pub(super) fn is_news(edge: &EdgeRow) -> bool {
    static KNOWN: OnceLock<Hashes> = OnceLock::new();
    if !SEEN.lock().insert(hash_of(&(std::process::id(), edge))) {
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
            if known.contains(&hash_of(&(from, to))) {
                return false;
            }
        }
    }
    true
}

/// Returns the hashes of the pairs of the baseline that the environment names; none without one, or if it cannot be
/// read.
fn baseline() -> Hashes {
    let mut known = Hashes::default();
    if let Some(path) = Variable::RecordKnown.read() {
        let read = declare::pairs_of(Path::new(&path), &mut |from, to| {
            known.insert(hash_of(&(from, to)));
        });
        if let Err(error) = read {
            sink::say(&format!("{}: {error}", Variable::RecordKnown.name()));
        }
    }
    known
}
