//! The subcommands that work on records.

use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};

use cargo_metadata::{Metadata, MetadataCommand};

use super::baseline::Baseline;
use super::check::{self, Checked};
use super::draw::{self, Selection};
use super::merged::Records;
use super::orders::Orders;
use super::read::{self, Tally};
use super::{accept, explain, outputs, page, sql, text, top, trace};
use crate::symbols::Sources;
use crate::variables;

/// A check found something.
const FINDINGS: u8 = 100;
/// The command could not be carried out.
const FAILED: u8 = 101;
/// There was no record to work on.
const NOTHING: u8 = 4;

/// A subcommand on records.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Join record files into one: the order and the repetition of files do not matter
    Merge {
        #[command(flatten)]
        files: Files,
        /// The file to write, `-` for standard output
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Compare records with the baseline: fail on cycles and findings, list new orders
    ///
    /// Exit codes: 0 nothing found, 100 findings or what `--deny` names, 101 the command failed, 4 no record.
    Check {
        #[command(flatten)]
        input: Input,
        /// Compare with the baseline of this git revision: only what came since then is new
        #[arg(long, value_name = "REV")]
        since: Option<String>,
        /// Fail on these, too
        #[arg(long, value_enum, value_name = "WHAT")]
        deny: Vec<Denied>,
        /// Write the result in a form and to a file (`-` for standard output): `sarif=x.sarif`, `junit=x.xml`,
        /// `json=-`, `github`, `summary`. May be repeated
        #[arg(long, value_name = "FORM[=FILE]")]
        out: Vec<String>,
    },
    /// Add the new orders that close no cycle and are part of no finding to the baseline; ends with 100 if some are left out
    Accept {
        #[command(flatten)]
        input: Input,
        /// Remove orders of the baseline that did not occur: only after a run of everything
        #[arg(long)]
        prune: bool,
    },
    /// Go through the new orders one by one
    Review {
        #[command(flatten)]
        input: Input,
    },
    /// Say whether one lock comes before another, by which chain, and who took it
    Explain {
        /// A lock class, as `check` and `report` name it, or the end of its name
        first: String,
        /// Another one
        second: String,
        #[command(flatten)]
        input: Input,
    },
    /// Print the graph of lock orders
    Graph {
        #[command(flatten)]
        input: Input,
        #[arg(long, value_enum, default_value = "dot")]
        format: Format,
        /// Only this lock and its neighbours
        #[arg(long, value_name = "LOCK")]
        focus: Option<String>,
        /// Only locks of this crate and their neighbours
        #[arg(long = "crate", value_name = "CRATE")]
        of_crate: Option<String>,
        /// Only orders that lie on cycles
        #[arg(long)]
        cycles: bool,
        /// The file to write, `-` for standard output
        #[arg(short, long, value_name = "FILE", default_value = "-")]
        output: PathBuf,
    },
    /// Write one self-contained HTML page: findings, cycles, and the matrix of all orders
    Report {
        #[command(flatten)]
        input: Input,
        /// The file to write
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Say which locks threads wait for, how long, and for whom
    ///
    /// The records have times if the program ran with LOCKWARDEN_RECORD_TIMES=on. It may be running still.
    Top {
        #[command(flatten)]
        files: Files,
        /// Name locks by their lines of construction, not by what the source calls them
        #[arg(long)]
        no_symbols: bool,
        /// A table; all of it as JSON; the last waits and holds as a trace for Perfetto or the Firefox Profiler; or
        /// the stacks of the waits for a flame graph
        #[arg(long, value_enum, default_value = "text")]
        format: TopFormat,
        /// How many locks the table lists
        #[arg(long, default_value_t = 20, value_name = "LOCKS")]
        limit: usize,
        /// The file to write, `-` for standard output
        #[arg(short, long, value_name = "FILE", default_value = "-")]
        output: PathBuf,
    },
    /// Print SQL that merges and checks records in an engine
    Sql {
        #[arg(value_enum)]
        engine: sql::Engine,
        /// The record files, as the engine names them
        #[arg(long, default_value = "target/lockwarden/records/*.jsonl")]
        files: String,
    },
}

/// What a check fails on beside cycles and findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Denied {
    /// Orders that the baseline does not have
    New,
    /// Orders of the baseline that did not occur
    Stale,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum TopFormat {
    Text,
    Json,
    Chrome,
    Folded,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    Dot,
    Mermaid,
    Svg,
    Json,
}

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
    files: Files,
    /// The committed orders
    #[arg(long, default_value = "locks.order", value_name = "FILE")]
    baseline: PathBuf,
    /// Name locks by their lines of construction, not by what the source calls them
    #[arg(long)]
    no_symbols: bool,
}

