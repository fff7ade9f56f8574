//! What the reduction says of random systems, and what becomes of them.

use std::collections::BTreeMap;

use super::super::stuck;
use super::system::{Phase, Standing, System, Thing, Wait};
use super::{draw, moves, needs};

const SYSTEMS: u64 = 6_000;

impl System {
    /// Whether a thread may have to end for another one and so cannot come, as one of several that
    /// are missing, to a barrier. The reduction counts it at both, and is silent then.
    fn has_ends_that_count(&self) -> bool {
        let is_end = |wait: &Wait| matches!(wait, Wait::End { .. });
        let mut things = self.things.iter().zip(&self.begin.things);
        let lacks = |(thing, standing): (&Thing, &Standing)| {
            matches!(thing, Thing::Barrier { .. }) && standing.level > 1
        };
        self.waits.iter().any(is_end) && things.any(lacks)
    }
}

impl Wait {
    fn word(&self) -> &'static str {
        match self {
            Wait::Lock { .. } => "lock",
            Wait::Permits { .. } => "permits",
            Wait::Event { .. } => "event",
            Wait::Job { .. } => "job",
            Wait::Branches(_) => "channel",
            Wait::Barrier { .. } => "barrier",
            Wait::Condvar { .. } => "condvar",
            Wait::End { .. } => "end",
        }
    }
}

#[test]
fn random_systems_agree_with_all_moves() {
    let mut told: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut in_part, mut compared) = (0, 0);
    for seed in 0..SYSTEMS {
        let system = draw::system(seed);
        let ever = moves::ever(&system);
        let stuck = stuck(&needs::of(&system));
        let (mut some, mut others) = (false, false);
        for thread in 0..system.count {
            if system.begin.phases[thread] == Phase::Ended {
                continue;
            }
            let of = || format!("seed {seed}, thread {thread}: {system:?}");
            if stuck[thread] {
                assert!(!ever[thread], "it goes on, {}", of());
                *told.entry(system.waits[thread].word()).or_default() += 1;
            } else if !system.has_ends_that_count() {
                assert!(ever[thread], "it never goes on, {}", of());
                compared += 1;
            }
            some |= stuck[thread];
            others |= ever[thread];
        }
        in_part += usize::from(some && others);
    }
    // What is always or never stuck would prove nothing.
    assert!(in_part > 1_000, "{in_part}");
    assert!(compared > 10_000, "{compared}");
    assert_eq!(told.len(), 8, "{told:?}");
    assert!(told.values().all(|count| *count > 100), "{told:?}");
}
