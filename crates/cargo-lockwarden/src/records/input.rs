//! What subcommands on records read: the records, the baseline, and the sources, which have the names of locks.

use std::path::PathBuf;
use std::{fs, io, process};

use cargo_metadata::{Metadata, MetadataCommand};

use super::baseline::Baseline;
use super::merged::Records;
use super::read::{self, Tally};
use super::stop::{FAILED, NOTHING, Stop};
use super::text;
use crate::symbols::Sources;
use crate::variables;

/// Where records are.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Files {
    /// Record files, directories of them, or `@list` for a file that names them; without any, those below the folder that
    /// LOCKWARDEN_RECORD names, or else those of the last `cargo lockwarden` run, which replaced those of the run before
    #[arg(value_name = "RECORDS")]
    records: Vec<PathBuf>,
}

/// Where records and the baseline are.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Input {
    #[command(flatten)]
    pub(super) files: Files,
    /// The committed orders
    #[arg(long, default_value = "locks.order", value_name = "FILE")]
    pub(super) baseline: PathBuf,
    /// Name locks by their lines of construction, not by what the source calls them
    #[arg(long)]
    no_symbols: bool,
}

/// Records that were read, with symbols for names.
pub(super) struct Loaded {
    pub(super) records: Records,
    pub(super) tally: Tally,
    pub(super) sources: Sources,
}

impl Loaded {
    pub(super) fn of(input: &Input) -> Result<Self, Stop> {
        Self::from(&input.files, input.no_symbols)
    }

    pub(super) fn from(files: &Files, no_symbols: bool) -> Result<Self, Stop> {
        let (records, tally) = files.read()?;
        let sources = sources();
        let records = match no_symbols {
            true => records,
            false => records.with_symbols(&sources),
        };
        Ok(Self {
            records,
            tally,
            sources,
        })
    }
}

impl Files {
    /// Reads the records as they are. It is an error if there are none.
    pub(super) fn read(&self) -> Result<(Records, Tally), Stop> {
        let named = match &self.records[..] {
            [] => Vec::from_iter(named_by_environment()),
            given => given.to_vec(),
        };
        let of_last_run = named.is_empty();
        let paths = match of_last_run {
            true => vec![records_of_last_run()],
            false => named,
        };
        let missing = paths.iter().find(|path| {
            let is_list = path.to_str().is_some_and(|path| path.starts_with('@'));
            !is_list && !path.exists()
        });
        if let Some(missing) = missing {
            let path = missing.display();
            let advice = match of_last_run {
                true => "`cargo lockwarden test` and `run` write them".to_owned(),
                false => {
                    format!("run the program or its tests with LOCKWARDEN_RECORD={path}")
                }
            };
            return Err(Stop(
                NOTHING,
                format!("there are no records at {path}; {advice}"),
            ));
        }
        let (records, mut tally) = read::all(&paths)?;
        tally.replaced = of_last_run.then(|| paths[0].clone());
        if records.runs.is_empty() && records.edges.is_empty() {
            let is_one_folder = matches!(&paths[..], [path] if path.is_dir());
            let paths: Vec<_> = paths
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            let why = match &tally.first_bad {
                None if of_last_run => "the last `cargo lockwarden` run watched no lock".to_owned(),
                None if is_one_folder => {
                    "no program has used a watched lock with this folder in LOCKWARDEN_RECORD"
                        .to_owned()
                }
                None => "no row there is of a process or an order".to_owned(),
                Some((path, line)) => format!(
                    "{}, the first at {}:{line}",
                    text::count(
                        tally.bad,
                        "line is no row of this version",
                        "lines are no rows of this version"
                    ),
                    path.display()
                ),
            };
            return Err(Stop(
                NOTHING,
                format!(
                    "no process has recorded anything in {}: {why}",
                    paths.join(", ")
                ),
            ));
        }
        Ok((records, tally))
    }
}

impl Input {
    /// The baseline; an empty one if there is no such file.
    pub(super) fn baseline(&self) -> Result<Baseline, Stop> {
        let name = self.baseline.display().to_string();
        match fs::read_to_string(&self.baseline) {
            Ok(text) => Baseline::parse(&text, &name).map_err(|why| Stop(FAILED, why)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Baseline::default()),
            Err(error) => Err(Stop(FAILED, format!("{name}: {error}"))),
        }
    }

    /// The baseline as it was in a revision; empty if that had none.
    pub(super) fn baseline_of(&self, revision: &str) -> Result<Baseline, Stop> {
        let path = self.baseline.to_string_lossy().replace('\\', "/");
        let known = process::Command::new("git")
            .args(["rev-parse", "--verify", "--quiet"])
            .arg(format!("{revision}^{{commit}}"))
            .output()
            .map_err(|error| Stop(FAILED, format!("git cannot be run: {error}")))?;
        if !known.status.success() {
            return Err(Stop(FAILED, format!("git has no revision {revision:?}")));
        }
        let shown = process::Command::new("git")
            .args(["show", &format!("{revision}:./{path}")])
            .output()?;
        if !shown.status.success() {
            return Ok(Baseline::default());
        }
        let text = String::from_utf8_lossy(&shown.stdout);
        Baseline::parse(&text, &format!("{revision}:{path}")).map_err(|why| Stop(FAILED, why))
    }
}

/// The workspace around the current directory.
fn workspace() -> Option<Metadata> {
    MetadataCommand::new().no_deps().exec().ok()
}

/// The folder to which the programs of a run write their records, if the variable names one. An empty name is none.
pub(crate) fn named_by_environment() -> Option<PathBuf> {
    let folder = std::env::var_os(variables::RECORD)?;
    (!folder.is_empty()).then(|| folder.into())
}

/// The folder to which the programs of a run write their records, unless the variable names another.
fn records_of_last_run() -> PathBuf {
    let target = workspace().map_or(PathBuf::from("target"), |metadata| {
        metadata.target_directory.into_std_path_buf()
    });
    let folder = target.join("lockwarden/records");
    let here = std::env::current_dir().unwrap_or_default();
    match folder.strip_prefix(here) {
        Ok(below) => below.to_owned(),
        Err(_) => folder,
    }
}

/// The sources of the workspace around the current directory; without one, of the directory itself.
fn sources() -> Sources {
    let Some(metadata) = workspace() else {
        return Sources::new(std::env::current_dir().unwrap_or_default(), Vec::new());
    };
    let root = metadata.workspace_root.clone();
    let packages = metadata
        .workspace_packages()
        .into_iter()
        .filter_map(|package| {
            let directory = package.manifest_path.parent()?;
            let relative = directory.strip_prefix(&root).ok()?;
            Some((
                relative.as_str().replace('\\', "/"),
                package.name.to_string(),
            ))
        })
        .collect();
    Sources::new(root.into_std_path_buf(), packages)
}
