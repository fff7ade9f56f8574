//! Whether all threads of the process sleep until another one of them wakes them.
//!
//! On Linux a thread that waits for another one sleeps in a futex. If that is private to the process, and the wait
//! has no limit, only a thread of the process can wake it, or a signal handler. A thread of a runtime that has the driver
//! sleeps in `epoll` in place of that: without a limit, if no timer is armed, and only a thread of the process can wake it
//! if nothing is registered there but what the driver itself has registered. So if all threads sleep so, and no
//! signal is handled by the program, none of them ever goes on, whatever they wait for. The
//! threads of lockwarden wake none but to ask a task for a probe, unless a watchdog calls the program at alerts.
//!
//! Two looks show the same threads asleep, each with the same count of switches to another thread: then each has
//! slept all the time in between, and all of them at one moment. A thread in a watched wait without a limit wakes up now and
//! then, to try again: of that one the two looks show the same wait, for which nothing was provided.

use std::collections::{BTreeMap, HashMap};

use lockwarden::instrument::{self, FutexSleep, Observation};

use crate::agent::{registry, thread};
use crate::world;

/// How a thread sleeps that another one of the process has to wake.
#[cfg_attr(
    not(all(
        any(target_os = "linux", target_os = "android"),
        any(target_arch = "x86_64", target_arch = "aarch64")
    )),
    expect(dead_code, reason = "other systems do not say how a thread sleeps")
)]
enum Sleep {
    /// In a futex of the process.
    Futex(FutexSleep),
    /// In `epoll`, without a limit; nothing is registered there but what the driver of a runtime registers for itself.
    IoDriver,
}

/// What is the same in two looks if a thread did nothing between them.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Counter {
    /// How often it has switched to another thread.
    Switches(u64),
    /// The progress of a thread in a watched wait without a limit.
    Progress(u64),
}

/// All threads of the process that are asleep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Still(BTreeMap<u32, Counter>);

impl Still {
    /// Looks whether all threads of the process sleep; none if one does not, or the system does not say. If the process
    /// `runs_tests`, its first thread waits for their ends, and starts others then.
    pub(super) fn look<'a>(
        observed: impl Iterator<Item = &'a Observation>,
        runs_tests: bool,
    ) -> Option<Self> {
        let (mut ours, mut waiting) = (Vec::new(), HashMap::new());
        let numbers = thread::all();
        // That of a task in such a wait is the one that polls it.
        let polling = |one: &Observation| {
            let task = registry::find(one.thread.id)?;
            numbers.get(&task.carrier()).copied()
        };
        for one in observed {
            let waits = one.thread.waits.is_some() && !one.is_timed && !one.is_provided;
            match one.os_id {
                Some(id) if one.is_observer => ours.push(id),
                _ if waits => {
                    let id = one.os_id.or_else(|| polling(one));
                    waiting.extend(id.map(|id| (id, one.progress)));
                }
                _ => {}
            }
        }
        let mut supervisors = world::supervisors();
        supervisors.extend(runs_tests.then(std::process::id));
        let mut io_drivers = None;
        let mut asleep = BTreeMap::new();
        // None is listed where the system does not say.
        for id in world::threads() {
            if ours.contains(&id) {
                continue;
            }
            // One that waits for the end of a check with a limit does nothing before.
            let may_be_timed = supervisors.contains(&id);
            let sleep = system::sleep_of(id)?;
            let waits = waiting.get(&id);
            let is_asleep = match sleep {
                Sleep::Futex(FutexSleep::Untimed) => true,
                Sleep::Futex(FutexSleep::Timed) => may_be_timed || waits.is_some(),
                Sleep::IoDriver => io_drivers.get_or_insert_with(IoDrivers::look).admit(id),
            };
            // Asked last: who finds the same count again knows that the thread was in the call all the time.
            let switches = instrument::switches_of_asleep(id).filter(|_| is_asleep)?;
            let counter = match (sleep, waits) {
                (Sleep::Futex(FutexSleep::Timed), Some(progress)) => Counter::Progress(*progress),
                _ => Counter::Switches(switches),
            };
            asleep.insert(id, counter);
        }
        // A callback of a watchdog may wake any thread.
        let is_all = !asleep.is_empty()
            && !instrument::handles_signals()
            && !instrument::alerts_call_program();
        is_all.then_some(Self(asleep))
    }

    /// Whether one of them polls no tasks; if the process `runs_tests`, beside the first one, which waits for the ends of those.
    pub(super) fn has_others(&self, runs_tests: bool) -> bool {
        // One that waits for work in the blocking pool sleeps with a limit, so those beyond the workers run closures.
        let runtimes = world::runtimes();
        let with_workers = runtimes.iter().filter(|runtime| !runtime.is_current_thread);
        let workers: usize = with_workers.map(|runtime| runtime.workers).sum();
        let polls =
            |id| world::is_of_runtime_or_before_check(id) || thread::drives_since(id).is_some();
        let of_runtimes = self.0.keys().filter(|id| world::is_of_runtime(**id));
        let is_first = |id: &&u32| runs_tests && **id == std::process::id();
        let mut others = self.0.keys().filter(|id| !is_first(id));
        of_runtimes.count() > workers || others.any(|id| !polls(*id))
    }

    /// Whether the thread with this number of the system's is one of those.
    pub(super) fn has(&self, id: u32) -> bool {
        self.0.contains_key(&id)
    }
}

