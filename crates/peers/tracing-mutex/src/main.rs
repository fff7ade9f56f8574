//! `tracing-mutex` over the locks of `parking_lot` 0.12.

use harness::{Peer, subject};

subject! {
    /// The locks of the module that is on in every build.
    Tracing: parking_lot in tracing_mutex::parkinglot::tracing
}

impl Peer for Tracing {
    /// It is always on, and panics.
    fn start(_: fn(&str)) {}
}

fn main() {
    harness::main::<Tracing>();
}
