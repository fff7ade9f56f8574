//! The completion of a report: the reason and the suggestion are made from its facts.

use super::data::{Facts, Report};
use super::{agents, headline, suggestion};

impl Report {
    /// Returns the report number `sequence`, with a reason and a suggestion made from the facts.
    pub(crate) fn new(sequence: u64, facts: Facts) -> Self {
        let mut report = facts;
        report.sequence = sequence;
        report.put_words();
        report
    }

    /// Returns the report without the labels of its locks, which are data of the program's user.
    pub(crate) fn without_labels(&self) -> Self {
        let mut report = self.clone();
        for lock in &mut report.locks {
            lock.label = None;
        }
        report.put_words();
        report
    }

    fn put_words(&mut self) {
        self.reason = agents::in_its_words(self, headline::reason(self));
        self.suggestion = suggestion::suggestion(self).map(|text| agents::in_its_words(self, text));
    }
}
