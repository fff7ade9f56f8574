//! Which of several agents can never move (Holt 1972): pure, over places in a list.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What an agent needs in order to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// Nothing, or something that is not known.
    Nothing,
    /// That the agent at this place moves.
    Agent(usize),
    /// All of these.
    All(Vec<Need>),
    /// One of these; none of nothing.
    Any(Vec<Need>),
    /// One of the agents at these places: a list that many needs share.
    AnyOf(Arc<[usize]>),
    /// The agent at this place, or one of those that it may have given to what it is listed with.
    Listed(usize, Vec<usize>),
    /// So many units, of which each of these gives some.
    Units(u64, Vec<(Need, u64)>),
}

impl Need {
    fn is_met(&self, moves: &[bool]) -> bool {
        match self {
            Need::Nothing => true,
            Need::Agent(at) => moves[*at],
            Need::All(needs) => needs.iter().all(|need| need.is_met(moves)),
            Need::Any(needs) => needs.iter().any(|need| need.is_met(moves)),
            Need::AnyOf(agents) => agents.iter().any(|at| moves[*at]),
            Need::Listed(at, others) => moves[*at] || others.iter().any(|other| moves[*other]),
            Need::Units(count, from) => {
                let given = from.iter().filter(|(need, _)| need.is_met(moves));
                given.map(|(_, units)| units).sum::<u64>() >= *count
            }
        }
    }

    /// The agents that it names.
    pub(super) fn agents(&self) -> Vec<usize> {
        self.collected(true, &mut HashSet::new())
    }

    /// How many agents it names.
    pub(super) fn breadth(&self) -> usize {
        match self {
            Need::AnyOf(agents) => agents.len(),
            need => need.agents().len(),
        }
    }

    /// The agents that a report names: of those that may have something the one alone that is listed with it.
    pub(super) fn listed_agents(&self) -> Vec<usize> {
        self.collected(false, &mut HashSet::new())
    }

    /// The agents that it names, without those of the shared lists in `known`, to which its own are added.
    fn collected(&self, with_others: bool, known: &mut HashSet<usize>) -> Vec<usize> {
        let mut found = Vec::new();
        self.collect(with_others, known, &mut found);
        found.sort_unstable();
        found.dedup();
        found
    }

    fn collect(&self, with_others: bool, known: &mut HashSet<usize>, found: &mut Vec<usize>) {
        match self {
            Need::Nothing => {}
            Need::Agent(at) => found.push(*at),
            Need::All(needs) | Need::Any(needs) => {
                for need in needs {
                    need.collect(with_others, known, found);
                }
            }
            Need::AnyOf(agents) => {
                if known.insert(agents.as_ptr().addr()) {
                    found.extend(agents.iter());
                }
            }
            Need::Listed(at, others) => {
                found.push(*at);
                found.extend(others.iter().filter(|_| with_others));
            }
            Need::Units(_, from) => {
                for (need, _) in from {
                    need.collect(with_others, known, found);
                }
            }
        }
    }
}

/// Which agents can never move: those that are left when all that can have moved.
pub(super) fn stuck(needs: &[Need]) -> Vec<bool> {
    let mut moves = vec![false; needs.len()];
    loop {
        let mut changed = false;
        // Whether one of a shared list moves, as of this round: that one does later shows in the next.
        let mut of_lists: HashMap<usize, bool> = HashMap::new();
        for (at, need) in needs.iter().enumerate() {
            if moves[at] {
                continue;
            }
            let is_met = match need {
                Need::AnyOf(agents) => *of_lists
                    .entry(agents.as_ptr().addr())
                    .or_insert_with(|| need.is_met(&moves)),
                need => need.is_met(&moves),
            };
            moves[at] = is_met;
            changed |= is_met;
        }
        if !changed {
            return moves.into_iter().map(|moves| !moves).collect();
        }
    }
}

/// The stuck agents that keep the one at `start` from moving, with itself, nearest first.
pub(super) fn closed_set(needs: &[Need], stuck: &[bool], start: usize) -> Vec<usize> {
    let mut reached = vec![false; needs.len()];
    reached[start] = true;
    let mut order = vec![start];
    follow(needs, stuck, &mut reached, &mut order);
    order
}

