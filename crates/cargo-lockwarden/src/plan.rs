//! What the wrapper has to do, as a file that it reads.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::facade::{self, Facade, Hash};
use crate::files;
use crate::project::{Project, Selection};
use crate::variables;

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
    /// The folder with a file for each target of a crate that was left out under this plan.
    pub(crate) left_out: PathBuf,
    /// The folder with a table for each crate, of names that its source has for locks.
    pub(crate) symbols: PathBuf,
}

impl Plan {
    /// Makes the plan for a project, with the facades that it needs.
    ///
    /// # Errors
    ///
    /// If a facade cannot be built.
    pub(crate) fn make(project: &Project, offline: bool) -> Result<Self> {
        let members = project
            .packages
            .iter()
            .filter(|package| package.is_member)
            .map(|package| format!("{}@{}", package.name, package.version))
            .collect();
        // Under the variables that `env` prints, what was there before is in the plan that they name.
        let outer = Self::read().ok().flatten();
        let (wrapper, rustdoc) = match outer {
            Some(outer) => (outer.wrapper, outer.rustdoc),
            None => (
                project.config.rustc_wrapper.clone(),
                project
                    .config
                    .rustdoc
                    .clone()
                    .unwrap_or_else(|| "rustdoc".into()),
            ),
        };
        let mut facades = BTreeMap::new();
        for triple in &project.targets {
            facades.insert(
                triple.clone(),
                facade::ensure(project, triple, offline, wrapper.as_ref())?,
            );
        }
        let mut plan = Self {
            fingerprint: String::new(),
            facades,
            selection: project.selection.clone(),
            members,
            wrapper,
            rustdoc,
            left_out: project.target_dir.join("lockwarden-left-out"),
            symbols: project.target_dir.join("lockwarden-symbols"),
        };
        let compiled = serde_json::to_vec(&(&plan.facades, &plan.selection))?;
        plan.fingerprint = Hash::new()
            .with(env!("CARGO_PKG_VERSION"))
            .with(compiled)
            .to_string();
        // Under another plan other crates are left out.
        plan.left_out.push(&plan.fingerprint);
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
            .and_then(|()| files::write_whole(&path, &serde_json::to_vec_pretty(self)?))
            .with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(path)
    }

    /// Reads the file that the environment names, if it names one.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or understood.
    pub(crate) fn read() -> Result<Option<Self>> {
        let Some(path) = std::env::var_os(variables::PLAN) else {
            return Ok(None);
        };
        let text = fs::read(&path).with_context(|| {
            format!(
                "{}, named by {}, cannot be read: run `cargo lockwarden` again",
                path.display(),
                variables::PLAN
            )
        })?;
        serde_json::from_slice(&text)
            .map(Some)
            .with_context(|| format!("{} is not understood", path.display()))
    }
}
