//! `cargo lockwarden clean`: removes the detectors that were built.

use std::process::ExitCode;

use anyhow::Result;

use crate::facade;

/// Removes the built detectors, and prints how many there were.
///
/// # Errors
///
/// If one cannot be removed.
pub(crate) fn run() -> Result<ExitCode> {
    let removed = facade::remove_all()?;
    let folder = facade::cache_folder()?;
    println!("removed {removed} from {}", folder.display());
    Ok(ExitCode::SUCCESS)
}