/// Whether the agent at this place is one of those that keep it from moving.
pub(super) fn is_in_ring(needs: &[Need], stuck: &[bool], at: usize) -> bool {
    let mut reached = vec![false; needs.len()];
    let mut order = vec![at];
    follow(needs, stuck, &mut reached, &mut order);
    stuck[at] && reached[at]
}

/// Appends the stuck agents that those in `order` need, and that are not reached yet.
fn follow(needs: &[Need], stuck: &[bool], reached: &mut [bool], order: &mut Vec<usize>) {
    // The members of a shared list are reached once.
    let mut known = HashSet::new();
    let mut next = 0;
    while let Some(&at) = order.get(next) {
        next += 1;
        for other in needs[at].collected(true, &mut known) {
            if stuck[other] && !std::mem::replace(&mut reached[other], true) {
                order.push(other);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Need::{Agent, All, Any, Listed, Nothing, Units};
    use super::*;

    #[test]
    fn a_ring_is_stuck_and_what_waits_for_it_too() {
        let needs = [Agent(1), Agent(0), Agent(1), Nothing, Agent(3)];
        assert_eq!(stuck(&needs), [true, true, true, false, false]);
        assert_eq!(closed_set(&needs, &stuck(&needs), 2), [2, 1, 0]);
    }

    #[test]
    fn a_list_that_is_shared_is_as_one_of_each() {
        let all: Arc<[usize]> = Arc::from([0, 1, 2]);
        let shared = || Need::AnyOf(Arc::clone(&all));
        let needs = [shared(), Agent(0), shared(), Agent(2)];
        assert_eq!(stuck(&needs), [true; 4]);
        assert_eq!(closed_set(&needs, &stuck(&needs), 3), [3, 2, 0, 1]);
        let is_in_ring = |at| is_in_ring(&needs, &stuck(&needs), at);
        assert!(is_in_ring(0) && is_in_ring(1) && is_in_ring(2) && !is_in_ring(3));
        let needs = [shared(), Nothing, Agent(0)];
        assert_eq!(stuck(&needs), [false; 3]);
        assert_eq!(needs[0].agents(), [0, 1, 2]);
    }

    #[test]
    fn one_way_out_of_several_is_enough() {
        let needs = [Any(vec![Agent(0), Agent(1)]), Nothing];
        assert_eq!(stuck(&needs), [false, false]);
        let needs = [All(vec![Agent(0), Agent(1)]), Nothing];
        assert_eq!(stuck(&needs), [true, false]);
        assert_eq!(stuck(&[Any(Vec::new())]), [true]);
        assert_eq!(stuck(&[All(Vec::new())]), [false]);
    }

    #[test]
    fn what_an_agent_may_have_given_away_comes_from_any_that_has_it() {
        let needs = [Listed(1, vec![2]), Agent(0), Nothing];
        assert_eq!(stuck(&needs), [false, false, false]);
        let needs = [Listed(1, vec![2]), Agent(0), Agent(0)];
        assert_eq!(stuck(&needs), [true, true, true]);
        assert_eq!(closed_set(&needs, &stuck(&needs), 0), [0, 1, 2]);
        assert_eq!(needs[0].listed_agents(), [1]);
    }

    #[test]
    fn units_come_from_those_that_move() {
        let from = |units: &[(usize, u64)]| {
            let from = units.iter().map(|(at, units)| (Agent(*at), *units));
            Units(2, from.collect())
        };
        let needs = [from(&[(0, 2), (1, 1), (2, 1)]), Nothing, Nothing];
        assert_eq!(stuck(&needs), [false, false, false]);
        let needs = [from(&[(0, 2), (1, 1)]), Nothing];
        assert_eq!(stuck(&needs), [true, false]);
    }

    #[test]
    fn units_that_an_agent_may_have_given_away_come_once() {
        let needs = [
            Units(2, vec![(Listed(1, vec![2]), 1), (Agent(0), 2)]),
            Nothing,
            Nothing,
        ];
        assert_eq!(stuck(&needs), [true, false, false]);
        assert_eq!(needs[0].agents(), [0, 1, 2]);
        assert_eq!(needs[0].listed_agents(), [0, 1]);
    }
}
