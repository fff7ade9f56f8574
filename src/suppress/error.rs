//! Why a rule was refused.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::Path;

/// A rule that cannot be taken in.
///
/// Displayed with the place, if it came from a file, what is wrong, and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SuppressError {
    message: String,
}

impl SuppressError {
    pub(super) fn new(problem: &str) -> Self {
        Self {
            message: problem.to_owned(),
        }
    }

    pub(super) fn unreadable(path: &Path, error: &io::Error) -> Self {
        Self {
            message: format!("{} cannot be read: {error}", path.display()),
        }
    }

    /// The same problem, found in a line of a file.
    pub(super) fn at(self, path: &Path, line: usize) -> Self {
        Self {
            message: format!(
                "{}:{line}: {}; a line reads `lock ledger : the reason`",
                path.display(),
                self.message
            ),
        }
    }
}

impl fmt::Display for SuppressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for SuppressError {}
