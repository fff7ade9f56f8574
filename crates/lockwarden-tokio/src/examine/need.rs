//! Which of several agents can never move (Holt 1972): pure, over places in a list.

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
            Need::Listed(at, others) => moves[*at] || others.iter().any(|other| moves[*other]),
            Need::Units(count, from) => {
                let given = from.iter().filter(|(need, _)| need.is_met(moves));
                given.map(|(_, units)| units).sum::<u64>() >= *count
            }
        }
    }

    /// The agents that it names.
    pub(super) fn agents(&self) -> Vec<usize> {
        self.collected(true)
    }

    /// The agents that a report names: of those that may have something the one alone that is listed with it.
    pub(super) fn listed_agents(&self) -> Vec<usize> {
        self.collected(false)
    }

    fn collected(&self, with_others: bool) -> Vec<usize> {
        let mut found = Vec::new();
        self.collect(with_others, &mut found);
        found.sort_unstable();
        found.dedup();
        found
    }

    fn collect(&self, with_others: bool, found: &mut Vec<usize>) {
        match self {
            Need::Nothing => {}
            Need::Agent(at) => found.push(*at),
            Need::All(needs) | Need::Any(needs) => {
                needs
                    .iter()
                    .for_each(|need| need.collect(with_others, found));
            }
            Need::Listed(at, others) => {
                found.push(*at);
                found.extend(others.iter().filter(|_| with_others));
            }
            Need::Units(_, from) => {
                from.iter()
                    .for_each(|(need, _)| need.collect(with_others, found));
            }
        }
    }
}

/// Which agents can never move: those that are left when all that can have moved.
pub(super) fn stuck(needs: &[Need]) -> Vec<bool> {
    let mut moves = vec![false; needs.len()];
    loop {
        let mut changed = false;
        for (at, need) in needs.iter().enumerate() {
            if !moves[at] && need.is_met(&moves) {
                moves[at] = true;
                changed = true;
            }
        }
        if !changed {
            return moves.into_iter().map(|moves| !moves).collect();
        }
    }
}

/// The stuck agents that keep the one at `start` from moving, with itself, nearest first.
pub(super) fn closed_set(needs: &[Need], stuck: &[bool], start: usize) -> Vec<usize> {
    let mut order = vec![start];
    let mut next = 0;
    while let Some(&at) = order.get(next) {
        next += 1;
        for other in needs[at].agents() {
            if stuck[other] && !order.contains(&other) {
                order.push(other);
            }
        }
    }
    order
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
