//! The key-value server of the examples, at the size of a bench.

use super::program::{self, Settings};

/// Runs it over loopback, or without sockets: then the workers call the service themselves, and
/// little is left but work under locks.
pub(crate) fn bench(sockets: bool) {
    let settings = Settings {
        workers: 4,
        connections: if sockets { 3 } else { 0 },
        requests: if sockets { 2_000 } else { 10_000 },
        keys: 3_000,
        value: if sockets { 4_000 } else { 1_000 },
    };
    let summary = program::run(&settings).expect("sockets and files work");
    assert!(summary.recovered, "{summary:?}");
}
