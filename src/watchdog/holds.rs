//! The duration of each hold.
//!
//! An acquisition records no time: to read the clock would cost as much as the rest of the acquisition.
//! So a hold counts from the first poll that sees it, as long as every poll sees the same hold.

use super::sample::{HoldSample, Sample};
use crate::engine::ids::{LockId, Site, ThreadId};
use crate::engine::{lists, sorting};

/// When each hold was first seen, sorted by the keys.
#[derive(Debug, Default)]
pub(super) struct Holds(Vec<((ThreadId, LockId, Site), u64)>);

impl Holds {
    /// Updates the holds by a sample that was taken just before `now`.
    pub(super) fn note(&mut self, sample: &Sample, now: u64) {
        let mut all = Vec::new();
        for thread in &sample.threads {
            let Some(held) = &thread.held else {
                // The lockset could not be read. Whether a hold is the same one shows in the next
                // sample.
                for before in &self.0 {
                    if before.0.0 == thread.thread {
                        all.push(*before);
                    }
                }
                continue;
            };
            for HoldSample { lock, site, seen } in held {
                let since = match seen {
                    true => self.since(thread.thread, *lock, site),
                    false => None,
                };
                all.push(((thread.thread, *lock, *site), since.unwrap_or(now)));
            }
        }
        sorting::sort(&mut all);
        // Of two holds of one lock by one thread from one line, the longer one counts.
        all.dedup_by_key(|(key, _)| *key);
        self.0 = all;
    }

    pub(super) fn since(&self, thread: ThreadId, lock: LockId, site: Site) -> Option<u64> {
        let at = lists::search(self.0.len(), &|at| self.0[at].0.cmp(&(thread, lock, site)));
        Some(self.0[at.ok()?].1)
    }
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use super::super::sample::ThreadSample;
    use super::*;

    fn look(held: Option<Vec<HoldSample>>) -> Sample {
        let thread = ThreadSample {
            held,
            ..ThreadSample::running(1)
        };
        Sample {
            threads: vec![thread],
            ..Sample::default()
        }
    }

    #[test]
    fn a_hold_counts_from_the_first_look_that_sees_it() {
        let site = Location::caller();
        let lock = LockId::new(5).unwrap();
        let hold = |seen| HoldSample { lock, site, seen };
        let mut holds = Holds::default();
        let since = |holds: &Holds| holds.since(ThreadId::new(1), lock, site);
        holds.note(&look(Some(vec![hold(false)])), 10);
        holds.note(&look(Some(vec![hold(true)])), 20);
        assert_eq!(since(&holds), Some(10));
        // A sample without a lockset does not end a hold.
        holds.note(&look(None), 30);
        holds.note(&look(Some(vec![hold(true)])), 40);
        assert_eq!(since(&holds), Some(10));
        // The lock was released and acquired again between two polls.
        holds.note(&look(Some(vec![hold(false)])), 50);
        assert_eq!(since(&holds), Some(50));
        holds.note(&look(Some(Vec::new())), 60);
        // Marked by a poll that then failed: this hold may differ from the known one.
        holds.note(&look(Some(vec![hold(true)])), 70);
        assert_eq!(since(&holds), Some(70));
    }
}
