//! The names of locks and threads in one report.

use std::fmt;
use std::fmt::Display as _;

use super::data::Report;
use super::escape::Escaped;
use super::lock::LockInfo;
use super::place::short_place;
use super::symbols::symbol;
use crate::engine::ids::{LockId, ThreadId};
use crate::engine::mode::Mode;
use crate::tracking::lock::class_key;

/// Up to this number of locks a report compares what they hold with each other.
const COMPARED: usize = 64;

impl Report {
    /// Returns the name of the lock in this report: its display, with its id where two locks have the
    /// same.
    pub(crate) fn lock_name(&self, id: LockId) -> impl fmt::Display {
        self.named(id, "", LockInfo::to_string)
    }

    /// Returns the name for a narrow column: of the place of a lock without a name, the file name and
    /// the line, unless another lock is made there.
    pub(super) fn short_name(&self, id: LockId) -> impl fmt::Display {
        self.named(id, "", brief)
    }

    /// Returns the name within a sentence, where a lock without a name needs an article.
    pub(crate) fn the_lock(&self, id: LockId) -> impl fmt::Display {
        self.named(id, "the ", LockInfo::to_string)
    }

    /// Returns the type of the lock or the resource; empty if the report does not name it.
    pub(super) fn noun(&self, id: LockId) -> &'static str {
        self.lock(id).map_or("", |lock| lock.noun)
    }

    /// Returns the key of the class of the lock, with its content, as records have it; empty if the report does not
    /// name the lock.
    pub(crate) fn key_of(&self, id: LockId) -> String {
        match self.lock(id) {
            Some(lock) => class_key::in_full(lock.name, lock.created, lock.content).into_owned(),
            None => String::new(),
        }
    }

    /// Returns the function that asks for the lock in this mode and does not wait.
    pub(super) fn try_of(&self, id: LockId, mode: Mode) -> &'static str {
        match mode {
            _ if !self.noun(id).ends_with("RwLock") => "try_lock",
            Mode::Shared => "try_read",
            Mode::Upgradable => "try_upgradable_read",
            Mode::Exclusive => "try_write",
        }
    }

    fn named(
        &self,
        id: LockId,
        article: &'static str,
        name: fn(&LockInfo) -> String,
    ) -> impl fmt::Display {
        fmt::from_fn(move |f| {
            let Some(lock) = self.lock(id) else {
                return write!(f, "lock {id}");
            };
            if lock.name.is_none() {
                f.write_str(article)?;
            }
            f.write_str(&self.distinguished(lock, name))
        })
    }

    /// Returns the name of the thread in this report: its name and its id.
    pub(crate) fn thread_name(&self, id: ThreadId) -> impl fmt::Display {
        fmt::from_fn(move |f| match self.thread(id) {
            Some(thread) => thread.fmt(f),
            None => id.fmt(f),
        })
    }

    /// Returns the names of all threads, joined by `, `.
    pub(crate) fn thread_list(&self) -> String {
        let mut names = Vec::new();
        for thread in &self.threads {
            names.push(thread.to_string());
        }
        names.join(", ")
    }

    /// Returns the names of all locks, joined by `, `.
    pub(crate) fn lock_list(&self) -> String {
        let mut names = Vec::new();
        for lock in &self.locks {
            names.push(self.lock_name(lock.id).to_string());
        }
        names.join(", ")
    }

    fn distinguished(&self, lock: &LockInfo, name: fn(&LockInfo) -> String) -> String {
        let (own, in_full, mut name) = (brief(lock), lock.to_string(), name(lock));
        let content_of = |lock: &LockInfo| lock.content.map(short_type);
        // A report on thousands of locks would compare each with all.
        let content = content_of(lock).filter(|_| self.locks.len() <= COMPARED);
        let (mut alike, mut unlike) = (false, false);
        for other in &self.locks {
            // A class and a lock of the class, which a thread holds, have one name, and what a report says of either
            // shows which of the two is meant.
            let is_of_class = other.id.is_class() != lock.id.is_class();
            if other.id == lock.id || is_of_class || brief(other) != own {
                continue;
            }
            // Two that are made on one line differ in the column.
            if other.to_string() != in_full {
                name.clone_from(&in_full);
                continue;
            }
            if content.is_none() {
                alike = true;
                break;
            }
            // Locks that generic code constructs at one place differ in the type of their content.
            match content_of(other) == content {
                true => alike = true,
                false => unlike = true,
            }
        }
        if let Some(content) = content.filter(|_| unlike) {
            name = with_content(lock, &name, &content);
        }
        match alike {
            true => format!("{name} ({})", lock.id),
            false => name,
        }
    }

    /// Returns the names of these locks within a sentence, as a list.
    pub(super) fn the_locks(&self, ids: &[LockId]) -> impl fmt::Display {
        fmt::from_fn(|f| and_list(f, ids.len(), &|f, at| self.the_lock(ids[at]).fmt(f)))
    }

    /// Returns the names of these threads, as a list.
    pub(super) fn threads_named(&self, ids: &[ThreadId]) -> impl fmt::Display {
        fmt::from_fn(|f| and_list(f, ids.len(), &|f, at| self.thread_name(ids[at]).fmt(f)))
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
    match (lock.name, &lock.label, symbol(lock.created)) {
        (None, None, None) => format!("{} of {}", lock.noun, short_place(lock.created)),
        _ => lock.in_a_column(),
    }
}

