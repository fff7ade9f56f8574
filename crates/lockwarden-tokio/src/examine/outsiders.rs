//! The threads of the process that a guard may have been moved into.
//!
//! A thread that polls no task gets a guard with the closure that it is started with, or in a message, or from memory
//! that it shares with a task, for which it is woken. What `lockwarden::thread` starts, and what the channels of
//! lockwarden send, is noted where it is given away (`lets_out`). So a thread that was started so, sleeps for a time or for
//! a message since before the guard was taken, or has done so often, and has never been parked or waited at a condition
//! variable, has no guard that is not noted. Any other one may have what was
//! taken since it last ran: the closure of a `std::thread::spawn`, or a job of a pool. One that is in a `block_on` since
//! before does nothing but to poll tasks.

use lockwarden::instrument::{Observation, futex_sleep, switches_of_asleep};

use crate::agent::{census, thread};
use crate::world;

#[cfg(test)]
thread_local! {
    /// Whether the calling thread looks at tasks of its own, which none of the other threads of the process has a part in:
    /// those of the test harness.
    pub(super) static IS_ALONE: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// The threads that poll no task of a runtime.
pub(super) struct Outsiders {
    threads: Vec<Outsider>,
    /// Whether the system says which threads there are.
    is_known: bool,
}

struct Outsider {
    /// The system's number.
    id: u32,
    /// If it sleeps, the count of its switches to other threads.
    switches: Option<u64>,
    /// When it has begun to receive nothing that is not noted, on the clock of `leaf::next`.
    in_sight_since: Option<u64>,
}

impl Outsiders {
    /// Looks at all threads of the process, of which these were observed.
    pub(super) fn look<'a>(observed: impl Iterator<Item = &'a Observation> + Clone) -> Self {
        #[cfg(test)]
        if IS_ALONE.get() {
            return Self {
                threads: Vec::new(),
                is_known: true,
            };
        }
        let all = world::threads();
        let is_known = !all.is_empty();
        let outsider = |id: u32| {
            let one = observed.clone().find(|one| one.os_id == Some(id));
            let is_inside = Some(id) == thread::own_id()
                || world::is_of_runtime_or_before_check(id)
                || one.is_some_and(|one| one.is_observer);
            (!is_inside).then(|| Outsider {
                id,
                switches: switches_of_asleep(id),
                in_sight_since: in_sight_since(id, one),
            })
        };
        Self {
            threads: all.into_iter().filter_map(outsider).collect(),
            is_known,
        }
    }

    /// Whether one of them may have received, by means that are not noted, a guard that was taken after `then`, on the
    /// clock of `leaf::next`.
    pub(super) fn may_have_received_since(&self, then: u64) -> bool {
        let has_not = |one: &Outsider| {
            // All that a `block_on` receives is received by the tasks that it polls.
            let drives = thread::drives_since(one.id).is_some_and(|since| since < then);
            let slept = |switches| census::has_slept_since(one.id, switches, then);
            drives
                || one.in_sight_since.is_some_and(|since| since < then)
                || one.switches.is_some_and(slept)
        };
        !self.is_known || !self.threads.iter().all(has_not)
    }
}

fn in_sight_since(id: u32, observed: Option<&Observation>) -> Option<u64> {
    let in_futex = futex_sleep(id).is_some();
    let since = observed.and_then(|one| {
        // In a futex that is not watched it is woken for something else.
        let waits_in_sight = !in_futex || one.thread.waits.is_some();
        one.in_sight_since.filter(|_| waits_in_sight)
    });
    // No closure was given to the first thread, but it can be woken, and run.
    let is_first_asleep =
        || id == std::process::id() && !in_futex && switches_of_asleep(id).is_some();
    since.or_else(|| is_first_asleep().then_some(0))
}
