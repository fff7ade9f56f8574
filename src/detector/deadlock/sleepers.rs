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
use crate::system::{self, FutexCall, FutexSleep, NoStack, signal};
use crate::tracking::process::registry;
use crate::tracking::thread::slot::{Flag, Slot};

/// What a thread sleeps for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sleep {
    /// To be woken by any thread of the process.
    UntilWoken(Purpose),
    /// For the end of this thread, whose slot this is.
    UntilEndOf(ThreadId, &'static Slot),
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

/// A thread that was seen asleep in a futex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sighting {
    pub(super) os_id: u32,
    switches: u64,
}

impl Sighting {
    /// Returns whether the thread has slept ever since it was seen.
    pub(super) fn still_sleeps(self) -> bool {
        system::switches_of_asleep(self.os_id) == Some(self.switches)
    }
}

/// A thread of the program that was seen asleep.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sleeper {
    pub(super) seen: Sighting,
    pub(super) sleep: Sleep,
}

impl Sleeper {
    /// Returns what the thread sleeps in, if any other one could wake it.
    pub(super) fn purpose(&self) -> Option<Purpose> {
        match self.sleep {
            Sleep::UntilWoken(purpose) => Some(purpose),
            Sleep::UntilEndOf(..) => None,
        }
    }

    fn is_unknown(&self) -> bool {
        self.purpose() == Some(Purpose::Unknown)
    }
}

/// What threads have answered that were asked for their stacks.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// Each with the sleep for which it holds.
    all: Vec<(Sighting, Purpose)>,
    asked: Option<Instant>,
}

impl Answers {
    /// The least time from one question to the next: a thread that is asked wakes up for it.
    const PAUSE: Duration = Duration::from_secs(1);
    /// The most threads that are asked at once.
    const MOST: usize = 64;
    /// How often to look whether those that have answered sleep again, a millisecond each.
    const PATIENCE: u32 = 20;

    fn of(&self, seen: Sighting) -> Purpose {
        let answer = self.all.iter().find(|answer| answer.0 == seen);
        answer.map_or(Purpose::Unknown, |answer| answer.1)
    }

    /// Returns whether threads may be asked again.
    pub(super) fn are_due(&self) -> bool {
        self.asked
            .is_none_or(|asked| asked.elapsed() >= Self::PAUSE)
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
        let unknown = sleepers.all.iter().filter(|one| one.is_unknown());
        let mut requests = Vec::new();
        for seen in unknown
            .map(|one| one.seen)
            .filter(|seen| seen.still_sleeps())
        {
            requests.push((seen.os_id, system::look(seen.os_id).blocked));
        }
        requests.truncate(Self::MOST);
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
        // The signal handler does not sleep: a thread with two equal counts has returned from it, to its futex. If not, its count
        // is another one at the next look, which drops the answer.
        for _ in 0..Self::PATIENCE {
            if open.is_empty() {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
            open.retain_mut(|(os_id, last, purpose)| {
                let switches = system::switches_of_asleep(*os_id);
                if let Some(switches) = switches.filter(|_| switches == *last) {
                    let os_id = *os_id;
                    self.all.push((Sighting { os_id, switches }, *purpose));
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
    /// Those of the program, in the order of their ids.
    all: Vec<Sleeper>,
    /// Those of the library, with a limit or without.
    ours: Vec<Sighting>,
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
        let (mut all, mut ours, mut runs) = (Vec::new(), Vec::new(), false);
        for (id, slot) in known.iter().filter(|(_, slot)| !is_waiting(slot)) {
            let seen = sight(*id);
            if slot.life.has(Flag::Ours) {
                ours.extend(seen.map(|(seen, _)| seen));
                continue;
            }
            let sleeper = seen.and_then(|seen| of(seen, &ids, &known, answers));
            all.extend(sleeper);
            runs |= sleeper.is_none();
        }
        // Beside a thread that runs, no other one makes a difference.
        let has_slot = |id: &u32| known.binary_search_by_key(id, |(id, _)| *id).is_ok();
        for &id in ids.iter().filter(|id| !runs && !has_slot(id)) {
            all.extend(sight(id).and_then(|seen| of(seen, &ids, &known, answers)));
        }
        sorting::sort_by_key(&mut all, |one| one.seen.os_id);
        answers
            .all
            .retain(|(seen, _)| all.iter().any(|one| one.seen == *seen));
        Self { all, ours }
    }

    /// Returns the thread with this id of the operating system, if it was seen asleep.
    pub(super) fn with_id(&self, os_id: u32) -> Option<Sleeper> {
        let at = self
            .all
            .binary_search_by_key(&os_id, |one| one.seen.os_id)
            .ok()?;
        Some(self.all[at])
    }

    pub(super) fn remove(&mut self, os_id: u32) {
        self.all.retain(|one| one.seen.os_id != os_id);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Returns whether it is not known of one what it sleeps in.
    pub(super) fn any_unknown(&self) -> bool {
        self.all.iter().any(Sleeper::is_unknown)
    }

    /// Returns whether the library's thread with this id has slept since it was looked at.
    pub(super) fn has_ours(&self, os_id: u32) -> bool {
        let mut ours = self.ours.iter();
        ours.any(|seen| seen.os_id == os_id && seen.still_sleeps())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Sleeper> {
        self.all.iter()
    }
}

/// Returns whether the thread of the slot has published a wait.
fn is_waiting(slot: &Slot) -> bool {
    !slot.wait.epoch().is_multiple_of(2)
}

/// Looks whether the thread with this id sleeps in a futex.
fn sight(os_id: u32) -> Option<(Sighting, FutexCall)> {
    // Most threads do not sleep so, and the file is small.
    system::futex_call(os_id)?;
    // Says that the thread sleeps. Before the call is read that counts: if the count is the same later, the thread was in that
    // call all the time.
    let switches = system::switches_of_asleep(os_id)?;
    Some((Sighting { os_id, switches }, system::futex_call(os_id)?))
}

/// Returns what the thread of the program that was seen in this call sleeps for, unless it goes on by itself. `ids` are those of
/// all threads, `known` the threads with a slot.
fn of(
    (seen, call): (Sighting, FutexCall),
    ids: &[u32],
    known: &[(u32, &'static Slot)],
    answers: &Answers,
) -> Option<Sleeper> {
    if call.is_timed {
        return None;
    }
    let is_joined = |(_, slot): &&(u32, &Slot)| slot.life.is_joined_at(call.address, call.value);
    let sleep = if call.sleep() == Some(FutexSleep::Untimed) {
        Sleep::UntilWoken(answers.of(seen))
    } else if let Some((_, joined)) = known.iter().find(is_joined) {
        Sleep::UntilEndOf(joined.thread()?, joined)
    } else {
        // One that has no slot, so the futex is not seen to be in its descriptor. No other process can wake a thread at an
        // address that it does not share.
        let is_id = ids.binary_search(&call.value).is_ok();
        (is_id && system::is_private(call.address)).then_some(Sleep::UntilWoken(Purpose::Wait))?
    };
    Some(Sleeper { seen, sleep })
}
