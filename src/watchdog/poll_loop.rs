//! The polling thread of the watchdog.

use std::sync::Arc;
use std::time::Duration;

use super::backoff::{Backoff, Notice, Phase};
use super::clock_gap;
use super::describe;
use super::exporters::Exporters;
use super::limits::{self, Limits};
use super::message::{Message, Numbered};
use super::pulse::Pulse;
use super::sample::Sample;
use super::shared::Shared;
use super::stalls;
use super::stalls::{Key, StallDetector};
use crate::config::{self, Action as Wanted};
use crate::detector::observe::{self, Observed};
use crate::detector::{publish_stall, writing};
use crate::dump;
use crate::engine::lists;
use crate::engine::verdict::Verdict;
use crate::report::Activity;
use crate::system::{self, signal};
use crate::tracking::thread::own::aside;
use crate::tracking::thread::slot::Slot;
use crate::tracking::thread::wait;

/// The interval of polls where `SIGQUIT` asks for a dump: the dump is late by at most this.
const QUIT_TICK: Duration = Duration::from_millis(100);

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) limits: Limits,
    pub(super) per_minute: usize,
    pub(super) quit: bool,
    pub(super) capture_delay: Option<Duration>,
    pub(super) systemd: bool,
}

pub(super) struct PollLoop {
    shared: Arc<Shared>,
    settings: Settings,
    slot: Option<&'static Slot>,
    stalls: StallDetector,
    backoff: Backoff,
    exporters: Exporters,
    /// The number of dumps that were captured.
    dumps: u64,
}

/// One observation of all threads, and the dump if an alert needed it.
struct Scene {
    now: u64,
    observed: Vec<Observed>,
    pulses: Vec<Arc<Pulse>>,
    dump: Option<Numbered>,
}

impl PollLoop {
    pub(super) fn new(
        shared: Arc<Shared>,
        settings: Settings,
        slot: Option<&'static Slot>,
    ) -> Self {
        Self {
            stalls: StallDetector::new(settings.limits, wait::now()),
            backoff: Backoff::new(settings.per_minute),
            exporters: Exporters::new(settings.systemd),
            dumps: 0,
            shared,
            settings,
            slot,
        }
    }

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
            if clock_gap::is_overslept(asked, took, shortest) {
                self.stalls.restart(now);
            }
            self.deadlocks();
            self.look();
            if self.settings.quit && signal::is_asked() {
                self.shared.send(Message::Asked(dump::capture()));
            }
        }
    }

    fn tick(&self, shortest: Option<Duration>) -> Duration {
        let mut tick = limits::tick(shortest);
        if self.settings.quit {
            tick = tick.min(QUIT_TICK);
        }
        tick.min(self.exporters.tick().unwrap_or(tick))
    }

    fn shortest(&self) -> Option<Duration> {
        let mut shortest = self.settings.limits.shortest();
        for pulse in &self.shared.pulses() {
            shortest = limits::shorter(shortest, Some(pulse.limit));
        }
        shortest
    }

    /// Passes on the deadlocks that the detector has reported since the last poll.
    fn deadlocks(&mut self) {
        let inbox = self.shared.inbox();
        let Some((last, _)) = inbox.last() else {
            return;
        };
        let dump = self.capture();
        let last = *last;
        for (_, report) in inbox {
            self.shared
                .send(Message::Deadlock(Box::new(report), dump.clone()));
        }
        // Last: the threads that have closed the deadlocks continue now, and one may end the process, which waits for
        // the alerts that were sent.
        self.shared.seen(last);
    }

    fn look(&mut self) {
        let pulses = self.shared.pulses();
        let observed = observe::all(true);
        // The time after the observation: a hold that is seen for the first time counts from now on.
        let now = wait::now();
        let mut due = Vec::new();
        for pulse in &pulses {
            due.extend(pulse.sample());
        }
        let events_are_exempt = self.settings.limits.events_are_exempt();
        let sample = Sample::of(&observed, due, events_are_exempt, writing::periods(now));
        let mut overdue = self
            .stalls
            .look(&sample, now, &|key| self.backoff.is_known(key));
        if stalls::waiting(&sample) == 0
            && let Some(stands) = overdue.iter().position(|one| one.key == Key::Progress)
            && anything_runs(&observed)
        {
            // Some threads join others, and an untracked thread runs: it may be the one they wait for.
            self.stalls.runs(now);
            overdue.remove(stands);
        }
        // Another report covers the duration of these waits.
        for thread in &sample.threads {
            if let Some(wait) = thread.wait
                && wait.is_named
            {
                self.backoff.mute(&Key::Wait(wait.on));
            }
        }
        let mut scene = Scene {
            now,
            observed,
            pulses,
            dump: None,
        };
        for key in &self.shared.muted() {
            self.backoff.mute(key);
        }
        for step in &self.backoff.follow(&overdue, now) {
            self.report(*step, &mut scene);
        }
        let is_calm = self.backoff.is_calm();
        aside(self.slot, || self.exporters.export(&sample, now, is_calm));
    }

    /// Passes on a stall that is due for an alert.
    fn report(&mut self, step: Notice, scene: &mut Scene) {
        if step.phase == Phase::Ended {
            return self.shared.send(Message::Over(step));
        }
        let (seen, holds) = ((&scene.observed[..], scene.now), &self.stalls.holds);
        let found = describe::facts(&step, seen, holds, &scene.pulses);
        let Some(mut facts) = found else {
            return;
        };
        if config::current().action(Verdict::Stall, facts.basis) == Wanted::Ignore {
            // The finding is counted as ignored, without a dump.
            let _ = publish_stall(self.slot, facts);
            return self.backoff.mute(&step.overdue.key);
        }
        let about = facts.threads.first().map(|thread| thread.id);
        // Once in a poll.
        let dump = scene.dump.get_or_insert_with(|| self.capture()).clone();
        let about = about.and_then(|id| dump.1.thread(id));
        facts.stack = about.and_then(|thread| thread.stack.clone().ok());
        self.shared
            .send(Message::Lasts(step, Box::new(facts), dump));
    }

    fn capture(&mut self) -> Numbered {
        self.dumps += 1;
        (self.dumps, dump::capture())
    }
}

/// Returns whether a thread of the process, which is not of this crate, is on a CPU or ready to run.
fn anything_runs(observed: &[Observed]) -> bool {
    let mut ours = Vec::new();
    for one in observed {
        if one.is_ours {
            ours.push(one.os_id);
        }
    }
    lists::any(&system::threads(), &|id| {
        let id = Some(*id);
        !ours.contains(&id) && matches!(system::activity(id), Activity::Running { .. })
    })
}
