//! The state that the threads of the watchdog share with its users.

use std::fmt;
use std::sync::{Arc, Condvar};
use std::time::{Duration, Instant};

use super::message::Message;
use super::pulse::Pulse;
use super::stalls::Key;
use crate::report::Report;
use crate::sink::AlertUnderWay;
use crate::tracking::fork_safe::{ForkSafe, Guard};

/// The most messages that wait for the thread that runs the actions: a callback that does not return must not fill
/// the memory.
const WAITING: usize = 64;

#[derive(Default)]
struct Inside {
    is_stopping: bool,
    has_stopped: bool,
    /// How many of the two threads are attached.
    attached: usize,
    /// Whether the polling thread has ended, or was not started.
    polls_no_more: bool,
    /// What the polling thread has for the thread that runs the actions, the oldest first.
    messages: Vec<(Message, AlertUnderWay)>,
    /// The end of the process waits for the message that was received last.
    under_way: Option<AlertUnderWay>,
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
///
/// Its lock and its condition variable are the standard library's: a wait on those of `parking_lot` takes a lock of the
/// table of all waits in the process, and a fork at that moment would leave it locked in the child.
pub(super) struct Shared {
    inside: ForkSafe<Inside>,
    /// Notified whenever a field of `inside` changes.
    bell: Condvar,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            inside: ForkSafe::new(Inside::default()),
            bell: Condvar::new(),
        }
    }
}

// No code of the program runs while the state is changed, so no panic leaves it half changed.
impl std::panic::RefUnwindSafe for Shared {}
impl std::panic::UnwindSafe for Shared {}

