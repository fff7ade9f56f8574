//! What was typed.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::aliases::Aliases;
use crate::{clean, doctor, environment, explore, records, run};

/// Finds deadlocks and lock-order inversions in a program and all its dependencies, unchanged.
///
/// Every lock, channel and thread of `std`, every lock of `parking_lot` and `lock_api`, the channels of crossbeam-channel, the
/// values of once_cell, the jobs of rayon, and the tasks and locks of tokio, in every crate of the build, are watched. The build
/// has a target folder of its own.
#[derive(Debug, Parser)]
#[command(
    name = "cargo lockwarden",
    bin_name = "cargo lockwarden",
    version,
    max_term_width = 100,
    after_help = "Exit code: 100 after a finding, 4 if the run succeeded and no lock was watched, \
                  101 for an error of the tool or of cargo, else that of the program."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    selection: Chosen,
    #[command(subcommand)]
    command: Command,
}

/// The crates that are watched, as they were typed.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Chosen {
    /// Watch the locks of std in these crates alone
    #[arg(long, value_name = "CRATE", value_delimiter = ',', global = false)]
    pub(crate) only: Vec<String>,
    /// Leave these crates as they are (`NAME` or `NAME@VERSION`)
    #[arg(long, value_name = "CRATE", value_delimiter = ',', global = false)]
    pub(crate) exclude: Vec<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the tests, as `cargo test`
    #[command(alias = "t")]
    Test(CargoArguments),
    /// Run a program, as `cargo run`
    #[command(alias = "r")]
    Run(CargoArguments),
    /// Run the tests, as `cargo nextest`: `cargo lockwarden nextest run`
    Nextest(CargoArguments),
    /// Run the benches, as `cargo bench`
    Bench(CargoArguments),
    /// Build, as `cargo build`
    #[command(alias = "b")]
    Build(CargoArguments),
    /// Print the variables under which any other runner of cargo builds a watched program
    Env(EnvArguments),
    /// Say what would be watched, what would not, and why
    Doctor(CargoArguments),
    /// Remove the detectors that were built, of all toolchains and versions; the next run builds one
    Clean,
    /// Run each test in many schedules of its threads, to find one that deadlocks or fails
    Explore(explore::ExploreArguments),
    /// Run the tests in schedules that try to reach the deadlocks that a recorded run predicts
    Confirm(explore::ConfirmArguments),
    #[command(flatten)]
    Records(records::Command),
}

#[derive(Args, Debug)]
struct CargoArguments {
    /// The arguments of cargo's own command. `--only` and `--exclude` may stand here too; beside
    /// `--workspace`, `--exclude` is cargo's
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "ARGS"
    )]
    arguments: Vec<OsString>,
}

#[derive(Args, Debug)]
struct EnvArguments {
    /// The language in which the variables are set
    #[arg(long, value_enum, default_value = "sh")]
    format: Shell,
    /// Arguments of cargo that choose the project and the target
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "ARGS"
    )]
    arguments: Vec<OsString>,
}

/// What reads the printed variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    /// A POSIX shell: `eval "$(cargo lockwarden env)"`
    Sh,
    /// fish: `cargo lockwarden env --format fish | source`
    Fish,
    /// PowerShell: `cargo lockwarden env --format powershell | Invoke-Expression`
    Powershell,
    /// GitHub Actions: `cargo lockwarden env --format github >> "$GITHUB_ENV"`
    Github,
}

