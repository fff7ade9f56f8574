//! Which crates are watched.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::cli::Chosen;

/// What is watched: all crates but those left out, or some crates alone.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Selection {
    /// The crates that are watched; empty: all.
    pub(crate) only: Vec<String>,
    /// The crates that are not watched.
    pub(crate) exclude: Vec<String>,
}

/// Why a crate is compiled as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LeftOut {
    /// It was named in `exclude`.
    Excluded,
    /// Others were named in `only`.
    NotNamed,
    /// It implements an allocator: the detector allocates, and would be entered by its own work.
    Allocator,
    /// The locks are built on it.
    Foundation,
}

impl LeftOut {
    /// The reason, as it stands behind the name of the crate.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            LeftOut::Excluded => "left out by `exclude`",
            LeftOut::NotNamed => "not named by `only`",
            LeftOut::Allocator => "implements an allocator",
            LeftOut::Foundation => "the locks are built on it",
        }
    }
}

/// Crates below the locks: none of their own synchronisation is a lock of the program.
const FOUNDATIONS: [&str; 2] = ["parking_lot_core", "scopeguard"];

impl Selection {
    /// What was typed, over what the project's files say: `only` of the nearest place that names any,
    /// and the `exclude` of all.
    ///
    /// # Errors
    ///
    /// If a file is not understood.
    pub(crate) fn gather(
        chosen: &Chosen,
        workspace_root: &Path,
        metadata: &[&serde_json::Value],
    ) -> Result<Self> {
        let mut selection = Self {
            only: chosen.only.clone(),
            exclude: chosen.exclude.clone(),
        };
        let file = workspace_root.join(".config/lockwarden.toml");
        if let Ok(text) = std::fs::read_to_string(&file) {
            let said = toml::from_str(&text)
                .with_context(|| format!("{} is not understood", file.display()))?;
            selection.add(said);
        }
        for value in metadata {
            let value = &value["lockwarden"];
            if !value.is_null() {
                let said = Self::deserialize(value)
                    .context("`metadata.lockwarden` of Cargo.toml is not understood")?;
                selection.add(said);
            }
        }
        for list in [&mut selection.only, &mut selection.exclude] {
            list.sort();
            list.dedup();
        }
        Ok(selection)
    }

    fn add(&mut self, other: Self) {
        if self.only.is_empty() {
            self.only = other.only;
        }
        self.exclude.extend(other.exclude);
    }

    /// Refuses a name that no package of the project has.
    ///
    /// # Errors
    ///
    /// With the name, and with the most similar one that there is.
    pub(crate) fn check(&self, packages: &[(String, String)]) -> Result<()> {
        for (option, patterns) in [("only", &self.only), ("exclude", &self.exclude)] {
            for pattern in patterns {
                if packages
                    .iter()
                    .any(|(name, version)| matches(pattern, name, version))
                {
                    continue;
                }
                let wanted = pattern.split('@').next().unwrap_or_default();
                match packages.iter().find(|(name, _)| is_similar(name, wanted)) {
                    Some((name, version)) => bail!(
                        "`{option}` names `{pattern}`, which is not in the build; is `{name}@{version}` meant?"
                    ),
                    None => bail!(
                        "`{option}` names `{pattern}`, which is not in the build: `cargo tree` lists what is"
                    ),
                }
            }
        }
        Ok(())
    }

    /// Why a crate is left out, as far as its name says.
    pub(crate) fn left_out(&self, name: &str, version: &str) -> Option<LeftOut> {
        let named = |patterns: &[String]| {
            patterns
                .iter()
                .any(|pattern| matches(pattern, name, version))
        };
        if FOUNDATIONS.contains(&name) {
            Some(LeftOut::Foundation)
        } else if named(&self.exclude) {
            Some(LeftOut::Excluded)
        } else if !self.only.is_empty() && !named(&self.only) {
            Some(LeftOut::NotNamed)
        } else {
            None
        }
    }
}

/// Whether `pattern`, a name or `name@version`, means a package. As for cargo, `-` and `_` differ.
fn matches(pattern: &str, name: &str, version: &str) -> bool {
    match pattern.split_once('@') {
        Some((wanted, exact)) => wanted == name && exact == version,
        None => pattern == name,
    }
}

/// Whether two names differ in nothing but separators and case, or one begins with the other.
fn is_similar(name: &str, wanted: &str) -> bool {
    let plain = |text: &str| text.to_lowercase().replace(['-', '_'], "");
    let (name, wanted) = (plain(name), plain(wanted));
    name == wanted || (wanted.len() > 2 && (name.starts_with(&wanted) || wanted.starts_with(&name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn strings(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_command_line_goes_before_the_files_for_only_and_joins_them_for_exclude() {
        let chosen = Chosen {
            only: strings(&["a"]),
            exclude: strings(&["x"]),
        };
        let metadata = json!({"lockwarden": {"only": ["b"], "exclude": ["y"]}, "other": 1});
        let selection =
            Selection::gather(&chosen, Path::new("/nowhere"), &[&metadata, &json!(null)]).unwrap();
        assert_eq!(selection.only, ["a"]);
        assert_eq!(selection.exclude, ["x", "y"]);
    }

    #[test]
    fn a_key_that_is_not_known_is_refused() {
        let metadata = json!({"lockwarden": {"exlude": ["y"]}});
        let error =
            Selection::gather(&Chosen::default(), Path::new("/nowhere"), &[&metadata]).unwrap_err();
        let error = format!("{error:#}");
        assert!(error.contains("exlude"), "{error}");
    }

    #[test]
    fn names_and_versions_select() {
        let selection = Selection {
            only: Vec::new(),
            exclude: strings(&["a", "b@1.0.0"]),
        };
        assert_eq!(selection.left_out("a", "2.0.0"), Some(LeftOut::Excluded));
        assert_eq!(selection.left_out("b", "1.0.0"), Some(LeftOut::Excluded));
        assert_eq!(selection.left_out("b", "1.0.1"), None);
        let only = Selection {
            only: strings(&["a"]),
            exclude: Vec::new(),
        };
        assert_eq!(only.left_out("a", "1.0.0"), None);
        assert_eq!(only.left_out("c", "1.0.0"), Some(LeftOut::NotNamed));
    }

    #[test]
    fn a_name_that_is_not_in_the_build_is_refused_with_a_similar_one() {
        let packages = [("serde_json".to_owned(), "1.0.0".to_owned())];
        let selection = Selection {
            only: Vec::new(),
            exclude: strings(&["serde-json"]),
        };
        let error = selection.check(&packages).unwrap_err().to_string();
        assert!(error.contains("`serde_json@1.0.0`"), "{error}");
        let selection = Selection {
            only: strings(&["nothing"]),
            exclude: Vec::new(),
        };
        assert!(selection.check(&packages).is_err());
    }
}
