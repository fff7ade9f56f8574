//! Why a declaration was refused.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::Path;

use super::declared::Place;

/// A declared order that cannot be taken in.
///
/// Displayed with the place, what is wrong, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OrderError {
    message: String,
}

impl OrderError {
    pub(super) fn unreadable(path: &Path, error: &io::Error) -> Self {
        Self {
            message: format!("{} cannot be read: {error}", path.display()),
        }
    }

    pub(super) fn malformed(path: &Path, line: usize, problem: &str) -> Self {
        let path = path.display();
        Self {
            message: format!("{path}:{line}: {problem}; a line reads `ledger < audit < stats`"),
        }
    }

    pub(super) fn repeated(name: &str, place: &Place) -> Self {
        Self {
            message: format!("{place}: `{name}` stands before itself"),
        }
    }

    pub(super) fn contradiction(first: &str, second: &str, place: &Place, chain: &str) -> Self {
        Self {
            message: format!(
                "{place}: `{first}` is declared to come before `{second}`, but {chain}; remove one \
                 of these"
            ),
        }
    }
}

impl fmt::Display for OrderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for OrderError {}
