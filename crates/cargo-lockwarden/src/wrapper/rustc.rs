//! One call of rustc.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use syn::visit::{self, Visit};

use super::cfg::Cfg;
use super::dep_info;
use super::failure;
use super::invocation::Invocation;
use super::replacement::{self, Original, Replacement};
use super::{allocator, code, modules, tables};
use crate::facade::Facade;
use crate::plan::Plan;
use crate::project::LeftOut;
use crate::syntax;

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
    let cfg = Cfg::of(&invocation);
    let replacement = replacement::of(&package.name, &package.version, &cfg);
    let kept_by = replacement.and_then(|replacement| replacement.kept_by(&cfg));
    note(plan, &package, &invocation, why, kept_by);
    if why.is_some() {
        // What it depends on may be watched.
        let mut bare = invocation.clone();
        bare.add_search(&facade.search);
        return Ok(code(compiler.run(&bare)?));
    }
    let replacement = replacement
        .filter(|_| kept_by.is_none())
        // The tests of the package itself are for its own code, and its programs are others.
        .filter(|_| {
            !invocation.has("--test") && invocation.value("--crate-type") != Some("bin".as_ref())
        })
        .filter(|replacement| {
            replacement
                .needs
                .is_none_or(|name| is_replaced(name, &invocation))
        });
    if let Some(replacement) = replacement {
        return replaced(plan, &compiler, &invocation, facade, &package, replacement);
    }
    tables::write(&plan.symbols, &invocation, &package);
    let watched = with_facade(&invocation, facade);
    let status = compiler.run(&watched)?;
    if !status.success() {
        failure::explain(&compiler, &invocation, facade, &package);
    }
    Ok(code(status))
}

/// Whether what a crate is given under this name was compiled in the place of a package: the crate of that
/// package is beside it.
fn is_replaced(name: &str, invocation: &Invocation) -> bool {
    let Some(original) = replacement::original_of(name) else {
        return false;
    };
    let Some(library) = invocation.extern_path(name) else {
        return false;
    };
    let file = library.file_name().unwrap_or_default().to_string_lossy();
    let beside = file.replacen(&format!("lib{name}"), &format!("lib{}", original.name), 1);
    ["rlib", "rmeta"].iter().any(|extension| {
        library
            .with_file_name(&beside)
            .with_extension(extension)
            .exists()
    })
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
    let Some(root) = invocation.source_path() else {
        return false;
    };
    let (root, cfg) = (Path::new(root), Cfg::of(invocation));
    std::fs::read_to_string(root).is_ok_and(|text| is_no_std(&text) && !text.contains(NAMES_STD))
        && !modules::any(root, &cfg, |text| names_std(text, &cfg))
}

fn is_no_std(root: &str) -> bool {
    root.lines()
        .any(|line| line.trim_start().starts_with("#![no_std]"))
}

const NAMES_STD: &str = "extern crate std";

/// Whether a file takes the standard library into its scope, in what is compiled of it. `lazy_static` does so in a module.
fn names_std(text: &str, cfg: &Cfg) -> bool {
    struct Visitor<'a> {
        names: bool,
        cfg: &'a Cfg,
    }
    impl<'ast> Visit<'ast> for Visitor<'_> {
        fn visit_item(&mut self, item: &'ast syn::Item) {
            match item {
                syn::Item::ExternCrate(item) => {
                    self.names |= item.ident == "std" && self.cfg.keeps(&item.attrs);
                }
                // What a macro makes of its input is not known.
                syn::Item::Macro(item) => {
                    self.names |= item.mac.tokens.to_string().contains(NAMES_STD);
                }
                syn::Item::Mod(syn::ItemMod { attrs, .. })
                | syn::Item::Fn(syn::ItemFn { attrs, .. })
                    if self.cfg.keeps(attrs) =>
                {
                    visit::visit_item(self, item);
                }
                _ => {}
            }
        }
    }
    // Most files need no parser.
    if !text.contains(NAMES_STD) {
        return false;
    }
    let Ok(file) = syntax::parse(text) else {
        return true;
    };
    let mut visitor = Visitor { names: false, cfg };
    visitor.visit_file(&file);
    visitor.names
}

/// Why the package that is compiled keeps the bare std, if it does.
pub(super) fn left_out(plan: &Plan, package: &Package, invocation: &Invocation) -> Option<LeftOut> {
    let Package { name, version } = package;
    let cfg = Cfg::of(invocation);
    match plan.selection.left_out(name, version) {
        // The locks of a replaced crate belong to the crates that use it.
        Some(LeftOut::NotNamed) if replacement::of(name, version, &cfg).is_some() => None,
        None => {
            let is_member = plan.members.contains(&format!("{name}@{version}"));
            let root = Path::new(invocation.source_path()?);
            allocator::leaves_out(is_member, root, &cfg)
        }
        why => why,
    }
}

