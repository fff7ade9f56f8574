//! Which notification has ended a wait, and what its notifier did before.
//!
//! A task that was notified goes on after what its notifier did before. The order is recorded only if it is
//! certain which notification ended the wait, since a wrong order would hide an inversion: if exactly one has begun
//! that could have. One could have if it began after the wait, or was still under way or may have left its permit when the wait
//! began. A waiter that is dropped may pass on a notification, and counts as a notifier that orders nothing.

use std::panic::{RefUnwindSafe, UnwindSafe};

use lockwarden::instrument::Clock;
use parking_lot::Mutex;

/// The notifications of one `Notify`, or the values that were sent on one `watch` channel, by their numbers from 1 on.
#[derive(Debug)]
pub(crate) struct Notifications(Mutex<Begun>);

#[derive(Debug)]
struct Begun {
    /// How many have begun.
    count: u64,
    /// How many of these are under way.
    under_way: usize,
    /// None up to this one ends a wait that begins from now on.
    spent: u64,
    /// The clock of the one that began last.
    last: Clock,
}

// The program's code never runs while they are changed, so no panic leaves them half changed.
impl UnwindSafe for Notifications {}
impl RefUnwindSafe for Notifications {}

impl Notifications {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Begun {
            count: 0,
            under_way: 0,
            spent: 0,
            last: Clock::unknown(),
        }))
    }

    /// Calls `notify`, which makes a notification of the calling task or thread.
    pub(crate) fn notify<R>(&self, notify: impl FnOnce() -> R) -> R {
        let _under_way = self.begin();
        notify()
    }

    /// A notification of the calling task or thread begins, which ends with the drop of the result.
    pub(crate) fn begin(&self) -> UnderWay<'_> {
        let past = Clock::release_if_attached();
        let mut begun = self.0.lock();
        begun.begin(past);
        begun.under_way(self)
    }

    /// How many have begun, if none of them is under way.
    pub(crate) fn finished(&self) -> Option<u64> {
        self.0.lock().finished()
    }

    /// Orders the calling task after the notification that has begun since `finished` ones had, if it is the only one;
    /// returns its number.
    pub(crate) fn acquire_only(&self, finished: u64) -> Option<u64> {
        let past = {
            let begun = self.0.lock();
            (begun.count == finished + 1).then(|| begun.last.clone())
        };
        past?.acquire();
        Some(finished + 1)
    }

    fn spend(&self, number: u64) {
        let mut begun = self.0.lock();
        begun.spent = begun.spent.max(number);
    }

    /// A wait that begins here.
    pub(crate) fn begin_wait(&self) -> Notice<'_> {
        let begun = self.0.lock();
        Notice {
            notifications: self,
            spent: begun.spent,
            finished: begun.finished(),
            progress: Progress::New,
            passed_on: None,
        }
    }
}

impl Begun {
    fn begin(&mut self, past: Clock) {
        self.count += 1;
        self.last = past;
    }

    fn under_way<'a>(&mut self, of: &'a Notifications) -> UnderWay<'a> {
        self.under_way += 1;
        UnderWay(of)
    }

    fn finished(&self) -> Option<u64> {
        (self.under_way == 0).then_some(self.count)
    }
}

/// A notification under way, on unwind too: a waker may panic.
#[derive(Debug)]
#[must_use]
pub(crate) struct UnderWay<'a>(&'a Notifications);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.0.lock().under_way -= 1;
    }
}

/// The notification that a wait is for. It has to be dropped after the future that waits.
#[derive(Debug)]
pub(crate) struct Notice<'a> {
    notifications: &'a Notifications,
    /// The notifications up to these could not end the wait when it began: those that were spent, and those that had
    /// begun, if none was under way and none has left its permit.
    spent: u64,
    finished: Option<u64>,
    progress: Progress,
    /// While the future is dropped.
    passed_on: Option<UnderWay<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Progress {
    /// It was not polled.
    New,
    Pending,
    Ended,
}

