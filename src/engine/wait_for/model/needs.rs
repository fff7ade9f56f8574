//! The first moment of a system in the words of the rule.

use super::super as waitfor;
use super::super::{UNKNOWN, WaitFor};
use super::system::{Branch, Phase, STRANGER, State, System, Thing, Wait};

/// Its threads, and after them one that stands for anyone.
pub(super) fn of(system: &System) -> Vec<waitfor::Thread> {
    let state = |need: Option<WaitFor>| match need {
        Some(need) => waitfor::ThreadState::Blocked(need),
        None => waitfor::ThreadState::Runs,
    };
    let anyone = match system.begin.phases[STRANGER] {
        Phase::None => Some(WaitFor::AnyOf((0..system.count).collect())),
        _ => None,
    };
    let seen = Seen {
        system,
        state: &system.begin,
    };
    let needs = (0..system.count).map(|thread| seen.need(thread));
    let states = needs.chain([anyone]).map(state);
    states.map(|state| waitfor::Thread { state }).collect()
}

struct Seen<'a> {
    system: &'a System,
    state: &'a State,
}

impl Seen<'_> {
    /// What a thread needs to go on, if it does not.
    fn need(&self, thread: usize) -> Option<WaitFor> {
        match self.state.phases[thread] {
            Phase::Blocked => self.need_of_wait(thread),
            Phase::Ended => Some(WaitFor::AnyOf(Vec::new())),
            // One that was notified, or will give up, only needs the mutex.
            Phase::Timed | Phase::Relocks => match self.system.waits[thread] {
                Wait::Condvar { mutex, .. } => Some(self.let_go(&self.state.keepers(mutex, true))),
                _ => None,
            },
            Phase::None | Phase::Runs | Phase::Came(_) => None,
        }
    }

    fn need_of_wait(&self, thread: usize) -> Option<WaitFor> {
        match &self.system.waits[thread] {
            Wait::Lock { at, exclusive } => self.need_of_lock(*at, *exclusive),
            Wait::Permits { at, count } => {
                let standing = &self.state.things[*at];
                let of = (0..=STRANGER).filter(|holder| self.state.lives(*holder));
                let of = of.map(|holder| (name(holder), u32::from(standing.held[holder])));
                let k = count.checked_sub(standing.level).filter(|k| *k > 0)?;
                Some(WaitFor::AtLeast {
                    k: k.into(),
                    of: of.collect(),
                })
            }
            Wait::Event { at } => self.is_missing(*at).then(|| self.anyone()),
            Wait::Job { at } => {
                let Thing::Job { by } = self.system.things[*at] else {
                    return None;
                };
                let can = |thread: &usize| by[*thread] && self.state.lives(*thread);
                let of = (0..=STRANGER).filter(can).map(name);
                self.is_missing(*at).then(|| WaitFor::AnyOf(of.collect()))
            }
            Wait::Branches(branches) => {
                let needs = branches.iter().map(|branch| self.need_of_branch(*branch));
                Some(WaitFor::Either(needs.collect()))
            }
            Wait::Barrier { at } => {
                let is_there = |thread: &usize| {
                    let wait = self.system.wait(self.state, *thread);
                    matches!(wait, Some(Wait::Barrier { at: it }) if it == at)
                };
                let others = (0..self.system.count).filter(|thread| !is_there(thread));
                let k = self.state.things[*at].level.into();
                Some(WaitFor::AtLeast {
                    k,
                    of: others.map(|thread| (thread, 1)).collect(),
                })
            }
            Wait::Condvar { mutex, .. } => {
                let relock = self.let_go(&self.state.keepers(*mutex, true));
                Some(WaitFor::Each(vec![self.anyone(), relock]))
            }
            Wait::End { of } => self.state.lives(*of).then(|| WaitFor::AllOf(vec![*of])),
        }
    }

    fn need_of_lock(&self, at: usize, exclusive: bool) -> Option<WaitFor> {
        let keepers = self.state.keepers(at, exclusive);
        if !keepers.is_empty() {
            return Some(self.let_go(&keepers));
        }
        let queues = matches!(self.system.things[at], Thing::Lock { queues: true });
        let ahead = self.system.writers(self.state, at);
        let gives_up = ahead
            .iter()
            .any(|writer| self.state.phases[*writer] == Phase::Timed);
        let ahead = ahead
            .first()
            .filter(|_| queues && !exclusive && !gives_up)?;
        Some(WaitFor::AllOf(vec![*ahead]))
    }

    fn need_of_branch(&self, branch: Branch) -> WaitFor {
        let partners = self.system.partners(self.state, branch);
        WaitFor::AnyOf(partners.into_iter().map(name).collect())
    }

    /// That each of these lets go of a lock; anyone can in place of one that has ended.
    fn let_go(&self, holders: &[usize]) -> WaitFor {
        let ended = |holder: usize| self.state.phases[holder] == Phase::Ended;
        let who = |holder: &usize| {
            if ended(*holder) {
                self.system.count
            } else {
                name(*holder)
            }
        };
        WaitFor::AllOf(holders.iter().map(who).collect())
    }

    fn anyone(&self) -> WaitFor {
        WaitFor::AnyOf(vec![self.system.count])
    }

    fn is_missing(&self, at: usize) -> bool {
        self.state.things[at].level == 0
    }
}

/// What the reduction calls a thread.
fn name(thread: usize) -> usize {
    if thread == STRANGER { UNKNOWN } else { thread }
}
