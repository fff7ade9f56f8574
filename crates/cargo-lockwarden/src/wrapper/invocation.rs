//! The arguments of one call of rustc or rustdoc.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

/// The arguments, with those of a response file (`@path`) in its place.
#[derive(Clone, Debug)]
pub(super) struct Invocation {
    pub(super) arguments: Vec<OsString>,
}

impl Invocation {
    /// Reads the arguments.
    ///
    /// # Errors
    ///
    /// If a response file cannot be read.
    pub(super) fn read(arguments: Vec<OsString>) -> Result<Self> {
        let mut read = Vec::with_capacity(arguments.len());
        for argument in arguments {
            match argument.to_str().and_then(|text| text.strip_prefix('@')) {
                // Cargo writes one where the command line would be too long for the system.
                Some(path) => {
                    let text = fs::read_to_string(path)
                        .with_context(|| format!("the arguments in {path} cannot be read"))?;
                    read.extend(text.lines().map(OsString::from));
                }
                None => read.push(argument),
            }
        }
        Ok(Self { arguments: read })
    }

    /// The value of an option: `--name value` or `--name=value`.
    pub(super) fn value(&self, name: &str) -> Option<&OsStr> {
        let mut arguments = self.arguments.iter();
        while let Some(argument) = arguments.next() {
            if argument == name {
                return arguments.next().map(OsString::as_os_str);
            }
            let value = argument
                .to_str()
                .and_then(|text| text.strip_prefix(name))
                .and_then(|rest| rest.strip_prefix('='));
            if let Some(value) = value {
                return Some(OsStr::new(value));
            }
        }
        None
    }

    /// All values of an option, in both forms.
    pub(super) fn values(&self, name: &str) -> Vec<String> {
        let mut values = Vec::new();
        let mut arguments = self.arguments.iter();
        while let Some(argument) = arguments.next() {
            let value = if argument == name {
                arguments.next().map(|value| value.to_string_lossy())
            } else {
                let inline = argument.to_str().and_then(|text| text.strip_prefix(name));
                inline
                    .and_then(|rest| rest.strip_prefix('='))
                    .map(Into::into)
            };
            values.extend(value.map(|value| value.into_owned()));
        }
        values
    }

    /// Whether the flag is there.
    pub(super) fn has(&self, flag: &str) -> bool {
        self.arguments.iter().any(|argument| argument == flag)
    }

    /// The triple for which a crate is compiled, where that was asked for.
    pub(super) fn target(&self) -> Option<String> {
        self.value("--crate-name")?;
        let target = self.value("--target")?;
        Some(target.to_string_lossy().into_owned())
    }

    /// The place of the root file of the crate among the arguments.
    fn source(&self) -> Option<usize> {
        let mut is_value = false;
        for (place, argument) in self.arguments.iter().enumerate() {
            let text = argument.to_string_lossy();
            if text.starts_with('-') {
                is_value = takes_value(&text);
            } else if std::mem::take(&mut is_value) {
            } else if text.ends_with(".rs") {
                return Some(place);
            }
        }
        None
    }

    /// The root file of the crate.
    pub(super) fn source_path(&self) -> Option<&OsStr> {
        Some(&self.arguments[self.source()?])
    }

    /// The same arguments with another root file.
    ///
    /// # Errors
    ///
    /// If there is none to take the place of.
    pub(super) fn with_source(&self, source: PathBuf) -> Result<Self> {
        let Some(place) = self.source() else {
            bail!("a call of rustc names no source file: {:?}", self.arguments);
        };
        let mut changed = self.clone();
        changed.arguments[place] = source.into();
        Ok(changed)
    }

    /// The same arguments with `value` for the option `name`, in both forms.
    pub(super) fn with_value(&self, name: &str, value: impl Into<OsString>) -> Self {
        let mut changed = self.clone();
        let mut arguments = changed.arguments.iter_mut();
        while let Some(argument) = arguments.next() {
            if argument == name
                && let Some(given) = arguments.next()
            {
                *given = value.into();
                break;
            }
            let text = argument.to_string_lossy();
            if text
                .strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('='))
            {
                let mut whole = OsString::from(format!("{name}="));
                whole.push(value.into());
                *argument = whole;
                break;
            }
        }
        changed
    }

    /// Keeps all lints silent.
    pub(super) fn cap_lints(&mut self) {
        const OPTION: &str = "--cap-lints";
        if self.value(OPTION).is_some() {
            *self = self.with_value(OPTION, "allow");
        } else {
            self.arguments.push(format!("{OPTION}=allow").into());
        }
    }

    /// Adds `--cfg feature="name"` for each feature that is not among the options.
    pub(super) fn add_features(&mut self, names: &[&str]) {
        let given = self.values("--cfg");
        for name in names {
            let option = format!("feature=\"{name}\"");
            if !given.contains(&option) {
                self.arguments.extend(["--cfg".into(), option.into()]);
            }
        }
    }

    /// Removes each `--extern name=...`.
    pub(super) fn remove_extern(&mut self, name: &str) {
        let mut kept = Vec::with_capacity(self.arguments.len());
        let mut arguments = std::mem::take(&mut self.arguments).into_iter();
        while let Some(argument) = arguments.next() {
            if argument == "--extern" {
                match arguments.next() {
                    Some(value) if extern_name(&value) == name => {}
                    value => kept.extend(std::iter::once(argument).chain(value)),
                }
            } else {
                kept.push(argument);
            }
        }
        self.arguments = kept;
    }

    /// Adds `--extern name=path`.
    pub(super) fn add_extern(&mut self, name: &str, path: &std::path::Path) {
        let mut value = OsString::from(format!("{name}="));
        value.push(path);
        self.arguments.extend(["--extern".into(), value]);
    }

    /// Adds folders in which the dependencies of dependencies are looked up.
    pub(super) fn add_search(&mut self, folders: &[PathBuf]) {
        for folder in folders {
            let mut value = OsString::from("dependency=");
            value.push(folder);
            self.arguments.extend(["-L".into(), value]);
        }
    }

    /// Whether the crate is given something under that name already.
    pub(super) fn has_extern(&self, name: &str) -> bool {
        self.extern_value(name).is_some()
    }

    /// The values of all `--extern`.
    fn externs(&self) -> impl Iterator<Item = &OsStr> {
        let pairs = self.arguments.iter().zip(self.arguments.iter().skip(1));
        pairs
            .filter(|(option, _)| *option == "--extern")
            .map(|(_, value)| value.as_os_str())
    }

    /// The value of the `--extern` of that name.
    fn extern_value(&self, name: &str) -> Option<&OsStr> {
        self.externs().find(|value| extern_name(value) == name)
    }

    /// The file of the `--extern` of that name.
    pub(super) fn extern_path(&self, name: &str) -> Option<PathBuf> {
        path_of(self.extern_value(name)?)
    }

    /// The files of all `--extern`.
    pub(super) fn extern_paths(&self) -> impl Iterator<Item = PathBuf> {
        self.externs().filter_map(path_of)
    }
}

