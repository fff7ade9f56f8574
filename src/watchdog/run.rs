//! The thread of the watchdog: one look after the other.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::action::Action;
use super::alert::Alert;
use super::course::{Course, Phase, Step};
use super::dump::{self, Dump};
use super::extras::Extras;
use super::heartbeat::Pulse;
use super::judge::{Judge, Key};
use super::lateness;
use super::limits::{self, Limits};
use super::sample::Sample;
use super::shared::Shared;
use super::signal;
use super::stall;
use crate::config::{self, Action as Wanted};
use crate::detector::observe::{self, Observed};
use crate::detector::{aside, publish_stall};
use crate::engine::verdict::Verdict;
use crate::report::{Facts, Report, Stall};
use crate::sink;
use crate::tracking::slot::Slot;
use crate::tracking::wait;

/// With a signal for a dump, nobody is to wait longer than this for it.
const QUIT_TICK: Duration = Duration::from_millis(100);

/// What a watchdog is to do.
#[derive(Debug)]
pub(super) struct Orders {
    pub(super) limits: Limits,
    pub(super) actions: Vec<Action>,
    pub(super) per_minute: usize,
    pub(super) quit: bool,
    pub(super) capture_delay: Option<Duration>,
    pub(super) systemd: bool,
}

/// A watchdog at work.
pub(super) struct Runner {
    shared: Arc<Shared>,
    orders: Orders,
    slot: Option<&'static Slot>,
    judge: Judge,
    course: Course,
    /// The last report of each stall that was told and lasts.
    told: HashMap<Key, Report>,
    extras: Extras,
}

/// What one look shows, and the dump if somebody needed it.
struct Scene {
    now: u64,
    observed: Vec<Observed>,
    pulses: Vec<Arc<Pulse>>,
    dump: Option<Dump>,
}

impl Scene {
    /// All threads; captured once for a look.
    fn dump(&mut self) -> &Dump {
        self.dump.get_or_insert_with(dump::capture)
    }
}

impl Runner {
    pub(super) fn new(shared: Arc<Shared>, orders: Orders, slot: Option<&'static Slot>) -> Self {
        Self {
            judge: Judge::new(orders.limits, wait::now()),
            course: Course::new(orders.per_minute),
            told: HashMap::new(),
            extras: Extras::new(orders.systemd),
            shared,
            orders,
            slot,
        }
    }

    /// Looks until it is stopped.
    pub(super) fn run(mut self) {
        loop {
            let shortest = self.shortest();
            let asked = self.tick(shortest);
            let before = wait::now();
            if !self.shared.sleep(asked) {
                return;
            }
            let now = wait::now();
            let took = Duration::from_nanos(now.saturating_sub(before));
            if lateness::is_overslept(asked, took, shortest) {
                self.judge.restart(now);
            }
            self.deadlocks();
            self.look();
            if self.orders.quit && signal::is_asked() {
                let text = format!(
                    "lockwarden: watchdog: asked for all threads: {}\n",
                    dump::capture()
                );
                sink::guarded("the text", || sink::write(&text));
            }
        }
    }

    fn tick(&self, shortest: Option<Duration>) -> Duration {
        let mut tick = limits::tick(shortest);
        if self.orders.quit {
            tick = tick.min(QUIT_TICK);
        }
        tick.min(self.extras.tick().unwrap_or(tick))
    }

    fn shortest(&self) -> Option<Duration> {
        let pulses = self.shared.pulses();
        let heartbeats = pulses.iter().map(|pulse| pulse.limit);
        self.orders
            .limits
            .shortest()
            .into_iter()
            .chain(heartbeats)
            .min()
    }

    /// Tells of the deadlocks that the detector has told of since the last look.
    fn deadlocks(&mut self) {
        let inbox = self.shared.inbox();
        let Some((last, _)) = inbox.last() else {
            return;
        };
        let dump = dump::capture();
        self.shared.seen(*last);
        for (_, report) in inbox {
            self.act(&Alert {
                phase: Phase::Began,
                report,
                lasted: Duration::ZERO,
                left_out: 0,
                dump: Some(dump.clone()),
            });
        }
    }

    /// One look at all threads and heartbeats.
    fn look(&mut self) {
        let pulses = self.shared.pulses();
        let observed = observe::observe(true);
        // After the look: a hold that is seen for the first time counts from now on.
        let now = wait::now();
        let due = pulses.iter().filter_map(|pulse| pulse.sample()).collect();
        let sample = Sample::of(&observed, due);
        let overdue = self
            .judge
            .look(&sample, now, |key| self.course.is_known(key));
        let mut scene = Scene {
            now,
            observed,
            pulses,
            dump: None,
        };
        let steps = self.course.follow(overdue, now);
        // All are reported before anything is done about one: that may take long.
        let told: Vec<_> = steps
            .iter()
            .filter_map(|step| self.tell(step, &mut scene))
            .collect();
        for (step, (report, wanted)) in told {
            let dump = (step.phase != Phase::Ended).then(|| scene.dump().clone());
            self.act(&Alert {
                phase: step.phase,
                report,
                lasted: step.lasted,
                left_out: step.left_out,
                dump,
            });
            if wanted == Wanted::Abort {
                std::process::abort();
            }
        }
        let is_calm = self.course.is_calm();
        aside(self.slot, || self.extras.tell(&sample, now, is_calm));
    }

    /// The report of what there is to tell, and what the configuration wants done about it.
    fn tell<'a>(
        &mut self,
        step: &'a Step,
        scene: &mut Scene,
    ) -> Option<(&'a Step, (Report, Wanted))> {
        let key = step.overdue.key;
        let (report, wanted) = match step.phase {
            Phase::Began => {
                let told = self.begin(step, scene);
                if told.is_none() {
                    self.course.mute(&key);
                }
                told?
            }
            Phase::GoesOn => {
                let (facts, stall) = self.describe(step, scene)?;
                let mut report = Report::of_stall(facts, stall);
                report.sequence = self.told.get(&key).map_or(0, |first| first.sequence);
                (report, Wanted::Report)
            }
            Phase::Ended => {
                let report = self.told.remove(&key)?;
                return Some((step, (report, Wanted::Report)));
            }
        };
        self.told.insert(key, report.clone());
        Some((step, (report, wanted)))
    }

    /// Reports a stall through the detector, if anybody wants to hear of it.
    fn begin(&self, step: &Step, scene: &mut Scene) -> Option<(Report, Wanted)> {
        let (mut facts, stall) = self.describe(step, scene)?;
        // The threads as they are now, and not when the report is written.
        if config::current().action(Verdict::Stall, facts.basis) != Wanted::Ignore {
            let about = facts.threads.first().map(|thread| thread.id);
            let dump = scene.dump();
            let about = about.and_then(|id| dump.thread(id));
            facts.stack = about.and_then(|thread| thread.stack.clone().ok());
        }
        publish_stall(self.slot, facts, stall)
    }

    fn describe(&self, step: &Step, scene: &Scene) -> Option<(Facts, Stall)> {
        let seen = (&scene.observed[..], scene.now);
        stall::facts(
            &step.overdue,
            step.lasted,
            seen,
            &self.judge.holds,
            &scene.pulses,
        )
    }

    fn act(&self, alert: &Alert) {
        for action in &self.orders.actions {
            aside(self.slot, || action.run(alert));
        }
    }
}