/// Why a command ends early, with its exit code.
struct Stop(u8, String);

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self(FAILED, error.to_string())
    }
}

impl Command {
    /// Carries the command out.
    pub(crate) fn run(self) -> ExitCode {
        match self.try_run() {
            Ok(code) => ExitCode::from(code),
            Err(Stop(code, message)) => {
                anstream::eprintln!("error: {message}");
                ExitCode::from(code)
            }
        }
    }

    fn try_run(self) -> Result<u8, Stop> {
        match self {
            Self::Merge { files, output } => merge(&files, &output),
            Self::Check {
                input,
                since,
                deny,
                out,
            } => check(&input, since.as_deref(), &deny, &out),
            Self::Accept { input, prune } => accept(&input, prune),
            Self::Review { input } => review(&input),
            Self::Explain {
                first,
                second,
                input,
            } => {
                let loaded = Loaded::of(&input)?;
                let baseline = input.baseline()?;
                let text =
                    explain::explain(&loaded.records, &baseline, &loaded.sources, &first, &second)
                        .map_err(|why| Stop(FAILED, why))?;
                write(Path::new("-"), &text)?;
                Ok(0)
            }
            Self::Graph {
                input,
                format,
                focus,
                of_crate,
                cycles,
                output,
            } => graph(&input, format, focus, of_crate, cycles, &output),
            Self::Report { input, output } => {
                let loaded = Loaded::of(&input)?;
                let baseline = input.baseline()?;
                let checked = check::check(&loaded.records, &baseline);
                let totals = text::totals(&loaded.records, &loaded.tally);
                let page = page::page(
                    &loaded.records,
                    &baseline,
                    &checked,
                    &loaded.sources,
                    &totals,
                );
                write(&output, &page)?;
                anstream::eprintln!("wrote {}: {totals}", output.display());
                Ok(0)
            }
            Self::Top {
                files,
                no_symbols,
                format,
                limit,
                output,
            } => top(&files, no_symbols, format, limit, &output),
            Self::Sql { engine, files } => {
                write(Path::new("-"), &engine.statements(&files))?;
                Ok(0)
            }
        }
    }
}

/// Records that were read, with symbols for names.
struct Loaded {
    records: Records,
    tally: Tally,
    sources: Sources,
}

impl Loaded {
    fn of(input: &Input) -> Result<Self, Stop> {
        Self::from(&input.files, input.no_symbols)
    }

