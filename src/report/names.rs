//! The names by which one report calls its locks and threads.

use std::fmt;
use std::fmt::Write as _;

use super::data::Report;
use crate::engine::ids::{LockId, ThreadId};

/// A text of the user in which nothing can break the line or the terminal: control characters are
/// shown as escapes.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            if character.is_control() {
                write!(f, "{}", character.escape_default())?;
            } else {
                f.write_char(character)?;
            }
        }
        Ok(())
    }
}

impl Report {
    /// What this report calls the lock: its display, and its id where two would read the same.
    pub(crate) fn lock_name(&self, id: LockId) -> String {
        let Some(lock) = self.lock(id) else {
            return format!("lock {id}");
        };
        let name = lock.to_string();
        let shared = self
            .locks
            .iter()
            .any(|other| other.id != id && other.to_string() == name);
        if shared {
            format!("{name} ({id})")
        } else {
            name
        }
    }

    /// The same within a sentence, where a lock without a name needs an article.
    pub(crate) fn the_lock(&self, id: LockId) -> String {
        let name = self.lock_name(id);
        match self.lock(id) {
            Some(lock) if lock.name.is_some() => name,
            Some(_) => format!("the {name}"),
            None => name,
        }
    }

    /// What this report calls the thread: its name and its id.
    pub(crate) fn thread_name(&self, id: ThreadId) -> String {
        match self.thread(id) {
            Some(thread) => thread.to_string(),
            None => id.to_string(),
        }
    }
}

/// `a`, `a and b`, `a, b and c`.
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
    fn control_characters_cannot_break_a_line() {
        assert_eq!(
            Escaped("a\nb\u{1b}[31m ü").to_string(),
            "a\\nb\\u{1b}[31m ü"
        );
    }

    #[test]
    fn a_list_is_joined_like_a_person_would() {
        let items = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(and_list(&[]), "");
        assert_eq!(and_list(&items[..1]), "a");
        assert_eq!(and_list(&items[..2]), "a and b");
        assert_eq!(and_list(&items), "a, b and c");
    }
}
