//! `cargo lockwarden doctor`: what would be watched, what would not, and why.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Result;

use crate::cli::Request;
use crate::facade;
use crate::project::{LeftOut, Package, Project};
use crate::wrapper;

/// Crates that wait in a way of their own, which no replacement of std shows.
const OWN_WAITS: [(&str, &str); 6] = [
    ("async-lock", "its locks are those of async tasks"),
    (
        "crossbeam-channel",
        "its channels park threads themselves; their waits are not seen",
    ),
    ("event-listener", "its waits are not seen"),
    (
        "flume",
        "its channels wait by `park`; the locks inside are watched",
    ),
    (
        "spin",
        "its locks spin; those behind `lock_api` are watched",
    ),
    ("usync", "its locks are not seen"),
];

/// Prints the answer.
///
/// # Errors
///
/// If the project cannot be read.
pub(crate) fn print(request: &Request) -> Result<ExitCode> {
    let project = Project::load(request)?;
    let mut text = format!("toolchain      {}\n", project.toolchain.headline());
    for triple in &project.targets {
        let state = match facade::built(&project, triple)? {
            Some(facade) => facade.std.display().to_string(),
            None => "not built yet: the first run builds it".to_owned(),
        };
        text += &format!("facade         {triple}: {state}\n");
    }
    text += &format!("kept in        {}\n", facade::cache_folder()?.display());
    text += &format!("target folder  {}\n", project.target_dir.display());
    if let Some(wrapper) = &project.config.rustc_wrapper {
        text += &format!("calls          {}\n", wrapper.display());
    }
    text += &format!("\n{}", Answer::of(&project).text());
    // A reader such as `head` may have ended: what it did not want is not an error.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(ExitCode::SUCCESS)
}

/// What becomes of each package.
#[derive(Debug, Default)]
struct Answer {
    watched: usize,
    replaced: Vec<String>,
    left_out: Vec<String>,
    unseen: Vec<String>,
}

impl Answer {
    fn of(project: &Project) -> Self {
        let mut answer = Self::default();
        for package in &project.packages {
            let Package {
                name,
                version,
                features,
                ..
            } = package;
            let full = format!("{name} {version}");
            let kept = wrapper::kept(package, |cfg| project.config.has_cfg(cfg));
            let is_replaced = wrapper::is_replaced(package) && kept.is_none();
            match wrapper::left_out_of(&project.selection, package) {
                Some(LeftOut::NotNamed) | None if is_replaced => {
                    answer.replaced.push(full);
                    continue;
                }
                Some(why) => answer.left_out.push(format!("{full}: {}", why.reason())),
                None => answer.watched += 1,
            }
            if let Some((_, why)) = OWN_WAITS.iter().find(|(crate_name, _)| crate_name == name) {
                answer.unseen.push(format!("{full}: {why}"));
            } else if name == "parking_lot" && !is_replaced {
                let why = match version.starts_with("0.11.") {
                    true => {
                        "watched by way of lock_api, but for locks that a condition variable uses"
                    }
                    false => "only versions 0.12 and 0.13 are replaced",
                };
                answer.unseen.push(format!("{full}: {why}"));
            } else if name == "once_cell" && !is_replaced {
                let has = |feature: &str| features.iter().any(|on| on == feature);
                let why = if has("std") {
                    "only versions from 1.12 on are replaced; threads that wait for a value of `sync` are parked"
                } else if has("critical-section") {
                    "threads that wait for a value of `sync` wait in a critical section"
                } else {
                    // Without both it has no `sync`.
                    continue;
                };
                answer.unseen.push(format!("{full}: {why}"));
            } else if name == "rayon-core" && !is_replaced {
                answer.unseen.push(format!(
                    "{full}: only versions from 1.12 on are replaced; nothing orders its jobs"
                ));
            } else if name == "tokio" && !is_replaced {
                let why =
                    kept.unwrap_or_else(|| "only versions from 1.47 on are replaced".to_owned());
                answer.unseen.push(format!(
                    "{full}: {why}; the locks of its runtime are watched, its tasks and those of `tokio::sync` \
                     are not"
                ));
            }
        }
        answer
    }

    fn text(&self) -> String {
        let crates = match self.watched {
            1 => "1 crate".to_owned(),
            several => format!("{several} crates"),
        };
        let mut text = format!("watched: the locks, channels and threads of std in {crates}\n");
        for (title, list) in [
            ("replaced by watched ones", &self.replaced),
            ("left out", &self.left_out),
            ("not seen, or seen in part", &self.unseen),
        ] {
            if !list.is_empty() {
                text += &format!("{title}:\n");
                for line in list {
                    text += &format!("  {line}\n");
                }
            }
        }
        text += "never watched: build scripts and procedural macros, which run in the compiler\n";
        text
    }
}
