//! Runs the schedules.

use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::finding::{Finding, FindingKind, Stuck};
use super::outcome::Outcome;
use super::progress::Progress;
use super::quiet;
use super::shrink::shrink;
use crate::detector::observe::Observed;
use crate::detector::order::declaration::open_check;
use crate::detector::{deadlock, observe};
use crate::engine::ids::Site;
use crate::explore::aim::Aim;
use crate::explore::asked;
use crate::explore::course::Course;
use crate::explore::schedule::Schedule;
use crate::explore::session::{End, PATIENCE, Session, Settings};
use crate::explore::strategy::{Choose, Replay, Strategy};
use crate::explore::timeout;
use crate::instrument::{CheckMembership, Child, is_abandoned};
use crate::report::{Report, Verdict};
use crate::testing::check::{Check, is_watched, message, spawn_named};
use crate::testing::hang::Hang;

/// How long a thread that has the turn may stay away, once one of the exploration has exceeded the patience.
const KNOWN_PATIENCE: Duration = Duration::from_millis(50);
/// How long the threads of a schedule that was given up may take to unwind.
const GRACE: Duration = Duration::from_secs(10);

/// Runs `body` in many interleavings of its threads. The [module](super) says what that means.
///
/// By default, 1,000 schedules are chosen [at random](Strategy::Random) with seed 0, so that a test does
/// the same each time. Nothing is run before [`run`](Explore::run).
///
/// # Examples
///
/// ```
/// use lockwarden::sync::{Arc, Mutex};
/// use lockwarden::testing::explore::explore;
/// use lockwarden::thread;
///
/// let outcome = explore(|| {
///     let total = Arc::new(Mutex::new(0));
///     let adds = Arc::clone(&total);
///     let adder = thread::spawn(move || *adds.lock().unwrap() += 1);
///     *total.lock().unwrap() += 1;
///     adder.join().unwrap();
///     assert_eq!(*total.lock().unwrap(), 2);
/// })
/// .schedules(100)
/// .run();
/// outcome.assert_clean();
/// ```
pub fn explore(body: impl Fn() + Send + Sync + 'static) -> Explore {
    Explore {
        body: Arc::new(body),
        schedules: 1_000,
        strategy: Strategy::default(),
        seed: 0,
        timeout: None,
        patience: PATIENCE,
        keep_going: false,
        shrink: true,
        replay: None,
    }
}

/// How a body is to be explored. Made by [`explore`].
#[derive(Clone)]
#[must_use = "nothing is run before `run`"]
pub struct Explore {
    /// Of one type for all bodies, so that a test binary has one copy of what runs them. The library itself has none:
    /// the functions that run schedules are `#[inline]`, since most programs explore nothing.
    pub(super) body: Arc<dyn Fn() + Send + Sync>,
    pub(super) schedules: usize,
    pub(super) strategy: Strategy,
    pub(super) seed: u64,
    pub(super) timeout: Option<Duration>,
    pub(super) patience: Duration,
    pub(super) keep_going: bool,
    pub(super) shrink: bool,
    pub(super) replay: Option<Schedule>,
}

// A body that panics ends its schedule: the next one begins anew.
impl UnwindSafe for Explore {}
impl RefUnwindSafe for Explore {}

impl fmt::Debug for Explore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explore").finish_non_exhaustive()
    }
}

impl Explore {
    /// The same, for at most `limit` a schedule, if there is one.
    #[cfg(feature = "macros")]
    pub(in crate::testing) fn within(mut self, limit: Option<Duration>) -> Self {
        self.timeout = limit;
        self
    }

    /// Sets the number of schedules that are run at most: 1,000 if nothing is said.
    pub fn schedules(mut self, schedules: usize) -> Self {
        self.schedules = schedules;
        self
    }

    /// Sets how the thread that goes on is chosen.
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// Sets the seed of random choices. The same seed leads to the same schedules.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets how long one schedule may take; without it, what the environment says for checks
    /// (`LOCKWARDEN_TEST_TIMEOUT`), or 30 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets how long a thread that has the turn may run before another one has it too: two seconds if
    /// nothing is said. It is for threads that wait for something outside of the scheduler's control;
    /// a schedule in which it happens is not [exact](Finding::is_exact).
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Goes on after a schedule that has deadlocked or panicked, to find what others show. Without it,
    /// the exploration ends there. It ends in any case with a schedule that hangs outside of the
    /// scheduler's control, since that leaves threads behind.
    pub fn keep_going(mut self, keep_going: bool) -> Self {
        self.keep_going = keep_going;
        self
    }

    /// Whether the schedule of a deadlock or a panic is made shorter: `true` if nothing is said. Up to 400
    /// further schedules, and five seconds, are spent on the search for one with fewer switches between
    /// threads. The finding then has that [schedule](Finding::schedule), with a
    /// [table](Finding::interleaving) of what each thread does.
    pub fn shrink(mut self, shrink: bool) -> Self {
        self.shrink = shrink;
        self
    }

