//! Runs cargo over a watched build, and says at the end what was found.

mod summary;

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};

use anyhow::{Context, Result};

pub(crate) use self::summary::count;

use self::summary::Summary;
use crate::cli::Request;
use crate::facade;
use crate::plan::Plan;
use crate::project::Project;
use crate::variables;

/// The exit code of a run with findings.
const FINDINGS: u8 = 100;
/// The exit code of a run that succeeded and watched nothing.
const NOTHING_WATCHED: u8 = 4;

/// A build under a plan: the variables that make it one.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) project: Project,
    pub(crate) plan: Plan,
    /// Variables for cargo and all that it starts.
    pub(crate) variables: Vec<(&'static str, OsString)>,
}

/// Builds what a watched build needs.
///
/// # Errors
///
/// If the project cannot be read or the facade cannot be built.
pub(crate) fn prepare(request: &Request) -> Result<Prepared> {
    let project = Project::load(request)?;
    let offline = request
        .project
        .iter()
        .any(|argument| argument == "--offline" || argument == "--frozen");
    let plan = Plan::make(&project, offline)?;
    let path = plan.write(&project)?;
    let itself = std::env::current_exe().context("the path of this program is not known")?;
    let mut variables = vec![
        ("RUSTC_WRAPPER", itself.clone().into_os_string()),
        ("RUSTDOC", itself.into_os_string()),
        (variables::PLAN, path.into_os_string()),
        ("CARGO_TARGET_DIR", project.target_dir.clone().into()),
        // Else cargo remembers the version of the compiler without the line that our wrapper adds.
        ("CARGO_CACHE_RUSTC_INFO", "0".into()),
        // The detector reads the names that the wrapper has found in the sources.
        (variables::SYMBOLS, plan.symbols.clone().into()),
    ];
    if project.target_is_implied {
        // Only with a target does cargo keep build scripts and macros apart from the program.
        let host = project.toolchain.host.clone().into();
        variables.push(("CARGO_BUILD_TARGET", host));
    }
    Ok(Prepared {
        project,
        plan,
        variables,
    })
}

/// Runs `cargo subcommand`.
///
/// # Errors
///
/// If the build cannot be prepared or cargo not started.
pub(crate) fn cargo(subcommand: &str, request: Request) -> Result<ExitCode> {
    let prepared = prepare(&request)?;
    let summary = summary_file(&prepared.project.target_dir);
    let _ = fs::remove_file(&summary);
    let runs = runs_programs(subcommand, &request.arguments);
    let mut command = Command::new(facade::cargo());
    command
        .arg(subcommand)
        .args(&request.arguments)
        .envs(prepared.variables.iter().map(|(name, value)| (name, value)))
        .env("LOCKWARDEN", detector_settings(&summary));
    // Until the end of the run.
    let _under_way = runs.then(|| {
        let named = std::env::var_os(variables::RECORD);
        let (folder, under_way) = records(named, &prepared.project.target_dir);
        command.env(variables::RECORD, folder);
        under_way
    });
    outlive_interrupts()?;
    let status = command.status().context("cargo cannot be started")?;
    let found = Summary::read(&summary)?;
    let _ = fs::remove_file(&summary);
    if !runs {
        if subcommand == "build" && status.success() {
            let mut folder = prepared.project.target_dir.clone();
            if prepared.project.target_is_implied {
                folder.push(&prepared.project.toolchain.host);
            }
            let folder = folder.display();
            eprintln!(
                "lockwarden: the watched programs are below {folder}; a run with \
                 LOCKWARDEN=exit={FINDINGS},summary=1 ends with {FINDINGS} after a finding"
            );
        }
        return Ok(ExitCode::from(program_code(status)));
    }
    found.print(
        status.success(),
        &prepared.plan.left_out,
        &prepared.project.packages,
    );
    Ok(ExitCode::from(exit_code(&found, status)))
}

/// Lets this command go on when the group of processes is interrupted from the keyboard, as a server is ended. Cargo and
/// the program end by that signal, and what was found until then is said.
#[cfg(unix)]
fn outlive_interrupts() -> Result<()> {
    // A handler, since a signal that is ignored would be so in the program, too.
    let unread = std::sync::Arc::default();
    signal_hook::flag::register(signal_hook::consts::SIGINT, unread)
        .context("the handler for interrupts cannot be set")?;
    Ok(())
}

/// There are no such signals here.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
fn outlive_interrupts() -> Result<()> {
    Ok(())
}

/// The folder of the records of this run, and the lock that shows that it is under way. A folder that is `named` is meant
/// from the current one, while tests start in the folders of their packages; its records are kept.
fn records(named: Option<OsString>, target_dir: &Path) -> (PathBuf, Option<File>) {
    match named {
        Some(named) => (
            std::path::absolute(&named).unwrap_or_else(|_| named.into()),
            None,
        ),
        None => fresh_records(target_dir),
    }
}

/// The folder of the records of this run. Those of an earlier one are removed, since orders that the code does not have any
/// more would stay in them, unless another run is under way, which writes there, too. The folder is there after a run that
/// records nothing.
fn fresh_records(target_dir: &Path) -> (PathBuf, Option<File>) {
    let folder = target_dir.join("records");
    // Where files cannot be locked, each run is taken for the only one.
    let lock = File::create(target_dir.join("lockwarden-runs")).ok();
    let is_only = lock
        .as_ref()
        .is_none_or(|lock| !matches!(lock.try_lock(), Err(fs::TryLockError::WouldBlock)));
    if is_only {
        let _ = fs::remove_dir_all(&folder);
    }
    let _ = fs::create_dir_all(&folder);
    // The other runs under way share the lock, which ends with the process. The exclusive one is released first: Windows
    // lets a file have both, and another run would wait for the end of this one.
    if let Some(lock) = &lock {
        let _ = lock.unlock();
        let _ = lock.lock_shared();
    }
    (folder, lock)
}

