//! Confirms what the detector has predicted, by a schedule that deadlocks.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use super::finding::{Finding, FindingKind};
use super::progress::Progress;
use super::quiet;
use super::run::Explore;
use crate::explore::aim::{Aim, Nested, Sight};
use crate::explore::session::Settings;
use crate::explore::strategy::Strategy;
use crate::report::{Report, Verdict, WaitsFor, place};
use crate::testing::check::is_watched;
use crate::tracking::lock::class_key;
use crate::tracking::scheduled::JOINS;

/// What came of the attempt to reach a predicted deadlock.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[must_use = "it says whether the prediction is a deadlock"]
pub enum Confirmation {
    /// A schedule deadlocks as predicted. Boxed, since findings are large.
    Confirmed(Box<Finding>),
    /// No schedule of this number has, for this reason.
    NotReached {
        /// How many schedules were run.
        schedules: usize,
        /// What has kept the threads apart in most of them.
        prevented: Prevented,
    },
    /// No thread came to any of the predicted acquisitions: the body is another one than that of the
    /// prediction, or it does not do the same again.
    Diverged,
}

/// What keeps the threads of a prediction from meeting.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Prevented {
    /// The last thread waited for a lock, or something like it, that one of the others held or had yet to
    /// provide: its name, and the place of the wait.
    Lock(String),
    /// The last thread, or the one that starts it, joined one of the others first: the thread that was
    /// joined, and the place.
    Join(String),
    /// No thread came to this acquisition while the others were held before theirs: what the threads do
    /// depends on data, or one thread makes all the acquisitions.
    Data(String),
    /// The threads came for different instances of the classes.
    Instances,
    /// The threads met, and did not wait for each other: they read, and no writer waited between them, or a value was
    /// ready.
    Passed,
}

impl Explore {
    /// Tries to reach the deadlock that a report predicts: an
    /// [`Inversion`](crate::report::Verdict::Inversion), a
    /// [`RecursiveRead`](crate::report::Verdict::RecursiveRead), or a cycle that is said to be impossible, such as
    /// [`Guarded`](crate::report::Verdict::Guarded).
    ///
    /// Each thread is held before its inner acquisition until all that the prediction names have arrived. Not all
    /// schedules hold each thread that comes, and not all at the lines of the prediction alone: the first that comes
    /// may be the wrong one. Which of the other threads goes on is random, with priorities in every second schedule. At
    /// most as many [schedules](Explore::schedules) are run as for an exploration. Only threads that wait for each
    /// other over the locks of the prediction confirm it: one that no schedule can reach is never `Confirmed`.
    ///
    /// # Panics
    ///
    /// As [`run`](Explore::run) does.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::{Arc, Mutex};
    /// use lockwarden::testing::check;
    /// use lockwarden::testing::explore::{Confirmation, explore};
    /// use lockwarden::thread;
    ///
    /// fn body() {
    ///     let locks = Arc::new((Mutex::named("left", 0), Mutex::named("right", 0)));
    ///     let other = Arc::clone(&locks);
    ///     let other = thread::spawn(move || {
    ///         let _right = other.1.lock().unwrap();
    ///         let _left = other.0.lock().unwrap();
    ///     });
    ///     let left = locks.0.lock().unwrap();
    ///     drop(locks.1.lock().unwrap());
    ///     drop(left);
    ///     let _ = other.join();
    /// }
    ///
    /// // One run may predict the deadlock, or reach it.
    /// for report in check(body).findings() {
    ///     let confirmation = explore(body).confirm(report);
    ///     assert!(matches!(confirmation, Confirmation::Confirmed(_)), "{confirmation}");
    /// }
    /// ```
    #[inline]
    #[track_caller]
    pub fn confirm(self, report: &Report) -> Confirmation {
        let site = Location::caller();
        let nested = Arc::new(nested(report));
        if !is_watched() || nested.is_empty() {
            return Confirmation::Diverged;
        }
        // Random priorities keep a thread back for long that would otherwise come too early.
        let strategies = [Strategy::Random, Strategy::Pct { depth: 2 }];
        let mut choosers = strategies.map(|strategy| strategy.chooser(self.seed));
        let mut reasons: Vec<(Prevented, usize)> = Vec::new();
        let aimed = Settings {
            is_noting: true,
            is_quiet: true,
            looks_outside: true,
            ..Settings::default()
        };
        quiet::install();
        let mut progress = Progress::new(self.schedules);
        for number in 1..=self.schedules {
            choosers.swap(0, 1);
            let [mut chooser, other] = choosers;
            chooser.begin();
            let aim = Aim::new(Arc::clone(&nested), self.seed + number as u64);
            let (mut course, kinds) = self.run_one(chooser, aimed.clone(), Some(aim));
            choosers = [course.take_chooser(), other];
            progress.print(number, 0, site);
            let Some(sight) = course.sight.take() else {
                continue;
            };
            let hangs = kinds.iter().any(FindingKind::is_hang);
            // What a thread does after the panic that ended a deadlock is no run of the program.
            let most = if course.broken { 1 } else { usize::MAX };
            let found = kinds
                .into_iter()
                .filter(FindingKind::is_deadlock)
                .take(most)
                .find(|kind| closes(kind, &nested, &sight, course.broken));
            if let Some(kind) = found {
                let finding = self.finding(kind, number, &course, hangs);
                return Confirmation::Confirmed(Box::new(finding));
            }
            if sight.explains && sight.seen.contains(&true) {
                let reason = prevented(&nested, &sight);
                match reasons.iter_mut().find(|(known, _)| *known == reason) {
                    Some((_, count)) => *count += 1,
                    None => reasons.push((reason, 1)),
                }
            }
            if hangs {
                break;
            }
        }
        let most = reasons.into_iter().max_by_key(|(_, count)| *count);
        match most {
            Some((prevented, _)) => Confirmation::NotReached {
                schedules: self.schedules,
                prevented,
            },
            None => Confirmation::Diverged,
        }
    }
}

