//! `no_deadlocks`, which keeps the interface of the standard library.

use harness::{Peer, subject};

subject! {
    /// Its locks.
    Locks: std in no_deadlocks
}

impl Peer for Locks {
    /// It is always on, and panics.
    fn start(_: fn(&str)) {}
}

fn main() {
    harness::main::<Locks>();
}
