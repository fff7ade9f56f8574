//! Completion (`task_done`, `join`) and shutdown of a queue.

use std::time::Duration;

use super::Shutdown;
use super::core::{Core, State, sleep};
use super::error::{TooManyDone, Unfinished};
use super::store::Store;
use super::turn::Turn;
use crate::extra::limited::wait_until;
use crate::instrument::{self, Clock, MergedClock, Site, WaitReason, deadline_after};

impl<S: Store, W: Turn> Core<S, W> {
    pub(crate) fn task_done(&self) -> Result<(), TooManyDone> {
        instrument::point("ends a task of", &self.record);
        let past = Clock::release();
        let mut state = self.state.lock();
        state.taken = state.taken.checked_sub(1).ok_or(TooManyDone)?;
        state.done.add_mut(&past);
        if state.unfinished() == 0 {
            self.record.provided();
            self.all_done.notify_all();
        }
        Ok(())
    }

    pub(crate) fn join(&self, site: Site) {
        if let Some(done) = self.join_within(None, site) {
            done.acquire();
        }
    }

    pub(crate) fn join_timeout(&self, timeout: Duration, site: Site) -> Result<(), Unfinished> {
        let Some(done) = self.join_within(Some(timeout), site) else {
            let count = self.state.lock().unfinished();
            return Err(Unfinished { count });
        };
        done.acquire();
        Ok(())
    }

    fn join_within(&self, timeout: Option<Duration>, site: Site) -> Option<MergedClock> {
        instrument::point("looks at", &self.record);
        let at_once = self.finished(&self.state.lock());
        at_once.or_else(|| {
            let mut attempt = |limit| self.finished_within(limit);
            let deadline = timeout.map(deadline_after);
            wait_until(
                &self.record,
                None,
                WaitReason::Tasks,
                deadline,
                site,
                &mut attempt,
            )
        })
    }

    pub(crate) fn shutdown(&self, how: Shutdown, site: Site) {
        instrument::point("shuts down", &self.record);
        let past = Clock::release();
        // A thread that changes the items has taken them out of the queue.
        let turn = (how == Shutdown::Immediate).then(|| self.turn.take(site));
        let mut state = self.state.lock();
        // Calls that fail acquire the clock of the first shutdown only: a later shutdown may follow
        // their failure.
        if !state.is_shut_down {
            state.is_shut_down = true;
            self.down.add(&past);
        }
        let left = match how {
            Shutdown::Graceful => S::default(),
            Shutdown::Immediate => {
                state.len = 0;
                std::mem::take(&mut state.store)
            }
        };
        self.record.provided();
        if state.unfinished() == 0 {
            self.all_done.notify_all();
        }
        self.not_empty.notify_all();
        self.not_full.notify_all();
        drop(state);
        drop(turn);
        // Outside the locks, since destructors of the program run here.
        drop(left);
    }

    /// Returns the merged clock of all `task_done` calls if no item is unfinished.
    fn finished(&self, state: &State<S>) -> Option<MergedClock> {
        (state.unfinished() == 0).then(|| state.done.snapshot())
    }

    /// Waits until no item is unfinished, for at most `limit`, and then returns the merged clock of
    /// all `task_done` calls.
    fn finished_within(&self, limit: Option<Duration>) -> Option<MergedClock> {
        let mut state = self.state.lock();
        let finished = self.finished(&state);
        if finished.is_none() && sleep(&self.all_done, &mut state, limit) {
            return self.finished(&state);
        }
        finished
    }
}