/// Reads the arguments, with the `lockwarden` that cargo puts in front of them.
pub(crate) fn parse(mut arguments: Vec<OsString>) -> Result<Cli> {
    if arguments.get(1).is_some_and(|first| first == "lockwarden") {
        arguments.remove(1);
    }
    let mut aliases = None;
    loop {
        let error = match parse_expanded(&arguments) {
            Ok(cli) => return Ok(cli),
            Err(error) => error,
        };
        let is_unknown = error.kind() == ErrorKind::InvalidSubcommand;
        if is_unknown {
            let aliases = match &mut aliases {
                Some(aliases) => aliases,
                none => none.insert(Aliases::read()?),
            };
            if aliases.expand(&mut arguments)? {
                continue;
            }
        }
        if !error.use_stderr() {
            // Help and the version.
            error.exit();
        }
        let _ = error.print();
        if is_unknown {
            eprintln!("{OTHER_COMMANDS}");
        }
        std::process::exit(crate::TOOL_ERROR.into());
    }
}

/// What to do with a subcommand that is neither ours nor an alias.
const OTHER_COMMANDS: &str = "\nAny other command that runs programs by cargo watches them under the variables that \
                              `cargo lockwarden env` prints.";

/// Reads arguments whose subcommand is no alias.
fn parse_expanded(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    // Clap takes the first `--` for its own where no argument of cargo stands before it.
    let split = arguments.iter().position(|argument| argument == "--");
    let split = split.unwrap_or(arguments.len());
    let mut cli = Cli::try_parse_from(&arguments[..split])?;
    match cli.command.arguments() {
        Some(of_cargo) => {
            of_cargo.extend_from_slice(&arguments[split..]);
            Ok(cli)
        }
        None => Cli::try_parse_from(arguments),
    }
}

impl Command {
    /// The arguments that are cargo's, in a command that has such.
    fn arguments(&mut self) -> Option<&mut Vec<OsString>> {
        match self {
            Self::Test(of) | Self::Run(of) | Self::Nextest(of) => Some(&mut of.arguments),
            Self::Bench(of) | Self::Build(of) | Self::Doctor(of) => Some(&mut of.arguments),
            Self::Env(of) => Some(&mut of.arguments),
            Self::Explore(of) => Some(&mut of.arguments),
            Self::Confirm(of) => Some(&mut of.arguments),
            Self::Clean | Self::Records(_) => None,
        }
    }
}

impl Cli {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let Cli { selection, command } = self;
        match command {
            Command::Test(arguments) => cargo("test", selection, arguments),
            Command::Run(CargoArguments { arguments }) => {
                let arguments = with_separator(arguments);
                cargo("run", selection, CargoArguments { arguments })
            }
            Command::Nextest(arguments) => cargo("nextest", selection, arguments),
            Command::Bench(arguments) => cargo("bench", selection, arguments),
            Command::Build(arguments) => cargo("build", selection, arguments),
            Command::Env(arguments) => {
                let request = Request::new(selection, arguments.arguments)?;
                environment::print(&request, arguments.format)
            }
            Command::Doctor(arguments) => {
                doctor::print(&Request::new(selection, arguments.arguments)?)
            }
            Command::Clean => clean::run(),
            Command::Explore(options) => {
                let request = Request::new(selection, options.arguments.clone())?;
                explore::explore(request, &options)
            }
            Command::Confirm(options) => {
                let request = Request::new(selection, options.arguments.clone())?;
                explore::confirm(request, &options)
            }
            Command::Records(command) => Ok(command.run()),
        }
    }
}

fn cargo(subcommand: &str, selection: Chosen, arguments: CargoArguments) -> Result<ExitCode> {
    run::cargo(subcommand, Request::new(selection, arguments.arguments)?)
}

/// Options of `cargo run`, and of this command, whose value is a word of its own.
const RUN_OPTIONS: [&str; 20] = [
    "-p",
    "--package",
    "--bin",
    "--example",
    "-F",
    "--features",
    "-j",
    "--jobs",
    "--profile",
    "--target",
    "--target-dir",
    "--manifest-path",
    "--lockfile-path",
    "--color",
    "--config",
    "--message-format",
    "-Z",
    "-C",
    "--only",
    "--exclude",
];

