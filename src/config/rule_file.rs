//! Files with one rule in each line: declared orders and suppressions.

use std::error::Error;
use std::fmt;
use std::path::Path;

use crate::report::{Escaped, read_regular};

/// The largest file of rules that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// How many errors of a file are reported one by one.
pub(crate) const MAX_ERRORS: usize = 20;

/// A rule, or a file of rules, that is not accepted: a declared order or a suppression.
///
/// `Display` writes the place, if the rule came from a file, the error, and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleError {
    message: String,
}

impl RuleError {
    /// Returns the error of a rule without a place.
    pub(crate) fn new(problem: impl Into<String>) -> Self {
        Self {
            message: problem.into(),
        }
    }

    /// Returns the error with its line in a file; `example` is a correct line.
    pub(crate) fn at(self, path: &Path, line: usize, example: &str) -> Self {
        let (path, problem) = (path.display().to_string(), self.message);
        Self::new(format!(
            "{}:{line}: {problem}; a line reads `{example}`",
            Escaped(&path)
        ))
    }

    fn of_file(path: &Path, problem: &dyn fmt::Display) -> Self {
        let path = path.display().to_string();
        Self::new(format!("{} cannot be read: {problem}", Escaped(&path)))
    }
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for RuleError {}

/// Returns the text of a file of rules, without a byte order mark.
pub(crate) fn read(path: &Path) -> Result<String, RuleError> {
    let bytes = read_regular(path, MAX_BYTES).map_err(|error| RuleError::of_file(path, &error))?;
    let text = String::from_utf8(bytes)
        .map_err(|error| RuleError::of_file(path, &format_args!("it is no text: {error}")))?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

/// Yields the lines that are neither empty nor a comment, with their numbers.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate();
    lines
        .map(|(at, line)| (at + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

/// Returns one sentence about all errors of a file.
pub(crate) fn summary(errors: &[RuleError]) -> String {
    match errors {
        [] => String::new(),
        [one] => one.to_string(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_empty_lines_are_passed_over() {
        let text = "# rules\n\n  one \r\ntwo # three\n";
        let lines: Vec<(usize, &str)> = lines(text).collect();
        assert_eq!(lines, [(3, "one"), (4, "two # three")]);
    }

    #[cfg(unix)]
    #[test]
    fn only_a_regular_file_of_moderate_size_is_read() {
        let folder = std::env::temp_dir().join(format!("lockwarden-rules-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("rules");
        std::fs::write(&file, "\u{feff}lock a : b\n").unwrap();
        assert_eq!(read(&file).unwrap(), "lock a : b\n");
        std::fs::write(&file, vec![b'#'; MAX_BYTES as usize + 1]).unwrap();
        let error = read(&file).unwrap_err().to_string();
        assert!(error.ends_with("it has more than 1048576 bytes"), "{error}");
        std::fs::write(&file, [0xff, 0xfe]).unwrap();
        assert!(
            read(&file)
                .unwrap_err()
                .to_string()
                .contains("it is no text")
        );
        for path in [Path::new("/dev/zero"), &folder] {
            let error = read(path).unwrap_err().to_string();
            assert!(error.ends_with("it is no regular file"), "{error}");
        }
        let odd = folder.join("a\nb");
        let error = read(&odd).unwrap_err().to_string();
        assert!(error.contains("a\\nb cannot be read: "), "{error}");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
