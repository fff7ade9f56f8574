//! One schedule under way: one thread at a time has the turn.
//!
//! A thread gives its turn back at a point, when it has to wait, and when it ends; then the strategy
//! chooses among the threads that can go on. What a thread waits for is not known here: a thread that has
//! tried and failed can go on when another thread has made a step, and tries again. When every
//! thread that has not ended has failed since the last step, none can go on: a deadlock.

mod progress;
mod scheduler;
mod settings;
mod state;
mod turns;

use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fmt, mem};

use parking_lot::{Condvar, Mutex, MutexGuard};

pub(crate) use self::settings::{End, Settings};
use self::state::{Mode, State, Status};
use super::aim::Aim;
use super::course::Course;
use super::outside::Outside;
use super::schedule::Schedule;
use super::strategy::{Choose, Replay};

/// How long a thread may stay away from the scheduler if nothing else is said.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);
/// How often the supervisor looks whether the thread that has the turn stays away from every point.
const LOOK: Duration = Duration::from_millis(100);

pub(crate) struct Session {
    state: Mutex<State>,
    stopped: Condvar,
    settings: Settings,
    has_aim: bool,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl Session {
    /// Returns a schedule that `chooser` chooses, and that tries to reach the deadlock of `aim`, if there is one.
    pub(crate) fn new(chooser: Box<dyn Choose>, settings: Settings, aim: Option<Aim>) -> Arc<Self> {
        Arc::new(Self {
            has_aim: aim.is_some(),
            state: Mutex::new(State::new(chooser, aim)),
            stopped: Condvar::new(),
            settings,
        })
    }

    /// Returns whether the thread with this id of the operating system is one of the schedule that has not ended.
    pub(crate) fn has(&self, os_id: u32) -> bool {
        self.is_over(os_id) == Some(false)
    }

    /// Returns whether the thread with this id of the operating system has ended, if it is one of the schedule.
    pub(crate) fn is_over(&self, os_id: u32) -> Option<bool> {
        let state = self.state.lock();
        // The last one: an id is used again.
        let mut threads = state.threads.iter().rev();
        let thread = threads.find(|thread| thread.os_id == os_id)?;
        Some(thread.status == Status::Ended)
    }

    /// Writes to the report file that the schedule has begun.
    pub(super) fn begun(&self) {
        progress::write(&self.settings, &self.state.lock(), "");
    }

    pub(crate) fn start(&self) {
        let mut state = self.state.lock();
        self.pass_on(&mut state);
    }

    /// Waits for the end of the schedule, for at most `limit`. No thread runs then, but those that stay
    /// away. A thread that does not come back to a point within `patience` loses its turn.
    pub(crate) fn supervise(&self, limit: Duration, patience: Duration) -> End {
        let mut state = self.state.lock();
        let (mut passed, mut seen) = (Duration::ZERO, (state.taken, Duration::ZERO));
        loop {
            if let Mode::Stopped(end) = state.mode {
                return end;
            }
            if matches!(state.mode, Mode::Free { .. }) {
                // Too many choices: the threads run until they end.
                if state.have_ended() {
                    return End::Over;
                }
            }
            let left = limit.saturating_sub(passed);
            if left.is_zero() {
                return End::Late;
            }
            let since = Instant::now();
            let longest = left.min(LOOK).min(patience);
            self.stopped.wait_for(&mut state, longest);
            // A debugger that stops the process stops the time of the schedule.
            passed += since.elapsed().min(2 * longest);
            if state.taken != seen.0 {
                seen = (state.taken, passed);
            } else if passed - seen.1 >= patience
                && let Some(away) = state.running
                && state.threads[away].status == Status::Runs
                && state.mode == Mode::Turns
            {
                if self.settings.looks_outside && state.outside.is_none() {
                    let os_id = state.threads[away].os_id;
                    // Unlocked, so that the thread can come back meanwhile.
                    let outside = MutexGuard::unlocked(&mut state, || Outside::look(os_id));
                    state.outside = outside;
                    if state.running != Some(away) || state.taken != seen.0 {
                        continue;
                    }
                }
                state.threads[away].status = Status::Away;
                state.inexact = true;
                state.acted(away);
                self.pass_on(&mut state);
            }
        }
    }

    /// Ends the turns: all threads run, and those that wait unwind if `unwind` is set.
    pub(crate) fn release(&self, unwind: bool) {
        let mut state = self.state.lock();
        state.free(unwind);
    }

    /// Waits until all threads have ended, for at most `limit`; returns whether they have.
    pub(crate) fn has_ended(&self, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        let mut state = self.state.lock();
        while !state.have_ended() {
            if self.stopped.wait_until(&mut state, end).timed_out() {
                return false;
            }
        }
        true
    }

    /// Takes the course of the schedule out of it, at its end. Threads that still run get a strategy that chooses nothing.
    pub(crate) fn finish(&self, has_deadlocked: bool) -> Course {
        let mut state = self.state.lock();
        let chooser = mem::replace(&mut state.chooser, Box::new(Replay::new(Vec::new())));
        let diverged = chooser.has_diverged(has_deadlocked);
        let mut names = Vec::with_capacity(state.threads.len());
        for thread in &mut state.threads {
            names.push(thread.name.take());
        }
        Course {
            chooser,
            schedule: Schedule {
                choices: mem::take(&mut state.choices),
                before_releases: self.settings.before_releases,
            },
            steps: mem::take(&mut state.steps),
            notes: mem::take(&mut state.notes),
            names,
            outside: state.outside.take(),
            sight: state.aim.as_ref().map(Aim::sight),
            exact: !state.inexact && !diverged,
            tries: state.tries,
            broken: false,
        }
    }
}