    /// Runs this one schedule, as a finding has printed it, instead of others. If the body does not do
    /// the same again, the schedule goes its own way from there, and the outcome counts it as
    /// [inexact](Outcome::inexact).
    ///
    /// # Panics
    ///
    /// If `schedule` is a text that is no [`Schedule`], with what is wrong with it.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::testing::explore::explore;
    ///
    /// let outcome = explore(|| ()).replay("0").run();
    /// // A build without instrumentation controls no schedule.
    /// if lockwarden::status().is_on() {
    ///     assert_eq!((outcome.schedules(), outcome.inexact()), (1, 0));
    /// }
    /// ```
    #[inline]
    #[track_caller]
    pub fn replay(mut self, schedule: &str) -> Self {
        match schedule.parse() {
            Ok(schedule) => self.replay = Some(schedule),
            Err(error) => panic!("lockwarden: {error}"),
        }
        self
    }

    /// Runs the schedules, and returns their outcome.
    ///
    /// # Panics
    ///
    /// If the operating system does not start a thread. A panic of the body is part of the outcome.
    #[inline]
    #[track_caller]
    pub fn run(self) -> Outcome {
        self.run_at(Location::caller())
    }

    /// How long one schedule may take.
    #[inline]
    fn limit(&self) -> Duration {
        self.timeout.unwrap_or_else(timeout::default)
    }

    #[inline]
    pub(in crate::testing) fn run_at(mut self, site: Site) -> Outcome {
        if let Some(replay) = asked()
            .filter(|asked| !asked.process)
            .and_then(|asked| asked.replay.as_ref())
        {
            self.replay = Some(replay.clone());
        }
        let watched = is_watched();
        let mut outcome = Outcome {
            findings: Vec::new(),
            schedules: 0,
            inexact: 0,
            outside: None,
            exhausted: false,
            watched,
            site,
        };
        if watched {
            self.run_all(&mut outcome);
        } else {
            self.run_unwatched(&mut outcome);
        }
        outcome
    }

    #[inline]
    fn run_all(&self, outcome: &mut Outcome) {
        let (mut chooser, most, mut after): (Box<dyn Choose>, _, _) = match &self.replay {
            Some(schedule) => {
                let choices = schedule.choices.clone();
                (Box::new(Replay::new(choices)), 1, schedule.before_releases)
            }
            None => (self.strategy.chooser(self.seed), self.schedules, false),
        };
        let mut known = Vec::new();
        let mut progress = Progress::new(most);
        while outcome.schedules < most {
            if !chooser.begin() {
                outcome.exhausted = true;
                return;
            }
            let settings = Settings {
                looks_outside: outcome.outside.is_none(),
                reduces: self.replay.is_none() && self.strategy == Strategy::PartialOrder,
                before_releases: after,
                ..Settings::default()
            };
            let (mut course, kinds) = self.run_one(chooser, settings, None);
            outcome.outside = outcome.outside.take().or_else(|| course.outside.take());
            chooser = course.take_chooser();
            outcome.schedules += 1;
            progress.print(outcome.schedules, outcome.findings.len(), outcome.site);
            outcome.inexact += usize::from(!course.exact);
            let hangs = kinds.iter().any(FindingKind::is_hang);
            let failed = kinds.iter().any(FindingKind::is_failure);
            for kind in kinds {
                let key = kind.key();
                if !known.contains(&key) {
                    known.push(key);
                    let finding = self.finding(kind, outcome.schedules, &course, hangs);
                    outcome.findings.push(finding);
                }
            }
            if hangs || (failed && !self.keep_going) {
                return;
            }
            if course.tries && !after && self.replay.is_none() {
                after = true;
                // The tree of choices is another one now.
                if self.strategy.is_exhaustive() {
                    chooser = self.strategy.chooser(self.seed);
                }
            }
        }
    }

    /// The finding of the schedule with this number; a failure gets a shorter schedule, unless that is unwanted or the
    /// schedule `hangs`, which leaves threads behind.
    #[inline]
    pub(super) fn finding(
        &self,
        kind: FindingKind,
        number: usize,
        course: &Course,
        hangs: bool,
    ) -> Finding {
        let mut finding = Finding {
            kind,
            schedule: course.schedule.clone(),
            number,
            seed: self.seed,
            exact: course.exact,
            interleaving: course.interleaving(),
        };
        if self.shrink && !hangs && course.exact && finding.kind.is_failure() {
            self.shorten(&mut finding, &course.steps);
        }
        finding
    }

