//! What the threads of the watchdog share with those who use it.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::heartbeat::Pulse;
use super::stalls::Key;
use crate::report::Report;

#[derive(Default)]
struct Inside {
    is_stopping: bool,
    has_stopped: bool,
    pulses: Vec<Arc<Pulse>>,
    /// Whether a heartbeat came that may have to be looked at sooner than the others.
    has_news: bool,
    /// The deadlocks that were told since the last look, each with its number.
    inbox: Vec<(u64, Report)>,
    /// Stalls of which nobody wants to hear.
    muted: Vec<Key>,
    /// The number of the last deadlock of which the threads were looked at.
    seen: u64,
    next: u64,
}

/// What the threads of the watchdog share with those who use it.
#[derive(Default)]
pub(super) struct Shared {
    inside: Mutex<Inside>,
    /// Rung whenever something in there changes.
    bell: Condvar,
}

// Nothing of the program's runs while it is changed, so no panic finds it half done.
impl std::panic::RefUnwindSafe for Shared {}
impl std::panic::UnwindSafe for Shared {}

impl Shared {
    /// Sleeps for `asked`, or until there is something to do: whether to go on.
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

    /// Asks the thread to end, and waits until it has, but not for ever: it may be in a callback.
    pub(super) fn stop(&self, patience: Duration) {
        let until = Instant::now() + patience;
        let mut inside = self.inside.lock();
        inside.is_stopping = true;
        self.bell.notify_all();
        while !inside.has_stopped && !self.bell.wait_until(&mut inside, until).timed_out() {}
    }

    /// Whether the threads are asked to end.
    pub(super) fn is_stopping(&self) -> bool {
        self.inside.lock().is_stopping
    }

    /// Nobody wants to hear of this stall.
    pub(super) fn mute(&self, key: Key) {
        self.inside.lock().muted.push(key);
    }

    /// The stalls of which nobody wants to hear, since this was last called.
    pub(super) fn muted(&self) -> Vec<Key> {
        std::mem::take(&mut self.inside.lock().muted)
    }

    /// The thread has ended.
    pub(super) fn stopped(&self) {
        let mut inside = self.inside.lock();
        inside.has_stopped = true;
        // Nobody is to wait for a look that will not be made.
        inside.seen = u64::MAX;
        self.bell.notify_all();
    }

    /// Whether the thread has ended.
    #[cfg(feature = "timer")]
    pub(super) fn has_stopped(&self) -> bool {
        self.inside.lock().has_stopped
    }

    pub(super) fn add(&self, pulse: Arc<Pulse>) {
        let mut inside = self.inside.lock();
        inside.pulses.push(pulse);
        inside.has_news = true;
        self.bell.notify_all();
    }

    /// The heartbeats, without those that have ended.
    pub(super) fn pulses(&self) -> Vec<Arc<Pulse>> {
        let mut inside = self.inside.lock();
        inside.has_news = false;
        inside.pulses.retain(|pulse| !pulse.has_ended());
        inside.pulses.clone()
    }

    /// Hands a deadlock to the thread of the watchdog, and waits until that has looked at all
    /// threads, but not longer than `patience`.
    pub(super) fn tell(&self, report: Report, patience: Duration) {
        let until = Instant::now() + patience;
        let mut inside = self.inside.lock();
        inside.next += 1;
        let number = inside.next;
        inside.inbox.push((number, report));
        self.bell.notify_all();
        while inside.seen < number && !self.bell.wait_until(&mut inside, until).timed_out() {}
    }

    /// The deadlocks that were told since this was last called.
    pub(super) fn inbox(&self) -> Vec<(u64, Report)> {
        std::mem::take(&mut self.inside.lock().inbox)
    }

    /// The threads were looked at for the deadlock with this number, and those before.
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
