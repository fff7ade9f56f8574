//! One call of rustc.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};

use super::cfg::Cfg;
use super::failure;
use super::invocation::Invocation;
use super::replacement::{self, Replacement};
use super::{allocator, code, tables};
use crate::facade::Facade;
use crate::plan::Plan;
use crate::project::LeftOut;

/// The package that is compiled, as cargo says it to the compiler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
}

impl Package {
    pub(super) fn from_environment() -> Option<Self> {
        Some(Self {
            name: std::env::var("CARGO_PKG_NAME").ok()?,
            version: std::env::var("CARGO_PKG_VERSION").ok()?,
        })
    }
}

/// Carries one call out: `arguments` begin with the compiler.
pub(super) fn run(plan: &Plan, mut arguments: Vec<OsString>) -> Result<ExitCode> {
    if arguments.is_empty() {
        bail!("a wrapper of rustc is called with the compiler and its arguments");
    }
    let compiler = Compiler {
        program: arguments.remove(0),
        wrapper: plan.wrapper.clone(),
    };
    let invocation = Invocation::read(arguments)?;
    if invocation.arguments == ["-vV"] {
        return version(plan, &compiler, &invocation);
    }
    let facade = invocation
        .target()
        .and_then(|triple| plan.facades.get(&triple));
    let (Some(facade), Some(package)) = (facade, Package::from_environment()) else {
        return Ok(code(compiler.run(&invocation)?));
    };
    let why = left_out(plan, &package, &invocation);
    note(plan, &package, &invocation, why);
    if why.is_some() {
        // What it depends on may be watched.
        let mut bare = invocation.clone();
        bare.add_search(&facade.search);
        return Ok(code(compiler.run(&bare)?));
    }
    let replacement = replacement::of(&package.name, &package.version)
        // The tests of the package itself are for its own code.
        .filter(|_| !invocation.has("--test"));
    if let Some(replacement) = replacement {
        return replaced(&compiler, &invocation, facade, &package, replacement);
    }
    tables::write(&plan.symbols, &invocation, &package);
    let watched = with_facade(&invocation, facade);
    let status = compiler.run(&watched)?;
    if !status.success() {
        failure::explain(&compiler, &invocation, &facade.search, &package);
    }
    Ok(code(status))
}

/// The arguments with the facade in the place of std.
pub(super) fn with_facade(invocation: &Invocation, facade: &Facade) -> Invocation {
    let mut watched = invocation.clone();
    // A crate that is given a `std` by its own manifest keeps it.
    if !watched.has_extern("std") && !is_without_std(&watched) {
        watched.add_extern("std", &facade.std);
    }
    watched.add_search(&facade.search);
    watched
}

/// Whether a crate never names the standard library. With one in its reach, a module of the crate that
/// is called `std` would be ambiguous.
fn is_without_std(invocation: &Invocation) -> bool {
    let Some(source) = invocation.source_path() else {
        return false;
    };
    std::fs::read_to_string(source).is_ok_and(|text| names_no_std(&text))
}

fn names_no_std(root: &str) -> bool {
    root.lines()
        .any(|line| line.trim_start().starts_with("#![no_std]"))
        && !root.contains("extern crate std")
}

/// Why the package that is compiled keeps the bare std, if it does.
pub(super) fn left_out(plan: &Plan, package: &Package, invocation: &Invocation) -> Option<LeftOut> {
    let Package { name, version } = package;
    match plan.selection.left_out(name, version) {
        // The locks of a replaced crate belong to the crates that use it.
        Some(LeftOut::NotNamed) if replacement::of(name, version).is_some() => None,
        None => {
            let is_member = plan.members.contains(&format!("{name}@{version}"));
            let root = Path::new(invocation.source_path()?);
            allocator::leaves_out(is_member, root, &Cfg::of(invocation))
        }
        why => why,
    }
}

/// Leaves a note for the end of the run, or removes that of an earlier state of the sources. Without it the run says
/// less, and is no worse.
fn note(plan: &Plan, package: &Package, invocation: &Invocation, why: Option<LeftOut>) {
    let Package { name, version } = package;
    let target = invocation.value("--crate-name").unwrap_or_default();
    let target = target.to_string_lossy();
    let note = plan.left_out.join(format!("{name}@{version}@{target}"));
    let Some(why) = why else {
        let _ = std::fs::remove_file(note);
        return;
    };
    let reason = match why {
        // A test may have an allocator of its own, and the package none.
        LeftOut::Allocator if target != name.replace('-', "_") => {
            format!("its target `{target}` {}", why.reason())
        }
        _ => why.reason().to_owned(),
    };
    let _ = std::fs::create_dir_all(&plan.left_out);
    let _ = std::fs::write(note, reason);
}

/// Prints the version of the compiler, with a line by which cargo distinguishes builds under different plans: it is part
/// of the name of whatever cargo builds, and no flag of the project has to be changed for it.
fn version(plan: &Plan, compiler: &Compiler, invocation: &Invocation) -> Result<ExitCode> {
    let output = compiler.command(invocation).output()?;
    print!("{}", String::from_utf8_lossy(&output.stdout));
    println!("lockwarden: {}", plan.fingerprint);
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    Ok(code(output.status))
}

