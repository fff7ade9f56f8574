//! Threads that sleep without a published wait until another thread wakes them: in a join, a condition variable or a
//! channel of a type that is not watched, or in C.
//!
//! On Linux a thread that waits for another one sleeps in a futex. If that is private to the process, and the wait has no
//! limit, only a thread of the process ends it, or a signal handler, so such a thread waits for any of them. A thread in
//! `pthread_join` sleeps in a futex in the descriptor of the thread that it waits for, and for that one alone.
//!
//! A first look at these threads comes before the snapshot, a second one after it. If both show a thread asleep, with the
//! same count of switches to another thread, it slept while the snapshot was taken.
//!
//! A program may also rest: `main` is parked until the program is killed. Whether a thread is parked, or waits for others, is
//! asked of its stack, once for each sleep, and only when all other threads are blocked.

use std::time::{Duration, Instant};

use crate::engine::ids::ThreadId;
use crate::engine::sorting;
use crate::system::{self, FutexSleep, NoStack, signal};
use crate::tracking::process::registry;
use crate::tracking::thread::slot::{Flag, Slot};

/// What a thread sleeps for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sleep {
    /// To be woken by any thread of the process.
    UntilWoken(Purpose),
    /// For the end of this thread, whose slot this is.
    UntilEndOf(ThreadId, &'static Slot),
    /// The thread is one of the library's own, and sleeps in any way.
    OfOurs,
}

/// What a thread that any other one could wake sleeps in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It was not asked yet.
    Unknown,
    /// A wait, which the program means to end by another thread.
    Wait,
    /// A park, in which a program may rest until it is killed, or a call that is not known.
    ParkOrOther,
}

/// A thread that was seen asleep.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sleeper {
    os_id: u32,
    switches: u64,
    pub(super) sleep: Sleep,
}

impl Sleeper {
    /// Returns whether the thread has slept ever since it was seen.
    pub(super) fn still_sleeps(&self) -> bool {
        system::switches_of_asleep(self.os_id) == Some(self.switches)
    }

    /// Returns what the thread sleeps in, if any other one could wake it.
    pub(super) fn purpose(&self) -> Option<Purpose> {
        match self.sleep {
            Sleep::UntilWoken(purpose) => Some(purpose),
            Sleep::UntilEndOf(..) | Sleep::OfOurs => None,
        }
    }

    pub(super) fn os_id(&self) -> u32 {
        self.os_id
    }
}

/// What threads have answered that were asked for their stacks.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// By the system's id, with the count of switches for as long as which the answer holds.
    all: Vec<(u32, u64, Purpose)>,
    asked: Option<Instant>,
}

impl Answers {
    /// The least time from one question to the next: a thread that is asked wakes up for it.
    const PAUSE: Duration = Duration::from_secs(1);
    /// The most threads that are asked at once.
    const MOST: usize = 64;
    /// How often to look whether those that have answered sleep again, a millisecond each.
    const PATIENCE: u32 = 20;

    fn of(&self, os_id: u32, switches: u64) -> Purpose {
        let mut all = self.all.iter();
        let answer = all.find(|answer| (answer.0, answer.1) == (os_id, switches));
        answer.map_or(Purpose::Unknown, |answer| answer.2)
    }

    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    /// Forgets all answers but the first `count`.
    pub(super) fn forget(&mut self, count: usize) {
        self.all.truncate(count);
    }

