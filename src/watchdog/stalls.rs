//! The stalls that one sample shows.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use super::holds::Holds;
use super::limits::Limits;
use super::sample::{PulseSample, Sample, WaitSample};
use crate::engine::ids::{LockId, Site, ThreadId};
use crate::engine::{lists, sorting};
use crate::report::nanoseconds;

/// The identity of a stall while it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// Threads wait for this lock or resource.
    Wait(LockId),
    /// A thread holds a lock that it acquired there.
    Hold(ThreadId, LockId, Site),
    /// The heartbeat with this number is missed.
    Heartbeat(u64),
    /// No thread makes progress.
    Progress,
}

/// A wait, hold or heartbeat that exceeds its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Overdue {
    pub(super) key: Key,
    /// When it began, in nanoseconds.
    pub(super) began: u64,
    pub(super) limit: Duration,
    /// The thread that holds, or that has waited longest.
    pub(super) thread: Option<ThreadId>,
    /// How many threads wait, in a wait for longer than the limit.
    pub(super) waiters: usize,
}

/// Evaluates one sample after the other.
#[derive(Debug)]
pub(super) struct StallDetector {
    limits: Limits,
    pub(super) holds: Holds,
    /// No time before this moment counts.
    floor: u64,
    /// The sum of all progress counters, and when it last changed.
    progress: Option<(u64, u64)>,
}

impl StallDetector {
    /// Returns a detector whose limits begin at `now`.
    pub(super) fn new(limits: Limits, now: u64) -> Self {
        Self {
            limits,
            holds: Holds::default(),
            floor: now,
            progress: None,
        }
    }

    /// Restarts all limits at `now`: the program was stopped, or the machine slept.
    pub(super) fn restart(&mut self, now: u64) {
        self.floor = now;
    }

    /// Records that an untracked thread runs at `now`: the lack of progress counts from there.
    pub(super) fn runs(&mut self, now: u64) {
        if let Some((_, began)) = &mut self.progress {
            *began = now;
        }
    }

    /// Returns what exceeds its limit in a sample that was taken just before `now`. A stall for which
    /// `is_known` holds keeps its beginning, even if a restart of the limits came between.
    pub(super) fn look(
        &mut self,
        sample: &Sample,
        now: u64,
        is_known: &dyn Fn(&Key) -> bool,
    ) -> Vec<Overdue> {
        self.holds.note(sample, now);
        let mut found = Vec::new();
        self.waits(sample, now, &mut found);
        self.long_holds(sample, &mut found);
        self.heartbeats(sample, &mut found);
        self.standstill(sample, now, &mut found);
        let mut all = Vec::new();
        for overdue in &found {
            let mut overdue = *overdue;
            if !is_known(&overdue.key) {
                overdue.began = overdue.began.max(self.floor);
            }
            if elapsed(sample, overdue.began, now) >= nanoseconds(overdue.limit) {
                all.push(overdue);
            }
        }
        all
    }

    fn limit_of(&self, wait: &WaitSample) -> Option<Duration> {
        if wait.is_lock {
            self.limits.wait
        } else {
            self.limits.event()
        }
    }

    /// Finds, for each thing that is waited for, the thread that has waited longest.
    fn waits(&self, sample: &Sample, now: u64, found: &mut Vec<Overdue>) {
        let mut waits = unnamed(sample);
        sorting::sort_by_key(&mut waits, |(_, wait)| (wait.on, wait.since));
        for &(thread, wait) in &waits {
            let Some(limit) = self.limit_of(&wait) else {
                continue;
            };
            let is_late = elapsed(sample, wait.since.max(self.floor), now) >= nanoseconds(limit);
            match found.last_mut() {
                Some(longest) if longest.key == Key::Wait(wait.on) => {
                    longest.waiters += usize::from(is_late);
                }
                _ => found.push(Overdue {
                    key: Key::Wait(wait.on),
                    began: wait.since,
                    limit,
                    thread: Some(thread),
                    waiters: 1,
                }),
            }
        }
        sorting::sort_by_key(found, |overdue| overdue.began);
    }

    fn long_holds(&self, sample: &Sample, found: &mut Vec<Overdue>) {
        let Some(limit) = self.limits.hold else {
            return;
        };
        for thread in &sample.threads {
            // A lock left held by an ended thread is `Abandoned`, which the detector reports. A hold whose
            // thread is in a wait that may last, or that a report has named, is not reported either.
            if thread.has_ended || thread.is_exempt || thread.wait.is_some_and(|w| w.is_named) {
                continue;
            }
            for hold in thread.held.as_deref().unwrap_or_default() {
                let key = Key::Hold(thread.thread, hold.lock, hold.site);
                let since = self.holds.since(thread.thread, hold.lock, hold.site);
                if let Some(began) = since
                    && !lists::any(found, &|other| other.key == key)
                {
                    found.push(Overdue {
                        key,
                        began,
                        limit,
                        thread: Some(thread.thread),
                        waiters: 0,
                    });
                }
            }
        }
    }

