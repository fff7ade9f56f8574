//! What cargo's own configuration files say, as far as it matters here.
//!
//! `cargo config get` is not stable, so the files are read where cargo reads them: in `.cargo` of the
//! folder and of all folders above it, and in cargo's home. The nearest file wins.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The values that this command replaces or needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CargoConfig {
    /// `build.rustc-wrapper`: it is called by our own.
    pub(crate) rustc_wrapper: Option<OsString>,
    /// `build.target`.
    pub(crate) targets: Vec<String>,
    /// What rustc is given by any file or variable, whatever of it cargo takes.
    rustflags: Vec<String>,
}

impl CargoConfig {
    /// What holds in `folder`, with the environment over the files.
    pub(crate) fn read(folder: &Path, cargo_home: Option<&Path>) -> Self {
        let mut config = Self::default();
        let folders = folder.ancestors().map(|folder| folder.join(".cargo"));
        for folder in folders.chain(cargo_home.map(Path::to_owned)) {
            // Cargo prefers the name without the extension where both are there.
            for name in ["config", "config.toml"] {
                if let Ok(text) = std::fs::read_to_string(folder.join(name)) {
                    config.fill_in(&text, &folder);
                    break;
                }
            }
        }
        let wrapper = ["RUSTC_WRAPPER", "CARGO_BUILD_RUSTC_WRAPPER"]
            .into_iter()
            .find_map(std::env::var_os);
        if let Some(wrapper) = wrapper {
            // An empty value turns off what the files say.
            config.rustc_wrapper = Some(wrapper);
        }
        config.rustc_wrapper = config.rustc_wrapper.filter(|wrapper| !wrapper.is_empty());
        if let Some(target) = std::env::var("CARGO_BUILD_TARGET")
            .ok()
            .filter(|target| !target.is_empty())
        {
            config.targets = vec![target];
        }
        for variable in ["RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS"] {
            let flags = std::env::var(variable).unwrap_or_default();
            config
                .rustflags
                .extend(flags.split_whitespace().map(str::to_owned));
        }
        let flags = std::env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
        config
            .rustflags
            .extend(flags.split('\u{1f}').map(str::to_owned));
        config
    }

    /// Whether rustc may be given `--cfg name`, for a word before the build. The wrapper sees what it is given.
    pub(crate) fn has_cfg(&self, name: &str) -> bool {
        let is_value = |pair: &[String]| pair[0] == "--cfg" && pair[1] == name;
        self.rustflags.windows(2).any(is_value)
            || self
                .rustflags
                .iter()
                .any(|flag| flag.strip_prefix("--cfg=") == Some(name))
    }

    /// Takes from one file, in `folder`, what no nearer one has said.
    fn fill_in(&mut self, text: &str, folder: &Path) {
        let Ok(table) = text.parse::<toml::Table>() else {
            // Cargo refuses it with words of its own.
            return;
        };
        let targets = table.get("target").and_then(toml::Value::as_table);
        let sections = targets.into_iter().flat_map(toml::Table::values);
        for section in sections.chain(table.get("build")) {
            match section.get("rustflags") {
                Some(toml::Value::String(flags)) => {
                    self.rustflags
                        .extend(flags.split_whitespace().map(str::to_owned));
                }
                Some(toml::Value::Array(flags)) => {
                    let flags = flags.iter().filter_map(toml::Value::as_str);
                    self.rustflags.extend(flags.map(str::to_owned));
                }
                _ => {}
            }
        }
        let Some(build) = table.get("build").and_then(toml::Value::as_table) else {
            return;
        };
        if self.rustc_wrapper.is_none()
            && let Some(wrapper) = build.get("rustc-wrapper").and_then(toml::Value::as_str)
        {
            self.rustc_wrapper = Some(if wrapper.contains(['/', '\\']) {
                // Relative to the folder that holds the folder of the file.
                let parent = folder.parent().unwrap_or(folder);
                PathBuf::from(parent).join(wrapper).into()
            } else {
                wrapper.into()
            });
        }
        if self.targets.is_empty() {
            self.targets = match build.get("target") {
                Some(toml::Value::String(target)) => vec![target.clone()],
                Some(toml::Value::Array(targets)) => targets
                    .iter()
                    .filter_map(|target| target.as_str().map(str::to_owned))
                    .collect(),
                _ => Vec::new(),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_file_wins() {
        let mut config = CargoConfig::default();
        let near = "[build]\nrustc-wrapper = \"tools/wrap\"\n";
        let far = "[build]\nrustc-wrapper = \"sccache\"\ntarget = [\"a\", \"b\"]\n";
        config.fill_in(near, Path::new("/p/.cargo"));
        config.fill_in(far, Path::new("/home/.cargo"));
        assert_eq!(config.rustc_wrapper, Some("/p/tools/wrap".into()));
        assert_eq!(config.targets, ["a", "b"]);
    }

    #[test]
    fn flags_of_any_section_say_which_conditions_hold() {
        let mut config = CargoConfig::default();
        let text =
            "[target.x86_64-unknown-linux-gnu]\nrustflags = [\"--cfg\", \"tokio_unstable\"]\n";
        config.fill_in(text, Path::new("/p/.cargo"));
        config.fill_in(
            "[build]\nrustflags = \"-g --cfg=loom\"\n",
            Path::new("/.cargo"),
        );
        assert!(config.has_cfg("tokio_unstable") && config.has_cfg("loom"));
        assert!(!config.has_cfg("tokio"));
    }

    #[test]
    fn a_name_is_looked_up_in_the_path_and_a_broken_file_is_left_to_cargo() {
        let mut config = CargoConfig::default();
        config.fill_in("build = ", Path::new("/p/.cargo"));
        assert_eq!(config, CargoConfig::default());
        config.fill_in(
            "[build]\nrustc-wrapper = \"sccache\"\ntarget = \"a\"\n",
            Path::new("/p/.cargo"),
        );
        assert_eq!(config.rustc_wrapper, Some("sccache".into()));
        assert_eq!(config.targets, ["a"]);
    }
}
