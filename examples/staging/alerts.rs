//! The alerts of the watchdog, for whoever asks.

use std::collections::VecDeque;
use std::fmt::Write;
// Not watched, and held for some instructions: what keeps the alerts is not to be what hangs.
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lockwarden::watchdog::Alert;

/// How many reports are kept.
const KEPT: usize = 50;

/// What was forwarded of one report.
struct Entry {
    /// With all threads, as they were when it began.
    first: Arc<Alert>,
    /// What was said last: that it began, that it goes on, or that it is over.
    last: String,
}

/// The last alerts, by the number of the report.
#[derive(Clone, Default)]
pub(crate) struct Alerts(Arc<Mutex<VecDeque<Entry>>>);

impl Alerts {
    /// Keeps one, and forgets the oldest report if there are too many.
    pub(crate) fn push(&self, alert: &Alert) {
        let last = alert.headline();
        let mut entries = self.entries();
        if let Some(entry) = find(&mut entries, alert.report.sequence) {
            entry.last = last;
            return;
        }
        if entries.len() == KEPT {
            entries.pop_front();
        }
        let first = Arc::new(alert.clone());
        entries.push_back(Entry { first, last });
    }

    /// A line for each report: what was said last.
    pub(crate) fn list(&self) -> String {
        let mut text = String::new();
        for entry in self.entries().iter() {
            let line = &entry.last;
            let line = line.strip_prefix("lockwarden: watchdog: ").unwrap_or(line);
            writeln!(text, "{line}").expect("a string takes what it is given");
        }
        text
    }

    /// The first alert of this report, with all threads.
    pub(crate) fn text(&self, number: u64) -> Option<String> {
        let first = find(&mut self.entries(), number).map(|entry| Arc::clone(&entry.first));
        // The names of functions are looked up here, which takes its time: not with the lock held.
        first.map(|alert| alert.to_string())
    }

    fn entries(&self) -> MutexGuard<'_, VecDeque<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn find(entries: &mut VecDeque<Entry>, number: u64) -> Option<&mut Entry> {
    let of = |entry: &&mut Entry| entry.first.report.sequence == number;
    entries.iter_mut().find(of)
}
