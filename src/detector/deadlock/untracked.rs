//! How many threads may go on beside those of a snapshot: untracked ones, and those of the library that the program waits for.

use super::sleepers::{Answers, Purpose, Sleep, Sleeper};
use super::snapshot::{Snapshots, ThreadSnapshot};
use crate::engine::wait_reason::WaitReason;
use crate::system::signal::handlers;
use crate::tracking::process::alerts::{Trigger, Triggers};
use crate::tracking::process::os_threads;
use crate::tracking::thread::current;
use crate::tracking::thread::slot::Flag;
use crate::tracking::thread::wait::WaitKind;

impl Snapshots {
    /// Returns how many threads the process has beside those of the snapshot, if the system reports that. It
    /// is not known what these do, even if they have a slot by now. Those that were seen asleep in a wait are left out. A thread
    /// that is about to end ends no watched wait, but one of a thread that was seen asleep, as that of a join. The
    /// thread by which a watchdog calls the program counts as one of them, if it may come to do so, and so do those of the
    /// library that may be at work for a thread that was seen asleep.
    ///
    /// If a thread of the snapshot has ended since, the final check of the epochs of all threads taken as
    /// deadlocked shows that: it was running.
    pub(super) fn untracked_threads(&self) -> Option<usize> {
        let me = current::own();
        let is_other = |thread: &ThreadSnapshot| thread.ended && !std::ptr::eq(thread.slot, me);
        let is_leaving = |thread: &ThreadSnapshot| {
            self.sleepers.is_empty() && thread.slot.life.has(Flag::Leaving)
        };
        let mut living = Vec::new();
        for (at, thread) in self.threads.iter().enumerate() {
            // An agent is no thread of the system, so it makes none of those known.
            let is_agent = thread.slot.life.has(Flag::Agent);
            if !is_agent && (!is_other(thread) || is_leaving(thread)) {
                living.push(at);
            }
        }
        // Threads that are about to end, and have no slot any more, are among them.
        let mut count = os_threads::threads()?.saturating_sub(living.len());
        for at in living {
            let thread = &self.threads[at];
            // A thread that is about to end was counted by the system if it still exists.
            count += usize::from(is_other(thread) && !is_leaving(thread));
        }
        Some(
            count.saturating_sub(self.asleep(&|it| it == Purpose::Wait))
                + self.ours_at_work()
                + usize::from(self.leads_to_alert()),
        )
    }

    /// Returns whether the first thread of the process has no slot and was seen asleep.
    pub(super) fn is_first_asleep(&self) -> bool {
        let first = std::process::id();
        let is_first = |thread: &ThreadSnapshot| thread.slot.life.os_id() == Some(first);
        self.sleepers.with_id(first).is_some() && !self.threads.iter().any(is_first)
    }

    /// Lets the first thread of the process count as awake.
    pub(super) fn wake_first(&mut self) {
        self.sleepers.remove(std::process::id());
    }

    /// Returns how many threads that have no slot have slept in such a way since they were looked at, but none that a signal
    /// handler of the program may wake.
    fn asleep(&self, is_such: &dyn Fn(Purpose) -> bool) -> usize {
        if self.sleepers.is_empty() {
            return 0;
        }
        let are_handled = handlers::are_handled();
        let mut known = Vec::with_capacity(self.threads.len());
        for thread in &self.threads {
            // One that is leaving goes on; the id of one that has left may be another one's.
            let life = &thread.slot.life;
            let is_known = !thread.ended || life.has(Flag::Leaving);
            known.extend(life.os_id().filter(|_| is_known));
        }
        let is_asleep = |one: &&Sleeper| {
            let is_one = match one.sleep {
                Sleep::UntilWoken(purpose) => !are_handled && is_such(purpose),
                Sleep::UntilEndOf(id, slot) => {
                    is_such(Purpose::Wait) && self.joined(id, slot).is_some()
                }
            };
            is_one && !known.contains(&one.seen.os_id) && one.seen.still_sleeps()
        };
        self.sleepers.iter().filter(is_asleep).count()
    }

    /// Returns whether the threads without a slot would all be asleep, if those of which it is not known what they sleep in
    /// were in a wait.
    fn may_be_asleep(&self) -> bool {
        let unknown = self.asleep(&|purpose| purpose == Purpose::Unknown);
        let others = self
            .untracked_threads()
            .map(|count| count.saturating_sub(unknown));
        others == Some(0)
    }

