//! `parking_lot` as it is: what the others are compared with.

use harness::{Peer, subject};

subject! {
    /// The bare locks.
    Bare: parking_lot in parking_lot
}

impl Peer for Bare {
    fn start(_: fn(&str)) {}
}

fn main() {
    harness::main::<Bare>();
}