    fn from(files: &Files, no_symbols: bool) -> Result<Self, Stop> {
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
    fn read(&self) -> Result<(Records, Tally), Stop> {
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
            let paths: Vec<_> = paths
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            let why = match &tally.first_bad {
                None if of_last_run => "the last `cargo lockwarden` run watched no lock".to_owned(),
                None => "no watched lock was used".to_owned(),
                Some((path, line)) => format!(
                    "{}, the first at {}:{line}",
                    text::count(tally.bad, "line is no row", "lines are no rows"),
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
    fn baseline(&self) -> Result<Baseline, Stop> {
        let name = self.baseline.display().to_string();
        match fs::read_to_string(&self.baseline) {
            Ok(text) => Baseline::parse(&text, &name).map_err(|why| Stop(FAILED, why)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Baseline::default()),
            Err(error) => Err(Stop(FAILED, format!("{name}: {error}"))),
        }
    }

    /// The baseline as it was in a revision; empty if that had none.
    fn baseline_of(&self, revision: &str) -> Result<Baseline, Stop> {
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

fn merge(files: &Files, output: &Path) -> Result<u8, Stop> {
    let (records, tally) = files.read()?;
    write_lines(output, records.lines())?;
    anstream::eprintln!(
        "merged {}, {}: {}",
        text::count(tally.files, "file", "files"),
        text::count(tally.rows, "row", "rows"),
        text::totals(&records, &tally)
    );
    Ok(0)
}

fn check(input: &Input, since: Option<&str>, deny: &[Denied], out: &[String]) -> Result<u8, Stop> {
    let outputs = out
        .iter()
        .map(|out| Output::parse(out))
        .collect::<Result<Vec<_>, _>>()?;
    let loaded = Loaded::of(input)?;
    let mut baseline = input.baseline()?;
    if let Some(revision) = since {
        // What the revision accepted is known; a loop that was accepted since then is, too.
        let old = input.baseline_of(revision)?;
        let loops = std::mem::take(&mut baseline.pairs)
            .into_iter()
            .filter(|(_, reason)| reason.is_some());
        baseline.pairs = loops.chain(old.pairs).collect();
    }
    let checked = check::check(&loaded.records, &baseline);
    let totals = text::totals(&loaded.records, &loaded.tally);
    let mut known = input.baseline.display().to_string();
    // A name that is mistyped would look like a baseline without orders.
    if since.is_none() && !input.baseline.exists() {
        known += " (there is no such file)";
    }
    anstream::eprint!("{}", text::checked(&checked, &loaded.sources, &known));
    let found = checked.findings.len() + checked.cycles.len();
    anstream::eprintln!(
        "lockwarden: {} in {totals}",
        text::count(found, "finding", "findings")
    );
    for output in outputs {
        output.write(&checked, &totals)?;
    }
    let mut is_denied = false;
    for what in deny {
        let (number, one, many) = match what {
            Denied::New => (checked.new.len(), "new order", "new orders"),
            Denied::Stale => (checked.stale.len(), "stale order", "stale orders"),
        };
        if number > 0 {
            is_denied = true;
            anstream::eprintln!("lockwarden: {} denied", text::count(number, one, many));
        }
    }
    Ok(if found > 0 || is_denied { FINDINGS } else { 0 })
}

/// One form of the result, and where it goes.
struct Output {
    form: Form,
    file: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Sarif,
    Github,
    Summary,
    Junit,
    Json,
}

impl Output {
    fn parse(text: &str) -> Result<Self, Stop> {
        let (form, file) = match text.split_once('=') {
            Some((form, file)) => (form, Some(PathBuf::from(file))),
            None => (text, None),
        };
        let form = match form {
            "sarif" => Form::Sarif,
            "github" => Form::Github,
            "summary" => Form::Summary,
            "junit" => Form::Junit,
            "json" => Form::Json,
            other => {
                return Err(Stop(
                    FAILED,
                    format!("--out {other}: allowed are sarif, github, summary, junit, json"),
                ));
            }
        };
        Ok(Self { form, file })
    }

    fn write(self, checked: &Checked, totals: &str) -> Result<(), Stop> {
        let text = match self.form {
            Form::Sarif => outputs::sarif(checked),
            Form::Github => outputs::github(checked),
            Form::Summary => outputs::summary(checked, totals),
            Form::Junit => outputs::junit(checked),
            Form::Json => outputs::json(checked),
        };
        let file = self.file.or_else(|| match self.form {
            Form::Summary => std::env::var_os("GITHUB_STEP_SUMMARY").map(PathBuf::from),
            _ => None,
        });
        let is_summary = self.form == Form::Summary;
        match file {
            // Several steps of a job write to one summary.
            Some(file) if is_summary && file.as_os_str() != "-" => {
                let mut options = fs::OpenOptions::new();
                let mut file = options.create(true).append(true).open(file)?;
                Ok(file.write_all(text.as_bytes())?)
            }
            file => write(file.as_deref().unwrap_or(Path::new("-")), &text),
        }
    }
}

fn write(path: &Path, text: &str) -> Result<(), Stop> {
    write_lines(path, std::iter::once(text))
}

/// Writes texts one after the other, without a copy of all of them.
fn write_lines(path: &Path, texts: impl Iterator<Item = impl AsRef<str>>) -> Result<(), Stop> {
    let named = |error: io::Error| Stop(FAILED, format!("{}: {error}", path.display()));
    let is_stdout = path.as_os_str() == "-";
    let output: Box<dyn io::Write> = match is_stdout {
        true => Box::new(io::stdout().lock()),
        false => Box::new(fs::File::create(path).map_err(named)?),
    };
    let mut output = io::BufWriter::new(output);
    let result = texts
        .into_iter()
        .try_for_each(|text| output.write_all(text.as_ref().as_bytes()))
        .and_then(|()| output.flush());
    match result {
        // The reader has seen enough, as `head` has.
        Err(error) if is_stdout && error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(named),
    }
}

/// Refuses to write a baseline where it would not be committed.
fn not_in_ci() -> Result<(), Stop> {
    match std::env::var_os("CI") {
        Some(value) if !value.is_empty() && value != "false" => Err(Stop(
            FAILED,
            "the baseline is not written in CI (the variable CI is set): run this where you commit it".to_owned(),
        )),
        _ => Ok(()),
    }
}

fn accept(input: &Input, prune: bool) -> Result<u8, Stop> {
    not_in_ci()?;
    let loaded = Loaded::of(input)?;
    let mut baseline = input.baseline()?;
    let checked = check::check(&loaded.records, &baseline);
    let (added, removed, left) = accept::accept(&mut baseline, &checked, &loaded.records, prune);
    write(&input.baseline, &baseline.text())?;
    anstream::eprintln!(
        "{}: {} added, {removed} removed",
        input.baseline.display(),
        text::count(added, "order", "orders")
    );
    if left > 0 {
        anstream::eprintln!(
            "{} left out, since a cycle or a finding would be accepted: `cargo lockwarden check` shows it, `review` takes a \
             reason",
            text::count(left, "order was", "orders were")
        );
    }
    Ok(if left > 0 { FINDINGS } else { 0 })
}

fn review(input: &Input) -> Result<u8, Stop> {
    not_in_ci()?;
    if !io::stdin().is_terminal() {
        return Err(Stop(
            FAILED,
            "a review asks questions, and standard input is no terminal".to_owned(),
        ));
    }
    let loaded = Loaded::of(input)?;
    let mut baseline = input.baseline()?;
    let checked = check::check(&loaded.records, &baseline);
    let added = accept::review(
        &mut baseline,
        &checked,
        &loaded.records,
        &loaded.sources,
        &mut io::stdin().lock(),
        &mut anstream::stdout(),
    )?;
    write(&input.baseline, &baseline.text())?;
    anstream::eprintln!(
        "{}: {} added",
        input.baseline.display(),
        text::count(added, "order", "orders")
    );
    Ok(0)
}

fn top(
    files: &Files,
    no_symbols: bool,
    format: TopFormat,
    limit: usize,
    output: &Path,
) -> Result<u8, Stop> {
    let records = Loaded::from(files, no_symbols)?.records;
    if records.times.is_empty() {
        return Err(Stop(
            NOTHING,
            "the records have no times: run the program with LOCKWARDEN_RECORD_TIMES=on".to_owned(),
        ));
    }
    let text = match format {
        TopFormat::Text => top::text(&records, limit),
        TopFormat::Json => format!("{:#}\n", top::json(&records)),
        TopFormat::Chrome => trace::chrome(&records),
        TopFormat::Folded => records.times.folded(|class| records.name_of(class)),
    };
    write(output, &text)?;
    Ok(0)
}

fn graph(
    input: &Input,
    format: Format,
    focus: Option<String>,
    of_crate: Option<String>,
    cycles: bool,
    output: &Path,
) -> Result<u8, Stop> {
    let loaded = Loaded::of(input)?;
    let baseline = input.baseline()?;
    let focus = focus
        .map(|focus| explain::find(&loaded.records, &focus))
        .transpose()
        .map_err(|why| Stop(FAILED, why))?;
    let orders = Orders::of(&loaded.records);
    let selection = Selection {
        focus,
        of_crate,
        cycles,
    };
    let pairs = draw::select(&orders, &selection);
    if let Some(name) = selection.of_crate.filter(|_| pairs.is_empty()) {
        return Err(Stop(
            FAILED,
            format!("no order with a lock of a crate `{name}` was recorded"),
        ));
    }
    let text = match format {
        Format::Dot => draw::dot(&orders, &baseline, &pairs),
        Format::Mermaid => draw::mermaid(&orders, &pairs),
        Format::Json => draw::json(&orders, &baseline, &pairs),
        Format::Svg => page::svg(&orders, &baseline, &pairs),
    };
    write(output, &text)?;
    Ok(0)
}
