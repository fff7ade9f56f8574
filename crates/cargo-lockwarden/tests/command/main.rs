//! The command on projects of its own (`tests/projects`), each copied to a folder where it may build.
//!
//! The facade is built once, into the folder of the tests, and kept there until a source changes.

mod adoption;
mod explore;
mod selection;
mod verdicts;
mod whole;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A copy of one of the projects.
struct Project(PathBuf);

/// What a call has printed, and its exit code.
#[derive(Debug)]
struct Answer {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Project {
    /// Copies the project `name`, for the test `test` alone. What was built there before stays, so a
    /// test that runs again is quick.
    fn copy(name: &str, test: &str) -> Self {
        let from = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/projects")
            .join(name);
        let to = temporary().join(format!("{name}-{test}"));
        copy(&from, &to);
        Self(to)
    }

    /// A copy in which nothing is built: an earlier run of the test has left its target folder.
    fn unbuilt(name: &str, test: &str) -> Self {
        let project = Self::copy(name, test);
        let _ = fs::remove_dir_all(project.folder().join("target"));
        project
    }

    fn folder(&self) -> &Path {
        &self.0
    }

    /// `cargo lockwarden`, in this project.
    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-lockwarden"));
        clean(&mut command);
        command
            .arg("lockwarden")
            .current_dir(&self.0)
            .env("LOCKWARDEN_CACHE", temporary().join("facades"));
        command
    }

    fn call(&self, arguments: &[&str]) -> Answer {
        Answer::of(self.command().args(arguments))
    }

    /// Plain cargo, in this project.
    fn cargo(&self) -> Command {
        let mut command = Command::new(env!("CARGO"));
        clean(&mut command);
        command.current_dir(&self.0);
        command
    }
}

impl Answer {
    fn of(command: &mut Command) -> Self {
        let Output {
            status,
            stdout,
            stderr,
        } = command.output().unwrap();
        Self {
            code: status.code(),
            out: String::from_utf8_lossy(&stdout).into_owned(),
            err: String::from_utf8_lossy(&stderr).into_owned(),
        }
    }

    #[track_caller]
    fn ends_with(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.out, self.err);
        self
    }

    #[track_caller]
    fn says(&self, text: &str) -> &Self {
        assert!(
            self.out.contains(text) || self.err.contains(text),
            "{text:?} is missing in\n{}\n{}",
            self.out,
            self.err
        );
        self
    }

    #[track_caller]
    fn is_silent_about(&self, text: &str) -> &Self {
        assert!(
            !self.out.contains(text) && !self.err.contains(text),
            "{text:?} is in\n{}\n{}",
            self.out,
            self.err
        );
        self
    }
}

fn temporary() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

/// Takes out what the cargo that runs the tests has set for them.
fn clean(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let is_ours = text.starts_with("LOCKWARDEN");
        let is_of_cargo = text.starts_with("CARGO_PKG_")
            || text.starts_with("CARGO_MANIFEST")
            || text.starts_with("CARGO_TARGET")
            || text.starts_with("CARGO_BUILD")
            || text.starts_with("CARGO_ENCODED")
            || text.starts_with("RUST");
        if is_ours || (is_of_cargo && text != "RUSTUP_TOOLCHAIN" && text != "RUSTUP_HOME") {
            command.env_remove(&name);
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            if entry.file_name() != "target" {
                copy(&entry.path(), &target);
            }
        } else if !fs::read(&target).is_ok_and(|old| old == fs::read(entry.path()).unwrap()) {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}
