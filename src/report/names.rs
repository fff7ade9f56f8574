//! The names of locks and threads in one report.

use super::content;
use super::data::Report;
use super::escape::Escaped;
use super::lock::LockInfo;
use super::place::short_place;
use super::symbols::symbol;
use crate::engine::ids::{LockId, ThreadId};

/// Up to this number of locks a report compares what they hold with each other.
const COMPARED: usize = 64;

impl Report {
    /// Returns the name of the lock in this report: its display, with its id where two locks have the
    /// same.
    pub(crate) fn lock_name(&self, id: LockId) -> String {
        match self.lock(id) {
            Some(lock) => self.distinguished(lock, lock.to_string()),
            None => format!("lock {id}"),
        }
    }

    /// Returns the name for a narrow column: of the place of a lock without a name, the file name and
    /// the line.
    pub(super) fn short_name(&self, id: LockId) -> String {
        match self.lock(id) {
            Some(lock) => self.distinguished(lock, brief(lock)),
            None => format!("lock {id}"),
        }
    }

    fn distinguished(&self, lock: &LockInfo, name: String) -> String {
        let own = brief(lock);
        // Names that are equal in full are equal when shortened.
        let shared = |other: &&LockInfo| other.id != lock.id && brief(other) == own;
        if !self.locks.iter().any(|other| shared(&other)) {
            return name;
        }
        let with_id = |name: String| format!("{name} ({})", lock.id);
        let of = |lock: &LockInfo| lock.content.map(content::short);
        // A report on thousands of locks would compare each with all.
        let Some(content) = of(lock).filter(|_| self.locks.len() <= COMPARED) else {
            return with_id(name);
        };
        // Locks that generic code constructs at one place differ in the type of their content.
        let others = self.locks.iter().filter(shared);
        let (alike, unlike): (Vec<_>, Vec<_>) =
            others.partition(|other| of(other).as_ref() == Some(&content));
        let name = match unlike.is_empty() {
            true => name,
            false => with_content(lock, &name, &content),
        };
        match alike.is_empty() {
            true => name,
            false => with_id(name),
        }
    }

    /// Returns the name within a sentence, where a lock without a name needs an article.
    pub(crate) fn the_lock(&self, id: LockId) -> String {
        let name = self.lock_name(id);
        match self.lock(id) {
            Some(lock) if lock.name.is_some() => name,
            Some(_) => format!("the {name}"),
            None => name,
        }
    }

    /// Returns the name of the thread in this report: its name and its id.
    pub(crate) fn thread_name(&self, id: ThreadId) -> String {
        match self.thread(id) {
            Some(thread) => thread.to_string(),
            None => id.to_string(),
        }
    }
}

/// Returns the name with the type of the content, in the form that it has in the source where the name begins with the
/// type of the lock.
fn with_content(lock: &LockInfo, name: &str, content: &str) -> String {
    let content = Escaped(content);
    match name.strip_prefix(lock.noun) {
        Some(rest) => format!("{}<{content}>{rest}", lock.noun),
        None => format!("{name} of `{content}`"),
    }
}

fn brief(lock: &LockInfo) -> String {
    match (lock.name, &lock.label) {
        (None, None) => match symbol(lock.created) {
            Some(symbol) => format!("`{}`", Escaped(symbol)),
            None => format!("{} of {}", lock.noun, short_place(lock.created)),
        },
        _ => lock.to_string(),
    }
}

/// Returns `a`, `a and b`, `a, b and c`.
pub(super) fn and_list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_joined_with_commas_and_an_and() {
        let items = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(and_list(&[]), "");
        assert_eq!(and_list(&items[..1]), "a");
        assert_eq!(and_list(&items[..2]), "a and b");
        assert_eq!(and_list(&items), "a, b and c");
    }
}
