//! `cargo lockwarden`: runs programs and tests with every lock watched, and keeps records of lock orders.

mod records;
mod symbols;

use std::process::ExitCode;

use clap::Parser;

/// What cargo calls: the first argument is the name of the subcommand.
#[derive(Debug, Parser)]
#[command(name = "cargo", bin_name = "cargo")]
enum Cargo {
    /// Finds deadlocks and lock orders that can lead to them
    #[command(version, about)]
    Lockwarden {
        #[command(subcommand)]
        command: records::Command,
    },
}

fn main() -> ExitCode {
    let Cargo::Lockwarden { command } = Cargo::parse();
    command.run()
}
