//! The initial state of a system as input of the reduction.

use super::super as wait_for;
use super::super::{UNKNOWN, WaitFor};
use super::system::{Phase, STRANGER, State, System, Thing, Wait};

/// Returns the threads of the system, and after them one that stands for any thread.
pub(super) fn of(system: &System) -> Vec<wait_for::Thread> {
    let any_thread = match system.begin.phases[STRANGER] {
        Phase::None => Some(WaitFor::any_of((0..system.count).collect())),
        _ => None,
    };
    let seen = Seen {
        system,
        state: &system.begin,
    };
    let needs = (0..system.count).map(|thread| seen.need(thread));
    needs.chain([any_thread]).collect()
}

struct Seen<'a> {
    system: &'a System,
    state: &'a State,
}

impl Seen<'_> {
    /// Returns the wait of a thread, or `None` if it can run.
    fn need(&self, thread: usize) -> Option<WaitFor> {
        match self.state.phases[thread] {
            Phase::Blocked => self.need_of_wait(thread),
            Phase::Ended => Some(WaitFor::any_of(Vec::new())),
            // A notified thread, or one with a deadline, waits only for the mutex.
            Phase::Timed | Phase::Relocks => match self.system.waits[thread] {
                Wait::Condvar { mutex, .. } => {
                    Some(self.all_of_holders(&self.state.keepers(mutex, true)))
                }
                _ => None,
            },
            Phase::None | Phase::Runs => None,
        }
    }

    fn need_of_wait(&self, thread: usize) -> Option<WaitFor> {
        match &self.system.waits[thread] {
            Wait::Lock { at, exclusive } => self.need_of_lock(*at, *exclusive),
            Wait::Permit { at } => {
                let held = self.state.things[*at].held;
                let can = |thread: &usize| held[*thread] > 0 && self.state.lives(*thread);
                let of = (0..=STRANGER).filter(can).map(name);
                self.is_missing(*at).then(|| WaitFor::any_of(of.collect()))
            }
            Wait::Event { at } => self.is_missing(*at).then(|| self.any_thread()),
            Wait::Job { at } => {
                let Thing::Job { by } = self.system.things[*at] else {
                    return None;
                };
                let can = |thread: &usize| by[*thread] && self.state.lives(*thread);
                let of = (0..=STRANGER).filter(can).map(name);
                self.is_missing(*at).then(|| WaitFor::any_of(of.collect()))
            }
            Wait::Branches(branches) => {
                let partners = branches
                    .iter()
                    .flat_map(|branch| self.system.partners(self.state, *branch));
                Some(WaitFor::any_of(partners.map(name).collect()))
            }
            Wait::Condvar { mutex, .. } => {
                let relock = self.all_of_holders(&self.state.keepers(*mutex, true));
                Some(WaitFor {
                    any_of: Some(vec![self.system.count]),
                    ..relock
                })
            }
            Wait::End { of } => self.state.lives(*of).then(|| WaitFor::all_of(vec![*of])),
        }
    }

    fn need_of_lock(&self, at: usize, exclusive: bool) -> Option<WaitFor> {
        let keepers = self.state.keepers(at, exclusive);
        if !keepers.is_empty() {
            return Some(self.all_of_holders(&keepers));
        }
        let queues = matches!(self.system.things[at], Thing::Lock { queues: true });
        let ahead = self.system.writers(self.state, at);
        let gives_up = ahead
            .iter()
            .any(|writer| self.state.phases[*writer] == Phase::Timed);
        let ahead = ahead
            .first()
            .filter(|_| queues && !exclusive && !gives_up)?;
        Some(WaitFor::all_of(vec![*ahead]))
    }

    /// Waits for each of these holders; for any thread in place of a holder that has ended.
    fn all_of_holders(&self, holders: &[usize]) -> WaitFor {
        let ended = |holder: usize| self.state.phases[holder] == Phase::Ended;
        let who = |holder: &usize| {
            if ended(*holder) {
                self.system.count
            } else {
                name(*holder)
            }
        };
        WaitFor::all_of(holders.iter().map(who).collect())
    }

    fn any_thread(&self) -> WaitFor {
        WaitFor::any_of(vec![self.system.count])
    }

    fn is_missing(&self, at: usize) -> bool {
        self.state.things[at].level == 0
    }
}

/// Returns the index that the reduction uses for a thread.
fn name(thread: usize) -> usize {
    if thread == STRANGER { UNKNOWN } else { thread }
}
