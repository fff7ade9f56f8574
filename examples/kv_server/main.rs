//! A key-value server of realistic size: a sharded store behind reader-writer locks, a write-ahead
//! log with group commit, a background compactor, a thread per connection, and clients that share
//! a pool of connections, all over loopback.
//!
//! ```text
//! cargo run --example kv_server
//! ```
//!
//! The program itself stands in `program/` and says nowhere which locks it uses: it takes them from
//! the module `flavour`, which is all that was changed here to have it watched. Its locks nest up
//! to eighteen deep and in one order, so nothing is found; the last line says that a thread looked.

mod program;

use std::error::Error;
use std::process::ExitCode;

use lockwarden::config::Status;

/// The locks and threads of the program.
mod flavour {
    // Without the detector: `parking_lot::{…}` and `std::thread`.
    pub(crate) use lockwarden::parking_lot::{Condvar, Mutex, RwLock, RwLockReadGuard};
    pub(crate) use lockwarden::thread;
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let summary = program::run(&program::Settings::default())?;
    println!(
        "operations: {} put, {} deleted, {} swapped, {} read of which {} found",
        summary.put, summary.deleted, summary.swapped, summary.read, summary.found
    );
    println!(
        "store:      {} keys, the log was compacted meanwhile: {}",
        summary.keys,
        summary.compactions > 0
    );
    println!(
        "log:        gives the same keys again: {}",
        summary.recovered
    );
    let found = match lockwarden::status() {
        Status::On(activity) if activity.reports == 0 => "nothing was found".to_owned(),
        Status::On(activity) => format!("{} were made", activity.reports),
        _ => "nothing is watched in this build".to_owned(),
    };
    println!("reports:    {found}");
    let well = summary.recovered && (!lockwarden::status().is_on() || found.starts_with("nothing"));
    Ok(ExitCode::from(u8::from(!well)))
}