/// Compiles a replacement in the place of the crate that was asked for.
fn replaced(
    compiler: &Compiler,
    invocation: &Invocation,
    facade: &Facade,
    package: &Package,
    replacement: Replacement,
) -> Result<ExitCode> {
    let mut changed = invocation.with_source(replacement.source(&facade.sources))?;
    changed.add_extern("lockwarden", &facade.lockwarden);
    changed.add_search(&facade.search);
    if let Some(name) = replacement.original {
        let original = Original::of(invocation, name)?;
        let mut call = original.invocation.clone();
        call.add_search(&facade.search);
        let output = compiler.command(&call).stdout(Stdio::null()).output()?;
        if !output.status.success() {
            eprint!("{}", String::from_utf8_lossy(&output.stderr));
            return Ok(code(output.status));
        }
        changed.add_extern(name, &original.library);
    }
    let status = compiler.run(&changed)?;
    if !status.success() {
        failure::explain(compiler, invocation, &facade.search, package);
    }
    Ok(code(status))
}

/// A crate that is compiled under another name, beside what takes its place.
struct Original {
    invocation: Invocation,
    library: std::path::PathBuf,
}

impl Original {
    fn of(invocation: &Invocation, name: &str) -> Result<Self> {
        let folder = invocation
            .value("--out-dir")
            .context("cargo gives every crate a folder")?;
        let folder = Path::new(folder).to_owned();
        let mut renamed = invocation.with_value("--crate-name", name);
        let mut suffix = String::new();
        for argument in &mut renamed.arguments {
            let text = argument.to_string_lossy().into_owned();
            if let Some(given) = text.strip_prefix("extra-filename=") {
                suffix = given.to_owned();
            } else if let Some(kinds) = text.strip_prefix("--emit=") {
                // The file of its dependencies is written for the crate that takes its place.
                let kinds: Vec<&str> = kinds
                    .split(',')
                    .filter(|kind| *kind != "dep-info")
                    .collect();
                *argument = format!("--emit={}", kinds.join(",")).into();
            }
        }
        let is_linked = invocation.value("--emit").is_some_and(|kinds| {
            kinds
                .to_string_lossy()
                .split(',')
                .any(|kind| kind == "link")
        });
        let extension = if is_linked { "rlib" } else { "rmeta" };
        Ok(Self {
            invocation: renamed,
            library: folder.join(format!("lib{name}{suffix}.{extension}")),
        })
    }
}

/// The compiler, behind the wrapper that was there before.
#[derive(Clone, Debug)]
pub(super) struct Compiler {
    program: OsString,
    wrapper: Option<OsString>,
}

impl Compiler {
    pub(super) fn command(&self, invocation: &Invocation) -> Command {
        let mut command = match &self.wrapper {
            Some(wrapper) => {
                let mut command = Command::new(wrapper);
                command.arg(&self.program);
                command
            }
            None => Command::new(&self.program),
        };
        command.args(&invocation.arguments);
        command
    }

    fn run(&self, invocation: &Invocation) -> Result<std::process::ExitStatus> {
        self.command(invocation)
            .status()
            .with_context(|| format!("{} cannot be started", self.program.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invocation(line: &str) -> Invocation {
        Invocation::read(line.split(' ').map(OsString::from).collect()).unwrap()
    }

    #[test]
    fn the_original_is_compiled_beside_its_replacement() {
        let call = invocation(
            "--crate-name parking_lot src/lib.rs --emit=dep-info,metadata,link -C metadata=1 \
             -C extra-filename=-1 --out-dir /t/deps --target t",
        );
        let original = Original::of(&call, "renamed").unwrap();
        assert_eq!(original.library, Path::new("/t/deps/librenamed-1.rlib"));
        assert_eq!(
            original.invocation.arguments,
            invocation(
                "--crate-name renamed src/lib.rs --emit=metadata,link -C metadata=1 \
                 -C extra-filename=-1 --out-dir /t/deps --target t"
            )
            .arguments
        );
        let check = invocation("--crate-name a a.rs --emit=dep-info,metadata --out-dir d");
        let original = Original::of(&check, "renamed").unwrap();
        assert_eq!(original.library, Path::new("d/librenamed.rmeta"));
    }

    #[test]
    fn a_crate_that_never_names_std_is_known_by_its_root() {
        assert!(names_no_std("//! Docs.\n#![no_std]\nmod std {}\n"));
        assert!(!names_no_std(
            "#![no_std]\n#[cfg(test)]\nextern crate std;\n"
        ));
        assert!(!names_no_std(
            "#![cfg_attr(not(feature = \"std\"), no_std)]\n"
        ));
    }

    #[test]
    fn the_facade_takes_the_place_of_std_once() {
        let facade = Facade {
            std: "/f/std.rlib".into(),
            lockwarden: "/f/lockwarden.rlib".into(),
            search: vec!["/f/deps".into()],
            sources: "/f/sources".into(),
        };
        let watched = with_facade(&invocation("--crate-name a a.rs"), &facade);
        assert_eq!(
            watched.arguments,
            invocation("--crate-name a a.rs --extern std=/f/std.rlib -L dependency=/f/deps")
                .arguments
        );
        let own = invocation("--crate-name a a.rs --extern std=own.rlib");
        let kept = with_facade(&own, &facade);
        assert_eq!(
            kept.arguments,
            invocation("--crate-name a a.rs --extern std=own.rlib -L dependency=/f/deps").arguments
        );
    }
}
