//! Records of lock orders over many processes: merging, checking, explaining, drawing.

mod accept;
mod baseline;
mod check;
mod commands;
mod draw;
mod explain;
mod forms;
mod input;
mod merged;
mod names;
mod naming;
mod orders;
mod output;
mod page;
mod read;
mod row;
mod sql;
mod stop;
mod text;
mod times;
mod top;
mod trace;

pub(crate) use self::commands::Command;
pub(crate) use self::input::named_by_environment;
pub(crate) use self::row::FindingRow;

/// The findings of records.
///
/// # Errors
///
/// If a record cannot be read.
pub(crate) fn findings(paths: &[std::path::PathBuf]) -> std::io::Result<Vec<FindingRow>> {
    let (records, _) = read::all(paths)?;
    Ok(records.findings.into_values().collect())
}
