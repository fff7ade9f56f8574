//! The description of a lock in a report.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use super::duration::duration;
use super::escape::Escaped;
use super::place::place;
use super::symbols::symbol;
use crate::engine::ids::{LockId, Site};
use crate::tracking::lock::class_key;

/// One lock of a report.
///
/// Displayed as its name in backquotes, followed by its label, or, if it has neither, as its type and
/// its place of construction: `` `ledger` ``, `` `account` "account 17" ``,
/// `Mutex made at src/bank.rs:10:5`. Under `cargo lockwarden` the latter has the name of the field,
/// static or binding too: ``Mutex `bank::LEDGER` made at src/bank.rs:10:5``. A name or a label of more
/// than 128 characters is shortened in its middle, and invisible characters are displayed as escapes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LockInfo {
    /// The identity of the instance.
    pub id: LockId,
    /// The type of the lock: `Mutex`, `RwLock`.
    pub noun: &'static str,
    /// The name of its class, if it has one.
    pub name: Option<&'static str>,
    /// The label of this instance, if it has one.
    pub label: Option<String>,
    /// The name of the type of what the lock holds, such as `alloc::string::String`, where it is known
    /// and the class has no name.
    pub content: Option<&'static str>,
    /// Where the lock was constructed.
    pub created: Site,
}

impl LockInfo {
    /// Returns a lock, or a resource, without a name or a label.
    #[must_use]
    pub fn new(id: LockId, noun: &'static str, created: Site) -> Self {
        Self {
            id,
            noun,
            name: None,
            label: None,
            content: None,
            created,
        }
    }

    /// Returns the key of the class of the lock, which is the same in every build and on every machine: its name; else
    /// what the source calls it, if the program was built by `cargo lockwarden`; else its place of construction,
    /// without the directories of a machine.
    ///
    /// Suppressions and the JSON form of a report have the same key. In records and baselines the
    /// [`content`](Self::content) follows a place that is in generic code.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::config::Config;
    /// use lockwarden::sync::Mutex;
    ///
    /// # fn main() {
    /// Config::new()
    ///     .callback(|report| {
    ///         let keys: Vec<_> = report.locks.iter().map(|lock| lock.key()).collect();
    ///         println!("{}: {keys:?}", report.verdict);
    ///     })
    ///     .install()
    ///     .expect("nothing else installs a configuration");
    /// # }
    /// ```
    #[must_use]
    pub fn key(&self) -> Cow<'static, str> {
        match self.name.or_else(|| symbol(self.created)) {
            Some(name) => Cow::Borrowed(name),
            None => class_key::of_class(None, self.created),
        }
    }

    /// Returns whether the key, or the place that stands for it without the source, is this one.
    pub(crate) fn has_key(&self, key: &str) -> bool {
        self.key() == key || (self.name.is_none() && class_key::of_site(self.created) == key)
    }

    /// Returns the name for a narrow column, where a symbol is enough to know the lock by.
    pub(crate) fn in_a_column(&self) -> String {
        match symbol(self.created) {
            Some(symbol) if self.name.is_none() && self.label.is_none() => {
                format!("`{}`", Escaped(symbol))
            }
            _ => self.to_string(),
        }
    }

    /// Returns the name within a sentence, where a lock without a name needs an article.
    pub(crate) fn in_a_sentence(&self) -> String {
        match self.name {
            Some(_) => self.to_string(),
            None => format!("the {self}"),
        }
    }
}

/// Returns what is waited for, where, and for how long if that is known; `lock` is the lock or the resource of the wait.
pub(crate) fn wait_line(
    awaited: &str,
    lock: Option<&LockInfo>,
    site: Site,
    since: Option<Duration>,
) -> String {
    // Between two places stands a comma.
    let comma = match lock {
        Some(lock) if awaited.ends_with(&place(lock.created).to_string()) => ",",
        _ => "",
    };
    let line = format!("waits for {awaited}{comma} at {}", place(site));
    match since {
        Some(since) => format!("{line}, for {} now", duration(since)),
        None => line,
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

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use super::*;

    #[test]
    fn a_lock_has_the_key_that_records_have() {
        let created = Location::caller();
        let place = class_key::of_site(created);
        let lock = LockInfo::new(LockId::new(1).unwrap(), "Mutex", created);
        assert_eq!(lock.key(), place);
        assert!(lock.has_key(&place) && !lock.has_key("ledger"));
        let named = LockInfo {
            name: Some("ledger"),
            ..lock
        };
        assert_eq!(named.key(), "ledger");
        assert!(named.has_key("ledger") && !named.has_key(&place));
    }
}
