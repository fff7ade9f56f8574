//! The thread that runs the actions of alerts. To look up names, to write, and to call the program's
//! callback may take long, and must not delay the polling thread.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use super::action::Action;
use super::alert::Alert;
use super::backoff::Phase;
use super::shared::Shared;
use super::stalls::Key;
use crate::config::{self, Action as Wanted};
use crate::detector::{Published, publish_stall};
use crate::dump::Dump;
use crate::report::{Facts, Report, Stall};
use crate::sink;
use crate::tracking::thread::own::aside;
use crate::tracking::thread::slot::Slot;

/// A dump, with a number of its own.
pub(super) type Numbered = (u64, Dump);

/// A message from the polling thread.
#[derive(Debug)]
pub(super) enum Message {
    /// A stall begins, or lasts.
    Lasts {
        key: Key,
        phase: Phase,
        found: Box<(Facts, Stall)>,
        lasted: Duration,
        left_out: u64,
        dump: Numbered,
    },
    /// A stall is over.
    Over { key: Key, lasted: Duration },
    /// A deadlock that the detector has reported.
    Deadlock(Box<Report>, Numbered),
    /// A request for a dump of all threads.
    Asked(Dump),
}

/// Receives messages and runs the actions.
pub(super) struct AlertThread {
    pub(super) shared: Arc<Shared>,
    pub(super) actions: Vec<Action>,
    pub(super) slot: Option<&'static Slot>,
    /// The last report of each stall that was reported and lasts.
    pub(super) reported: HashMap<Key, Report>,
    /// The number of the last dump that was written, and of the report with which it was written.
    pub(super) last_dump: Option<(u64, u64)>,
}

impl AlertThread {
    /// Handles messages until the channel has no sender, or the thread is asked to stop.
    pub(super) fn run(mut self, news: &Receiver<Message>) {
        for news in news {
            if self.shared.is_stopping() {
                return;
            }
            self.act_on(news);
        }
    }

    fn act_on(&mut self, news: Message) {
        match news {
            Message::Lasts {
                key,
                phase,
                found,
                lasted,
                left_out,
                dump,
            } => {
                let Some(published) = self.report(key, phase, *found) else {
                    return self.shared.mute(key);
                };
                let Published {
                    report,
                    wanted,
                    printed,
                } = published;
                self.reported.insert(key, report.clone());
                let alert = Alert {
                    phase,
                    dump_of: self.dump_of(dump.0, report.sequence),
                    report,
                    lasted,
                    left_out,
                    dump: Some(dump.1),
                };
                self.act(&alert, printed);
                if wanted == Wanted::Abort {
                    sink::flush(sink::LAST);
                    std::process::abort();
                }
            }
            Message::Over { key, lasted } => {
                if let Some(report) = self.reported.remove(&key) {
                    let alert = Alert {
                        phase: Phase::Ended,
                        report,
                        lasted,
                        left_out: 0,
                        dump: None,
                        dump_of: None,
                    };
                    self.act(&alert, false);
                }
            }
            Message::Deadlock(report, dump) => {
                let alert = Alert {
                    phase: Phase::Began,
                    dump_of: self.dump_of(dump.0, report.sequence),
                    report: *report,
                    lasted: Duration::ZERO,
                    left_out: 0,
                    dump: Some(dump.1),
                };
                self.act(&alert, config::current().stderr);
            }
            Message::Asked(dump) => {
                let text = || format!("lockwarden: watchdog: asked for all threads: {dump}\n");
                sink::guarded("the text", &mut || sink::print(text()));
            }
        }
    }

    /// Returns the number of the report with which this dump was written, if that is another report.
    fn dump_of(&mut self, dump: u64, report: u64) -> Option<u64> {
        match self.last_dump {
            Some((last, first)) if last == dump => Some(first),
            _ => {
                self.last_dump = Some((dump, report));
                None
            }
        }
    }

    /// Returns the report of a stall; `None` if the configuration ignores or suppresses it.
    fn report(&self, key: Key, phase: Phase, found: (Facts, Stall)) -> Option<Published> {
        let (facts, stall) = found;
        if phase == Phase::Began {
            return publish_stall(self.slot, facts, stall);
        }
        // A stall that was not reported when it began is not reported later.
        let first = self.reported.get(&key)?;
        let mut report = Report::of_stall(facts, stall);
        report.sequence = first.sequence;
        Some(Published {
            report,
            wanted: Wanted::Report,
            printed: false,
        })
    }

    /// Runs all actions; `printed` says whether standard error has the text of the report already.
    fn act(&self, alert: &Alert, printed: bool) {
        for action in &self.actions {
            aside(self.slot, || action.run(alert, printed));
        }
    }
}
