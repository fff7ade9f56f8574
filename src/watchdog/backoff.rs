//! The backoff of alerts: a stall is reported when it begins, then each time that its duration has doubled,
//! then when it ends.

use crate::engine::sorting;

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::stalls::{Key, Overdue};

/// The phase of a stall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// The first alert of the stall.
    Began,
    /// The stall lasts, at least twice as long as at its last alert.
    GoesOn,
    /// The stall is over.
    Ended,
}

/// A stall that is due for an alert.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) phase: Phase,
    pub(super) overdue: Overdue,
    pub(super) lasted: Duration,
    /// How many stalls were not reported when they began, because of the limit per minute, since the
    /// last alert.
    pub(super) left_out: u64,
}

#[derive(Debug)]
struct KnownStall {
    overdue: Overdue,
    /// How long the stall had lasted at its last alert; `None` if there was none.
    reported: Option<Duration>,
    counted: bool,
    muted: bool,
}

/// All stalls that last.
#[derive(Debug)]
pub(super) struct Backoff {
    known: HashMap<Key, KnownStall>,
    /// When the alerts of the last minute were made, in nanoseconds.
    recent: VecDeque<u64>,
    per_minute: usize,
    left_out: u64,
}

const MINUTE: u64 = 60_000_000_000;

impl Backoff {
    /// Returns the state without stalls. At most `per_minute` alerts are made in a minute; ends are not
    /// counted.
    pub(super) fn new(per_minute: usize) -> Self {
        Self {
            known: HashMap::new(),
            recent: VecDeque::new(),
            per_minute,
            left_out: 0,
        }
    }

    pub(super) fn is_known(&self, key: &Key) -> bool {
        self.known.contains_key(key)
    }

    /// Returns whether no stall lasts, except muted ones.
    pub(super) fn is_calm(&self) -> bool {
        self.known.values().all(|known| known.muted)
    }

    /// Makes no further alert of this stall.
    pub(super) fn mute(&mut self, key: &Key) {
        if let Some(known) = self.known.get_mut(key) {
            known.muted = true;
        }
    }

    /// Takes all stalls that exceed their limits at `now`, and returns those that are due for an alert.
    pub(super) fn follow(&mut self, mut overdue: Vec<Overdue>, now: u64) -> Vec<Notice> {
        let mut steps = Vec::new();
        self.ends(&overdue, now, &mut steps);
        // A stall without an alert comes before those that are repeated.
        sorting::sort_by_key(&mut overdue, |overdue| {
            let known = self.known.get(&overdue.key);
            known.is_some_and(|known| known.reported.is_some())
        });
        for overdue in overdue {
            let known = self.known.entry(overdue.key).or_insert(KnownStall {
                overdue,
                reported: None,
                counted: false,
                muted: false,
            });
            // The beginning stays, even if the thread that had waited longest has given up.
            let began = known.overdue.began.min(overdue.began);
            known.overdue = Overdue { began, ..overdue };
            let lasted = since(began, now);
            let phase = match known.reported {
                _ if known.muted => continue,
                None => Phase::Began,
                Some(reported) if lasted >= reported.saturating_mul(2) => Phase::GoesOn,
                Some(_) => continue,
            };
            while self.recent.front().is_some_and(|at| now - at >= MINUTE) {
                self.recent.pop_front();
            }
            if self.recent.len() >= self.per_minute {
                if phase == Phase::Began && !known.counted {
                    known.counted = true;
                    self.left_out += 1;
                }
                continue;
            }
            self.recent.push_back(now);
            known.reported = Some(lasted);
            let left_out = std::mem::take(&mut self.left_out);
            steps.push(Notice {
                phase,
                overdue: known.overdue,
                lasted,
                left_out,
            });
        }
        steps
    }

    fn ends(&mut self, overdue: &[Overdue], now: u64, steps: &mut Vec<Notice>) {
        let lasts = |key: &Key| overdue.iter().any(|overdue| overdue.key == *key);
        self.known.retain(|key, known| {
            if lasts(key) {
                return true;
            }
            if known.reported.is_some() && !known.muted {
                steps.push(Notice {
                    phase: Phase::Ended,
                    overdue: known.overdue,
                    lasted: since(known.overdue.began, now),
                    left_out: 0,
                });
            }
            false
        });
        sorting::sort_by_key(steps, |step| step.overdue.began);
    }
}

fn since(began: u64, now: u64) -> Duration {
    Duration::from_nanos(now.saturating_sub(began))
}

#[cfg(test)]
mod tests {
    use super::super::stalls::About;
    use super::*;

    const S: u64 = 1_000_000_000;

    fn overdue(number: u64) -> Overdue {
        Overdue {
            key: Key::Heartbeat(number),
            began: 0,
            limit: Duration::from_secs(1),
            about: About::Heartbeat(number),
        }
    }

    fn phases(steps: &[Notice]) -> Vec<(Phase, u64, u64)> {
        let words = |step: &Notice| (step.phase, step.lasted.as_secs(), step.left_out);
        steps.iter().map(words).collect()
    }

    #[test]
    fn a_stall_is_reported_with_back_off_and_then_its_end() {
        let mut course = Backoff::new(10);
        let mut all = Vec::new();
        for second in 1..=9 {
            all.extend(phases(&course.follow(vec![overdue(1)], second * S)));
        }
        let expected = [
            (Phase::Began, 1, 0),
            (Phase::GoesOn, 2, 0),
            (Phase::GoesOn, 4, 0),
            (Phase::GoesOn, 8, 0),
        ];
        assert_eq!(all, expected);
        assert!(!course.is_calm());
        assert_eq!(
            phases(&course.follow(Vec::new(), 10 * S)),
            [(Phase::Ended, 10, 0)]
        );
        assert!(course.is_calm());
        assert!(course.follow(Vec::new(), 11 * S).is_empty());
    }

    #[test]
    fn an_alert_has_the_number_of_omitted_ones() {
        let mut course = Backoff::new(2);
        let all = || (0..5).map(overdue).collect::<Vec<_>>();
        assert_eq!(
            phases(&course.follow(all(), S)),
            [(Phase::Began, 1, 0), (Phase::Began, 1, 0)]
        );
        assert!(course.follow(all(), 30 * S).is_empty());
        // The minute is over.
        assert_eq!(
            phases(&course.follow(all(), 61 * S)),
            [(Phase::Began, 61, 3), (Phase::Began, 61, 0)]
        );
    }

    #[test]
    fn a_stall_that_was_not_reported_has_no_end_alert() {
        let mut course = Backoff::new(1);
        course.follow(vec![overdue(1), overdue(2)], S);
        let ends = course.follow(Vec::new(), 2 * S);
        assert_eq!(ends.len(), 1);
        assert_eq!(ends[0].overdue.key, Key::Heartbeat(1));
    }

    #[test]
    fn a_muted_stall_counts_as_calm() {
        let mut course = Backoff::new(5);
        course.follow(vec![overdue(1)], S);
        course.mute(&Key::Heartbeat(1));
        assert!(course.is_calm());
        assert!(course.follow(vec![overdue(1)], 9 * S).is_empty());
        assert!(course.follow(Vec::new(), 10 * S).is_empty());
    }
}
