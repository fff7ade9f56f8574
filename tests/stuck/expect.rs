//! What is expected of a kernel.

use crate::child::Exit;

/// A kernel, and what is to be reported for it.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) run: fn(),
    pub(crate) expected: Expected,
}

/// What is to be reported.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Nothing, and the kernel ends well.
    Nothing,
    /// One finding, whose headline begins with this and has all of these in it; and the kernel ends
    /// by itself, since a thread panics.
    Finding(&'static str, &'static [&'static str]),
    /// The same, and what is said of it has these lines in it, and nothing of those.
    Saying(
        &'static str,
        &'static [&'static str],
        &'static [&'static str],
        &'static [&'static str],
    ),
    /// As `Finding`, and one `Inversion` beside it: the waits of the deadlock are also an order that closes
    /// a cycle.
    FindingAndOrder(&'static str, &'static [&'static str]),
    /// As `Finding`, but no thread can be made to panic: the kernel ends itself once the report was written.
    AndStays(&'static str, &'static [&'static str]),
    /// Findings of these verdicts, in this order; what is said of them has all of these lines in it, and the kernel
    /// ends with this code.
    These(&'static [&'static str], &'static [&'static str], i32),
}

impl Case {
    /// Whether the outcome is as expected, else why not.
    pub(crate) fn check(&self, outcome: &Exit) -> Result<(), String> {
        let Some(code) = outcome.code() else {
            return Err("it had to be killed".to_owned());
        };
        let mut headlines = outcome.headlines();
        if let Expected::FindingAndOrder(..) = self.expected {
            let all = headlines.len();
            headlines.retain(|headline| !headline.starts_with("Inversion: "));
            if all != headlines.len() + 1 {
                return Err("one inversion should be reported beside the finding".to_owned());
            }
        }
        let (verdict, words, ends_well) = match self.expected {
            Expected::Nothing => {
                return match (headlines.as_slice(), code) {
                    ([], 0) => Ok(()),
                    _ => Err("it should be silent and end with 0".to_owned()),
                };
            }
            Expected::Finding(verdict, words) | Expected::FindingAndOrder(verdict, words) => {
                (verdict, words, false)
            }
            Expected::Saying(verdict, words, lines, others) => {
                says(outcome, lines, others)?;
                (verdict, words, false)
            }
            Expected::These(verdicts, lines, ends_with) => {
                let verdict = |headline: &&str| headline.split(':').next().map(str::to_owned);
                let found: Vec<_> = headlines.iter().filter_map(verdict).collect();
                if found != verdicts {
                    return Err(format!("it should find {verdicts:?}"));
                }
                if code != ends_with {
                    return Err(format!("it ended with {code}"));
                }
                return says(outcome, lines, &[]);
            }
            Expected::AndStays(verdict, words) => (verdict, words, true),
        };
        let [headline] = headlines.as_slice() else {
            return Err(format!("one finding, not {}", headlines.len()));
        };
        if !headline.starts_with(&format!("{verdict}: ")) {
            return Err(format!("the verdict should be {verdict}"));
        }
        if let Some(word) = words.iter().find(|word| !headline.contains(**word)) {
            return Err(format!("no {word:?} in the headline"));
        }
        if (code == 0) != ends_well {
            return Err(format!("it ended with {code}"));
        }
        Ok(())
    }
}

/// Whether the outcome says these lines, and not those.
fn says(outcome: &Exit, lines: &[&str], others: &[&str]) -> Result<(), String> {
    // Where a line is broken does not matter.
    let text = outcome
        .stderr
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let is_said = |words: &&&str| text.contains(**words);
    if let Some(line) = lines.iter().find(|line| !is_said(line)) {
        return Err(format!("it should say {line:?}"));
    }
    match others.iter().find(is_said) {
        Some(other) => Err(format!("it should not say {other:?}")),
        None => Ok(()),
    }
}