    fn heartbeats(&self, sample: &Sample, found: &mut Vec<Overdue>) {
        for PulseSample { id, limit, last } in &sample.pulses {
            found.push(Overdue {
                key: Key::Heartbeat(*id),
                began: *last,
                limit: *limit,
                thread: None,
                waiters: 0,
            });
        }
    }

    fn standstill(&mut self, sample: &Sample, now: u64, found: &mut Vec<Overdue>) {
        let Some(limit) = self.limits.progress else {
            return;
        };
        let mut hasher = DefaultHasher::new();
        for thread in &sample.threads {
            (thread.thread, thread.progress).hash(&mut hasher);
        }
        for pulse in &sample.pulses {
            (pulse.id, pulse.last).hash(&mut hasher);
        }
        let number = hasher.finish();
        let began = match self.progress {
            Some((before, began)) if before == number => began,
            _ => now,
        };
        self.progress = Some((number, began));
        let mut waiting = waiting(sample);
        for thread in &sample.threads {
            waiting += usize::from(thread.joins);
        }
        if waiting > 0 {
            found.push(Overdue {
                key: Key::Progress,
                began,
                limit,
                thread: None,
                waiters: waiting,
            });
        }
    }
}

/// Counts the threads that wait for anything but the end of a thread, in a wait that counts.
pub(super) fn waiting(sample: &Sample) -> usize {
    unnamed(sample).len()
}

/// Returns the waits that no report has named, each with its thread.
fn unnamed(sample: &Sample) -> Vec<(ThreadId, WaitSample)> {
    let mut waits = Vec::new();
    for thread in &sample.threads {
        if let Some(wait) = thread.wait
            && !wait.is_named
        {
            waits.push((thread.thread, wait));
        }
    }
    waits
}

/// Returns the time from `began` to `now`, without the periods in which reports were written.
fn elapsed(sample: &Sample, began: u64, now: u64) -> u64 {
    let mut elapsed = now.saturating_sub(began);
    for (from, to) in &sample.writing {
        let within = (*to).min(now).saturating_sub((*from).max(began));
        elapsed = elapsed.saturating_sub(within);
    }
    elapsed
}

#[cfg(test)]
mod tests {
    use super::super::sample::{HoldSample, ThreadSample};
    use super::*;
    use std::panic::Location;

    const MS: u64 = 1_000_000;

    fn limits() -> Limits {
        Limits {
            wait: Some(Duration::from_millis(100)),
            event: Some(Some(Duration::from_millis(300))),
            is_said: true,
            hold: Some(Duration::from_millis(200)),
            progress: Some(Duration::from_millis(500)),
        }
    }

    fn id(number: u64) -> LockId {
        LockId::new(number).unwrap()
    }

    fn waits(number: u64, on: u64, is_lock: bool, since: u64) -> ThreadSample {
        let wait = WaitSample {
            on: id(on),
            is_lock,
            since,
            is_named: false,
        };
        ThreadSample {
            wait: Some(wait),
            ..ThreadSample::running(number)
        }
    }

    fn sample(threads: Vec<ThreadSample>) -> Sample {
        Sample {
            threads,
            ..Sample::default()
        }
    }

    fn keys(found: &[Overdue]) -> Vec<Key> {
        found.iter().map(|overdue| overdue.key).collect()
    }

    #[test]
    fn the_longest_of_several_waits_for_one_lock_is_reported() {
        let mut stalls = StallDetector::new(limits(), 0);
        let all = || {
            sample(vec![
                waits(1, 7, true, 30 * MS),
                waits(2, 7, true, 10 * MS),
                waits(3, 7, true, 90 * MS),
                waits(4, 8, false, 0),
            ])
        };
        assert!(stalls.look(&all(), 109 * MS, &|_| false).is_empty());
        let found = stalls.look(&all(), 130 * MS, &|_| false);
        assert_eq!(keys(&found), [Key::Wait(id(7))]);
        assert_eq!(
            (found[0].thread, found[0].waiters),
            (Some(ThreadId::new(2)), 2)
        );
        assert_eq!(found[0].began, 10 * MS);
        let found = stalls.look(&all(), 300 * MS, &|_| false);
        assert_eq!(keys(&found), [Key::Wait(id(8)), Key::Wait(id(7))]);
    }

    #[test]
    fn a_limit_that_is_off_gives_no_stall() {
        let off = Limits {
            wait: None,
            event: Some(None),
            is_said: true,
            hold: None,
            progress: None,
        };
        let mut stalls = StallDetector::new(off, 0);
        let all = sample(vec![waits(1, 7, true, 0), waits(2, 8, false, 0)]);
        assert!(stalls.look(&all, 1_000_000 * MS, &|_| false).is_empty());
    }

