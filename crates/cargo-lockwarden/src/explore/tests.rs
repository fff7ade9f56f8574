//! The tests of a project: builds their programs, and asks each for its list.

use std::ffi::OsString;
use std::io::BufReader;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use cargo_metadata::Message;

use crate::facade;
use crate::run::Prepared;

/// One test.
#[derive(Clone, Debug)]
pub(crate) struct Test {
    /// The program that has it.
    pub(crate) program: PathBuf,
    /// The folder in which cargo would start it: that of the package.
    pub(crate) folder: PathBuf,
    pub(crate) name: String,
}

/// Takes what comes after `--` out of the arguments of cargo.
pub(super) fn take_filters(arguments: &mut Vec<OsString>) -> Vec<String> {
    let Some(at) = arguments.iter().position(|argument| argument == "--") else {
        return Vec::new();
    };
    let filters = arguments.split_off(at);
    let filters = filters.into_iter().skip(1);
    filters
        .map(|filter| filter.to_string_lossy().into_owned())
        .collect()
}

/// Builds the tests that `arguments` of `cargo test` mean, and lists those whose name has one of
/// `filters` in it.
///
/// # Errors
///
/// If the build fails or a program does not list its tests.
pub(super) fn all(
    prepared: &Prepared,
    arguments: &[OsString],
    filters: &[String],
) -> Result<Vec<Test>> {
    let mut tests = Vec::new();
    for (program, folder) in programs(prepared, arguments)? {
        let list = Command::new(&program)
            .args(["--list", "--format", "terse"])
            .current_dir(&folder)
            .envs(prepared.variables.iter().map(|(name, value)| (name, value)))
            .stderr(Stdio::null())
            .output()
            .with_context(|| format!("{} cannot be started", program.display()))?;
        let list = String::from_utf8_lossy(&list.stdout).into_owned();
        let names = list.lines().filter_map(|line| line.strip_suffix(": test"));
        let is_meant =
            |name: &&str| filters.is_empty() || filters.iter().any(|part| name.contains(part));
        tests.extend(names.filter(is_meant).map(|name| Test {
            program: program.clone(),
            folder: folder.clone(),
            name: name.to_owned(),
        }));
    }
    Ok(tests)
}

/// The test programs, each with the folder of its package.
fn programs(prepared: &Prepared, arguments: &[OsString]) -> Result<Vec<(PathBuf, PathBuf)>> {
    let mut cargo = Command::new(facade::cargo())
        .args([
            "test",
            "--no-run",
            "--message-format=json-render-diagnostics",
        ])
        .args(arguments)
        .envs(prepared.variables.iter().map(|(name, value)| (name, value)))
        .stdout(Stdio::piped())
        .spawn()
        .context("cargo cannot be started")?;
    let output = cargo.stdout.take().context("cargo has no output")?;
    let mut programs = Vec::new();
    for message in Message::parse_stream(BufReader::new(output)) {
        if let Message::CompilerArtifact(artifact) = message?
            && artifact.profile.test
            && let Some(program) = artifact.executable
        {
            let folder = artifact
                .manifest_path
                .parent()
                .context("a manifest is in a folder")?;
            programs.push((program.into(), folder.into()));
        }
    }
    if !cargo.wait()?.success() {
        bail!("the tests were not built");
    }
    Ok(programs)
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn what_comes_after_two_dashes_chooses_tests() {
        let mut arguments: Vec<OsString> = ["-p", "one", "--", "pool", "queue"]
            .map(Into::into)
            .to_vec();
        assert_eq!(take_filters(&mut arguments), ["pool", "queue"]);
        assert_eq!(arguments, ["-p", "one"]);
        assert!(take_filters(&mut arguments).is_empty());
    }
}