    /// Gives the finding a schedule with fewer switches, if there is one, and the table of its steps.
    #[inline]
    fn shorten(&self, finding: &mut Finding, steps: &[usize]) {
        let quiet = Settings {
            before_releases: finding.schedule.before_releases,
            is_quiet: true,
            // Only an exact schedule is run again.
            looks_outside: true,
            ..Settings::default()
        };
        quiet::install();
        let shorter = shrink(steps, &finding.kind, |chooser| {
            self.run_one(chooser, quiet.clone(), None)
        });
        if let Some(course) = shorter {
            finding.schedule = course.schedule;
        }
        let replay = Replay::new(finding.schedule.choices.clone());
        let noting = Settings {
            is_noting: true,
            ..quiet
        };
        let (course, kinds) = self.run_one(Box::new(replay), noting, None);
        if course.exact
            && let Some(kind) = kinds.into_iter().find(|kind| kind.is_same(&finding.kind))
        {
            finding.kind = kind;
            finding.interleaving = course.interleaving();
        }
    }

    #[inline]
    pub(super) fn run_one(
        &self,
        chooser: Box<dyn Choose>,
        settings: Settings,
        aim: Option<Aim>,
    ) -> (Course, Vec<FindingKind>) {
        let limit = self.limit();
        let trial = open_check(true);
        // What stays away once will do so again.
        let patience = if settings.looks_outside {
            self.patience
        } else {
            self.patience.min(KNOWN_PATIENCE)
        };
        let hang = |limit| FindingKind::Hang(Box::new(Hang::new(limit, Some(trial.number()))));
        let session = Session::new(chooser, settings, aim);
        let child = Child::of(Arc::clone(&session) as _);
        let cohort = CheckMembership::of(trial.number());
        let body = Arc::clone(&self.body);
        let handle = spawn_named(move || {
            cohort.enter();
            let _turn = child.begin();
            body();
        });
        session.start();
        let end = session.supervise(limit, patience);
        let mut kinds = Vec::new();
        if end == End::Stuck {
            let_threads_leave(trial.number(), &session);
        }
        // Looked at while the threads stand still, as a thread does that is about to report their deadlock.
        deadlock::let_another_thread_report();
        if end == End::Stuck {
            let mut threads = observe::of_scope(trial.number());
            // One that has come to its end in the schedule may still be on its way out of the system.
            threads.retain(|thread| thread.os_id.is_none_or(|id| session.has(id)));
            kinds.push(FindingKind::Stuck(Stuck::new(threads)));
        } else if end == End::Late {
            kinds.push(hang(limit));
        }
        session.release(true);
        let has_ended = session.has_ended(GRACE);
        if !has_ended && end != End::Late {
            kinds.push(hang(GRACE));
        }
        let payload = has_ended.then(|| handle.join().err()).flatten();
        let gathered = trial.close();
        let has_deadlock = |report: &Report| report.verdict == Verdict::Deadlock;
        if has_ended && end == End::Stuck && gathered.findings.iter().any(has_deadlock) {
            // The configuration reports deadlocks and breaks none: the report says more.
            kinds.clear();
        }
        // A panic that breaks a deadlock, or follows from one, is no finding of its own.
        let broken = !gathered.panics.is_empty() || end != End::Over;
        let reports = gathered.findings.into_iter().map(Box::new);
        kinds.extend(reports.map(FindingKind::Report));
        if let Some(payload) = payload.filter(|payload| !broken && !is_abandoned(&**payload)) {
            kinds.push(FindingKind::Panic(message(&*payload)));
        }
        let has_deadlocked = kinds.iter().any(FindingKind::is_stuck);
        let mut course = session.finish(has_deadlocked);
        course.broken = !gathered.panics.is_empty();
        (course, kinds)
    }

    /// Nothing is controlled, so once is enough.
    #[inline]
    fn run_unwatched(&self, outcome: &mut Outcome) {
        let body = Arc::clone(&self.body);
        let checked = Check::new().timeout(self.limit()).run(move || body());
        outcome.schedules = 1;
        outcome.inexact = 1;
        let panic = checked
            .panicked
            .map(|panicked| FindingKind::Panic(panicked.message));
        let hang = checked.hang.map(|hang| FindingKind::Hang(Box::new(hang)));
        for kind in panic.into_iter().chain(hang) {
            outcome.findings.push(Finding {
                kind,
                schedule: Schedule::default(),
                number: 1,
                seed: self.seed,
                exact: false,
                interleaving: String::new(),
            });
        }
    }
}

/// Waits until the threads that have ended in the schedule have left: the last one to do so looks whether those that
/// remain are deadlocked, and whether it comes to that before the schedule is released is up to the system.
#[inline]
fn let_threads_leave(check: u64, session: &Session) {
    let start = Instant::now();
    let is_leaving = |one: &Observed| match one.has_ended {
        // One that holds locks keeps its slot.
        true => one.held.as_ref().is_none_or(Vec::is_empty),
        // One that waits, in the destructor of a thread-local, leaves only after the schedule.
        false => one
            .os_id
            .is_some_and(|id| one.wait.is_none() && session.is_over(id) == Some(true)),
    };
    while observe::of_scope(check).iter().any(is_leaving) && start.elapsed() < GRACE {
        std::thread::sleep(Duration::from_millis(1));
    }
}
