//! The packages of the project, and where its watched build goes.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::PathBuf;

use anyhow::{Context, Result};
use cargo_metadata::{DepKindInfo, DependencyKind, Metadata, MetadataCommand, Node, PackageId};

use super::cargo_config::CargoConfig;
use super::selection::Selection;
use super::toolchain::Toolchain;
use crate::cli::Request;
use crate::variables;

/// What one call needs to know of the project.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) root: PathBuf,
    pub(crate) toolchain: Toolchain,
    pub(crate) config: CargoConfig,
    pub(crate) selection: Selection,
    /// The triples that the program is built for, at least one.
    pub(crate) targets: Vec<String>,
    /// Whether a target has to be given to cargo, since neither the arguments nor the files do.
    pub(crate) target_is_implied: bool,
    /// The target folder of the watched build.
    pub(crate) target_dir: PathBuf,
    /// All packages whose code is in the programs.
    pub(crate) packages: Vec<Package>,
    /// The features of `lockwarden` that the project itself asks for.
    pub(crate) lockwarden_features: BTreeSet<String>,
    /// The features of the facade that the call asks for.
    pub(crate) facade_features: BTreeSet<String>,
}

/// One package.
#[derive(Clone, Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) is_member: bool,
    /// Its features that are on.
    pub(crate) features: Vec<String>,
    /// The root files of its library and its programs.
    pub(crate) roots: Vec<PathBuf>,
}

impl Project {
    /// Reads the project that `request` means.
    ///
    /// # Errors
    ///
    /// If cargo cannot read or resolve it, if the toolchain is too old, or if the selection is not
    /// understood.
    pub(crate) fn load(request: &Request) -> Result<Self> {
        let here = std::env::current_dir().context("the current folder cannot be read")?;
        let cargo_home = home::cargo_home().ok();
        let config = CargoConfig::read(&here, cargo_home.as_deref(), &request.configuration());
        let toolchain = Toolchain::find(&here, config.rustc.clone())?;
        let host = toolchain.host.clone();
        let given = [&request.targets, &config.targets]
            .into_iter()
            .find(|targets| !targets.is_empty());
        let targets = given.map_or_else(
            || vec![host.clone()],
            |targets| {
                let named = |target: &String| match target.as_str() {
                    "host-tuple" => host.clone(),
                    _ => target.clone(),
                };
                targets.iter().map(named).collect()
            },
        );
        let target_is_implied = given.is_none();
        for target in targets.iter().filter(|target| **target != host) {
            toolchain.check_target(&here, target)?;
        }
        let metadata = metadata(request, &targets)?;
        let root = metadata.workspace_root.clone().into_std_path_buf();
        let said: Vec<&serde_json::Value> = metadata
            .workspace_packages()
            .iter()
            .map(|package| &package.metadata)
            .chain([&metadata.workspace_metadata])
            .collect();
        let selection = Selection::gather(&request.chosen, &root, &said)?;
        let target_dir = request.target_dir.as_ref().map_or_else(
            || metadata.target_directory.clone().into_std_path_buf(),
            |folder| here.join(folder),
        );
        let compiled_in = compiled_in(&metadata);
        let features = features(&metadata);
        let packages: Vec<Package> = metadata
            .packages
            .iter()
            .filter(|package| compiled_in.contains(&package.id))
            .map(|package| Package {
                name: package.name.to_string(),
                version: package.version.to_string(),
                is_member: metadata.workspace_members.contains(&package.id),
                features: features.get(&package.id).cloned().unwrap_or_default(),
                roots: roots(&package.targets),
            })
            .collect();
        let names: Vec<_> = packages
            .iter()
            .map(|package| (package.name.clone(), package.version.clone()))
            .collect();
        selection.check(&names)?;
        let lockwarden_features = lockwarden_features(&metadata);
        Ok(Self {
            root,
            toolchain,
            config,
            selection,
            targets,
            target_is_implied,
            target_dir: own_folder(target_dir),
            lockwarden_features,
            facade_features: request
                .atomics
                .then(|| "atomics".to_owned())
                .into_iter()
                .collect(),
            packages,
        })
    }
}

/// The folder of the watched build in a target folder, which is itself if the variables that `env` prints
/// are set.
fn own_folder(target_dir: PathBuf) -> PathBuf {
    const NAME: &str = "lockwarden";
    if std::env::var_os(variables::PLAN).is_some() && target_dir.ends_with(NAME) {
        target_dir
    } else {
        target_dir.join(NAME)
    }
}

fn metadata(request: &Request, targets: &[String]) -> Result<Metadata> {
    let mut options = Vec::new();
    for argument in &request.project {
        options.push(argument.to_string_lossy().into_owned());
    }
    for target in targets {
        options.extend(["--filter-platform".to_owned(), target.clone()]);
    }
    MetadataCommand::new()
        .other_options(options)
        .exec()
        .map_err(|error| match error {
            // The words of cargo, without a frame around them.
            cargo_metadata::Error::CargoMetadata { stderr } => {
                anyhow::anyhow!("cargo cannot read the project:\n{}", stderr.trim_end())
            }
            other => other.into(),
        })
}

/// The features of each package that are on.
fn features(metadata: &Metadata) -> HashMap<&PackageId, Vec<String>> {
    let nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
    nodes
        .map(|node| {
            (
                &node.id,
                node.features.iter().map(ToString::to_string).collect(),
            )
        })
        .collect()
}

/// The root files of the libraries and the programs among the targets of a package.
fn roots(targets: &[cargo_metadata::Target]) -> Vec<PathBuf> {
    let is_other = |target: &cargo_metadata::Target| {
        target.is_test() || target.is_example() || target.is_bench() || target.is_custom_build()
    };
    targets
        .iter()
        .filter(|target| !is_other(target))
        .map(|target| target.src_path.clone().into())
        .collect()
}

/// The features under which the project itself uses `lockwarden`, if it does, beside those that it has
/// by default: the detector that takes its place needs them too.
fn lockwarden_features(metadata: &Metadata) -> BTreeSet<String> {
    let Some(resolve) = &metadata.resolve else {
        return BTreeSet::new();
    };
    let mut features = BTreeSet::new();
    for node in &resolve.nodes {
        let package = &metadata[&node.id];
        if package.name == "lockwarden" {
            features.extend(node.features.iter().map(ToString::to_string));
            for implied in package.features.get("default").into_iter().flatten() {
                features.remove(implied);
            }
        }
    }
    features.remove("default");
    features
}

/// The packages whose code is in the programs, and not only in the compiler that builds them: what is
/// reached from the workspace without a build dependency and not through a procedural macro.
fn compiled_in(metadata: &Metadata) -> HashSet<&PackageId> {
    let nodes: HashMap<&PackageId, &Node> = metadata
        .resolve
        .iter()
        .flat_map(|resolve| &resolve.nodes)
        .map(|node| (&node.id, node))
        .collect();
    let mut reached = HashSet::new();
    let mut open: Vec<&PackageId> = metadata.workspace_members.iter().collect();
    while let Some(id) = open.pop() {
        let is_macro = |target: &cargo_metadata::Target| target.is_proc_macro();
        if metadata[id].targets.iter().any(is_macro) || !reached.insert(id) {
            continue;
        }
        let dependencies = nodes.get(id).into_iter().flat_map(|node| &node.deps);
        for dependency in dependencies {
            let is_built = |kind: &DepKindInfo| kind.kind != DependencyKind::Build;
            if dependency.dep_kinds.iter().any(is_built) {
                open.push(&dependency.pkg);
            }
        }
    }
    reached
}
