//! Suppressions: findings that were reviewed and are not to be reported again.
//!
//! A rule names a lock, a place or a function, and gives a reason, which is required: without one, a later
//! reader cannot judge whether the rule is still needed. A finding that a rule matches is not reported and
//! not acted on; it is counted, for its rule and in the [status](crate::status). Of a deadlock that has formed one line on
//! standard error says that a rule suppresses it, since it is not broken then.
//!
//! # The file
//!
//! The environment variable `LOCKWARDEN_SUPPRESS` names a file of rules, one a line:
//!
//! ```text
//! # what             pattern             reason
//! Inversion lock     ledger              : both orders happen before the server listens
//! Guarded place      src/cache.rs:120    : the second lock is private to this function
//! function           bank::audit::*      : to be reworked, ticket 4711
//! ```
//!
//! A rule that begins with the name of a [verdict](crate::report::Verdict) matches findings of that verdict alone; the first one
//! above leaves a deadlock that forms by the two orders to be reported, and broken.
//! `lock` is the [key](crate::report::LockInfo::key) or the label of a lock of the cycle. `place` is where a lock of the cycle was
//! constructed or acquired: a file, with or without a line; the end of a path is enough. `function` is a
//! function in a stack of the report, with its path; a `*` at the end matches anything. A line without that
//! form is an error that names the file and the line, and the other lines take effect.

mod file;
mod rule;
mod rules;

use std::path::Path;

pub use self::rule::{Rule, Subject};
#[cfg(unix)]
pub(crate) use self::rules::RULES;
pub use self::rules::{Unused, unused};
pub(crate) use self::rules::{say_unused, suppresses};
pub use crate::config::RuleError as SuppressError;
use crate::config::rule_file;
use crate::variables::Variable;

/// Adds a rule: findings that it matches are not reported from now on.
///
/// # Errors
///
/// [`SuppressError`] if the pattern or the reason is empty.
///
/// # Examples
///
/// ```
/// use lockwarden::suppress::{self, Rule, Subject};
///
/// suppress::add(Rule::new(Subject::Lock, "ledger", "both orders come before the server listens"))?;
/// let refused = suppress::add(Rule::new(Subject::Lock, "audit", ""));
/// assert!(refused.unwrap_err().to_string().contains("reason"));
/// # Ok::<(), suppress::SuppressError>(())
/// ```
pub fn add(rule: Rule) -> Result<(), SuppressError> {
    rule.check()?;
    rules::add(rule);
    Ok(())
}

/// Adds the rules of a file; returns their number.
///
/// # Errors
///
/// One error for each malformed line, with file and line, at most twenty and one more that counts the rest;
/// or the error of the file itself: a file that is not regular, or has more than a mebibyte, is not read. The
/// well-formed lines take effect all the same.
///
/// # Examples
///
/// ```no_run
/// if let Err(errors) = lockwarden::suppress::add_file("locks.suppress") {
///     for error in errors {
///         eprintln!("{error}");
///     }
/// }
/// ```
pub fn add_file(path: impl AsRef<Path>) -> Result<usize, Vec<SuppressError>> {
    add_file_at(path.as_ref())
}

fn add_file_at(path: &Path) -> Result<usize, Vec<SuppressError>> {
    let text = rule_file::read(path).map_err(|error| vec![error])?;
    let (rules, errors) = file::parse(&text, path);
    let count = rules.len();
    for rule in rules {
        rules::add(rule);
    }
    if errors.is_empty() {
        Ok(count)
    } else {
        Err(errors)
    }
}

/// Reads the file that the environment names, if it names one, and has the unused rules listed at the end if
/// the environment requests that.
pub(crate) fn from_environment() {
    if let Some(path) = Variable::Suppress.read()
        && let Err(errors) = add_file_at(Path::new(&path))
    {
        let (name, problem) = (Variable::Suppress.name(), rule_file::summary(&errors));
        crate::sink::say(&format!("{name}: {problem}"));
    }
    // The program may have added rules itself.
    let lists = Variable::SuppressUnused.text().to_ascii_lowercase();
    if !matches!(lists.trim(), "" | "0" | "off") {
        rules::list_unused_at_exit();
    }
}