/// The file to which the processes of this run append what they say of themselves.
fn summary_file(target_dir: &Path) -> PathBuf {
    let name = format!("lockwarden-summary-{}.jsonl", std::process::id());
    let inside = target_dir.join(&name);
    // These separate the settings in the variable that names the file.
    if inside.to_string_lossy().contains([',', ';']) {
        return std::env::temp_dir().join(name);
    }
    inside
}

/// What the variable `LOCKWARDEN` says: what the caller has set, and where the summaries go.
fn detector_settings(summary: &Path) -> OsString {
    let mut settings = std::env::var_os("LOCKWARDEN").unwrap_or_default();
    if !settings.is_empty() {
        settings.push(",");
    }
    settings.push("summary=");
    settings.push(summary);
    settings
}

/// Whether the call starts programs of the project, so that there is something to be watched.
fn runs_programs(subcommand: &str, arguments: &[OsString]) -> bool {
    let runs = match subcommand {
        "build" => false,
        "nextest" => {
            // Options may stand before the subcommand.
            let given = arguments
                .iter()
                .find(|given| NEXTEST.iter().any(|(name, _)| given == name));
            given.is_some_and(|given| NEXTEST.contains(&(&*given.to_string_lossy(), true)))
        }
        _ => true,
    };
    // A test program takes these, too; another program has its own meaning for them.
    let asked = arguments
        .iter()
        .take_while(|argument| subcommand != "run" || *argument != "--");
    let only_asks = asked.into_iter().any(|argument| {
        ["--no-run", "--list", "--help", "-h", "--version", "-V"]
            .iter()
            .any(|flag| argument == flag)
    });
    runs && !only_asks
}

/// The subcommands of nextest, and whether they start test programs.
const NEXTEST: [(&str, bool); 12] = [
    ("run", true),
    ("r", true),
    ("bench", true),
    ("b", true),
    ("list", false),
    ("archive", false),
    ("show-config", false),
    ("self", false),
    ("debug", false),
    ("replay", false),
    ("store", false),
    ("help", false),
];

/// The code of the whole run.
fn exit_code(found: &Summary, status: ExitStatus) -> u8 {
    if found.reports > 0 {
        FINDINGS
    } else if status.success() && found.locks == 0 && found.cut_short == 0 {
        NOTHING_WATCHED
    } else {
        program_code(status)
    }
}

/// The code of cargo, which is that of the program; of a signal, the one that shells use.
fn program_code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return u8::try_from(128 + signal).unwrap_or(crate::TOOL_ERROR);
    }
    status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(crate::TOOL_ERROR)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    fn ended(code: i32) -> ExitStatus {
        ExitStatus::from_raw(code << 8)
    }

    fn summary(locks: u64, reports: u64) -> Summary {
        Summary {
            locks,
            reports,
            ..Summary::default()
        }
    }

    #[test]
    fn findings_go_before_all_and_nothing_watched_before_success_alone() {
        assert_eq!(exit_code(&summary(3, 0), ended(0)), 0);
        assert_eq!(exit_code(&summary(3, 1), ended(0)), FINDINGS);
        assert_eq!(exit_code(&summary(3, 1), ended(101)), FINDINGS);
        assert_eq!(exit_code(&summary(0, 0), ended(0)), NOTHING_WATCHED);
        let cut_short = Summary {
            cut_short: 1,
            ..Summary::default()
        };
        assert_eq!(exit_code(&cut_short, ended(0)), 0);
        assert_eq!(exit_code(&summary(0, 0), ended(7)), 7);
        assert_eq!(exit_code(&summary(3, 0), ended(7)), 7);
        assert_eq!(exit_code(&summary(3, 0), ExitStatus::from_raw(6)), 134);
    }

    #[test]
    fn records_come_into_one_folder_wherever_a_test_starts() {
        let here = std::env::current_dir().expect("there is a current folder");
        let named = |name: &str| records(Some(name.into()), Path::new("target")).0;
        assert_eq!(named("locks"), here.join("locks"));
        assert_eq!(named("/var/locks"), Path::new("/var/locks"));
        // An empty name records nothing.
        assert_eq!(named(""), Path::new(""));
    }

    #[test]
    fn a_run_keeps_the_records_of_one_that_is_under_way() {
        let name = format!("lockwarden-runs-{}", std::process::id());
        let target = std::env::temp_dir().join(name);
        fs::create_dir_all(&target).expect("a folder can be made");
        let (folder, first) = fresh_records(&target);
        let record = folder.join("first.jsonl");
        fs::write(&record, "").expect("the folder is there");
        let (_, second) = fresh_records(&target);
        drop(first);
        let (_, third) = fresh_records(&target);
        assert!(record.exists(), "the second is still under way");
        drop((second, third));
        let _last = fresh_records(&target);
        assert!(!record.exists());
        fs::remove_dir_all(target).expect("the folder is there");
    }

    #[test]
    fn what_runs_nothing_has_nothing_to_be_watched() {
        let runs = |subcommand, line: &str| {
            let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            runs_programs(subcommand, &arguments)
        };
        assert!(runs("test", "-p one"));
        assert!(!runs("test", "--no-run"));
        assert!(!runs("build", ""));
        assert!(runs("nextest", "run"));
        assert!(runs("nextest", "--profile ci r list"));
        assert!(!runs("nextest", "list"));
        assert!(!runs("nextest", "--release archive --archive-file run"));
        assert!(!runs("test", "-- --list"));
        assert!(runs("run", "-- --list --help"));
        assert!(!runs("run", "--help"));
    }
}
