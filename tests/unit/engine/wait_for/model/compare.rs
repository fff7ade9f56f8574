//! Compares the reduction of random systems with the exhaustive search.

use std::collections::BTreeMap;

use super::super::stuck;
use super::system::{Phase, Wait};
use super::{draw, moves, needs};

const SYSTEMS: u64 = 6_000;

impl Wait {
    fn word(&self) -> &'static str {
        match self {
            Wait::Lock { .. } => "lock",
            Wait::Permit { .. } => "permit",
            Wait::Event { .. } => "event",
            Wait::Job { .. } => "job",
            Wait::Branches(_) => "channel",
            Wait::Condvar { .. } => "condvar",
            Wait::End { .. } => "end",
        }
    }
}

#[test]
fn random_systems_agree_with_all_moves() {
    let mut reported: BTreeMap<&str, usize> = BTreeMap::new();
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
                *reported.entry(system.waits[thread].word()).or_default() += 1;
            } else {
                assert!(ever[thread], "it never goes on, {}", of());
                compared += 1;
            }
            some |= stuck[thread];
            others |= ever[thread];
        }
        in_part += usize::from(some && others);
    }
    // Systems that are always or never deadlocked would prove nothing.
    assert!(in_part > 1_000, "{in_part}");
    assert!(compared > 10_000, "{compared}");
    assert_eq!(reported.len(), 7, "{reported:?}");
    assert!(reported.values().all(|count| *count > 100), "{reported:?}");
}
