//! `deloxide` with its default features.

use deloxide::{Deloxide, thread};
use harness::{Join, Peer, subject};

subject! {
    /// Its locks.
    Locks: parking_lot in deloxide
}

impl Peer for Locks {
    fn start(report: fn(&str)) {
        Deloxide::new()
            .callback(move |info| report(&format!("{:?}", info.source)))
            .start()
            .expect("it starts once");
    }

    fn spawn(work: impl FnOnce() + Send + 'static) -> Join {
        let thread = thread::spawn(work);
        Box::new(move || thread.join())
    }
}

fn main() {
    harness::main::<Locks>();
}