/// The path in the value of an `--extern`.
fn path_of(value: &OsStr) -> Option<PathBuf> {
    let value = value.to_string_lossy();
    value.split_once('=').map(|(_, path)| path.into())
}

/// The name in the value of an `--extern`: `name`, `name=path` or `options:name=path`.
fn extern_name(value: &OsStr) -> String {
    let value = value.to_string_lossy();
    let given = value.split('=').next().unwrap_or_default();
    given.rsplit(':').next().unwrap_or_default().to_owned()
}

/// Options of rustc and rustdoc that cargo gives with the value as an argument of its own.
fn takes_value(option: &str) -> bool {
    matches!(
        option,
        "--crate-name"
            | "--crate-type"
            | "--edition"
            | "--cfg"
            | "--check-cfg"
            | "--cap-lints"
            | "--out-dir"
            | "--target"
            | "--extern"
            | "-L"
            | "-C"
            | "-l"
            | "-o"
            | "--test-run-directory"
            | "--test-runtool"
            | "--test-runtool-arg"
            | "--crate-version"
            | "--error-format"
            | "--sysroot"
            | "--emit"
            | "-Z"
            | "-A"
            | "-W"
            | "-D"
            | "-F"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn invocation(line: &str) -> Invocation {
        Invocation::read(line.split(' ').map(OsString::from).collect()).unwrap()
    }

    #[test]
    fn options_are_read_in_both_forms() {
        let call = invocation("--crate-name x --edition=2021 src/lib.rs --target t --test");
        assert_eq!(call.value("--crate-name"), Some(OsStr::new("x")));
        assert_eq!(call.value("--edition"), Some(OsStr::new("2021")));
        assert_eq!(call.target().as_deref(), Some("t"));
        assert!(call.has("--test"));
        assert_eq!(invocation("- --crate-name ___ --print=cfg").target(), None);
        assert_eq!(invocation("-vV").target(), None);
    }

    #[test]
    fn the_root_file_is_replaced_and_no_value_is() {
        let call = invocation("--crate-name odd.rs --out-dir a.rs --edition=2021 src/lib.rs -C x");
        let changed = call.with_source(PathBuf::from("other.rs")).unwrap();
        assert_eq!(
            changed.arguments,
            invocation("--crate-name odd.rs --out-dir a.rs --edition=2021 other.rs -C x").arguments
        );
        assert!(invocation("-vV").with_source(PathBuf::new()).is_err());
    }

    #[test]
    fn an_extern_is_found_with_and_without_options() {
        let mut call = invocation("--extern noprelude:std=a --extern other");
        assert!(call.has_extern("std"));
        assert!(call.has_extern("other"));
        assert!(!call.has_extern("third"));
        call.add_extern("third", Path::new("b"));
        assert!(call.has_extern("third"));
    }

    #[test]
    fn an_extern_is_removed_and_its_neighbours_stay() {
        let mut call = invocation("--extern a=/d/a.rlib --extern priv:b=/d/b.rlib -L c --extern d");
        assert_eq!(call.extern_path("b"), Some("/d/b.rlib".into()));
        assert_eq!(call.extern_path("d"), None);
        call.remove_extern("b");
        assert_eq!(
            call.arguments,
            invocation("--extern a=/d/a.rlib -L c --extern d").arguments
        );
    }

    #[test]
    fn features_and_values_are_set_once() {
        let mut call = invocation("--edition=2021 --cfg feature=\"rt\" --out-dir a");
        call.add_features(&["rt", "sync"]);
        let changed = call
            .with_value("--edition", "2024")
            .with_value("--out-dir", "b");
        assert_eq!(
            changed.arguments,
            invocation("--edition=2024 --cfg feature=\"rt\" --out-dir b --cfg feature=\"sync\"")
                .arguments
        );
    }

    #[test]
    fn a_response_file_stands_for_its_lines() {
        let file = std::env::temp_dir().join(format!("lockwarden-args-{}", std::process::id()));
        fs::write(&file, "--crate-name\nwith space\n").unwrap();
        let call = Invocation::read(vec![format!("@{}", file.display()).into()]).unwrap();
        fs::remove_file(&file).unwrap();
        assert_eq!(call.value("--crate-name"), Some(OsStr::new("with space")));
    }
}
