//! `lockwarden::parking_lot` in an optimised build, with the feature `always`.

use harness::{Join, Peer, subject};
use lockwarden::config::Config;
use lockwarden::thread;

subject! {
    /// The watched locks.
    Watched: parking_lot in lockwarden::parking_lot
}

impl Peer for Watched {
    fn start(report: fn(&str)) {
        Config::new()
            .stderr(false)
            .callback(move |found| report(&found.headline().to_string()))
            .install()
            .expect("it is installed once");
    }

    fn spawn(work: impl FnOnce() + Send + 'static) -> Join {
        let thread = thread::spawn(work);
        Box::new(move || thread.join())
    }
}

fn main() {
    harness::main::<Watched>();
}
