//! The action for a finding.

use std::fmt;

use crate::engine::verdict::Verdict;

/// The action for a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Action {
    /// The finding is only counted.
    Ignore,
    /// The finding is reported, and the program continues.
    Report,
    /// The finding is reported, then the thread that made it panics: before it blocks, if the finding
    /// is a deadlock.
    Panic,
    /// The finding is reported, then the process aborts.
    Abort,
}

impl Action {
    /// Every action, from the mildest to the strongest.
    pub const ALL: &'static [Action] =
        &[Action::Ignore, Action::Report, Action::Panic, Action::Abort];

    /// Returns the name that `LOCKWARDEN` uses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Action::Ignore => "ignore",
            Action::Report => "report",
            Action::Panic => "panic",
            Action::Abort => "abort",
        }
    }

    pub(crate) const fn default_for(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Deadlock | Verdict::SelfDeadlock => Action::Panic,
            Verdict::Inversion
            | Verdict::RecursiveRead
            | Verdict::Stall
            | Verdict::Abandoned
            | Verdict::HeldAcrossAwait => Action::Report,
            Verdict::Guarded | Verdict::SingleThread | Verdict::Ordered => Action::Ignore,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Actions([Action; Verdict::ALL.len()]);

impl Actions {
    pub(crate) const fn get(&self, verdict: Verdict) -> Action {
        // The variants have no explicit values, so each is its position in `ALL`.
        self.0[verdict as usize]
    }

    pub(crate) const fn set(&mut self, verdict: Verdict, action: Action) {
        self.0[verdict as usize] = action;
    }

    pub(crate) const fn set_all(&mut self, action: Action) {
        self.0 = [action; Verdict::ALL.len()];
    }
}

impl Default for Actions {
    fn default() -> Self {
        let mut actions = Self([Action::Ignore; Verdict::ALL.len()]);
        for &verdict in Verdict::ALL {
            actions.set(verdict, Action::default_for(verdict));
        }
        actions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_position_of_a_verdict_is_its_value() {
        for (at, &verdict) in Verdict::ALL.iter().enumerate() {
            assert_eq!(verdict as usize, at, "{verdict}");
        }
    }

    #[test]
    fn only_what_is_certain_panics_by_default() {
        let actions = Actions::default();
        let panics: Vec<Verdict> = Verdict::ALL
            .iter()
            .copied()
            .filter(|&verdict| actions.get(verdict) == Action::Panic)
            .collect();
        assert_eq!(panics, [Verdict::Deadlock, Verdict::SelfDeadlock]);
        assert_eq!(actions.get(Verdict::Inversion), Action::Report);
        assert_eq!(actions.get(Verdict::Guarded), Action::Ignore);
    }
}