impl Notice<'_> {
    /// Notes how a poll of the future ended. After the first one that was ready the task is ordered after its notifier;
    /// returns the number of the notification then, if that is certain.
    pub(crate) fn polled(&mut self, is_ready: bool) -> Option<u64> {
        let before = match self.progress {
            Progress::Ended => return None,
            Progress::New => self.spent,
            Progress::Pending => self.finished.unwrap_or(self.spent),
        };
        if !is_ready {
            if let (Progress::New, Some(finished)) = (self.progress, self.finished) {
                // None of them has left its permit, or the poll would have taken it.
                self.notifications.spend(finished);
            }
            self.progress = Progress::Pending;
            return None;
        }
        self.progress = Progress::Ended;
        let number = self.notifications.acquire_only(before)?;
        self.notifications.spend(number);
        Some(number)
    }

    /// Notes that the future is about to be dropped. If it was notified, it passes that on.
    pub(crate) fn drop_begins(&mut self) {
        if self.progress != Progress::Pending {
            return;
        }
        let mut begun = self.notifications.0.lock();
        if self.finished != Some(begun.count) {
            begun.begin(Clock::unknown());
        }
        self.passed_on = Some(begun.under_way(self.notifications));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::task::{Context, Waker};

    use super::*;

    const WAITERS: usize = 4;

    /// tokio's `Notify`, as its documentation says. Each notification has a number, which goes with what it ends.
    #[derive(Default)]
    struct Model {
        begun: u64,
        permit: Option<u64>,
        queue: VecDeque<usize>,
        waiters: [State; WAITERS],
    }

    /// A waiter.
    #[derive(Clone, Copy, Default, PartialEq)]
    enum State {
        #[default]
        Absent,
        /// Made, and not polled.
        New,
        Queued,
        /// By a notification of all, which is not passed on.
        NotifiedWithAll(u64),
        /// By that of one waiter; whether of the last.
        NotifiedAlone(u64, bool),
    }

    impl Model {
        fn notify_one(&mut self, number: u64, last: bool) {
            let waiter = if last {
                self.queue.pop_back()
            } else {
                self.queue.pop_front()
            };
            match waiter {
                Some(waiter) => self.waiters[waiter] = State::NotifiedAlone(number, last),
                // There is one permit at most.
                None => self.permit = self.permit.or(Some(number)),
            }
        }

        fn notify_waiters(&mut self, number: u64) {
            self.queue.clear();
            for waiter in &mut self.waiters {
                if matches!(waiter, State::New | State::Queued) {
                    *waiter = State::NotifiedWithAll(number);
                }
            }
        }

        /// Returns what has ended the wait, if it is over.
        fn poll(&mut self, waiter: usize) -> Option<u64> {
            let number = match self.waiters[waiter] {
                State::New if self.permit.is_some() => self.permit.take(),
                State::NotifiedWithAll(number) | State::NotifiedAlone(number, _) => Some(number),
                State::New => {
                    self.waiters[waiter] = State::Queued;
                    self.queue.push_back(waiter);
                    None
                }
                State::Queued | State::Absent => None,
            };
            if number.is_some() {
                self.waiters[waiter] = State::Absent;
            }
            number
        }

        fn drop_waiter(&mut self, waiter: usize) {
            self.queue.retain(|&other| other != waiter);
            let state = std::mem::take(&mut self.waiters[waiter]);
            if let State::NotifiedAlone(number, last) = state {
                self.notify_one(number, last);
            }
        }
    }

    /// Random programs of one thread: if an order is recorded, it is after the notification that has ended the wait.
    #[test]
    fn an_order_is_after_the_notification_that_has_ended_the_wait() {
        let mut state = 1_u64;
        let mut random = |below: usize| {
            // Knuth's constants (MMIX).
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        let (mut ended, mut ordered) = (0, 0);
        for _ in 0..3_000 {
            let notify = tokio::sync::Notify::new();
            let all = Notifications::new();
            let mut model = Model::default();
            // What a waiter that was dropped passes on has a number more.
            let mut numbers = vec![0];
            let mut waiters: [Option<(_, Notice<'_>)>; WAITERS] = Default::default();
            for _ in 0..30 {
                let at = random(WAITERS);
                match random(8) {
                    kind @ 0..3 => {
                        model.begun += 1;
                        let number = model.begun;
                        match kind {
                            0 => all.notify(|| notify.notify_one()),
                            1 => all.notify(|| notify.notify_last()),
                            _ => all.notify(|| notify.notify_waiters()),
                        }
                        match kind {
                            2 => model.notify_waiters(number),
                            _ => model.notify_one(number, kind == 1),
                        }
                        numbers.resize(all.finished().unwrap() as usize, 0);
                        numbers.push(number);
                    }
                    3 => {
                        if let Some((inner, mut notice)) = waiters[at].take() {
                            notice.drop_begins();
                            drop(inner);
                            drop(notice);
                            model.drop_waiter(at);
                        }
                    }
                    _ => {
                        let is_left = waiters[at].is_none() && random(2) == 0;
                        let (inner, notice) = waiters[at].get_or_insert_with(|| {
                            model.waiters[at] = State::New;
                            (Box::pin(notify.notified()), all.begin_wait())
                        });
                        if is_left {
                            continue;
                        }
                        let is_with_all = matches!(model.waiters[at], State::NotifiedWithAll(_));
                        if is_with_all && notice.progress == Progress::New && model.permit.is_some()
                        {
                            // Whether it takes the permit, too, depends on the version of tokio.
                            break;
                        }
                        let mut cx = Context::from_waker(Waker::noop());
                        let poll = inner.as_mut().poll(&mut cx);
                        let number = notice.polled(poll.is_ready());
                        let truth = model.poll(at);
                        assert_eq!(poll.is_ready(), truth.is_some());
                        let Some(truth) = truth else { continue };
                        ended += 1;
                        waiters[at] = None;
                        // One that was passed on, by a waiter that is gone, has no number here.
                        let number = number.and_then(|number| numbers.get(number as usize));
                        if let Some(number) = number.filter(|number| **number != 0) {
                            assert_eq!(*number, truth);
                            ordered += 1;
                        }
                    }
                }
            }
        }
        assert!(
            ended > 10_000 && ordered > ended / 10,
            "{ordered} of {ended}"
        );
    }
}
