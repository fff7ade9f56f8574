//! The backoff of alerts: a stall is reported when it begins, then each time that its duration has doubled,
//! then when it ends.

use std::time::Duration;

use super::stalls::{Key, Overdue};
use crate::engine::{lists, sorting};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) phase: Phase,
    pub(super) overdue: Overdue,
    pub(super) lasted: Duration,
    /// How many stalls were not reported when they began, because of the limit per minute, since the
    /// last alert.
    pub(super) left_out: u64,
}

#[derive(Clone, Copy, Debug)]
struct KnownStall {
    overdue: Overdue,
    /// Whether the present poll has found it.
    lasts: bool,
    /// How long the stall had lasted at its last alert; `None` if there was none.
    reported: Option<Duration>,
    counted: bool,
    muted: bool,
}

/// All stalls that last.
#[derive(Debug)]
pub(super) struct Backoff {
    /// Sorted by their keys.
    known: Vec<KnownStall>,
    /// When the alerts of the last minute were made, in nanoseconds.
    recent: Vec<u64>,
    per_minute: usize,
    left_out: u64,
}

const MINUTE: u64 = 60_000_000_000;

impl Backoff {
    /// Returns the state without stalls. At most `per_minute` alerts are made in a minute; ends are not
    /// counted.
    pub(super) fn new(per_minute: usize) -> Self {
        Self {
            known: Vec::new(),
            recent: Vec::new(),
            per_minute,
            left_out: 0,
        }
    }

    pub(super) fn is_known(&self, key: &Key) -> bool {
        self.place(key).is_ok()
    }

    /// Returns the place of a stall in `known`, or where it belongs.
    fn place(&self, key: &Key) -> Result<usize, usize> {
        lists::search(self.known.len(), &|at| self.known[at].overdue.key.cmp(key))
    }

    /// Returns whether no stall lasts, except muted ones.
    pub(super) fn is_calm(&self) -> bool {
        !lists::any(&self.known, &|known| !known.muted)
    }

    /// Makes no further alert of this stall.
    pub(super) fn mute(&mut self, key: &Key) {
        if let Ok(at) = self.place(key) {
            self.known[at].muted = true;
        }
    }

    /// Takes all stalls that exceed their limits at `now`, and returns those that are due for an alert.
    pub(super) fn follow(&mut self, overdue: &[Overdue], now: u64) -> Vec<Notice> {
        for one in overdue {
            self.enter(*one);
        }
        let mut steps = self.ends(now);
        while self.recent.first().is_some_and(|at| now - at >= MINUTE) {
            self.recent.remove(0);
        }
        // A stall without an alert comes before those that are repeated.
        let (mut due, mut repeated) = (Vec::new(), Vec::new());
        for one in overdue {
            if let Ok(at) = self.place(&one.key) {
                match self.known[at].reported {
                    None => due.push(at),
                    Some(_) => repeated.push(at),
                }
            }
        }
        due.append(&mut repeated);
        for at in due {
            let known = &mut self.known[at];
            let lasted = since(known.overdue.began, now);
            let phase = match known.reported {
                _ if known.muted => continue,
                None => Phase::Began,
                Some(reported) if lasted >= reported.saturating_mul(2) => Phase::GoesOn,
                Some(_) => continue,
            };
            if self.recent.len() >= self.per_minute {
                if phase == Phase::Began && !known.counted {
                    known.counted = true;
                    self.left_out += 1;
                }
                continue;
            }
            self.recent.push(now);
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

    fn enter(&mut self, overdue: Overdue) {
        match self.place(&overdue.key) {
            Ok(at) => {
                let known = &mut self.known[at];
                // The beginning stays, even if the thread that had waited longest has given up.
                let began = known.overdue.began.min(overdue.began);
                known.overdue = Overdue { began, ..overdue };
                known.lasts = true;
            }
            Err(at) => self.known.insert(
                at,
                KnownStall {
                    overdue,
                    lasts: true,
                    reported: None,
                    counted: false,
                    muted: false,
                },
            ),
        }
    }

    /// Drops the stalls that are over, and returns those that were reported.
    fn ends(&mut self, now: u64) -> Vec<Notice> {
        let (mut lasting, mut ended) = (Vec::new(), Vec::new());
        for known in &mut self.known {
            if std::mem::take(&mut known.lasts) {
                lasting.push(*known);
            } else if known.reported.is_some() && !known.muted {
                ended.push(Notice {
                    phase: Phase::Ended,
                    overdue: known.overdue,
                    lasted: since(known.overdue.began, now),
                    left_out: 0,
                });
            }
        }
        self.known = lasting;
        sorting::sort_by_key(&mut ended, |step| step.overdue.began);
        ended
    }
}

fn since(began: u64, now: u64) -> Duration {
    Duration::from_nanos(now.saturating_sub(began))
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    fn overdue(number: u64) -> Overdue {
        Overdue {
            key: Key::Heartbeat(number),
            began: 0,
            limit: Duration::from_secs(1),
            thread: None,
            waiters: 0,
        }
    }

    fn phases(steps: &[Notice]) -> Vec<(Phase, u64, u64)> {
        let words = |step: &Notice| (step.phase, step.lasted.as_secs(), step.left_out);
        steps.iter().map(words).collect()
    }

    #[test]
    fn a_stall_is_reported_with_back_off_and_then_its_end() {
        let mut backoff = Backoff::new(10);
        let mut all = Vec::new();
        for second in 1..=9 {
            all.extend(phases(&backoff.follow(&[overdue(1)], second * S)));
        }
        let expected = [
            (Phase::Began, 1, 0),
            (Phase::GoesOn, 2, 0),
            (Phase::GoesOn, 4, 0),
            (Phase::GoesOn, 8, 0),
        ];
        assert_eq!(all, expected);
        assert!(!backoff.is_calm());
        assert_eq!(
            phases(&backoff.follow(&[], 10 * S)),
            [(Phase::Ended, 10, 0)]
        );
        assert!(backoff.is_calm());
        assert!(backoff.follow(&[], 11 * S).is_empty());
    }

    #[test]
    fn an_alert_has_the_number_of_omitted_ones() {
        let mut backoff = Backoff::new(2);
        let all = || (0..5).map(overdue).collect::<Vec<_>>();
        assert_eq!(
            phases(&backoff.follow(&all(), S)),
            [(Phase::Began, 1, 0), (Phase::Began, 1, 0)]
        );
        assert!(backoff.follow(&all(), 30 * S).is_empty());
        // The minute is over.
        assert_eq!(
            phases(&backoff.follow(&all(), 61 * S)),
            [(Phase::Began, 61, 3), (Phase::Began, 61, 0)]
        );
    }

    #[test]
    fn a_stall_that_was_not_reported_has_no_end_alert() {
        let mut backoff = Backoff::new(1);
        backoff.follow(&[overdue(1), overdue(2)], S);
        let ends = backoff.follow(&[], 2 * S);
        assert_eq!(ends.len(), 1);
        assert_eq!(ends[0].overdue.key, Key::Heartbeat(1));
    }

    #[test]
    fn a_muted_stall_counts_as_calm() {
        let mut backoff = Backoff::new(5);
        backoff.follow(&[overdue(1)], S);
        backoff.mute(&Key::Heartbeat(1));
        assert!(backoff.is_calm());
        assert!(backoff.follow(&[overdue(1)], 9 * S).is_empty());
        assert!(backoff.follow(&[], 10 * S).is_empty());
    }
}
