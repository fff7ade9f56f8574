//! The subcommands that work on records.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::draw::{self, Selection};
use super::input::{Files, Input, Loaded};
use super::orders::Orders;
use super::output::{Output, write, write_lines};
use super::stop::{FAILED, NOTHING, Stop};
use super::{accept, check, explain, page, sql, text, top, trace};

/// A check found something.
const FINDINGS: u8 = 100;

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
