//! One call of rustdoc: it compiles the examples of the documentation itself.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use super::code;
use super::invocation::Invocation;
use super::rustc::{Package, left_out, with_facade};
use crate::plan::Plan;

/// Carries one call out.
pub(super) fn run(plan: &Plan, arguments: Vec<OsString>) -> Result<ExitCode> {
    let invocation = Invocation::read(arguments)?;
    let facade = invocation
        .target()
        .and_then(|triple| plan.facades.get(&triple));
    let package = Package::from_environment();
    let mut watched = invocation;
    if let (Some(facade), Some(package)) = (facade, package) {
        if left_out(plan, &package, &watched).is_none() {
            watched = with_facade(&watched, facade);
        } else {
            watched.add_search(&facade.search);
        }
    }
    let status = Command::new(&plan.rustdoc)
        .args(&watched.arguments)
        .status()
        .with_context(|| format!("{} cannot be started", plan.rustdoc.display()))?;
    Ok(code(status))
}
