//! Since when each lock has been held.
//!
//! An acquisition notes no time: that would cost as much as all else that it does. So a hold counts
//! from the first look that sees it, and goes on as long as every look sees the very same one.

use std::collections::HashMap;

use super::sample::{HoldSample, Sample};
use crate::engine::ids::{LockId, Site, ThreadId};

type Key = (ThreadId, LockId, usize);

/// When each hold was first seen.
#[derive(Debug, Default)]
pub(super) struct Holds(HashMap<Key, u64>);

impl Holds {
    /// Takes in a look that was made just before `now`.
    pub(super) fn note(&mut self, sample: &Sample, now: u64) {
        let before = std::mem::take(&mut self.0);
        for thread in &sample.threads {
            let Some(held) = &thread.held else {
                // What it holds could not be read. If a hold is the same one the next time, that
                // will be seen then.
                let own = before.iter().filter(|(key, _)| key.0 == thread.thread);
                self.0.extend(own.map(|(key, since)| (*key, *since)));
                continue;
            };
            for HoldSample { lock, site, seen } in held {
                let key = key(thread.thread, *lock, site);
                let since = before.get(&key).copied().filter(|_| *seen);
                // Of a lock that a thread holds twice from one line, the longer hold counts.
                self.0.entry(key).or_insert(since.unwrap_or(now));
            }
        }
    }

    /// When this hold was first seen.
    pub(super) fn since(&self, thread: ThreadId, lock: LockId, site: Site) -> Option<u64> {
        self.0.get(&key(thread, lock, site)).copied()
    }
}

fn key(thread: ThreadId, lock: LockId, site: Site) -> Key {
    (thread, lock, std::ptr::from_ref(site).addr())
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use super::super::sample::ThreadSample;
    use super::*;

    fn look(held: Option<Vec<HoldSample>>) -> Sample {
        let thread = ThreadSample {
            thread: ThreadId::new(1),
            held,
            wait: None,
            joins: false,
            is_exempt: false,
            has_ended: false,
            progress: 0,
        };
        Sample {
            threads: vec![thread],
            pulses: Vec::new(),
            writing: Vec::new(),
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
        // A look that could not read it says nothing against it.
        holds.note(&look(None), 30);
        holds.note(&look(Some(vec![hold(true)])), 40);
        assert_eq!(since(&holds), Some(10));
        // It was released and taken again between two looks.
        holds.note(&look(Some(vec![hold(false)])), 50);
        assert_eq!(since(&holds), Some(50));
        holds.note(&look(Some(Vec::new())), 60);
        // Marked by a look that then failed: it may be another hold than the one that was known.
        holds.note(&look(Some(vec![hold(true)])), 70);
        assert_eq!(since(&holds), Some(70));
    }
}