    /// Asks the threads what they sleep in of which that is not known, if nothing else is open: all others are blocked, and stay
    /// so, so that those that are asked go back to the same sleep.
    pub(super) fn ask(&self, answers: &mut Answers) {
        let may_ask = self.sleepers.any_unknown()
            && answers.are_due()
            && !handlers::are_handled()
            && self.stands_still()
            && self.may_be_asleep();
        if !may_ask {
            return;
        }
        let before = answers.count();
        answers.ask(&self.sleepers);
        let stays = |at: usize| {
            let thread = &self.threads[at];
            let is_asked = self.purpose(at) == Some(Purpose::Unknown);
            let is_ours = thread.slot.life.has(Flag::Ours);
            is_ours || is_asked || (self.stands(at) && !self.is_awake(at))
        };
        let sleeps_on = |one: &Sleeper| match one.sleep {
            Sleep::UntilWoken(Purpose::Unknown) => true,
            Sleep::UntilWoken(_) | Sleep::UntilEndOf(..) => one.seen.still_sleeps(),
        };
        if !(0..self.threads.len()).all(stays) || !self.sleepers.iter().all(sleeps_on) {
            answers.forget(before);
        }
    }

    /// Returns how many threads of the library beside the calling one may be at work for a thread that was seen asleep.
    fn ours_at_work(&self) -> usize {
        if self.sleepers.is_empty() {
            return 0;
        }
        let me = current::own();
        let is_awake = |thread: &&ThreadSnapshot| {
            let sleeps = |id| self.sleepers.has_ours(id);
            thread.slot.life.has(Flag::Ours)
                && !thread.ended
                && !std::ptr::eq(thread.slot, me)
                && !thread.slot.life.os_id().is_some_and(sleeps)
        };
        self.threads.iter().filter(is_awake).count()
    }

    /// Returns whether a wait or a hold of the snapshot leads to an alert at which the watchdog calls the program.
    fn leads_to_alert(&self) -> bool {
        let Some(triggers) = Triggers::expected() else {
            return false;
        };
        let exempt = self.exempt_from_alerts(triggers);
        let leads = |at: usize| {
            let thread = &self.threads[at];
            if thread.ended || thread.slot.life.has(Flag::Ours) || exempt[at] {
                return false;
            }
            triggers.has(Trigger::Standstill)
                || match thread.wait.map(|wait| wait.need) {
                    Some(WaitKind::Lock(_) | WaitKind::Upgrade) => triggers.has(Trigger::LockWait),
                    // If the thread that is waited for hangs, the alert is that of its own wait.
                    Some(WaitKind::Other(WaitReason::End | WaitReason::ScopeEnd)) | None => false,
                    Some(WaitKind::Other(_)) => triggers.has(Trigger::OtherWait),
                }
        };
        (triggers.has(Trigger::Hold) && self.any_hold()) || (0..self.threads.len()).any(leads)
    }

    /// Returns which threads wait for work, as the watchdog takes it, or for a lock that only such threads hold.
    fn exempt_from_alerts(&self, triggers: Triggers) -> Vec<bool> {
        let waits_for_work = |thread: &ThreadSnapshot| match thread.wait.map(|wait| wait.need) {
            Some(WaitKind::Other(WaitReason::Job)) => true,
            Some(WaitKind::Other(WaitReason::End | WaitReason::ScopeEnd)) => false,
            Some(WaitKind::Other(_)) => {
                thread.slot.life.has(Flag::Idle) || triggers.has(Trigger::OnlyBesideEvents)
            }
            _ => false,
        };
        let mut exempt = Vec::with_capacity(self.threads.len());
        for thread in &self.threads {
            exempt.push(waits_for_work(thread));
        }
        loop {
            let is_behind = |at: usize| {
                let wait = self.threads[at].wait.as_ref();
                let keepers = wait.map_or(Vec::new(), |wait| self.keepers(wait));
                !exempt[at] && !keepers.is_empty() && keepers.iter().all(|(at, _)| exempt[*at])
            };
            match (0..exempt.len()).find(|at| is_behind(*at)) {
                Some(at) => exempt[at] = true,
                None => return exempt,
            }
        }
    }
}