/// Returns the name of a type without the paths of modules in it: `alloc::vec::Vec<shop::Ledger>` becomes
/// `Vec<Ledger>`.
fn short_type(name: &str) -> String {
    let mut shown = String::with_capacity(name.len());
    // Where the path begins whose last segment is being read.
    let mut path = 0;
    let mut rest = name;
    while let Some(c) = rest.chars().next() {
        if let Some(behind) = rest.strip_prefix("::") {
            shown.truncate(path);
            rest = behind;
            continue;
        }
        shown.push(c);
        rest = &rest[c.len_utf8()..];
        // A path ends with what can be in no segment of one; `{{closure}}` is a segment.
        if !(c.is_alphanumeric() || matches!(c, '_' | '{' | '}')) {
            path = shown.len();
        }
    }
    shown
}

/// Adds an item to a list that has each once.
pub(crate) fn push_new(items: &mut Vec<String>, item: String) {
    if !items.contains(&item) {
        items.push(item);
    }
}

/// Writes `count` items: `a`, `a and b`, `a, b and c`.
pub(super) fn and_list(
    f: &mut fmt::Formatter<'_>,
    count: usize,
    item: &dyn Fn(&mut fmt::Formatter<'_>, usize) -> fmt::Result,
) -> fmt::Result {
    list(f, count, " and ", item)
}

/// Writes `count` items, the last of them behind `before_last`.
pub(super) fn list(
    f: &mut fmt::Formatter<'_>,
    count: usize,
    before_last: &str,
    item: &dyn Fn(&mut fmt::Formatter<'_>, usize) -> fmt::Result,
) -> fmt::Result {
    for at in 0..count {
        f.write_str(match at {
            0 => "",
            _ if at + 1 == count => before_last,
            _ => ", ",
        })?;
        item(f, at)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_joined_with_commas_and_an_and() {
        let items = ["a", "b", "c"];
        for (count, list) in ["", "a", "a and b", "a, b and c"].into_iter().enumerate() {
            let joined = fmt::from_fn(|f| and_list(f, count, &|f, at| f.write_str(items[at])));
            assert_eq!(joined.to_string(), list);
        }
    }

    #[test]
    fn locks_that_are_made_on_one_line_differ_in_the_column() {
        let here = std::panic::Location::caller;
        #[rustfmt::skip]
        let made = (here(), here());
        let mut report = Report::of(crate::engine::verdict::Verdict::Deadlock);
        for (number, created) in [(1, made.0), (2, made.1), (3, made.1)] {
            let id = LockId::new(number).unwrap();
            report.locks.push(LockInfo::new(id, "Mutex", created));
        }
        let name = |number| {
            let id = LockId::new(number).unwrap();
            let (in_full, short) = (report.lock_name(id), report.short_name(id));
            (in_full.to_string(), short.to_string())
        };
        let in_full = format!("Mutex made at {}", made.0);
        assert_eq!(name(1), (in_full.clone(), in_full));
        let in_full = format!("Mutex made at {} (#2)", made.1);
        assert_eq!(name(2), (in_full.clone(), in_full));
    }

    #[test]
    fn types_lose_their_modules() {
        for (name, expected) in [
            ("u8", "u8"),
            ("alloc::vec::Vec<shop::Ledger>", "Vec<Ledger>"),
            (
                "std::collections::hash::map::HashMap<&str, (a::B, [c::D; 4])>",
                "HashMap<&str, (B, [D; 4])>",
            ),
            (
                "dyn core::ops::Fn(a::B) -> c::D + Send",
                "dyn Fn(B) -> D + Send",
            ),
            ("shop::main::{{closure}}", "{{closure}}"),
        ] {
            assert_eq!(short_type(name), expected);
        }
    }
}
