//! What the wrapper has to do, as a file that it reads.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::facade::{self, Facade, Hash};
use crate::project::{Project, Selection};

/// The variable that names the file.
pub(crate) const VARIABLE: &str = "LOCKWARDEN_CARGO_PLAN";

/// What the wrapper has to do.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Plan {
    /// Stands for all that changes what is compiled.
    pub(crate) fingerprint: String,
    /// The facade for each triple of the program.
    pub(crate) facades: BTreeMap<String, Facade>,
    pub(crate) selection: Selection,
    /// The packages of the workspace, as `name@version`: what they implement leaves none of them out.
    pub(crate) members: Vec<String>,
    /// A wrapper that was there before, and is called by ours.
    pub(crate) wrapper: Option<OsString>,
    /// The rustdoc that ours calls.
    pub(crate) rustdoc: OsString,
    /// The folder with a file for each crate that was left out.
    pub(crate) left_out: PathBuf,
}

impl Plan {
    /// Makes the plan for a project, with the facades that it needs.
    ///
    /// # Errors
    ///
    /// If a facade cannot be built.
    pub(crate) fn make(project: &Project, offline: bool) -> Result<Self> {
        let mut facades = BTreeMap::new();
        for triple in &project.targets {
            facades.insert(triple.clone(), facade::ensure(project, triple, offline)?);
        }
        let members = project
            .packages
            .iter()
            .filter(|package| package.is_member)
            .map(|package| format!("{}@{}", package.name, package.version))
            .collect();
        let mut plan = Self {
            fingerprint: String::new(),
            facades,
            selection: project.selection.clone(),
            members,
            wrapper: project.config.rustc_wrapper.clone(),
            rustdoc: std::env::var_os("RUSTDOC").unwrap_or_else(|| "rustdoc".into()),
            left_out: project.target_dir.join("lockwarden-left-out"),
        };
        let compiled = serde_json::to_vec(&(&plan.facades, &plan.selection))?;
        plan.fingerprint = Hash::new()
            .with(env!("CARGO_PKG_VERSION"))
            .with(compiled)
            .to_string();
        Ok(plan)
    }

    /// Writes the file into the target folder, and returns its name.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub(crate) fn write(&self, project: &Project) -> Result<PathBuf> {
        let folder = &project.target_dir;
        let path = folder.join(format!("lockwarden-plan-{}.json", self.fingerprint));
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, serde_json::to_vec_pretty(self)?))
            .with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(path)
    }

    /// Reads the file that the environment names, if it names one.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or understood.
    pub(crate) fn read() -> Result<Option<Self>> {
        let Some(path) = std::env::var_os(VARIABLE) else {
            return Ok(None);
        };
        let text = fs::read(&path).with_context(|| {
            format!(
                "{}, named by {VARIABLE}, cannot be read: run `cargo lockwarden` again",
                path.display()
            )
        })?;
        serde_json::from_slice(&text)
            .map(Some)
            .with_context(|| format!("{} is not understood", path.display()))
    }
}