/// Puts `--` between the arguments of `cargo run` and those of the program, which begin with the first word that is
/// neither an option nor its value, also where nothing separates them.
fn with_separator(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let mut is_value = false;
    let first = arguments.iter().position(|argument| {
        let text = argument.to_string_lossy();
        let is_first = text == "--" || !(is_value || text.starts_with('-'));
        is_value = RUN_OPTIONS.contains(&&*text);
        is_first
    });
    match first {
        Some(at) if arguments[at] != "--" => arguments.insert(at, "--".into()),
        _ => {}
    }
    arguments
}

/// What one call asks for.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) chosen: Chosen,
    /// The arguments that are left for cargo's subcommand.
    pub(crate) arguments: Vec<OsString>,
    /// The values of `--target` among them.
    pub(crate) targets: Vec<String>,
    /// The value of `--target-dir`, which is taken out of them.
    pub(crate) target_dir: Option<OsString>,
    /// Those of the arguments by which cargo finds and resolves the project.
    pub(crate) project: Vec<OsString>,
    /// Whether each operation of an atomic of std is to be a scheduling point.
    pub(crate) atomics: bool,
}

/// Options of cargo that say which project is meant and how it is resolved, with a value.
const PROJECT_OPTIONS: [&str; 3] = ["--manifest-path", "--config", "--features"];
/// The same without a value.
const PROJECT_FLAGS: [&str; 5] = [
    "--locked",
    "--offline",
    "--frozen",
    "--all-features",
    "--no-default-features",
];