    /// Asks the threads of which it is not known what they sleep in. They wake up for that, so their present sleep is over.
    pub(super) fn ask(&mut self, sleepers: &Sleepers) {
        if self
            .asked
            .is_some_and(|asked| asked.elapsed() < Self::PAUSE)
        {
            return;
        }
        let is_unknown = |one: &&Sleeper| one.purpose() == Some(Purpose::Unknown);
        let unknown = sleepers.all.iter().filter(is_unknown);
        let mut requests = Vec::new();
        for one in unknown.filter(|one| one.still_sleeps()).take(Self::MOST) {
            requests.push((one.os_id, system::look(one.os_id).blocked));
        }
        if requests.is_empty() {
            return;
        }
        let mut open = Vec::new();
        for (&(os_id, _), answer) in requests.iter().zip(signal::ask(&requests)) {
            let purpose = match answer {
                Ok(stack) if stack.is_in_wait() => Purpose::Wait,
                // The system did not let it run: a later look asks again.
                Err(NoStack::NoAnswer) => continue,
                Ok(_) | Err(_) => Purpose::ParkOrOther,
            };
            open.push((os_id, None, purpose));
        }
        // Between two looks at which its count is the same, a thread has not even returned from the signal handler.
        for _ in 0..Self::PATIENCE {
            if open.is_empty() {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
            open.retain_mut(|(os_id, last, purpose)| {
                let switches = system::switches_of_asleep(*os_id);
                if let Some(switches) = switches.filter(|_| switches == *last) {
                    self.all.push((*os_id, switches, *purpose));
                    return false;
                }
                *last = switches;
                true
            });
        }
        self.asked = Some(Instant::now());
    }
}

/// The threads without a published wait that were seen asleep; those without a slot only if no thread with a slot runs.
#[derive(Debug, Default)]
pub(super) struct Sleepers {
    /// In the order of their ids.
    all: Vec<Sleeper>,
}

impl Sleepers {
    /// Looks at all threads but those whose wait is published, and forgets the answers of those that have woken up.
    pub(super) fn look(answers: &mut Answers) -> Self {
        let slots = registry::occupied();
        // By the system's ids. That of a thread that has ended may be another one's by now.
        let mut known = Vec::with_capacity(slots.len());
        for &slot in slots.iter().filter(|slot| !slot.has_ended()) {
            known.extend(slot.life.os_id().map(|id| (id, slot)));
        }
        sorting::sort_by_key(&mut known, |(id, _)| *id);
        let ids = system::threads();
        let mut all = Vec::new();
        let mut look_at = |id, is_ours| {
            let seen = look(id, is_ours, (&ids, &known), answers);
            all.extend(seen);
            seen.is_some()
        };
        let mut runs = false;
        for (id, slot) in known.iter().filter(|(_, slot)| !is_waiting(slot)) {
            let is_ours = slot.life.has(Flag::Ours);
            runs |= !look_at(*id, is_ours) && !is_ours;
        }
        // Beside a thread that runs, no other one makes a difference.
        let has_slot = |id: &u32| known.binary_search_by_key(id, |(id, _)| *id).is_ok();
        for &id in ids.iter().filter(|id| !runs && !has_slot(id)) {
            look_at(id, false);
        }
        sorting::sort_by_key(&mut all, |one| one.os_id);
        answers.all.retain(|&(os_id, switches, _)| {
            let is_it = |one: &Sleeper| (one.os_id, one.switches) == (os_id, switches);
            all.iter().any(is_it)
        });
        Self { all }
    }

    /// Returns the thread with this id of the operating system, if it was seen asleep.
    pub(super) fn with_id(&self, os_id: u32) -> Option<Sleeper> {
        let at = self
            .all
            .binary_search_by_key(&os_id, |one| one.os_id)
            .ok()?;
        Some(self.all[at])
    }

    pub(super) fn remove(&mut self, os_id: u32) {
        self.all.retain(|one| one.os_id != os_id);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Sleeper> {
        self.all.iter()
    }
}

/// Returns whether the thread of the slot has published a wait.
fn is_waiting(slot: &Slot) -> bool {
    !slot.wait.epoch().is_multiple_of(2)
}

/// Looks at the thread with this id.
fn look(
    os_id: u32,
    is_ours: bool,
    (ids, known): (&[u32], &[(u32, &'static Slot)]),
    answers: &Answers,
) -> Option<Sleeper> {
    // Most threads do not sleep so, and the file is small.
    system::futex_call(os_id)?;
    // Says that the thread sleeps. Before the call is read that counts: if the count is the same later, the thread was in that
    // call all the time.
    let switches = system::switches_of_asleep(os_id)?;
    let call = system::futex_call(os_id)?;
    let sleep = if is_ours {
        Sleep::OfOurs
    } else if call.is_timed {
        return None;
    } else if call.sleep() == Some(FutexSleep::Untimed) {
        Sleep::UntilWoken(answers.of(os_id, switches))
    } else {
        let is_joined =
            |(_, slot): &&(u32, &Slot)| slot.life.is_joined_at(call.address, call.value);
        match known.iter().find(is_joined) {
            Some((_, slot)) => Sleep::UntilEndOf(slot.thread()?, slot),
            None => {
                // One that has no slot, so the futex is not seen to be in its descriptor. No other process can wake a thread at
                // an address that it does not share.
                let is_id = ids.binary_search(&call.value).is_ok();
                (is_id && system::is_private(call.address))
                    .then_some(Sleep::UntilWoken(Purpose::Wait))?
            }
        }
    };
    Some(Sleeper {
        os_id,
        switches,
        sleep,
    })
}
