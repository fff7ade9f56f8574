//! Reading record files: a bad line is counted, and the rest is used.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use super::merged::Records;
use super::row::Row;

/// What was read, and what could not be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) files: usize,
    pub(crate) rows: usize,
    /// Lines that are no rows, with the first of them.
    pub(crate) bad: usize,
    pub(crate) first_bad: Option<(PathBuf, usize)>,
    /// The folder, if it is the one whose records each run by this command replaces.
    pub(crate) replaced: Option<PathBuf>,
}

/// Reads files, the `.jsonl` files of directories, and the lists of both that `@file` names.
pub(crate) fn all(paths: &[PathBuf]) -> io::Result<(Records, Tally)> {
    let (mut records, mut tally) = (Records::default(), Tally::default());
    for path in paths {
        read(path, &mut records, &mut tally)?;
    }
    Ok((records, tally))
}

fn read(path: &Path, records: &mut Records, tally: &mut Tally) -> io::Result<()> {
    if let Some(list) = path.to_str().and_then(|path| path.strip_prefix('@')) {
        for line in named(fs::read_to_string(list), Path::new(list))?.lines() {
            if !line.trim().is_empty() {
                read(Path::new(line.trim()), records, tally)?;
            }
        }
        return Ok(());
    }
    if !path.is_dir() {
        return file(path, records, tally);
    }
    let mut inside = Vec::new();
    for entry in named(fs::read_dir(path), path)? {
        let entry = entry?.path();
        if entry.is_dir() || entry.extension().is_some_and(|ending| ending == "jsonl") {
            inside.push(entry);
        }
    }
    inside.sort();
    inside
        .iter()
        .try_for_each(|path| read(path, records, tally))
}

fn file(path: &Path, records: &mut Records, tally: &mut Tally) -> io::Result<()> {
    let mut reader = BufReader::with_capacity(1 << 18, named(File::open(path), path)?);
    tally.files += 1;
    let (mut line, mut number, mut run) = (Vec::new(), 0, String::new());
    while named(reader.read_until(b'\n', &mut line), path)? > 0 {
        number += 1;
        // A last line without an end was torn when its process died.
        let is_whole = line.last() == Some(&b'\n');
        match is_whole.then(|| Row::parse(&line)) {
            Some(Ok(row)) => {
                tally.rows += 1;
                records.add(row, &mut run);
            }
            _ if line.trim_ascii().is_empty() => {}
            _ => {
                tally.bad += 1;
                tally
                    .first_bad
                    .get_or_insert_with(|| (path.to_owned(), number));
            }
        }
        line.clear();
    }
    Ok(())
}

/// The error with the path that it is about.
fn named<T>(result: io::Result<T>, path: &Path) -> io::Result<T> {
    result.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_lines_are_counted_and_the_rest_is_used() {
        let directory =
            std::env::temp_dir().join(format!("lockwarden-read-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let edge = r#"{"v":1,"row":"edge","from":"a","from_mode":"exclusive","to":"b","to_mode":"new mode","run":"r"}"#;
        let text = format!(
            "{{\"v\":1,\"row\":\"run\",\"run\":\"r\"}}\nrubbish\n{edge}\n{{\"v\":1,\"row\":\"later\",\"x\":1}}\n\
             {{\"v\":2,\"row\":\"run\",\"run\":\"s\"}}\n\
             {{\"v\":1,\"row\":\"end\"}}\n{{\"v\":1,\"row\":\"ed"
        );
        fs::write(directory.join("one.jsonl"), text).unwrap();
        fs::write(directory.join("other.txt"), "not read").unwrap();
        let (records, tally) = all(std::slice::from_ref(&directory)).unwrap();
        assert_eq!((tally.files, tally.rows, tally.bad), (1, 4, 3));
        assert_eq!(tally.first_bad.unwrap().1, 2);
        assert_eq!(records.edges.len(), 1);
        assert!(records.runs["r"].ended && !records.runs.contains_key("s"));
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = all(&[PathBuf::from("no/such/record.jsonl")]).unwrap_err();
        assert!(error.to_string().contains("no/such/record.jsonl"));
    }
}
