//! `cargo lockwarden`: watches every lock of a program and of its dependencies, with no line changed.
//!
//! The program has three entrances. As a cargo subcommand it prepares a run and starts cargo; as
//! cargo's `RUSTC_WRAPPER` and `RUSTDOC`, in that run, it gives each crate the watched standard
//! library.
//!
//! # Modules, in the direction in which the data flows
//!
//! - `cli`: what was typed; `aliases` expands those of cargo in it; `variables`: names of environment variables.
//! - `project`: what the project says: its packages, its cargo configuration, its selection.
//! - `facade`: the detector and the watched standard library, built once and kept.
//! - `plan`: what the wrapper has to do, as a file that it reads.
//! - `wrapper`: one call of rustc or rustdoc, changed by the plan.
//! - `run`, `environment`, `doctor`, `clean`: the subcommands; `explore` runs tests in many schedules.
//! - `records`: the subcommands on records of lock orders; `symbols` names locks from the source, which `syntax` reads.

mod aliases;
mod clean;
mod cli;
mod doctor;
mod environment;
mod explore;
mod facade;
mod files;
mod plan;
mod project;
mod records;
mod run;
mod symbols;
mod syntax;
mod variables;
mod wrapper;

use std::process::ExitCode;

/// The exit code of an error of the command itself, as cargo's is.
const TOOL_ERROR: u8 = 101;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let result = match wrapper::entrance(&arguments) {
        Some(call) => wrapper::run(call),
        None => cli::parse(arguments).and_then(cli::Cli::run),
    };
    result.unwrap_or_else(|error| {
        eprintln!("lockwarden: error: {error:#}");
        ExitCode::from(TOOL_ERROR)
    })
}