/// Leaves a note for the end of the run, or removes that of an earlier state of the sources. Without it the run says
/// less, and is no worse. `kept_by` is the `--cfg` by which the package is not replaced.
fn note(
    plan: &Plan,
    package: &Package,
    invocation: &Invocation,
    why: Option<LeftOut>,
    kept_by: Option<&str>,
) {
    let Package { name, version } = package;
    let target = invocation.value("--crate-name").unwrap_or_default();
    let target = target.to_string_lossy();
    let note = plan.left_out.join(format!("{name}@{version}@{target}"));
    let reason = match (why, kept_by) {
        // A test may have an allocator of its own, and the package none.
        (Some(why @ LeftOut::Allocator), _) if target != name.replace('-', "_") => {
            format!("its target `{target}` {}", why.reason())
        }
        (Some(why), _) => why.reason().to_owned(),
        (None, Some(name)) => kept_reason(name),
        (None, None) => {
            let _ = std::fs::remove_file(note);
            return;
        }
    };
    let _ = std::fs::create_dir_all(&plan.left_out);
    let _ = std::fs::write(note, reason);
}

/// Why a package is not replaced under a `--cfg` of this name.
pub(super) fn kept_reason(name: &str) -> String {
    format!("not replaced under `--cfg {name}`")
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
    plan: &Plan,
    compiler: &Compiler,
    invocation: &Invocation,
    facade: &Facade,
    package: &Package,
    replacement: Replacement,
) -> Result<ExitCode> {
    let mut changed = in_place(invocation, facade, replacement)?;
    if let Some(original) = replacement.original {
        let mut call = renamed(invocation, original);
        let Package { name, version } = package;
        if original.has_facade && plan.selection.left_out(name, version).is_none() {
            call = with_facade(&call, facade);
            tables::write(&plan.symbols, invocation, package);
        } else {
            call.add_search(&facade.search);
        }
        // Cargo compiles what depends on the crate as soon as a message names its metadata: that of the replacement.
        let output = compiler.command(&call).stdout(Stdio::null()).output()?;
        if !output.status.success() {
            eprint!("{}", String::from_utf8_lossy(&output.stderr));
            return Ok(code(output.status));
        }
        changed.add_extern(original.import, &library(&call, original.name)?);
    }
    let status = compiler.run(&changed)?;
    if !status.success() {
        failure::explain(compiler, invocation, facade, package);
    } else if let Some(original) = replacement.original {
        let name = invocation.value("--crate-name").unwrap_or_default();
        let list = |name: &str| output_file(invocation, "", name, "d");
        dep_info::add(&list(&name.to_string_lossy())?, &list(original.name)?);
    }
    Ok(code(status))
}

/// The call that compiles the source of a replacement, without its original.
fn in_place(
    invocation: &Invocation,
    facade: &Facade,
    replacement: Replacement,
) -> Result<Invocation> {
    let mut changed = invocation.with_source(replacement.source(facade))?;
    if let Some(edition) = replacement.edition {
        changed = changed.with_value("--edition", edition);
    }
    changed.add_features(replacement.features);
    for name in replacement.crates {
        if let Some(library) = facade.crates.get(*name) {
            // The package may have another version of it.
            changed.remove_extern(name);
            changed.add_extern(name, library);
        }
    }
    changed.add_search(&facade.search);
    if replacement.is_package {
        // As the package is called in cargo's home: reports take its places for those of a dependency.
        let mut names = OsString::from("--remap-path-prefix=");
        names.push(&facade.tokio);
        let version = env!("CARGO_PKG_VERSION");
        names.push(format!(
            "=/registry/src/lockwarden/lockwarden-tokio-{version}"
        ));
        changed.arguments.push(names);
    }
    // The lints of the package are for its own code.
    changed.cap_lints();
    Ok(changed)
}

/// The call that compiles a crate under another name, beside what takes its place.
fn renamed(invocation: &Invocation, original: Original) -> Invocation {
    let mut renamed = invocation.with_value("--crate-name", original.name);
    renamed.add_features(original.features);
    renamed
}

/// The file that a call writes for the crate `name`, for others to be compiled with.
fn library(invocation: &Invocation, name: &str) -> Result<PathBuf> {
    let is_linked = invocation.value("--emit").is_some_and(|kinds| {
        let kinds = kinds.to_string_lossy();
        kinds.split(',').any(|kind| kind == "link")
    });
    output_file(
        invocation,
        "lib",
        name,
        if is_linked { "rlib" } else { "rmeta" },
    )
}