/// The nested acquisitions of a report. One that is alone is made by two threads, on two locks of the class; or, if it
/// is a second read of the same lock, by one thread that waits behind a writer.
#[inline]
fn nested(report: &Report) -> Vec<Nested> {
    let mut nested = Vec::new();
    for edge in &report.edges {
        nested.push(Nested {
            held: (report.key_of(edge.from), class_key::of_site(edge.from_site)),
            asked: (report.key_of(edge.to), class_key::of_site(edge.to_site)),
        });
    }
    if let [one] = &nested[..]
        && report.verdict != Verdict::RecursiveRead
    {
        nested.push(one.clone());
    }
    nested
}

/// Whether it is the deadlock of threads that make these acquisitions. The report on one that was `broken` shows
/// whether the threads that were stuck are those of the report; without edges it has waits of other sorts, too.
#[inline]
fn closes(kind: &FindingKind, nested: &[Nested], sight: &Sight, broken: bool) -> bool {
    let FindingKind::Report(report) = kind else {
        return sight.stuck;
    };
    let found = match report.edges.is_empty() {
        true => waited(report),
        false => self::nested(report),
    };
    let is_there = |it: &Nested| found.iter().any(|found| found.has_locks_of(it));
    let shows = nested.iter().all(is_there);
    (shows && (sight.stuck || !report.edges.is_empty())) || (sight.stuck && !broken)
}

/// The acquisitions in which the threads of a report wait.
#[inline]
fn waited(report: &Report) -> Vec<Nested> {
    let mut nested = Vec::new();
    for thread in &report.threads {
        let Some(wait) = &thread.waits else { continue };
        let (WaitsFor::Lock { lock, .. } | WaitsFor::Resource { resource: lock, .. }) = wait.what;
        let asked = (report.key_of(lock), class_key::of_site(wait.site));
        for held in &thread.held {
            nested.push(Nested {
                held: (report.key_of(held.lock), class_key::of_site(held.site)),
                asked: asked.clone(),
            });
        }
    }
    nested
}

/// Why a schedule has not reached them.
#[inline]
fn prevented(nested: &[Nested], sight: &Sight) -> Prevented {
    if sight.met {
        return Prevented::Passed;
    }
    if sight.others {
        return Prevented::Instances;
    }
    if let Some(wait) = &sight.waited {
        let mut text = wait.what.clone();
        if let Some(site) = wait.site {
            text.push_str(&format!(" at {}", place(site)));
        }
        return match wait.verb {
            JOINS => Prevented::Join(text),
            _ => Prevented::Lock(text),
        };
    }
    let missing = sight
        .seen
        .iter()
        .position(|seen| !seen)
        .unwrap_or(nested.len() - 1);
    let (lock, site) = &nested[missing].asked;
    Prevented::Data(format!("{lock} at {site}"))
}

impl fmt::Display for Prevented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lock(what) => write!(f, "the last thread waited for {what}"),
            Self::Join(what) => write!(
                f,
                "one of the threads was joined before the last came: {what}"
            ),
            Self::Data(what) => write!(f, "no further thread came to the acquisition of {what}"),
            Self::Instances => f.write_str("the threads asked for other locks of the classes"),
            Self::Passed => f.write_str(
                "the threads met, and passed each other: they read, with no writer that waits between \
                 them, or a value was ready",
            ),
        }
    }
}

impl fmt::Display for Confirmation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Confirmed(finding) => write!(f, "confirmed {finding}"),
            Self::NotReached {
                schedules,
                prevented,
            } => writeln!(f, "not reached in {schedules} schedules: {prevented}"),
            Self::Diverged => writeln!(f, "diverged: no thread came to the predicted acquisitions"),
        }
    }
}
