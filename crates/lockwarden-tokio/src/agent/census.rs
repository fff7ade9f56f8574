//! When the threads of the process slept.
//!
//! A thread that has slept since before a guard was taken has not received the guard, and as it was not woken, nothing
//! that it works off was put anywhere for it. A census lists the threads that sleep in a futex, with a limit or without, or
//! for a time, at one moment, each with the count of its switches to another thread. A thread that sleeps now and has the
//! same count has slept all the time since. One in a `read` or the like is not listed: it may be at work, and come to what
//! waits for it after that.

use std::collections::BTreeMap;
use std::sync::Once;
use std::time::{Duration, Instant};

use lockwarden::instrument::{futex_sleep, switches_of_asleep};
use parking_lot::Mutex;

use super::leaf;
use super::thread;

/// The threads that slept at one moment.
struct Census {
    /// On the clock of `leaf::next`: what has a greater number began later.
    number: u64,
    taken: Instant,
    /// How long it took.
    lasted: Duration,
    /// By the system's number of each, the count of its switches until then.
    asleep: BTreeMap<u32, u64>,
}

/// The oldest ones first. There is one per process, so a number is not reused by the system often enough to matter:
/// the counts of another thread would have to be equal, too.
static ALL: Mutex<Vec<Census>> = Mutex::new(Vec::new());

/// How many are kept: the first and the latest ones.
const KEPT: usize = 16;

/// The least time between two of [`take_regularly`].
const PACE: Duration = Duration::from_millis(100);

/// Takes one when the first task becomes known.
pub(super) fn take_first() {
    static FIRST: Once = Once::new();
    FIRST.call_once(take);
}

/// Takes one.
pub(crate) fn take() {
    let began = Instant::now();
    let threads = thread::of_process().into_iter();
    let asleep: BTreeMap<u32, u64> = threads
        .filter(|id| futex_sleep(*id).is_some() || sleeps_for_a_time(*id))
        .filter_map(|id| Some((id, switches_of_asleep(id)?)))
        .collect();
    if asleep.is_empty() {
        return;
    }
    // Drawn after the counts were read, so what has a greater number began after that.
    let number = leaf::next();
    let taken = Instant::now();
    let mut all = ALL.lock();
    if all.len() == KEPT {
        all.remove(1);
    }
    all.push(Census {
        number,
        taken,
        lasted: taken - began,
        asleep,
    });
    // Two threads may have taken theirs at once.
    all.sort_by_key(|census| census.number);
}

/// Takes one, unless the last one was taken just now: they take less than a hundredth of the time.
pub(crate) fn take_regularly() {
    let is_due = |census: &Census| census.taken.elapsed() > PACE.max(census.lasted * 100);
    if ALL.lock().last().is_none_or(is_due) {
        take();
    }
}

/// Whether a thread that sleeps, with this count of switches, has done so since before `then`, on the clock of
/// `leaf::next`.
pub(crate) fn has_slept_since(id: u32, switches: u64, then: u64) -> bool {
    let all = ALL.lock();
    let before = all.iter().rev().find(|census| census.number <= then);
    before.is_some_and(|census| census.asleep.get(&id) == Some(&switches))
}

/// Whether the thread with this number of the system's sleeps for a time.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn sleeps_for_a_time(id: u32) -> bool {
    let call = std::fs::read_to_string(format!("/proc/self/task/{id}/syscall"));
    let number = call
        .ok()
        .and_then(|call| call.split(' ').next()?.parse().ok());
    number == Some(libc::SYS_clock_nanosleep)
}

/// Whether the thread with this number of the system's sleeps for a time, which is not seen here.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn sleeps_for_a_time(_id: u32) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_thread_that_was_woken_has_not_slept_since() {
        // Another test may take a census at any moment.
        let before = leaf::next();
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        let (id_sender, id) = std::sync::mpsc::channel();
        let (answer, answers) = std::sync::mpsc::channel();
        let sleeper = std::thread::spawn(move || {
            id_sender.send(thread::own_id().unwrap()).unwrap();
            for () in receiver {
                answer.send(()).unwrap();
            }
        });
        let id = id.recv().unwrap();
        // A thread sleeps for a moment elsewhere, too, where it has to wait for a page or a lock of the allocator.
        let asleep = || {
            let (mut last, mut times) = (None, 0);
            while times < 20 {
                std::thread::sleep(std::time::Duration::from_millis(1));
                let now = switches_of_asleep(id);
                times = if now.is_some() && now == last {
                    times + 1
                } else {
                    0
                };
                last = now;
            }
            last.unwrap()
        };
        asleep();
        take();
        let then = leaf::next();
        assert!(has_slept_since(id, asleep(), then));
        assert!(!has_slept_since(id, asleep(), before));
        sender.send(()).unwrap();
        answers.recv().unwrap();
        assert!(!has_slept_since(id, asleep(), then));
        drop(sender);
        sleeper.join().unwrap();
        assert_eq!(switches_of_asleep(id), None);
    }
}
