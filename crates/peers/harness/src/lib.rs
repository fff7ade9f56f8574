//! What every peer goes through: the cases whose time is taken, and the scenarios in which it
//! shows what it finds.
//!
//! A peer implements [`Peer`] and calls [`main`]. Its binary then understands
//!
//! - `bench [CASE]`: measures the case, or all, and prints a line `case ns` for each;
//! - `detect SCENARIO`: goes through the scenario and prints a line for each report, for each
//!   panic, and one when all threads are back. It does not come back from a deadlock: the caller
//!   is to wait for a bounded time;
//! - `list`: prints the names of both.

#[allow(
    clippy::should_implement_trait,
    reason = "it is public only so that the peers can name it"
)]
#[path = "../../../../benches/common/mod.rs"]
pub mod common;

mod bench;
mod scenarios;

use std::io::Write;
use std::{env, panic, process, thread};

use common::subject::Subject;

/// Waits for a thread. The error is the panic that ended it.
pub type Join = Box<dyn FnOnce() -> thread::Result<()>>;

/// A family of locks, and how its detector is used.
pub trait Peer: Subject {
    /// Turns the detector on. It is to call `report` with what it finds, unless it panics.
    fn start(report: fn(&str));

    /// Spawns a thread, with the peer's own function where it has one.
    fn spawn(work: impl FnOnce() + Send + 'static) -> Join {
        let thread = thread::spawn(work);
        Box::new(move || thread.join())
    }
}

/// The whole program of a peer.
pub fn main<P: Peer>() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let known = match arguments[..] {
        ["bench"] => bench::all::<P>(),
        ["bench", case] => bench::one::<P>(case),
        ["detect", scenario] => detect::<P>(scenario),
        ["list"] => list::<P>(),
        _ => false,
    };
    if !known {
        eprintln!("usage: bench [CASE] | detect SCENARIO | list");
        process::exit(2);
    }
}

fn list<P: Peer>() -> bool {
    for case in bench::cases::<P>() {
        say("case", case.name);
    }
    for (name, _) in scenarios::all::<P>() {
        say("scenario", name);
    }
    true
}

fn detect<P: Peer>(name: &str) -> bool {
    let all = scenarios::all::<P>();
    let Some((_, scenario)) = all.iter().find(|(other, _)| *other == name) else {
        return false;
    };
    panic::set_hook(Box::new(|info| {
        let text = info.payload_as_str().unwrap_or("?");
        say("panic", text);
    }));
    P::start(|text| say("report", text));
    scenario();
    // Some peers report from a thread of their own.
    thread::sleep(scenarios::GRACE);
    say("done", name);
    true
}

/// Prints one line at once: the process may be killed right after.
pub(crate) fn say(what: &str, text: &str) {
    let first = text.lines().next().unwrap_or_default();
    let mut out = std::io::stdout().lock();
    // No line can be written if the reader is gone.
    let _ = writeln!(out, "{what} {first}");
    let _ = out.flush();
}