    #[test]
    fn a_hold_is_reported_when_it_was_seen_for_the_limit() {
        let site = Location::caller();
        let mut stalls = StallDetector::new(limits(), 0);
        let holds = |seen| ThreadSample {
            held: Some(vec![HoldSample {
                lock: id(7),
                site,
                seen,
            }]),
            ..ThreadSample::running(1)
        };
        let mut at = |seen, now| {
            stalls
                .look(&sample(vec![holds(seen)]), now, &|_| false)
                .len()
        };
        assert_eq!(at(false, 50 * MS), 0);
        assert_eq!(at(true, 249 * MS), 0);
        assert_eq!(at(true, 250 * MS), 1);
        // Taken anew.
        assert_eq!(at(false, 260 * MS), 0);
        assert_eq!(at(true, 460 * MS), 1);
    }

    #[test]
    fn a_lack_of_progress_needs_a_waiting_thread() {
        let mut only = limits();
        (only.wait, only.event, only.hold) = (None, Some(None), None);
        let mut stalls = StallDetector::new(only, 0);
        let busy = |progress| ThreadSample {
            progress,
            ..ThreadSample::running(1)
        };
        let waiting = || waits(2, 7, false, 0);
        let mut look = |threads, now| stalls.look(&sample(threads), now, &|_| false).len();
        assert_eq!(look(vec![busy(1)], 0), 0);
        assert_eq!(look(vec![busy(1)], 900 * MS), 0, "no thread waits");
        assert_eq!(look(vec![busy(1), waiting()], 1_000 * MS), 0);
        assert_eq!(look(vec![busy(2), waiting()], 1_400 * MS), 0);
        assert_eq!(look(vec![busy(2), waiting()], 1_899 * MS), 0);
        assert_eq!(look(vec![busy(2), waiting()], 1_900 * MS), 1);
    }

    #[test]
    fn a_wait_that_a_report_has_named_is_not_reported_nor_is_a_hold_in_it() {
        let mut stalls = StallDetector::new(limits(), 0);
        let site = Location::caller();
        let mut named = waits(1, 7, true, 0);
        if let Some(wait) = &mut named.wait {
            wait.is_named = true;
        }
        let hold = HoldSample {
            lock: id(8),
            site,
            seen: true,
        };
        named.held = Some(vec![hold]);
        let all = sample(vec![named]);
        assert!(stalls.look(&all, 0, &|_| false).is_empty());
        assert!(stalls.look(&all, 900 * MS, &|_| false).is_empty());
    }

    #[test]
    fn the_time_in_which_reports_are_written_does_not_count() {
        let mut stalls = StallDetector::new(limits(), 0);
        let mut all = sample(vec![waits(1, 7, true, 50 * MS)]);
        all.writing = vec![(0, 60 * MS), (100 * MS, 150 * MS)];
        // Sixty milliseconds of it were spent on reports.
        assert!(stalls.look(&all, 209 * MS, &|_| false).is_empty());
        assert_eq!(stalls.look(&all, 210 * MS, &|_| false).len(), 1);
    }

    #[test]
    fn a_join_has_no_limit_but_is_a_wait_when_nothing_happens() {
        let mut stalls = StallDetector::new(limits(), 0);
        let joins = ThreadSample {
            joins: true,
            ..ThreadSample::running(1)
        };
        let all = sample(vec![joins]);
        assert!(stalls.look(&all, 0, &|_| false).is_empty());
        assert!(stalls.look(&all, 499 * MS, &|_| false).is_empty());
        assert_eq!(
            keys(&stalls.look(&all, 500 * MS, &|_| false)),
            [Key::Progress]
        );
        // An untracked thread computes.
        stalls.runs(500 * MS);
        assert!(stalls.look(&all, 999 * MS, &|_| false).is_empty());
    }

    #[test]
    fn after_a_sleep_of_the_machine_the_limits_start_again() {
        let mut stalls = StallDetector::new(limits(), 0);
        let all = || Sample {
            threads: vec![waits(1, 7, true, 0), waits(2, 9, true, 0)],
            pulses: vec![PulseSample {
                id: 1,
                limit: Duration::from_millis(50),
                last: 0,
            }],
            ..Sample::default()
        };
        stalls.restart(10_000 * MS);
        let known = |key: &Key| *key == Key::Wait(id(9));
        // A stall that was reported before is not over because of that.
        let found = stalls.look(&all(), 10_010 * MS, &known);
        assert_eq!(keys(&found), [Key::Wait(id(9))]);
        let found = stalls.look(&all(), 10_050 * MS, &known);
        assert_eq!(keys(&found), [Key::Wait(id(9)), Key::Heartbeat(1)]);
        let found = stalls.look(&all(), 10_100 * MS, &known);
        assert_eq!(found.len(), 3);
        assert!(
            found
                .iter()
                .all(|o| known(&o.key) || o.began == 10_000 * MS)
        );
    }
}
