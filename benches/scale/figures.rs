//! What comes out of a row, and how it is written down.

use std::fmt;

/// The columns of the file, as `crates/plots` reads them.
pub(crate) const COLUMNS: &str =
    "shape,size,locks,edges,threads,depth,new_ns,known_ns,bare_ns,bytes,kept_bytes";

/// What one size of one shape costs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    /// Locks that there were.
    pub(crate) locks: usize,
    /// Distinct edges between them.
    pub(crate) edges: usize,
    /// Threads that were alive.
    pub(crate) threads: usize,
    /// Locks that were held at once.
    pub(crate) depth: usize,
    /// Nanoseconds a new edge; where there is none, a first acquisition.
    pub(crate) new: f64,
    /// Nanoseconds a known acquisition, with the release.
    pub(crate) known: f64,
    /// The same of the bare locks.
    pub(crate) bare: f64,
    /// Bytes in use after all edges are known, beyond the locks themselves.
    pub(crate) bytes: i64,
    /// Bytes in use after all locks are dropped, beyond what was in use before.
    pub(crate) kept: i64,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{},{},{},{},{:.1},{:.1},{:.1},{},{}",
            self.locks,
            self.edges,
            self.threads,
            self.depth,
            self.new,
            self.known,
            self.bare,
            self.bytes,
            self.kept
        )
    }
}
