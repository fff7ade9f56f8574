//! Confirms what the detector has predicted, by a schedule that deadlocks.

use std::fmt;
use std::panic::Location;

use super::finding::{Finding, FindingKind};
use super::progress::Progress;
use super::quiet;
use super::run::Explore;
use crate::config;
use crate::detector;
use crate::engine::ids::Site;
use crate::explore::aim::{Nested, Sight};
use crate::explore::session::Settings;
use crate::explore::strategy::Strategy;
use crate::report::{Report, place};
use crate::testing::timeout;
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
    /// The threads met, and no deadlock formed: their locks were different instances of the classes.
    Instances,
}

impl<F> Explore<F>
where
    F: Fn() + Send + Sync + 'static,
{
    /// Tries to reach the deadlock that a report predicts: an
    /// [`Inversion`](crate::report::Verdict::Inversion), or a cycle that is said to be impossible, such as
    /// [`Guarded`](crate::report::Verdict::Guarded).
    ///
    /// Each thread is held before its inner acquisition until all that the prediction names have arrived,
    /// at the same lines and locks of the same class. Which of the other threads goes on is random, with priorities in
    /// every second schedule. At most
    /// as many [schedules](Explore::schedules) are run as for an exploration. A deadlock alone confirms:
    /// a prediction that no schedule can reach is never `Confirmed`.
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
    #[track_caller]
    pub fn confirm(self, report: &Report) -> Confirmation {
        self.confirm_nested(&nested(report), Location::caller())
    }

    /// Tries to make these nested acquisitions meet.
    fn confirm_nested(self, nested: &[Nested], site: Site) -> Confirmation {
        let watched = detector::ON && config::current().is_enabled();
        if !watched || nested.is_empty() {
            return Confirmation::Diverged;
        }
        let limit = self.timeout.unwrap_or_else(timeout::default);
        // Random priorities keep a thread back for long that would otherwise come too early.
        let strategies = [Strategy::Random, Strategy::Pct { depth: 2 }];
        let mut choosers = strategies.map(|strategy| strategy.chooser(self.seed));
        let mut reasons: Vec<(Prevented, usize)> = Vec::new();
        let aimed = Settings {
            is_noting: true,
            is_quiet: true,
            looks_outside: true,
            aim: Some(nested.into()),
            ..Settings::default()
        };
        quiet::install();
        let mut progress = Progress::new(self.schedules);
        for number in 1..=self.schedules {
            choosers.rotate_left(1);
            let [mut chooser, other] = choosers;
            chooser.begin();
            let (mut course, kinds) = self.run_one(chooser, aimed.clone(), limit);
            choosers = [course.take_chooser(), other];
            progress.print(number, 0, site);
            let Some(sight) = course.sight.take() else {
                continue;
            };
            let hangs = kinds
                .iter()
                .any(|kind| matches!(kind, FindingKind::Hang(_)));
            let found = kinds
                .into_iter()
                .find(|kind| confirms(kind, nested, &sight));
            if let Some(kind) = found {
                let mut finding = Finding {
                    kind,
                    schedule: course.schedule.clone(),
                    number,
                    seed: self.seed,
                    exact: course.exact,
                    interleaving: course.interleaving(),
                };
                if self.shrink && course.exact {
                    self.shorten(&mut finding, &course.steps, limit);
                }
                return Confirmation::Confirmed(Box::new(finding));
            }
            if sight.seen.contains(&true) {
                let reason = prevented(nested, &sight);
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

/// The nested acquisitions of a report. One that is alone is made by two threads, on two locks of the
/// class.
fn nested(report: &Report) -> Vec<Nested> {
    let key = |id| match report.lock(id) {
        Some(lock) => class_key::of_class(lock.name, lock.created).into_owned(),
        None => String::new(),
    };
    let mut nested: Vec<Nested> = report
        .edges
        .iter()
        .map(|edge| Nested {
            held: (key(edge.from), class_key::of_site(edge.from_site)),
            asked: (key(edge.to), class_key::of_site(edge.to_site)),
        })
        .collect();
    if let [one] = &nested[..] {
        nested.push(one.clone());
    }
    nested
}

/// Whether it is a deadlock of threads that make these acquisitions.
fn confirms(kind: &FindingKind, nested: &[Nested], sight: &Sight) -> bool {
    match kind {
        FindingKind::Report(report) if kind.is_failure() => {
            let found = self::nested(report);
            let is_there = |nested| found.contains(nested);
            // A deadlock with a wait for an initialisation in it has no inversion: the stuck threads confirm it.
            nested.iter().all(is_there) || (found.is_empty() && sight.stuck)
        }
        FindingKind::Stuck(_) => sight.stuck,
        _ => false,
    }
}

/// Why a schedule has not reached them.
fn prevented(nested: &[Nested], sight: &Sight) -> Prevented {
    if sight.met {
        return Prevented::Instances;
    }
    if let Some(wait) = &sight.waited {
        let at = wait
            .site
            .map_or_else(String::new, |site| format!(" at {}", place(site)));
        let text = format!("{}{at}", wait.what);
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
            Self::Instances => {
                f.write_str("the threads met, and asked for other locks of the classes")
            }
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
