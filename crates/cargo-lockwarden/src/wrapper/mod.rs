//! One call of rustc or rustdoc, changed by the plan.
//!
//! Cargo calls a `RUSTC_WRAPPER` with the compiler and its arguments, and a `RUSTDOC` with the
//! arguments alone. Invocations without `--target` build what runs in the compiler, which are build
//! scripts and procedural macros, and pass through unchanged; so do questions (`-vV`, `--print`).

mod allocator;
mod cfg;
mod dep_info;
mod failure;
mod invocation;
mod modules;
mod replacement;
mod rustc;
mod rustdoc;
mod tables;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::plan::Plan;
use crate::project::{LeftOut, Package, Selection};
use crate::variables;

/// How cargo has called this program.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// As a wrapper, with the compiler and its arguments.
    Rustc(Vec<OsString>),
    /// As rustdoc, with its arguments.
    Rustdoc(Vec<OsString>),
}

/// Whether the program runs as a wrapper: there is a plan, and no `lockwarden` comes first.
pub(crate) fn entrance(arguments: &[OsString]) -> Option<Call> {
    std::env::var_os(variables::PLAN)?;
    call(arguments)
}

fn call(arguments: &[OsString]) -> Option<Call> {
    let first = arguments.get(1)?.to_string_lossy();
    if first == "lockwarden" {
        return None;
    }
    let rest = arguments.iter().skip(1).cloned();
    Some(if first.starts_with(['-', '@']) {
        Call::Rustdoc(rest.collect())
    } else {
        Call::Rustc(rest.collect())
    })
}

/// Carries the call out.
///
/// # Errors
///
/// If the plan or the compiler cannot be read or started.
pub(crate) fn run(call: Call) -> Result<ExitCode> {
    let plan = Plan::read()?.context("there is no plan")?;
    match call {
        Call::Rustc(arguments) => rustc::run(&plan, arguments),
        Call::Rustdoc(arguments) => rustdoc::run(&plan, arguments),
    }
}

/// Whether another source takes the place of a package.
pub(crate) fn is_replaced(package: &Package) -> bool {
    replacement_of(package).is_some()
}

/// Why a package that could be replaced is not, where `has_cfg` says which `--cfg` the compiler is given.
pub(crate) fn kept(package: &Package, has_cfg: impl Fn(&str) -> bool) -> Option<String> {
    let unless = replacement_of(package)?.unless?;
    has_cfg(unless).then(|| rustc::kept_reason(unless))
}

fn replacement_of(package: &Package) -> Option<replacement::Replacement> {
    let cfg = cfg::Cfg::of_features(package.features.iter().cloned());
    replacement::of(&package.name, &package.version, &cfg)
}

/// Why a package of the build keeps the bare std, if it does.
pub(crate) fn left_out_of(selection: &Selection, package: &Package) -> Option<LeftOut> {
    selection
        .left_out(&package.name, &package.version)
        .or_else(|| {
            let cfg = cfg::Cfg::of_features(package.features.iter().cloned());
            let mut roots = package.roots.iter();
            roots.find_map(|root| allocator::leaves_out(package.is_member, root, &cfg))
        })
}

/// The exit code of a compiler, for cargo.
fn code(status: std::process::ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    ExitCode::from(code.unwrap_or(crate::TOOL_ERROR))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(arguments: &[&str]) -> Option<Call> {
        call(&arguments.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_entrances_are_distinguished() {
        assert_eq!(of(&["cargo-lockwarden", "lockwarden", "test"]), None);
        assert_eq!(
            of(&["cargo-lockwarden", "/bin/rustc", "-vV"]),
            Some(Call::Rustc(vec!["/bin/rustc".into(), "-vV".into()]))
        );
        assert_eq!(
            of(&["cargo-lockwarden", "--crate-name", "x"]),
            Some(Call::Rustdoc(vec!["--crate-name".into(), "x".into()]))
        );
        assert_eq!(of(&["cargo-lockwarden"]), None);
    }
}
