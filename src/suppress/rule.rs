//! One rule, and the findings that it matches.

use std::fmt;
use std::panic::Location;

use crate::config::RuleError;
use crate::engine::lists;
use crate::engine::verdict::Verdict;
use crate::report::{Report, Stack, ThreadInfo};
use crate::tracking::lock::class_key;

/// What the pattern of a [`Rule`] is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Subject {
    /// The [key](crate::report::LockInfo::key) or the label of a lock of the finding: its name, the symbol that the
    /// source has for it, or its place of construction.
    Lock,
    /// Where a lock of the finding was constructed or acquired: `file`, `file:line` or `file:line:column`.
    Place,
    /// A function in a stack of the report.
    Function,
}

impl Subject {
    /// Every subject.
    pub const ALL: &'static [Subject] = &[Subject::Lock, Subject::Place, Subject::Function];

    /// Returns the word for it in a file of rules.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Subject::Lock => "lock",
            Subject::Place => "place",
            Subject::Function => "function",
        }
    }
}

/// A rule: which findings are not to be reported, and why.
///
/// # Examples
///
/// ```
/// use lockwarden::suppress::{Rule, Subject};
///
/// let rule = Rule::new(Subject::Place, "src/cache.rs:120", "private to this function");
/// assert_eq!(rule.to_string(), "place src/cache.rs:120 : private to this function");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The only verdict whose findings it matches; those of all if there is none.
    verdict: Option<Verdict>,
    subject: Subject,
    pattern: String,
    reason: String,
}

impl Rule {
    /// Returns a rule that suppresses findings in which a subject of this kind matches `pattern`, for
    /// `reason`.
    #[must_use]
    pub fn new(subject: Subject, pattern: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            verdict: None,
            subject,
            pattern: pattern.into(),
            reason: reason.into(),
        }
    }

    /// Limits the rule to findings of this verdict. A rule for an `Inversion` leaves the deadlock that forms by the two orders
    /// to be reported, and broken.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::report::Verdict;
    /// use lockwarden::suppress::{Rule, Subject};
    ///
    /// let rule = Rule::new(Subject::Lock, "ledger", "both orders come at the start").only(Verdict::Inversion);
    /// assert_eq!(rule.to_string(), "Inversion lock ledger : both orders come at the start");
    /// ```
    #[must_use]
    pub fn only(mut self, verdict: Verdict) -> Self {
        self.verdict = Some(verdict);
        self
    }

    /// Returns the reason of the rule.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    pub(super) fn check(&self) -> Result<(), RuleError> {
        if self.pattern.trim().is_empty() {
            return Err(RuleError::new("a pattern is missing"));
        }
        if self.reason.trim().is_empty() {
            return Err(RuleError::new("the reason is missing, and is required"));
        }
        Ok(())
    }

    /// Returns whether the rule matches a finding.
    ///
    /// Costs a comparison for each lock, place and function. A stack whose names have not been resolved
    /// matches nothing.
    pub(super) fn fits(&self, report: &Report) -> bool {
        if self.verdict.is_some_and(|only| only != report.verdict) {
            return false;
        }
        match self.subject {
            Subject::Lock => lists::any(&report.locks, &|lock| {
                lock.has_key(&self.pattern) || lock.label.as_deref() == Some(self.pattern.as_str())
            }),
            Subject::Place => self.fits_place(report),
            Subject::Function => {
                let is_in = |stack: &Option<Stack>| match stack {
                    Some(stack) if stack.is_resolved() => {
                        let functions = stack.functions();
                        functions.iter().any(|function| self.is_function(function))
                    }
                    _ => false,
                };
                is_in(&report.stack) || lists::any(&report.edges, &|edge| is_in(&edge.stack))
            }
        }
    }

    /// Returns whether the rule needs the names of the stacks of a finding with this verdict.
    pub(super) fn needs_functions(&self, verdict: Verdict) -> bool {
        self.subject == Subject::Function && self.verdict.is_none_or(|only| only == verdict)
    }

    fn fits_place(&self, report: &Report) -> bool {
        for edge in &report.edges {
            let made = report.lock(edge.from).map(|lock| lock.created);
            if self.is_at(edge.from_site)
                || self.is_at(edge.to_site)
                || made.is_some_and(|place| self.is_at(place))
            {
                return true;
            }
        }
        let is_held = |thread: &ThreadInfo| thread.held.iter().any(|held| self.is_at(held.site));
        report.edges.is_empty() && lists::any(&report.threads, &is_held)
    }

    fn is_at(&self, place: &'static Location<'static>) -> bool {
        if class_key::of_site(place) == self.pattern {
            return true;
        }
        let (mut file, mut line) = (self.pattern.as_str(), None);
        if let Some((start, end)) = file.rsplit_once(':')
            && let Ok(number) = end.parse::<u32>()
        {
            (file, line) = (start, Some(number));
        }
        let ends = place
            .file()
            .strip_suffix(file)
            .is_some_and(|before| before.is_empty() || before.ends_with(['/', '\\']));
        // The form in which reports name files of dependencies.
        (ends || class_key::of_path(place.file()) == file)
            && line.is_none_or(|line| line == place.line())
    }

    fn is_function(&self, function: &str) -> bool {
        match self.pattern.strip_suffix('*') {
            Some(start) => function.starts_with(start),
            None => function == self.pattern,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(verdict) = self.verdict {
            write!(f, "{verdict} ")?;
        }
        let subject = self.subject.name();
        write!(f, "{subject} {} : {}", self.pattern, self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{LockId, LockInfo};

    fn place(pattern: &str) -> Rule {
        Rule::new(Subject::Place, pattern, "a reason")
    }

    #[test]
    fn a_place_matches_the_end_of_a_path_with_or_without_a_line() {
        let here = Location::caller();
        let line = here.line();
        assert!(place("rule.rs").is_at(here));
        assert!(place("suppress/rule.rs").is_at(here));
        assert!(place(&format!("rule.rs:{line}")).is_at(here));
        assert!(place(&class_key::of_site(here)).is_at(here));
        assert!(!place(&format!("rule.rs:{}", line + 1)).is_at(here));
        assert!(!place("ule.rs").is_at(here));
        assert!(!place("other.rs").is_at(here));
    }

    #[test]
    fn a_function_matches_whole_or_by_a_star_at_its_end() {
        let rule = |pattern| Rule::new(Subject::Function, pattern, "a reason");
        assert!(rule("bank::audit").is_function("bank::audit"));
        assert!(!rule("bank::audit").is_function("bank::audit::run"));
        assert!(rule("bank::*").is_function("bank::audit::run"));
    }

    #[test]
    fn a_rule_for_one_verdict_matches_no_other() {
        let id = LockId::new(1).unwrap();
        let mut lock = LockInfo::new(id, "Mutex", Location::caller());
        lock.label = Some("ledger".to_owned());
        let report = |verdict| Report {
            locks: vec![lock.clone()],
            ..Report::of(verdict)
        };
        let rule = Rule::new(Subject::Lock, "ledger", "a reason");
        assert!(rule.fits(&report(Verdict::Deadlock)));
        let rule = rule.only(Verdict::Inversion);
        assert!(rule.fits(&report(Verdict::Inversion)));
        assert!(!rule.fits(&report(Verdict::Deadlock)));
    }

    #[test]
    fn a_rule_needs_a_pattern_and_a_reason() {
        assert!(place("x").check().is_ok());
        assert!(place(" ").check().is_err());
        assert!(Rule::new(Subject::Lock, "x", " ").check().is_err());
    }
}
