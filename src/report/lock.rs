//! What a report knows of one lock.

use std::fmt;

use super::names::{Escaped, place};
use super::symbols::symbol;
use crate::engine::ids::{LockId, Site};

/// One lock of a report.
///
/// Displayed as its name in backquotes, followed by its label, or, if it has neither, as what it
/// is and where it was made: `` `ledger` ``, `` `account` "account 17" ``,
/// `Mutex made at src/bank.rs:10:5`; under `cargo lockwarden` the last has the name of the field, static
/// or binding that it is made for: ``Mutex `bank::LEDGER` made at src/bank.rs:10:5``. Of a name or a label of more than 128 characters the beginning and
/// the end are displayed, and what cannot be seen is displayed as an escape.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LockInfo {
    /// The identity of the instance.
    pub id: LockId,
    /// What sort of lock it is: `Mutex`, `RwLock`.
    pub noun: &'static str,
    /// The name of its class, if it was given one.
    pub name: Option<&'static str>,
    /// The name of this one instance, if it was given one.
    pub label: Option<String>,
    /// Where it was made.
    pub created: Site,
}

impl LockInfo {
    /// A lock, or something else that is waited for, without a name or a label.
    #[must_use]
    pub fn new(id: LockId, noun: &'static str, created: Site) -> Self {
        Self {
            id,
            noun,
            name: None,
            label: None,
            created,
        }
    }
}

impl LockInfo {
    /// The same within a sentence, where one without a name needs an article.
    pub(crate) fn in_a_sentence(&self) -> String {
        match self.name {
            Some(_) => self.to_string(),
            None => format!("the {self}"),
        }
    }
}

/// The comma between what is waited for and where, if the former ends with a place itself.
pub(crate) fn comma(awaited: &str, lock: Option<&LockInfo>) -> &'static str {
    match lock {
        Some(lock) if awaited.ends_with(&place(lock.created)) => ",",
        _ => "",
    }
}

impl fmt::Display for LockInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name, &self.label) {
            (Some(name), Some(label)) => write!(f, "`{}` \"{}\"", Escaped(name), Escaped(label)),
            (Some(name), None) => write!(f, "`{}`", Escaped(name)),
            (None, Some(label)) => write!(f, "{} \"{}\"", self.noun, Escaped(label)),
            (None, None) => {
                f.write_str(self.noun)?;
                if let Some(symbol) = symbol(self.created) {
                    write!(f, " `{}`", Escaped(symbol))?;
                }
                write!(f, " made at {}", place(self.created))
            }
        }
    }
}
