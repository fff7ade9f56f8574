//! The thread that runs the actions of alerts. To look up names, to write, and to call the program's
//! callback may take long, and must not delay the polling thread.

use std::sync::Arc;
use std::time::Duration;

use super::action::{self, Action};
use super::alert::Alert;
use super::backoff::Phase;
use super::message::{Message, Numbered};
use super::shared::Shared;
use super::stalls::Key;
use crate::config::{self, Action as Wanted};
use crate::detector::{Published, publish_stall};
use crate::report::{Facts, Report};
use crate::sink;
use crate::tracking::thread::own::aside;
use crate::tracking::thread::slot::Slot;

pub(super) struct AlertThread {
    pub(super) shared: Arc<Shared>,
    pub(super) actions: Vec<Action>,
    pub(super) slot: Option<&'static Slot>,
    /// The last report of each stall that was reported and lasts: few, by the limit per minute.
    pub(super) reported: Vec<(Key, Report)>,
    /// The number of the last dump that was written, and of the report with which it was written.
    pub(super) last_dump: Option<(u64, u64)>,
}

impl AlertThread {
    /// Handles messages until the polling thread has ended, or the thread is asked to stop.
    pub(super) fn run(mut self) {
        while let Some(news) = self.shared.receive() {
            if self.shared.is_stopping() {
                return;
            }
            self.act_on(news);
        }
    }

    fn act_on(&mut self, news: Message) {
        match news {
            Message::Lasts(step, facts, dump) => {
                let key = step.overdue.key;
                let Some(published) = self.report(key, step.phase, *facts) else {
                    return self.shared.mute(key);
                };
                let Published {
                    report,
                    wanted,
                    printed,
                } = published;
                match self.place(key) {
                    Some(at) => self.reported[at].1 = report.clone(),
                    None => self.reported.push((key, report.clone())),
                }
                let mut alert = Alert::of(step.phase, report, step.lasted);
                alert.left_out = step.left_out;
                self.act_with(alert, dump, printed);
                if wanted == Wanted::Abort {
                    action::end(&|| std::process::abort());
                }
            }
            Message::Over(step) => {
                if let Some(at) = self.place(step.overdue.key) {
                    let (_, report) = self.reported.swap_remove(at);
                    self.act(&Alert::of(step.phase, report, step.lasted), false);
                }
            }
            Message::Deadlock(report, dump) => {
                let alert = Alert::of(Phase::Began, *report, Duration::ZERO);
                self.act_with(alert, dump, config::current().stderr);
            }
            Message::Asked(dump) => {
                let text = || format!("lockwarden: watchdog: asked for all threads: {dump}\n");
                sink::guarded("the text", &mut || sink::print(text()));
            }
        }
    }

    /// Returns the place of a stall in `reported`.
    fn place(&self, key: Key) -> Option<usize> {
        self.reported.iter().position(|(known, _)| *known == key)
    }

    /// Returns the report of a stall; `None` if the configuration ignores or suppresses it.
    fn report(&self, key: Key, phase: Phase, facts: Facts) -> Option<Published> {
        if phase == Phase::Began {
            return publish_stall(self.slot, facts);
        }
        // A stall that was not reported when it began is not reported later.
        let first = self.place(key)?;
        Some(Published {
            report: Report::new(self.reported[first].1.sequence, facts),
            wanted: Wanted::Report,
            printed: false,
        })
    }

    /// Runs all actions with this dump, and notes the report with which it is written first.
    fn act_with(&mut self, mut alert: Alert, (number, dump): Numbered, printed: bool) {
        alert.dump = Some(dump);
        match self.last_dump {
            Some((last, first)) if last == number => alert.dump_of = Some(first),
            _ => self.last_dump = Some((number, alert.report.sequence)),
        }
        self.act(&alert, printed);
    }

    /// Runs all actions; `printed` says whether standard error has the text of the report already.
    fn act(&self, alert: &Alert, printed: bool) {
        for action in &self.actions {
            aside(self.slot, || action.run(alert, printed));
        }
    }
}
