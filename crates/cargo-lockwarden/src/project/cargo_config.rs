//! What cargo's own configuration files say, as far as it matters here.
//!
//! `cargo config get` is not stable, so the files are read where cargo reads them: in `.cargo` of the
//! folder and of all folders above it, and in cargo's home. The nearest file wins; the environment goes
//! before the files, and `--config` before both.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

/// The values that this command replaces or needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CargoConfig {
    /// `build.rustc-wrapper`: it is called by our own.
    pub(crate) rustc_wrapper: Option<OsString>,
    /// `build.rustc`, or its variable.
    pub(crate) rustc: Option<OsString>,
    /// `build.rustdoc`, or its variable: it is called by our own.
    pub(crate) rustdoc: Option<OsString>,
    /// `build.target`.
    pub(crate) targets: Vec<String>,
    /// What rustc is given by any file or variable, whatever of it cargo takes.
    rustflags: Vec<String>,
    /// `alias.NAME` of the files: the words that cargo puts in the place of the name.
    aliases: BTreeMap<String, Vec<String>>,
}

impl CargoConfig {
    /// What holds in `folder`, where `arguments` are the values of `--config`.
    pub(crate) fn read(folder: &Path, cargo_home: Option<&Path>, arguments: &[OsString]) -> Self {
        let mut config = Self::default();
        for tool in TOOLS {
            *config.tool(tool) = std::env::var_os(tool.variable);
        }
        // The last one wins.
        for argument in arguments.iter().rev() {
            config.argument(&argument.to_string_lossy(), folder);
        }
        for tool in TOOLS {
            let value = config.tool(tool);
            *value = value.take().or_else(|| std::env::var_os(tool.of_build));
        }
        if config.targets.is_empty()
            && let Some(target) = std::env::var("CARGO_BUILD_TARGET")
                .ok()
                .filter(|target| !target.is_empty())
        {
            config.targets = vec![target];
        }
        let folders = folder.ancestors().map(|folder| folder.join(".cargo"));
        for folder in folders.chain(cargo_home.map(Path::to_owned)) {
            // Cargo prefers the name without the extension where both are there.
            let mut names = ["config", "config.toml"].into_iter();
            names.any(|name| config.file(&folder.join(name), INCLUDES));
        }
        for tool in TOOLS {
            // An empty value turns off what the files say.
            let value = config.tool(tool);
            *value = value.take().filter(|value| !value.is_empty());
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

    /// What one file says.
    #[cfg(test)]
    pub(crate) fn of(text: &str) -> Self {
        let mut config = Self::default();
        config.fill_in(text, Path::new("/"));
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

    /// The words that cargo puts in the place of the subcommand `name`, if it is an alias.
    pub(crate) fn alias(&self, name: &str) -> Option<Vec<String>> {
        let variable = format!("CARGO_ALIAS_{}", name.to_uppercase().replace('-', "_"));
        match std::env::var(variable) {
            Ok(words) => Some(words_of(&words)),
            Err(_) => self.aliases.get(name).cloned(),
        }
    }

    /// Takes one value of `--config`, which is the name of a file or a line of one.
    fn argument(&mut self, argument: &str, here: &Path) {
        if !self.file(&here.join(argument), INCLUDES) {
            self.fill_in(argument, here);
        }
    }

    /// Takes from a file the settings that no nearer file has, and then from those that it includes. Returns whether there is such
    /// a file.
    fn file(&mut self, path: &Path, includes: usize) -> bool {
        let Ok(text) = std::fs::read_to_string(path) else {
            return false;
        };
        let folder = path.parent().unwrap_or(path);
        // Paths are relative to the folder that holds the folder of the file.
        self.fill_in(&text, folder.parent().unwrap_or(folder));
        if includes > 0 {
            for name in included(&text).iter().rev() {
                self.file(&folder.join(name), includes - 1);
            }
        }
        true
    }

    /// Takes from one text, whose paths are relative to `root`, the settings that no nearer one has.
    fn fill_in(&mut self, text: &str, root: &Path) {
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
        let aliases = table.get("alias").and_then(toml::Value::as_table);
        for (name, value) in aliases.into_iter().flatten() {
            let words = match value {
                toml::Value::String(words) => words_of(words),
                toml::Value::Array(words) => {
                    let words = words.iter().filter_map(toml::Value::as_str);
                    words.map(str::to_owned).collect()
                }
                // Cargo refuses it with words of its own.
                _ => continue,
            };
            self.aliases.entry(name.clone()).or_insert(words);
        }
        let Some(build) = table.get("build").and_then(toml::Value::as_table) else {
            return;
        };
        for tool in TOOLS {
            let value = self.tool(tool);
            if value.is_none()
                && let Some(program) = build.get(tool.key).and_then(toml::Value::as_str)
            {
                *value = Some(if program.contains(['/', '\\']) {
                    root.join(program).into()
                } else {
                    program.into()
                });
            }
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

    /// The program that the configuration names for `tool`.
    fn tool(&mut self, tool: Tool) -> &mut Option<OsString> {
        match tool.key {
            "rustc" => &mut self.rustc,
            "rustdoc" => &mut self.rustdoc,
            _ => &mut self.rustc_wrapper,
        }
    }
}

/// The words of a value that is one text: cargo knows no quotes in it.
fn words_of(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// A program that cargo calls, by the names under which it is configured.
#[derive(Clone, Copy, Debug)]
struct Tool {
    /// The key in `[build]`.
    key: &'static str,
    /// The variable that goes before all.
    variable: &'static str,
    /// The variable of the key, which goes before the files.
    of_build: &'static str,
}

const TOOLS: [Tool; 3] = [
    Tool {
        key: "rustc",
        variable: "RUSTC",
        of_build: "CARGO_BUILD_RUSTC",
    },
    Tool {
        key: "rustdoc",
        variable: "RUSTDOC",
        of_build: "CARGO_BUILD_RUSTDOC",
    },
    Tool {
        key: "rustc-wrapper",
        variable: "RUSTC_WRAPPER",
        of_build: "CARGO_BUILD_RUSTC_WRAPPER",
    },
];

/// How deep files may include others: cargo refuses those that include themselves.
const INCLUDES: usize = 8;

/// The files that a configuration includes, by their paths from its folder.
fn included(text: &str) -> Vec<String> {
    let Ok(mut table) = text.parse::<toml::Table>() else {
        return Vec::new();
    };
    let list = match table.remove("include") {
        Some(toml::Value::Array(list)) => list,
        Some(one) => vec![one],
        None => Vec::new(),
    };
    let name = |value: &toml::Value| {
        let name = value.get("path").unwrap_or(value);
        name.as_str().map(str::to_owned)
    };
    list.iter().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_file_wins() {
        let mut config = CargoConfig::default();
        let near = "[build]\nrustc-wrapper = \"tools/wrap\"\n";
        let far = "[build]\nrustc-wrapper = \"sccache\"\ntarget = [\"a\", \"b\"]\n";
        config.fill_in(near, Path::new("/p"));
        config.fill_in(far, Path::new("/home"));
        assert_eq!(config.rustc_wrapper, Some("/p/tools/wrap".into()));
        assert_eq!(config.targets, ["a", "b"]);
    }

    #[test]
    fn arguments_go_before_files_and_the_last_before_the_first() {
        let folder = std::env::temp_dir().join(format!("lockwarden-config-{}", std::process::id()));
        let cargo = folder.join(".cargo");
        std::fs::create_dir_all(&cargo).unwrap();
        let file = "include = [{ path = \"more.toml\" }]\n[build]\nrustdoc = \"tools/doc\"\ntarget = \"a\"\n";
        std::fs::write(cargo.join("config.toml"), file).unwrap();
        let more = "[build]\nrustdoc = \"other\"\nrustc = \"./tool\"\n";
        std::fs::write(cargo.join("more.toml"), more).unwrap();
        let arguments = ["build.target=\"b\"", "build.target=[\"c\", \"d\"]"];
        let config = CargoConfig::read(&folder, None, &arguments.map(OsString::from));
        let of_file = CargoConfig::read(&folder, None, &[".cargo/config.toml".into()]);
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(config.targets, ["c", "d"]);
        assert_eq!(config.rustdoc, Some(folder.join("tools/doc").into()));
        assert_eq!(of_file.targets, ["a"]);
        assert_eq!(of_file.rustdoc, config.rustdoc);
    }

    #[test]
    fn flags_of_any_section_say_which_conditions_hold() {
        let mut config = CargoConfig::default();
        let text =
            "[target.x86_64-unknown-linux-gnu]\nrustflags = [\"--cfg\", \"tokio_unstable\"]\n";
        config.fill_in(text, Path::new("/p"));
        config.fill_in("[build]\nrustflags = \"-g --cfg=loom\"\n", Path::new("/"));
        assert!(config.has_cfg("tokio_unstable") && config.has_cfg("loom"));
        assert!(!config.has_cfg("tokio"));
    }

    #[test]
    fn an_alias_is_one_text_or_a_list_and_that_of_the_nearest_file() {
        let mut config = CargoConfig::default();
        let near = "alias.tt = \"test  -p one\"\nalias.go = [\"run\", \"--\", \"a b\"]\n";
        config.fill_in(near, Path::new("/p"));
        config.fill_in("[alias]\ntt = \"test\"\n", Path::new("/"));
        let alias = |name| config.alias(name).unwrap_or_default();
        assert_eq!(alias("tt"), ["test", "-p", "one"]);
        assert_eq!(alias("go"), ["run", "--", "a b"]);
        assert!(config.alias("test").is_none());
    }

    #[test]
    fn a_name_is_looked_up_in_the_path_and_a_broken_file_is_left_to_cargo() {
        let mut config = CargoConfig::default();
        config.fill_in("build = ", Path::new("/p"));
        assert_eq!(config, CargoConfig::default());
        config.fill_in(
            "[build]\nrustc-wrapper = \"sccache\"\ntarget = \"a\"\n",
            Path::new("/p"),
        );
        assert_eq!(config.rustc_wrapper, Some("sccache".into()));
        assert_eq!(config.targets, ["a"]);
    }
}
