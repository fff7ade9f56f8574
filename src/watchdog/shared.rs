//! The state that the threads of the watchdog share with its users.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::pulse::Pulse;
use super::stalls::Key;
use crate::report::Report;

#[derive(Default)]
struct Inside {
    is_stopping: bool,
    has_stopped: bool,
    pulses: Vec<Arc<Pulse>>,
    /// Whether a heartbeat was added that may be due sooner than the others.
    has_news: bool,
    /// The deadlocks that were reported since the last poll, each with its number.
    inbox: Vec<(u64, Report)>,
    /// Stalls that get no further alert.
    muted: Vec<Key>,
    /// The number of the last deadlock for which a dump was captured.
    seen: u64,
    next: u64,
}

/// The state that the threads of the watchdog share with its users.
#[derive(Default)]
pub(super) struct Shared {
    inside: Mutex<Inside>,
    /// Notified whenever a field of `inside` changes.
    bell: Condvar,
}

// No code of the program runs while the state is changed, so no panic leaves it half changed.
impl std::panic::RefUnwindSafe for Shared {}
impl std::panic::UnwindSafe for Shared {}

impl Shared {
    /// Sleeps for `asked`, or until there is an event; returns whether to continue.
    pub(super) fn sleep(&self, asked: Duration) -> bool {
        let until = Instant::now() + asked;
        let mut inside = self.inside.lock();
        while !inside.is_stopping && inside.inbox.is_empty() && !inside.has_news {
            if self.bell.wait_until(&mut inside, until).timed_out() {
                break;
            }
        }
        !inside.is_stopping
    }

    /// Asks the thread to end, and waits until it has, for `patience` at most: it may be in a callback.
    pub(super) fn stop(&self, patience: Duration) {
        let until = Instant::now() + patience;
        let mut inside = self.inside.lock();
        inside.is_stopping = true;
        self.bell.notify_all();
        while !inside.has_stopped && !self.bell.wait_until(&mut inside, until).timed_out() {}
    }

    /// Returns whether the threads are asked to end.
    pub(super) fn is_stopping(&self) -> bool {
        self.inside.lock().is_stopping
    }

    /// Makes no further alert of this stall.
    pub(super) fn mute(&self, key: Key) {
        self.inside.lock().muted.push(key);
    }

    /// Returns the stalls that were muted since the last call.
    pub(super) fn muted(&self) -> Vec<Key> {
        std::mem::take(&mut self.inside.lock().muted)
    }

    /// Records that the thread has ended.
    pub(super) fn stopped(&self) {
        let mut inside = self.inside.lock();
        inside.has_stopped = true;
        // No thread may wait for a poll that will not happen.
        inside.seen = u64::MAX;
        self.bell.notify_all();
    }

    /// Returns whether the thread has ended.
    pub(super) fn has_stopped(&self) -> bool {
        self.inside.lock().has_stopped
    }

    pub(super) fn add(&self, pulse: Arc<Pulse>) {
        let mut inside = self.inside.lock();
        inside.pulses.push(pulse);
        inside.has_news = true;
        self.bell.notify_all();
    }

    /// Returns the heartbeats, without those that have ended.
    pub(super) fn pulses(&self) -> Vec<Arc<Pulse>> {
        let mut inside = self.inside.lock();
        inside.has_news = false;
        inside.pulses.retain(|pulse| !pulse.has_ended());
        inside.pulses.clone()
    }

    /// Passes a deadlock to the thread of the watchdog, and waits until that thread has captured all
    /// threads, for `patience` at most.
    pub(super) fn report(&self, report: Report, patience: Duration) {
        let until = Instant::now() + patience;
        let mut inside = self.inside.lock();
        inside.next += 1;
        let number = inside.next;
        inside.inbox.push((number, report));
        self.bell.notify_all();
        while inside.seen < number && !self.bell.wait_until(&mut inside, until).timed_out() {}
    }

    /// Returns the deadlocks that were reported since the last call.
    pub(super) fn inbox(&self) -> Vec<(u64, Report)> {
        std::mem::take(&mut self.inside.lock().inbox)
    }

    /// Records that the threads were captured for the deadlock with this number, and those before.
    pub(super) fn seen(&self, number: u64) {
        let mut inside = self.inside.lock();
        inside.seen = inside.seen.max(number);
        self.bell.notify_all();
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared(..)")
    }
}