impl Request {
    /// Takes what is meant for this command out of the arguments of cargo's.
    fn new(mut chosen: Chosen, arguments: Vec<OsString>) -> Result<Self> {
        let own = arguments.iter().take_while(|argument| *argument != "--");
        // Without it cargo has no `--exclude`, so the meaning of no valid call is changed.
        let is_workspace = own
            .clone()
            .any(|argument| argument == "--workspace" || argument == "--all");
        let mut request = Self {
            chosen: Chosen::default(),
            arguments: Vec::new(),
            targets: Vec::new(),
            target_dir: None,
            project: Vec::new(),
            atomics: false,
        };
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            if argument == "--" {
                request.arguments.push(argument);
                request.arguments.extend(arguments);
                break;
            }
            let text = argument.to_string_lossy().into_owned();
            // A short option and its value may be one word.
            if let Some(features) = text.strip_prefix("-F").filter(|rest| !rest.is_empty()) {
                let features = features.strip_prefix('=').unwrap_or(features);
                request.project.extend(["-F".into(), features.into()]);
                request.arguments.push(argument);
                continue;
            }
            let (name, inline) = match text.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
                _ => (text.as_str(), None),
            };
            if PROJECT_FLAGS.contains(&name) {
                request.project.push(argument.clone());
                request.arguments.push(argument);
                continue;
            }
            let is_ours = name == "--only" || (name == "--exclude" && !is_workspace);
            let takes_value = is_ours
                || matches!(name, "--target" | "--target-dir" | "-F")
                || PROJECT_OPTIONS.contains(&name);
            if !takes_value {
                request.arguments.push(argument);
                continue;
            }
            let value = match inline {
                Some(value) => OsString::from(value),
                None => match arguments.next() {
                    Some(value) => value,
                    None => bail!("{name} needs a value"),
                },
            };
            let list = || {
                value
                    .to_string_lossy()
                    .split(',')
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            };
            match name {
                "--only" => chosen.only.extend(list()),
                "--exclude" if is_ours => chosen.exclude.extend(list()),
                "--target-dir" => request.target_dir = Some(value),
                _ => {
                    if name == "--target" {
                        request.targets.push(value.to_string_lossy().into_owned());
                    } else {
                        request.project.extend([name.into(), value.clone()]);
                    }
                    request.arguments.extend([name.into(), value]);
                }
            }
        }
        request.chosen = chosen;
        Ok(request)
    }

    /// The values of `--config`.
    pub(crate) fn configuration(&self) -> Vec<OsString> {
        let pairs = self.project.windows(2);
        pairs
            .filter(|pair| pair[0] == "--config")
            .map(|pair| pair[1].clone())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(arguments: &[&str]) -> Request {
        let line = ["cargo-lockwarden", "lockwarden"].iter().chain(arguments);
        let cli = parse(line.map(OsString::from).collect()).unwrap();
        let Command::Test(test) = cli.command else {
            panic!("{:?}", cli.command);
        };
        Request::new(cli.selection, test.arguments).unwrap()
    }

    #[test]
    fn two_dashes_are_passed_on_also_where_nothing_stands_before_them() {
        let request = request(&["test", "--", "--nocapture", "--", "x"]);
        let expected = ["--", "--nocapture", "--", "x"];
        assert_eq!(request.arguments, expected.map(OsString::from));
    }

    #[test]
    fn the_short_names_of_cargo_are_taken() {
        assert_eq!(request(&["t", "-p", "one"]).arguments, ["-p", "one"]);
    }

    #[test]
    fn the_arguments_of_a_program_begin_with_the_first_word_that_is_no_option() {
        let separated = |words: &str| {
            let words = words.split(' ').map(OsString::from).collect();
            with_separator(words).join(" ".as_ref())
        };
        let run = "-p one --bin --release --exclude two";
        assert_eq!(separated(run), run);
        assert_eq!(
            separated("--bin one -j 2 serve --only tcp -- x"),
            "--bin one -j 2 -- serve --only tcp -- x"
        );
        assert_eq!(separated("-v -- serve"), "-v -- serve");
    }

    #[test]
    fn features_in_one_word_with_their_option_are_those_of_the_project() {
        for word in ["-Ffast,small", "-F=fast,small"] {
            let request = request(&["test", word, "--", "-Fother"]);
            assert_eq!(request.project, ["-F", "fast,small"]);
            assert_eq!(request.arguments, [word, "--", "-Fother"]);
        }
    }

    #[test]
    fn arguments_of_cargo_are_passed_on() {
        let request = request(&[
            "test",
            "-p",
            "one",
            "--release",
            "--target=wasm",
            "--locked",
            "--features",
            "a b",
            "--",
            "--nocapture",
            "--exclude",
            "x",
        ]);
        let expected = [
            "-p",
            "one",
            "--release",
            "--target",
            "wasm",
            "--locked",
            "--features",
            "a b",
            "--",
            "--nocapture",
            "--exclude",
            "x",
        ];
        assert_eq!(request.arguments, expected.map(OsString::from));
        assert_eq!(request.targets, ["wasm"]);
        assert_eq!(
            request.project,
            ["--locked", "--features", "a b"].map(OsString::from)
        );
        assert!(request.chosen.exclude.is_empty());
    }

    #[test]
    fn the_selection_may_stand_on_both_sides_of_the_subcommand() {
        let request = request(&[
            "--exclude",
            "a,b",
            "test",
            "--only=c",
            "--exclude",
            "d",
            "--target-dir",
            "elsewhere",
        ]);
        assert_eq!(request.chosen.exclude, ["a", "b", "d"]);
        assert_eq!(request.chosen.only, ["c"]);
        assert_eq!(request.target_dir, Some("elsewhere".into()));
        assert!(request.arguments.is_empty());
    }

    #[test]
    fn beside_workspace_exclude_is_that_of_cargo() {
        let request = request(&["test", "--exclude", "d", "--workspace"]);
        assert!(request.chosen.exclude.is_empty());
        assert_eq!(
            request.arguments,
            ["--exclude", "d", "--workspace"].map(OsString::from)
        );
    }

    #[test]
    fn an_option_without_its_value_is_an_error() {
        let error = Request::new(Chosen::default(), vec!["--only".into()]).unwrap_err();
        assert_eq!(error.to_string(), "--only needs a value");
    }
}
