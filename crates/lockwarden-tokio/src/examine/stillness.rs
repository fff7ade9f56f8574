//! Whether all threads of the process sleep until another one of them wakes them.
//!
//! On Linux a thread that waits for another one sleeps in a futex. If that is private to the process, and the wait
//! has no limit, only a thread of the process can wake it, or a signal handler. So if all threads sleep so, and no
//! handler is installed that lockwarden does not know, none of them ever goes on, whatever they wait for. The
//! threads of lockwarden wake none but to ask a task for a probe.
//!
//! Two looks show the same threads asleep, each with the same count of switches to another thread: then each has
//! slept all the time in between, and all of them at one moment.

use std::collections::BTreeMap;

use lockwarden::instrument::Observation;

use crate::world;

/// All threads of the process that are asleep, with their counts of switches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Still(BTreeMap<u32, u64>);

impl Still {
    /// Looks whether all threads of the process sleep; none if one does not, or the system does not say.
    pub(super) fn look<'a>(observed: impl Iterator<Item = &'a Observation>) -> Option<Self> {
        let ours = observed.filter(|one| one.is_observer);
        let ours: Vec<u32> = ours.filter_map(|one| one.os_id).collect();
        let supervisors = world::supervisors();
        let mut asleep = BTreeMap::new();
        // None is listed where the system does not say.
        for id in world::threads() {
            if ours.contains(&id) {
                continue;
            }
            // One that waits for the end of a check with a limit does nothing before.
            let may_be_timed = supervisors.contains(&id);
            asleep.insert(id, system::switches_of_asleep(id, may_be_timed)?);
        }
        system::has_no_handlers().then_some(Self(asleep))
    }

    /// Whether the thread with this number of the system's is one of those.
    pub(super) fn has(&self, id: u32) -> bool {
        self.0.contains_key(&id)
    }
}

#[cfg(all(
    any(target_os = "linux", target_os = "android"),
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
mod system {
    use std::fs;

    use lockwarden::instrument::{FutexSleep, futex_sleep};

    use crate::agent::census;

    /// How often the thread has given its CPU to another one, if it sleeps in a futex of the process, without a
    /// limit unless it may be timed.
    pub(super) fn switches_of_asleep(id: u32, may_be_timed: bool) -> Option<u64> {
        if futex_sleep(id)? == FutexSleep::Timed && !may_be_timed {
            return None;
        }
        census::switches_of_asleep(id)
    }

    /// Whether no signal is handled but by the standard library, the library of C and lockwarden.
    pub(super) fn has_no_handlers() -> bool {
        let Ok(status) = fs::read_to_string("/proc/self/status") else {
            return false;
        };
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        let bit = |signal: i32| 1_u64 << (signal - 1);
        let known = [libc::SIGSEGV, libc::SIGBUS, libc::SIGRTMIN() + 6]
            .into_iter()
            // Those that the library of C keeps for itself.
            .chain(32..libc::SIGRTMIN())
            .fold(0, |known, signal| known | bit(signal));
        caught.is_some_and(|caught| caught & !known == 0)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_calling_thread_is_not_asleep() {
            let own = crate::agent::thread::own_id().unwrap();
            assert!(crate::world::threads().contains(&own));
            assert_eq!(switches_of_asleep(own, true), None);
        }
    }
}

#[cfg(not(all(
    any(target_os = "linux", target_os = "android"),
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
mod system {
    pub(super) fn switches_of_asleep(_id: u32, _may_be_timed: bool) -> Option<u64> {
        None
    }

    pub(super) fn has_no_handlers() -> bool {
        false
    }
}