impl Shared {
    /// Waits for a change, until `until` at most; returns whether that time has passed.
    fn wait_until<'a>(
        &self,
        inside: Guard<'a, Inside>,
        until: Instant,
    ) -> (Guard<'a, Inside>, bool) {
        inside.wait_timeout(&self.bell, until.saturating_duration_since(Instant::now()))
    }

    /// Sleeps for `asked`, or until there is an event; returns whether to continue.
    pub(super) fn sleep(&self, asked: Duration) -> bool {
        let until = Instant::now() + asked;
        let mut inside = self.inside.lock();
        let mut is_over = false;
        while !is_over && !inside.is_stopping && inside.inbox.is_empty() && !inside.has_news {
            (inside, is_over) = self.wait_until(inside, until);
        }
        !inside.is_stopping
    }

    /// Asks the thread to end. The messages that it has not received are dropped.
    pub(super) fn ask_to_stop(&self) {
        let mut inside = self.inside.lock();
        inside.is_stopping = true;
        let unread = std::mem::take(&mut inside.messages);
        self.bell.notify_all();
        drop(inside);
        drop(unread);
    }

    /// Asks the thread to end, and waits until it has, for `patience` at most: it may be in a callback. Then the end of
    /// the process does not wait for that either.
    pub(super) fn stop(&self, patience: Duration) {
        let until = Instant::now() + patience;
        self.ask_to_stop();
        let mut inside = self.inside.lock();
        let mut is_over = false;
        while !is_over && !inside.has_stopped {
            (inside, is_over) = self.wait_until(inside, until);
        }
        inside.under_way = None;
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.inside.lock().is_stopping
    }

    pub(super) fn attached(&self) {
        self.inside.lock().attached += 1;
        self.bell.notify_all();
    }

    /// Waits until both threads are attached, or one has ended by a panic.
    pub(super) fn wait_until_attached(&self) {
        let mut inside = self.inside.lock();
        while inside.attached < 2 && !inside.polls_no_more && !inside.has_stopped {
            inside = inside.wait(&self.bell);
        }
    }

    /// Passes a message to the thread that runs the actions.
    pub(super) fn send(&self, message: Message) {
        let mut inside = self.inside.lock();
        // A thread that ends, or that a panic has ended, receives nothing. If the queue is full, the alerts in it
        // suffice.
        let is_received = !inside.is_stopping && !inside.has_stopped;
        if is_received && inside.messages.len() < WAITING {
            inside.messages.push((message, AlertUnderWay::begin()));
            self.bell.notify_all();
        }
    }

    /// Waits for the next message and returns it; `None` if the polling thread has ended and there is no more. The
    /// message before it is handled.
    pub(super) fn receive(&self) -> Option<Message> {
        let mut inside = self.inside.lock();
        inside.under_way = None;
        while inside.messages.is_empty() && !inside.polls_no_more {
            inside = inside.wait(&self.bell);
        }
        if inside.messages.is_empty() {
            return None;
        }
        let (message, under_way) = inside.messages.remove(0);
        inside.under_way = Some(under_way);
        Some(message)
    }

    /// Records that the polling thread has ended, or was not started.
    pub(super) fn polls_no_more(&self) {
        self.inside.lock().polls_no_more = true;
        self.bell.notify_all();
    }

    /// Makes no further alert of this stall.
    pub(super) fn mute(&self, key: Key) {
        self.inside.lock().muted.push(key);
    }

    /// Returns the stalls that were muted since the last call.
    pub(super) fn muted(&self) -> Vec<Key> {
        std::mem::take(&mut self.inside.lock().muted)
    }

    /// Records that the thread has ended, perhaps by a panic.
    pub(super) fn stopped(&self) {
        let mut inside = self.inside.lock();
        inside.has_stopped = true;
        // No thread may wait for a poll that will not happen, and no end of the process for an alert.
        inside.seen = u64::MAX;
        inside.under_way = None;
        let unread = std::mem::take(&mut inside.messages);
        self.bell.notify_all();
        drop(inside);
        drop(unread);
    }

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
        let mut lasting = Vec::new();
        for pulse in &std::mem::take(&mut inside.pulses) {
            if !pulse.has_ended() {
                lasting.push(Arc::clone(pulse));
                inside.pulses.push(Arc::clone(pulse));
            }
        }
        lasting
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
        let mut is_over = false;
        while !is_over && inside.seen < number {
            (inside, is_over) = self.wait_until(inside, until);
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watchdog::backoff::{Notice, Phase};
    use crate::watchdog::stalls::Overdue;

    fn message() -> Message {
        let overdue = Overdue {
            key: Key::Progress,
            began: 0,
            limit: Duration::ZERO,
            thread: None,
            waiters: 1,
        };
        Message::Over(Notice {
            phase: Phase::Ended,
            overdue,
            lasted: Duration::ZERO,
            left_out: 0,
        })
    }

    /// How many messages wait, and whether one is handled: for how much the end of the process waits.
    fn expected(shared: &Shared) -> (usize, bool) {
        let inside = shared.inside.lock();
        (inside.messages.len(), inside.under_way.is_some())
    }

    /// One message is handled, and one waits.
    fn busy() -> Shared {
        let shared = Shared::default();
        shared.send(message());
        shared.send(message());
        assert!(shared.receive().is_some());
        assert_eq!(expected(&shared), (1, true));
        shared
    }

    #[test]
    fn a_message_is_under_way_until_the_next_is_asked_for() {
        let shared = busy();
        assert!(shared.receive().is_some());
        assert_eq!(expected(&shared), (0, true));
        shared.polls_no_more();
        assert!(shared.receive().is_none());
        assert_eq!(expected(&shared), (0, false));
    }

    #[test]
    fn nothing_is_expected_of_a_watchdog_that_did_not_stop_in_time() {
        let shared = busy();
        shared.stop(Duration::ZERO);
        assert_eq!(expected(&shared), (0, false));
        shared.send(message());
        assert_eq!(expected(&shared), (0, false));
    }

    #[test]
    fn the_alert_that_stops_its_watchdog_is_still_expected() {
        let shared = busy();
        shared.ask_to_stop();
        shared.send(message());
        assert_eq!(expected(&shared), (0, true));
    }

    #[test]
    fn nothing_is_expected_of_a_thread_that_a_panic_has_ended() {
        let shared = busy();
        shared.stopped();
        assert_eq!(expected(&shared), (0, false));
        shared.send(message());
        assert_eq!(expected(&shared), (0, false));
    }
}
