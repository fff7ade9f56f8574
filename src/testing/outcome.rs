//! The outcome of a check.

use std::any::Any;
use std::fmt;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};

use super::found::Found;
use super::hang::Hang;
use crate::engine::ids::Site;
use crate::report::{Report, Verdict};

/// The outcome of a check: its findings, whether it ended, and whether it panicked.
///
/// # Examples
///
/// A test that a bug is found:
///
/// ```
/// use lockwarden::report::Verdict;
/// use lockwarden::sync::Mutex;
/// use lockwarden::testing::check;
/// use lockwarden::thread;
///
/// static LEDGER: Mutex<i64> = Mutex::named("ledger", 0);
/// static AUDIT: Mutex<Vec<i64>> = Mutex::named("audit", Vec::new());
///
/// let outcome = check(|| {
///     let book = || {
///         let mut ledger = LEDGER.lock().unwrap();
///         AUDIT.lock().unwrap().push(5);
///         *ledger += 5;
///     };
///     let is_balanced = || {
///         let audit = AUDIT.lock().unwrap();
///         audit.iter().sum::<i64>() == *LEDGER.lock().unwrap()
///     };
///     thread::scope(|scope| {
///         // One after the other in this run, but concurrent to the detector.
///         let booked = scope.spawn(book);
///         while !booked.is_finished() {
///             thread::yield_now();
///         }
///         scope.spawn(is_balanced);
///     });
/// });
/// outcome.assert_finds(Verdict::Inversion).among(["ledger", "audit"]);
/// ```
#[derive(Debug)]
#[must_use = "an outcome that is not examined lets every test pass"]
pub struct Outcome {
    pub(super) findings: Vec<Report>,
    pub(super) counted: Vec<Report>,
    /// Whether the detector has broken a deadlock by a panic.
    pub(super) broken: bool,
    pub(super) hang: Option<Hang>,
    pub(super) panicked: Option<Panicked>,
    pub(super) watched: bool,
    pub(super) site: Site,
}

/// A panic of the closure that is not the detector's.
pub(super) struct Panicked {
    pub(super) message: String,
    /// Behind a mutex, so that the outcome is `Sync`.
    pub(super) payload: Mutex<Box<dyn Any + Send>>,
}

impl fmt::Debug for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message.fmt(f)
    }
}

impl Outcome {
    /// Returns the findings of the check's threads that the configuration reports, in the order in
    /// which they were made.
    #[must_use]
    pub fn findings(&self) -> &[Report] {
        &self.findings
    }

    /// Returns the findings that the configuration only counts: by default
    /// [`Guarded`](Verdict::Guarded), [`SingleThread`](Verdict::SingleThread) and
    /// [`Ordered`](Verdict::Ordered) cycles. They fail no check.
    #[must_use]
    pub fn counted(&self) -> &[Report] {
        &self.counted
    }

    /// Returns the message of the panic of the closure, if it panicked.
    ///
    /// The panic by which the detector breaks a deadlock does not count: it is part of the finding.
    #[must_use]
    pub fn panic(&self) -> Option<&str> {
        let panicked = self.panicked.as_ref();
        panicked.map(|panicked| panicked.message.as_str())
    }

    /// Returns the state of the threads at the limit, if the check exceeded it.
    #[must_use]
    pub fn hung(&self) -> Option<&Hang> {
        self.hang.as_ref()
    }

    /// Returns whether locks are watched: if not, in a build without instrumentation or with the
    /// detector switched off, there can be no findings.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.watched
    }

    /// Returns whether the detector has broken a deadlock by a panic.
    #[cfg(feature = "macros")]
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Returns whether the check ended in time, without a panic and without a finding.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty() && self.hang.is_none() && self.panic().is_none()
    }

    /// Fails the test unless the check [is clean](Self::is_clean).
    ///
    /// # Panics
    ///
    /// If it is not, with every report and, if the check hangs, with what each thread holds and waits
    /// for.
    #[inline]
    #[track_caller]
    pub fn assert_clean(&self) {
        if !self.is_clean() {
            panic!("lockwarden: the check is not clean\n{self}");
        }
    }

    /// Fails the test unless a finding with this verdict was made, among the
    /// [`findings`](Self::findings) or among those that are only [`counted`](Self::counted). The
    /// returned value has further assertions.
    ///
    /// Other findings are allowed. A panic of the closure fails the test, unless the detector has
    /// broken a deadlock, which causes panics; a hang fails it, unless `verdict` is that of a deadlock.
    ///
    /// The assertion passes if no locks [are watched](Self::is_watched).
    ///
    /// # Panics
    ///
    /// If there is no such finding; the message lists the others.
    #[inline]
    #[track_caller]
    pub fn assert_finds(&self, verdict: Verdict) -> Found<'_> {
        let all = self.findings.iter().chain(&self.counted);
        let found: Vec<&Report> = all.filter(|report| report.verdict == verdict).collect();
        if self.watched {
            let blocks = matches!(
                verdict,
                Verdict::Deadlock | Verdict::SelfDeadlock | Verdict::Stall
            );
            if found.is_empty() {
                panic!("lockwarden: no {verdict} was found\n{self}");
            }
            if self.panic().is_some() && !self.broken {
                panic!("lockwarden: {verdict} was found, but the closure panicked\n{self}");
            }
            if self.hung().is_some() && !blocks {
                panic!("lockwarden: {verdict} was found, but the check hangs\n{self}");
            }
        }
        Found::new(verdict, found, self.watched)
    }

    /// Resumes the panic of the closure, if it panicked, with its payload; the panic hook has printed
    /// the message before.
    ///
    /// # Panics
    ///
    /// With the payload of the closure's [`panic`](Self::panic).
    #[inline]
    pub fn resume_panic(mut self) -> Self {
        match self.panicked.take() {
            Some(panicked) => {
                let payload = panicked.payload.into_inner();
                resume_unwind(payload.unwrap_or_else(PoisonError::into_inner))
            }
            None => self,
        }
    }
}

impl fmt::Display for Outcome {
    /// Writes all findings, the panic and the hang in full, but for an inversion beside the deadlock that its orders
    /// have formed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "check at {}", self.site)?;
        if let Some(hang) = &self.hang {
            write!(f, "{hang}")?;
        }
        if let Some(message) = self.panic() {
            writeln!(f, "it panicked: {message}")?;
        }
        if !self.watched {
            return writeln!(f, "nothing was watched");
        }
        let ended = self.hang.is_none() && self.panic().is_none();
        if self.findings.is_empty() && ended {
            writeln!(f, "nothing was found")?;
        }
        for report in &self.findings {
            let text = match self.findings.iter().any(|other| report.predicts(other)) {
                true => report.brief("the Deadlock"),
                false => report.to_string(),
            };
            writeln!(f, "\n{}", text.trim_end())?;
        }
        if !self.counted.is_empty() {
            writeln!(f, "\nonly counted:")?;
        }
        for report in &self.counted {
            writeln!(f, "    {}", report.headline())?;
        }
        Ok(())
    }
}
