//! How an exploration went.

use std::fmt;

use super::finding::Finding;
use crate::engine::ids::Site;
use crate::explore::outside::Outside;
use crate::report::{Report, counted, place};

/// How an exploration went: how many schedules were run, and what they have shown.
#[derive(Clone, Debug)]
#[must_use = "a test that does not look at its outcome always passes"]
pub struct Outcome {
    pub(super) findings: Vec<Finding>,
    pub(super) schedules: usize,
    pub(super) inexact: usize,
    pub(super) outside: Option<Outside>,
    pub(super) exhausted: bool,
    pub(super) watched: bool,
    pub(super) site: Site,
}

impl Outcome {
    /// What was found, each once, with the first schedule that shows it.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The first deadlock that has formed, if any has.
    #[must_use]
    pub fn deadlock(&self) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.is_deadlock())
    }

    /// How many schedules were run.
    #[must_use]
    pub fn schedules(&self) -> usize {
        self.schedules
    }

    /// How many of them were not [exact](Finding::is_exact).
    #[must_use]
    pub fn inexact(&self) -> usize {
        self.inexact
    }

    /// The first thread that stayed away from the scheduler, if one did: why a schedule was not exact.
    #[must_use]
    pub fn outside(&self) -> Option<&Outside> {
        self.outside.as_ref()
    }

    /// Whether a depth-first exploration has come to the end of its schedules.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.exhausted
    }

    /// Whether the scheduler was in control. If not, in a build without instrumentation or with the
    /// detector switched off, the body was run once, as it is.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.watched
    }

    /// Fails the test if anything was found.
    ///
    /// # Panics
    ///
    /// If there is a finding, with all of them.
    #[inline]
    #[track_caller]
    pub fn assert_clean(&self) {
        if !self.findings.is_empty() {
            panic!("lockwarden: the exploration is not clean\n{self}");
        }
    }

    /// Fails the test unless a deadlock has formed in a schedule: the finding. `None` only if nothing
    /// [is watched](Self::is_watched).
    ///
    /// # Panics
    ///
    /// If there is none, with what was found instead.
    #[inline]
    #[track_caller]
    #[expect(
        clippy::must_use_candidate,
        reason = "it is an assertion, and the result is for those who want more"
    )]
    pub fn assert_deadlock(&self) -> Option<&Finding> {
        let found = self.deadlock();
        if found.is_none() && self.watched {
            panic!("lockwarden: no schedule has led to a deadlock\n{self}");
        }
        found
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "exploration at {}", place(self.site))?;
        if !self.watched {
            writeln!(f, "nothing was watched")?;
        }
        let all = if self.exhausted {
            ", all there are"
        } else {
            ""
        };
        writeln!(
            f,
            "{}{all}, {} inexact",
            counted(self.schedules as u64, "schedule"),
            self.inexact
        )?;
        if let Some(outside) = &self.outside {
            writeln!(f, "inexact, since {outside}")?;
        }
        if self.findings.is_empty() {
            writeln!(f, "nothing was found")?;
        }
        for finding in &self.findings {
            let report = finding.report();
            let is_formed = |report: &Report| {
                let mut others = self.findings.iter().filter_map(Finding::report);
                others.any(|other| report.predicts(other))
            };
            match report.filter(|report| is_formed(report)) {
                Some(report) => write!(f, "\n{}", report.brief("the Deadlock"))?,
                None => write!(f, "\n{finding}")?,
            }
        }
        Ok(())
    }
}
