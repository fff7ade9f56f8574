//! How long the cases take, in rounds: in each, all peers do a case right after each other.

use harness::common::random::Random;
use harness::common::rounds::Spread;

use crate::peers::{BARE, Peer, Profile};

/// Something whose time is taken.
pub(crate) struct Case {
    /// What the binaries call it.
    pub(crate) name: &'static str,
    /// What the table says.
    pub(crate) title: &'static str,
    /// Whether the short table has it too, and that of debug builds.
    pub(crate) short: bool,
}

/// Every case, in the order of the table.
pub(crate) const CASES: [Case; 12] = {
    const fn case(name: &'static str, title: &'static str, short: bool) -> Case {
        Case { name, title, short }
    }
    [
        case("lock", "lock, unlock", true),
        case("pair", "nested pair, known order", true),
        case("deep", "nested 8 deep", true),
        case("read", "read", false),
        case("write", "write", false),
        case("private-pairs", "two threads, a pair each", true),
        case("one-lock", "two threads, one lock", true),
        case("create", "create, lock, drop", true),
        case("fresh", "create, lock under a known parent, drop", true),
        case(
            "fresh-two",
            "the same in two threads, under parents of their own",
            false,
        ),
        case(
            "rows-16000",
            "known order, one of 16,000 under a parent",
            false,
        ),
        case("new-edges", "new order, 10,000 under one parent", false),
    ]
};

/// The ratios of one peer to the bare locks in one case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Figure {
    /// The median.
    pub(crate) median: f64,
    /// What the middle half of the rounds lies between.
    pub(crate) middle: [f64; 2],
}

impl Figure {
    /// What `ratios` come to, if there is any.
    fn of(ratios: &[f64]) -> Option<Self> {
        if ratios.is_empty() {
            return None;
        }
        let mut sorted = ratios.to_vec();
        sorted.sort_by(f64::total_cmp);
        let quarter = sorted.len() / 4;
        Some(Self {
            median: Spread::of(&sorted).median,
            middle: [sorted[quarter], sorted[sorted.len() - 1 - quarter]],
        })
    }
}

/// For each case, of each peer, what could be measured.
pub(crate) type Figures = Vec<Vec<Option<Figure>>>;

/// Measures everything `rounds` times; in debug builds the cases of the short table.
pub(crate) fn all(peers: &[Peer], profile: Profile, rounds: usize) -> Figures {
    let mut random = Random::new(1);
    let mut ratios = vec![vec![Vec::new(); peers.len()]; CASES.len()];
    for round in 1..=rounds {
        eprintln!("round {round} of {rounds}");
        for (case, ratios) in CASES.iter().zip(&mut ratios) {
            if profile == Profile::Debug && !case.short {
                continue;
            }
            let mut order: Vec<usize> = (0..peers.len()).collect();
            random.shuffle(&mut order);
            let mut times = vec![None; peers.len()];
            for at in order {
                times[at] = sample(&peers[at], profile, case.name);
            }
            for (time, ratios) in times.iter().zip(ratios) {
                if let (Some(time), Some(bare)) = (time, times[BARE]) {
                    ratios.push(time / bare);
                }
            }
        }
    }
    ratios
        .iter()
        .map(|peers| peers.iter().map(|ratios| Figure::of(ratios)).collect())
        .collect()
}

/// Nanoseconds an operation.
fn sample(peer: &Peer, profile: Profile, case: &str) -> Option<f64> {
    let output = peer.command(profile, ["bench", case])?.output().ok()?;
    // Some peers print things of their own.
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .find_map(|line| line.strip_prefix(case)?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_half_leaves_out_the_outer_quarters() {
        let figure = Figure::of(&[9.0, 1.0, 3.0, 2.0, 4.0]).unwrap();
        assert_eq!(figure.median, 3.0);
        assert_eq!(figure.middle, [2.0, 4.0]);
        assert_eq!(Figure::of(&[]), None);
    }
}
