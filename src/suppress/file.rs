//! The parser of a file of suppression rules.

use std::path::Path;

use super::{Rule, Subject};
use crate::config::{RuleError, rule_file};
use crate::engine::verdict::Verdict;

/// A line in the right form, for error messages.
const EXAMPLE: &str = "lock ledger : the reason";

/// Returns the rules of a file, and an error for each malformed line; beyond the first few, one error for
/// all.
pub(super) fn parse(text: &str, path: &Path) -> (Vec<Rule>, Vec<RuleError>) {
    let mut rules = Vec::new();
    let mut errors = Vec::new();
    let mut left_out: usize = 0;
    for (number, line) in rule_file::lines(text) {
        match parse_line(line) {
            Ok(rule) => rules.push(rule),
            Err(_) if errors.len() == rule_file::MAX_ERRORS => left_out += 1,
            Err(error) => errors.push(error.at(path, number, EXAMPLE)),
        }
    }
    if left_out > 0 {
        let problem = format!("{left_out} more lines are no rules");
        errors.push(RuleError::new(problem));
    }
    (rules, errors)
}

fn parse_line(line: &str) -> Result<Rule, RuleError> {
    let (mut word, mut rest) = first_word(line);
    let is_it = |verdict: &&Verdict| verdict.name().eq_ignore_ascii_case(word);
    let verdict = Verdict::ALL.iter().find(is_it);
    if verdict.is_some() {
        (word, rest) = first_word(rest);
    }
    let mut subjects = Subject::ALL.iter();
    let Some(subject) = subjects.find(|subject| subject.name() == word) else {
        return Err(RuleError::new(format!(
            "{word:?} is no subject; allowed are lock, place, function, with the name of a verdict before it or without"
        )));
    };
    // With spaces around it, so that the colons of locations and of paths do not match.
    let (pattern, reason) = rest.split_once(" : ").unwrap_or((rest, ""));
    let rule = Rule::new(*subject, pattern.trim(), reason.trim());
    rule.check()?;
    Ok(match verdict {
        Some(verdict) => rule.only(*verdict),
        None => rule,
    })
}

/// Splits the first word from the rest of a line.
fn first_word(line: &str) -> (&str, &str) {
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    (word, rest.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_rules_and_comments_are_skipped() {
        let text = "# rules\n\nlock  ledger : early\n place src/a.rs:12  : private \n\
                    function bank::audit::* : ticket 4711\nInversion  lock audit : early\ninversion lock stats : early";
        let (rules, errors) = parse(text, Path::new("x"));
        assert_eq!(errors, []);
        assert_eq!(
            rules,
            [
                Rule::new(Subject::Lock, "ledger", "early"),
                Rule::new(Subject::Place, "src/a.rs:12", "private"),
                Rule::new(Subject::Function, "bank::audit::*", "ticket 4711"),
                Rule::new(Subject::Lock, "audit", "early").only(Verdict::Inversion),
                Rule::new(Subject::Lock, "stats", "early").only(Verdict::Inversion),
            ]
        );
    }

    #[test]
    fn a_malformed_line_is_an_error_and_the_others_take_effect() {
        let text = "lock ledger\nlokc a : b\nlock : reason\nlock audit : fine";
        let (rules, errors) = parse(text, Path::new("x"));
        assert_eq!(rules.len(), 1);
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert!(
            errors[0].starts_with("x:1: the reason is missing"),
            "{errors:?}"
        );
        assert!(
            errors[1].starts_with("x:2: \"lokc\" is no subject; allowed are"),
            "{errors:?}"
        );
        assert!(errors[2].starts_with("x:3: "), "{errors:?}");
    }
}