/// A file that a call writes for the crate `name`.
fn output_file(
    invocation: &Invocation,
    prefix: &str,
    name: &str,
    extension: &str,
) -> Result<PathBuf> {
    let folder = invocation
        .value("--out-dir")
        .context("cargo gives every crate a folder")?;
    let suffix = invocation.arguments.iter().find_map(|argument| {
        let text = argument.to_string_lossy();
        text.strip_prefix("extra-filename=").map(str::to_owned)
    });
    let suffix = suffix.unwrap_or_default();
    Ok(Path::new(folder).join(format!("{prefix}{name}{suffix}.{extension}")))
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

    fn facade() -> Facade {
        let crates = ["lockwarden", "parking_lot", "libc"]
            .map(|name| (name.to_owned(), format!("/f/{name}.rlib").into()));
        Facade {
            std: "/f/std.rlib".into(),
            crates: crates.into(),
            search: vec!["/f/deps".into()],
            sources: "/f/sources".into(),
            tokio: "/f/tokio".into(),
        }
    }

    #[test]
    fn the_original_is_compiled_beside_its_replacement() {
        let call = invocation(
            "--crate-name parking_lot src/lib.rs --emit=dep-info,metadata,link -C metadata=1 \
             -C extra-filename=-1 --out-dir /t/deps --target t",
        );
        let replacement = replacement::of("parking_lot", "0.12.5", &Cfg::default()).unwrap();
        let original = replacement.original.unwrap();
        let beside = renamed(&call, original);
        assert_eq!(
            library(&beside, original.name).unwrap(),
            Path::new("/t/deps/libparking_lot_original-1.rlib")
        );
        assert_eq!(
            beside.arguments,
            invocation(
                "--crate-name parking_lot_original src/lib.rs --emit=dep-info,metadata,link -C metadata=1 \
                 -C extra-filename=-1 --out-dir /t/deps --target t"
            )
            .arguments
        );
        let check = invocation("--crate-name a a.rs --emit=dep-info,metadata --out-dir d");
        let beside = renamed(&check, original);
        assert_eq!(
            library(&beside, original.name).unwrap(),
            Path::new("d/libparking_lot_original.rmeta")
        );
    }

    #[test]
    fn the_replacement_of_tokio_has_its_own_edition_and_the_crates_of_the_facade() {
        let call = invocation(
            "--crate-name tokio --edition=2021 src/lib.rs --cfg feature=\"sync\" \
             --extern libc=/t/libc.rlib --extern pin_project_lite=/t/pin.rlib --cap-lints warn",
        );
        let replacement = replacement::of("tokio", "1.47.0", &Cfg::default()).unwrap();
        assert_eq!(
            in_place(&call, &facade(), replacement).unwrap().arguments,
            invocation(
                "--crate-name tokio --edition=2024 /f/tokio/src/lib.rs \
                 --cfg feature=\"sync\" --extern pin_project_lite=/t/pin.rlib --cap-lints allow \
                 --cfg feature=\"always\" --extern lockwarden=/f/lockwarden.rlib \
                 --extern parking_lot=/f/parking_lot.rlib --extern libc=/f/libc.rlib \
                 -L dependency=/f/deps \
                 --remap-path-prefix=/f/tokio=/registry/src/lockwarden/lockwarden-tokio-0.1.0"
            )
            .arguments
        );
        let original = replacement.original.unwrap();
        assert_eq!(
            renamed(&call, original).arguments,
            invocation(
                "--crate-name tokio_original --edition=2021 src/lib.rs --cfg feature=\"sync\" \
                 --extern libc=/t/libc.rlib --extern pin_project_lite=/t/pin.rlib --cap-lints warn \
                 --cfg feature=\"rt\""
            )
            .arguments
        );
    }

    #[test]
    fn a_crate_that_never_names_std_is_known_by_its_files() {
        let folder = std::env::temp_dir().join(format!("lockwarden-no-std-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let is_without = |root: &str, module: &str| {
            let path = folder.join("lib.rs");
            std::fs::write(&path, root).unwrap();
            std::fs::write(folder.join("inline.rs"), module).unwrap();
            is_without_std(&invocation(&format!(
                "--crate-name a --cfg std {}",
                path.display()
            )))
        };
        assert!(is_without("//! Docs.\n#![no_std]\nmod std {}\n", ""));
        assert!(!is_without(
            "#![no_std]\n#[cfg(test)]\nextern crate std;\n",
            ""
        ));
        assert!(!is_without(
            "#![cfg_attr(not(feature = \"std\"), no_std)]\n",
            ""
        ));
        let named =
            "#![no_std]\n#[cfg_attr(not(feature = \"spin\"), path = \"inline.rs\")]\nmod lazy;\n";
        assert!(!is_without(named, "extern crate std;\n"));
        assert!(!is_without(
            named,
            "cfg_if! { if #[cfg(a)] { extern crate std; } }\n"
        ));
        assert!(is_without(named, "use core::cell::Cell;\n"));
        // A test of its own that names it is not compiled, either.
        assert!(is_without(
            named,
            "//! extern crate std\n#[cfg(test)]\nmod tests { extern crate std; }\n"
        ));
        // A file that is not compiled.
        assert!(is_without(
            "#![no_std]\n#[cfg(not(std))]\nmod inline;\n",
            "extern crate std;\n"
        ));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn the_facade_takes_the_place_of_std_once() {
        let facade = facade();
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