/// The threads that may sleep in the driver of a runtime of this crate. A task, or a closure of the blocking pool, could
/// sleep in an `epoll` of its own: so these are the threads that poll tasks, while none is being polled.
struct IoDrivers {
    /// Those that poll all tasks of a runtime, by the system's numbers.
    alone: Vec<u32>,
    /// How many of the others there may be: one for each runtime that has workers and a driver.
    of_workers: usize,
}

impl IoDrivers {
    fn look() -> Self {
        let runtimes = world::runtimes();
        let mut drivers = Self {
            alone: Vec::new(),
            of_workers: 0,
        };
        if runtimes.iter().all(|runtime| runtime.is_parked()) {
            let numbers = thread::all();
            for runtime in runtimes.iter().filter(|runtime| runtime.has_io_driver) {
                let driver = runtime.only_driver();
                let driver = driver.and_then(|number| numbers.get(&number));
                drivers.alone.extend(driver);
                drivers.of_workers += usize::from(!runtime.is_current_thread);
            }
        }
        drivers
    }

    /// Whether the thread with this number of the system's may be one of them, beside those that were asked for before.
    fn admit(&mut self, id: u32) -> bool {
        let is_alone = self.alone.contains(&id);
        let is_worker = !is_alone && self.of_workers != 0 && world::is_of_runtime(id);
        self.of_workers -= usize::from(is_worker);
        is_alone || is_worker
    }
}

#[cfg(all(
    any(target_os = "linux", target_os = "android"),
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
mod system {
    use std::fs;

    use lockwarden::instrument::futex_sleep;

    use super::Sleep;

    /// In which call the thread sleeps, if that is one of these.
    pub(super) fn sleep_of(id: u32) -> Option<Sleep> {
        if let Some(sleep) = futex_sleep(id) {
            return Some(Sleep::Futex(sleep));
        }
        let call = fs::read_to_string(format!("/proc/self/task/{id}/syscall")).ok()?;
        let epoll = epoll_without_limit(&call)?;
        let registered = fs::read_to_string(format!("/proc/self/fdinfo/{epoll}")).ok()?;
        is_idle(&registered).then_some(Sleep::IoDriver)
    }

    /// The instance of `epoll` that a call waits for without a limit.
    fn epoll_without_limit(call: &str) -> Option<u64> {
        let mut fields = call.split_ascii_whitespace();
        let number: libc::c_long = fields.next()?.parse().ok()?;
        #[cfg(target_arch = "x86_64")]
        let is_wait = [libc::SYS_epoll_wait, libc::SYS_epoll_pwait].contains(&number);
        #[cfg(not(target_arch = "x86_64"))]
        let is_wait = number == libc::SYS_epoll_pwait;
        let mut argument = || u64::from_str_radix(fields.next()?.strip_prefix("0x")?, 16).ok();
        let [epoll, _, _, limit] = [argument()?, argument()?, argument()?, argument()?];
        // The limit is a C `int`, of which the upper half of the register says nothing.
        (is_wait && limit as u32 == u32::MAX).then_some(epoll)
    }

    /// Whether nothing is registered with an instance of `epoll` but the two sources that tokio's driver has for itself,
    /// for the calls that wake it and, if it handles signals, for these. They have the numbers 0 and 1, each once (a ring of
    /// `io_uring` has the number 0, too), and all others that of an address. The first one is always there, but
    /// not where the system does not list the sources.
    fn is_idle(registered: &str) -> bool {
        let number = |source: &str| {
            let (_, rest) = source.split_once("data:")?;
            u64::from_str_radix(rest.split_ascii_whitespace().next()?, 16).ok()
        };
        let sources = registered.lines().filter(|line| line.starts_with("tfd:"));
        let mut numbers: Vec<Option<u64>> = sources.map(number).collect();
        numbers.sort_unstable();
        [&[Some(0)][..], &[Some(0), Some(1)]].contains(&numbers.as_slice())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_driver_of_a_runtime_that_waits_for_nothing_is_idle() {
            let number = libc::SYS_epoll_pwait;
            let call =
                |limit: &str| format!("{number} 0x5 0x7f00 0x400 {limit} 0x0 0x8 0x7ffd 0x7f01");
            assert_eq!(epoll_without_limit(&call("0xffffffff")), Some(5));
            assert_eq!(epoll_without_limit(&call("0xffffffffffffffff")), Some(5));
            assert_eq!(epoll_without_limit(&call("0x3e8")), None);
            assert_eq!(
                epoll_without_limit("0 0x5 0x7f00 0x1 0xffffffff 0x0 0x0 0x7ffd 0x7f01"),
                None
            );
            assert_eq!(epoll_without_limit("running"), None);

            let source = |data: &str| {
                format!("tfd:        8 events: 80000019 data: {data:>16}  pos:0 ino:1 sdev:d\n")
            };
            let others = "pos:\t0\nflags:\t02000002\nmnt_id:\t15\n";
            assert!(is_idle(&format!("{others}{}{}", source("0"), source("1"))));
            assert!(!is_idle(&format!(
                "{others}{}{}",
                source("0"),
                source("7f00aa00")
            )));
            assert!(is_idle(&source("0")));
            assert!(!is_idle(&format!("{}{}", source("0"), source("0"))));
            assert!(!is_idle(others));
            assert!(!is_idle("tfd: of another form"));
        }

        #[test]
        fn the_calling_thread_is_not_asleep() {
            let own = crate::agent::thread::own_id().unwrap();
            assert!(crate::world::threads().contains(&own));
            assert!(sleep_of(own).is_none());
        }
    }
}

#[cfg(not(all(
    any(target_os = "linux", target_os = "android"),
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
mod system {
    use super::Sleep;

    pub(super) fn sleep_of(_id: u32) -> Option<Sleep> {
        None
    }
}
