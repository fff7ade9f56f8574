//! Where the results of subcommands on records go.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::check::Checked;
use super::forms;
use super::stop::{FAILED, Stop};

/// One form of the result, and where it goes.
pub(super) struct Output {
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
    pub(super) fn parse(text: &str) -> Result<Self, Stop> {
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

    pub(super) fn write(self, checked: &Checked, totals: &str) -> Result<(), Stop> {
        let text = match self.form {
            Form::Sarif => forms::sarif(checked),
            Form::Github => forms::github(checked),
            Form::Summary => forms::summary(checked, totals),
            Form::Junit => forms::junit(checked),
            Form::Json => forms::json(checked),
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

/// Writes a text to a file, or to standard output if the path is `-`.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Stop> {
    write_lines(path, std::iter::once(text))
}

/// Writes texts one after the other, without a copy of all of them.
pub(super) fn write_lines(
    path: &Path,
    texts: impl Iterator<Item = impl AsRef<str>>,
) -> Result<(), Stop> {
    let is_stdout = path.as_os_str() == "-";
    let name = match is_stdout {
        true => "standard output".to_owned(),
        false => path.display().to_string(),
    };
    let named = |error: io::Error| Stop(FAILED, format!("{name}: {error}"));
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
