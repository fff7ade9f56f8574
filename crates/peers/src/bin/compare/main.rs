//! Builds every configuration alone, lets them take turns, and writes what came out between the marks
//! of a file: `cargo run --release --bin compare [FILE]`, by default `docs/performance.md`.

mod build;
mod find;
mod measure;
mod write;

use std::path::PathBuf;

/// A configuration.
pub struct Peer {
    /// The feature that chooses it.
    pub feature: &'static str,
    /// What the tables call it.
    pub title: &'static str,
    /// Whether it looks for anything.
    pub detects: bool,
}

const fn bare(feature: &'static str, title: &'static str) -> Peer {
    Peer {
        feature,
        title,
        detects: false,
    }
}

const fn detector(feature: &'static str, title: &'static str) -> Peer {
    Peer {
        feature,
        title,
        detects: true,
    }
}

/// All configurations. Ratios are to the first.
pub const PEERS: [Peer; 12] = [
    bare("pl13", "parking_lot 0.13"),
    bare("pl12", "parking_lot 0.12"),
    bare("std", "std::sync"),
    detector("lockwarden", "lockwarden::parking_lot"),
    detector("lockwarden-std", "lockwarden::sync"),
    detector("pl13-detection", "parking_lot 0.13, deadlock_detection"),
    detector("pl12-detection", "parking_lot 0.12, deadlock_detection"),
    detector("tracing-mutex", "tracing-mutex 0.3"),
    detector("deloxide", "deloxide 1.1"),
    detector("deloxide-order", "deloxide 1.1, lock-order-graph"),
    detector("no-deadlocks", "no_deadlocks 1.3"),
    detector("keepcalm", "keepcalm 0.6, deadlock_detection"),
];

fn main() {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let file = std::env::args()
        .nth(1)
        .map_or_else(|| here.join("../../docs/performance.md"), PathBuf::from);
    let programs = build::all(&here);
    let costs = measure::all(&programs);
    let found = find::all(&programs);
    write::between_marks(&file, &write::tables(&costs, &found));
}
