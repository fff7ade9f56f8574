//! Turns: which thread gets the next one, and how a thread gives its own back.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::MutexGuard;

use super::settings::End;
use super::state::{MOST_LAPSES, Mode, State, Status, Thread, waits};
use super::{Session, progress};
use crate::explore::aim::Aim;
use crate::tracking::scheduled::{AfterWait, Next};

/// After so many choices in succession that only threads in such loops have made a step of, the loops wait for the
/// time of day, or for a thread outside: each further turn takes real time.
const MOST_IDLE: usize = 256;
const PAUSE: Duration = Duration::from_millis(1);
/// How many choices a schedule may have before its threads are left to themselves.
const MOST_CHOICES: usize = 100_000;

impl Session {
    /// Gives the turn to the thread that the strategy chooses, or stops if there is none.
    pub(super) fn pass_on(&self, state: &mut State) {
        state.running = None;
        if state.mode != Mode::Turns {
            return;
        }
        if state.choices.len() >= MOST_CHOICES {
            state.inexact = true;
            state.free(false);
            return;
        }
        let mut options =
            state.those(&|status| matches!(status, Status::Ready | Status::Waits { again: true }));
        let only_yield = options.is_empty();
        if only_yield {
            options = state.those(&|status| status == Status::Yields);
        }
        if let Some(aim) = &mut state.aim
            && !options.is_empty()
        {
            let threads = &state.threads;
            options = aim.among(options, only_yield, &|| waits(threads, None));
        }
        let body = state.threads.first();
        let body_has_ended = body.is_none_or(|body| body.status == Status::Ended);
        // What is left then waits in loops for what does not come.
        if options.is_empty() || (body_has_ended && state.idle > MOST_IDLE) {
            let comes = |status| {
                // A thread that meets another one goes on as soon as no meeting is under way.
                status == Status::Away || (status == Status::Meets && state.meeting.is_none())
            };
            if state.those(&comes).is_empty() {
                let is_reached = state.aim.as_ref().is_some_and(Aim::is_reached);
                let end = if body_has_ended && !is_reached {
                    End::Over
                } else {
                    End::Stuck
                };
                state.mode = Mode::Stopped(end);
                if end == End::Stuck {
                    progress::write(&self.settings, state, "stuck");
                }
                self.stopped.notify_all();
            }
            // Else one that is away comes back, or the time will be over.
            return;
        }
        let joins = mem::take(&mut state.joins);
        state.chooser.see(&state.next, &joins);
        let chosen = state.chooser.choose(state.last, &options);
        if let Some(aim) = &mut state.aim {
            aim.chosen(chosen);
        }
        state.choices.push(chosen);
        state.steps.push(chosen);
        state.running = Some(chosen);
        state.idle += 1;
        let thread = &mut state.threads[chosen];
        thread.status = Status::Chosen;
        thread.turn.notify_one();
    }

    /// Takes the turn back from the thread, which has `status` from then on, and waits for its next one.
    pub(super) fn give_back(
        &self,
        mut state: MutexGuard<'_, State>,
        thread: usize,
        status: Status,
    ) -> AfterWait {
        let was_running = state.running == Some(thread);
        state.threads[thread].status = status;
        // One that was away comes back to a point while another thread has the turn, or none.
        if was_running || state.running.is_none() {
            self.pass_on(&mut state);
        }
        self.await_turn(state, thread)
    }

    /// Waits until the thread has the turn, or there are no turns any more.
    pub(super) fn await_turn(&self, mut state: MutexGuard<'_, State>, thread: usize) -> AfterWait {
        let turn = Arc::clone(&state.threads[thread].turn);
        loop {
            if let Mode::Free { unwind } = state.mode {
                // A selected hand-over cannot be given up.
                return AfterWait::free(unwind && !state.is_meeting(thread));
            }
            if state.threads[thread].status == Status::Chosen {
                state.threads[thread].status = Status::Runs;
                state.taken += 1;
                if state.idle > MOST_IDLE {
                    drop(state);
                    std::thread::sleep(PAUSE);
                }
                return AfterWait::Retry;
            }
            if state.threads[thread].status == Status::Meets {
                return AfterWait::Retry;
            }
            turn.wait(&mut state);
        }
    }

    /// Takes the turn back from the thread after a step; the thread has the status that `status` returns from then on.
    pub(super) fn stop_at(
        &self,
        thread: usize,
        next: Next,
        status: &dyn Fn(&mut Thread) -> Status,
    ) -> AfterWait {
        let mut state = self.state.lock();
        if let Mode::Free { unwind } = state.mode {
            return AfterWait::free(unwind);
        }
        // Two threads that run beside each other have one turn, until the message is handed over.
        if state.is_meeting(thread) {
            return AfterWait::Retry;
        }
        state.next[thread] = next;
        state.acted(thread);
        let mine = &mut state.threads[thread];
        let status = status(mine);
        if mine.lapses <= MOST_LAPSES {
            state.idle = 0;
        }
        self.give_back(state, thread, status)
    }
}
