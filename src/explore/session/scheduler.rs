//! What the threads of a schedule call: points, waits, and the primitives whose waiters a schedule chooses.

use std::sync::Arc;

use parking_lot::Condvar;

use super::state::{MOST_LAPSES, Mode, STEPS_OF_A_LOOP, Sleeper, State, Status, Thread, waits};
use super::{Session, progress};
use crate::engine::lists;
use crate::tracking::scheduled::{AfterWait, FailedTry, Nesting, Next, Noted, Scheduler, Touch};
use crate::tracking::thread::slot::os_id;

/// The number of the first thread.
const BODY: usize = 0;

impl Scheduler for Session {
    fn register(&self) -> usize {
        let mut state = self.state.lock();
        state.threads.push(Thread {
            name: None,
            os_id: 0,
            wait: None,
            status: Status::Ready,
            lapses: 0,
            steps: 0,
            turn: Arc::new(Condvar::new()),
            end: None,
        });
        state.next.push(Next {
            touch: Touch::Releases,
            held: Vec::new(),
        });
        state.threads.len() - 1
    }

    fn withdraw(&self, thread: usize) {
        let mut state = self.state.lock();
        state.threads[thread].status = Status::Ended;
        state.next[thread].touch = Touch::Nothing;
        self.stopped.notify_all();
    }

    fn begin(&self, thread: usize) {
        let mut state = self.state.lock();
        state.threads[thread].os_id = os_id();
        if self.settings.is_noting {
            state.threads[thread].name = std::thread::current().name().map(str::to_owned);
        }
        self.await_turn(state, thread);
    }

    fn end(&self, thread: usize) {
        let mut state = self.state.lock();
        state.acted(thread);
        state.idle = 0;
        if thread == BODY && state.mode == Mode::Turns {
            progress::write(&self.settings, &state, "over");
        }
        let was_running = state.running == Some(thread);
        state.threads[thread].status = Status::Ended;
        state.next[thread] = Next {
            touch: Touch::Nothing,
            held: Vec::new(),
        };
        lists::retain(&mut state.drains, &|(drainer, _)| *drainer != thread);
        if was_running || state.running.is_none() {
            self.pass_on(&mut state);
        }
        self.stopped.notify_all();
    }

    fn point(&self, thread: usize, next: Next) {
        self.stop_at(thread, next, &|mine| {
            mine.steps += 1;
            if mine.steps > STEPS_OF_A_LOOP {
                mine.lapses = 0;
            }
            Status::Ready
        });
    }

    fn give_way(&self, thread: usize, next: Next) -> AfterWait {
        self.stop_at(thread, next, &|mine| {
            mine.lapse();
            Status::Yields
        })
    }

    fn lapse(&self, thread: usize, next: Next) -> AfterWait {
        self.stop_at(thread, next, &|mine| {
            mine.lapse();
            match mine.lapses > MOST_LAPSES {
                true => Status::Yields,
                false => Status::Ready,
            }
        })
    }

    fn reduces(&self) -> bool {
        self.settings.reduces
    }

    fn leaves(&self, thread: usize, end: usize) {
        self.state.lock().threads[thread].end = Some(end);
    }

    fn joined(&self, thread: usize, end: usize) {
        let mut state = self.state.lock();
        let is_it = |other: &Thread| other.end == Some(end);
        // One that ended in another way, or that is of no schedule, is not among them. The last one: an
        // address is used again when its thread is joined.
        if let Some(other) = state.threads.iter().rposition(is_it) {
            state.joins.push((thread, other));
        }
    }

    fn wait(&self, thread: usize, failed: FailedTry) -> AfterWait {
        let mut state = self.state.lock();
        if let Mode::Free { unwind } = state.mode {
            return AfterWait::free(unwind);
        }
        match failed {
            // One that was away meanwhile has done something else in its turn.
            FailedTry::Unseen if state.running == Some(thread) => {
                state.chooser.take_back(thread);
                state.steps.pop();
            }
            FailedTry::Unseen => {}
            FailedTry::Seen => state.last = Some(thread),
            FailedTry::Arrived => state.acted(thread),
        }
        if let Some((host, guest)) = state.meeting
            && guest == thread
            && state.running == Some(host)
        {
            // It waits before it completes a selected hand-over: the host cannot go on before that.
            state.threads[host].status = Status::Meets;
            state.running = None;
        }
        self.give_back(state, thread, Status::Waits { again: false })
    }

    fn drain(&self, thread: usize, lock: usize, drains: bool) {
        let mut state = self.state.lock();
        lists::retain(&mut state.drains, &|drain| *drain != (thread, lock));
        if drains {
            state.drains.push((thread, lock));
        }
    }

    fn is_drained(&self, thread: usize, lock: usize) -> bool {
        let state = self.state.lock();
        let is_other = |(drainer, drained): &(usize, usize)| *drained == lock && *drainer != thread;
        // A thread that waits for itself, outside of turns, has the bare lock to tell.
        state.mode == Mode::Turns && lists::any(&state.drains, &is_other)
    }

    fn sleep(&self, thread: usize, condvar: usize) {
        self.state.lock().sleepers.push(Sleeper {
            thread,
            condvar,
            notified: false,
        });
    }

    fn is_notified(&self, thread: usize) -> bool {
        let state = self.state.lock();
        let mut sleepers = state.sleepers.iter();
        sleepers.any(|sleeper| sleeper.thread == thread && sleeper.notified)
    }

    fn awake(&self, thread: usize) {
        let mut state = self.state.lock();
        lists::retain(&mut state.sleepers, &|sleeper| sleeper.thread != thread);
    }

    fn notify(&self, condvar: usize, all: bool) -> usize {
        let mut state = self.state.lock();
        let mut notified = 0;
        for sleeper in &mut state.sleepers {
            if sleeper.condvar == condvar && !sleeper.notified && (all || notified == 0) {
                sleeper.notified = true;
                notified += 1;
            }
        }
        notified
    }

    fn offer(&self, thread: usize, place: usize, waits: bool) {
        let mut state = self.state.lock();
        if waits {
            state.offers.push((thread, place));
        } else if let Some(at) = state.offers.iter().position(|it| *it == (thread, place)) {
            state.offers.remove(at);
        }
    }

    fn meet(&self, thread: usize, places: &[usize]) -> bool {
        let mut state = self.state.lock();
        if state.mode != Mode::Turns || state.running != Some(thread) || state.meeting.is_some() {
            return false;
        }
        let waits = |other: usize| matches!(state.threads[other].status, Status::Waits { .. });
        let is_met = |(other, place): &(usize, usize)| {
            *other != thread && places.contains(place) && waits(*other)
        };
        let Some(&(other, _)) = lists::find(&state.offers, &is_met) else {
            return false;
        };
        state.meeting = Some((thread, other));
        let other = &mut state.threads[other];
        other.status = Status::Meets;
        other.turn.notify_one();
        true
    }

    fn is_meeting(&self, thread: usize) -> bool {
        let state = self.state.lock();
        state.mode == Mode::Turns && state.is_meeting(thread)
    }

    fn part(&self, thread: usize) {
        let mut state = self.state.lock();
        if let Some((host, _)) = state.meeting.filter(|(_, guest)| *guest == thread) {
            state.meeting = None;
            state.threads[host].turn.notify_one();
            self.give_back(state, thread, Status::Ready);
            return;
        }
        let turn = Arc::clone(&state.threads[thread].turn);
        while state.mode == Mode::Turns && state.meeting.is_some_and(|(host, _)| host == thread) {
            turn.wait(&mut state);
        }
        if state.mode == Mode::Turns && state.running != Some(thread) {
            // It has lost its turn while the other one waited.
            self.give_back(state, thread, Status::Ready);
        }
    }

    fn has_turns(&self) -> bool {
        self.state.lock().mode == Mode::Turns
    }

    fn note_try(&self) {
        self.state.lock().tries = true;
    }

    fn is_noting(&self) -> bool {
        self.settings.is_noting
    }

    fn has_aim(&self) -> bool {
        self.has_aim
    }

    fn comes(&self, thread: usize, nesting: Nesting) {
        let mut state = self.state.lock();
        let aim = state.aim.as_mut();
        if aim.is_some_and(|aim| aim.comes(thread, nesting)) {
            progress::write(&self.settings, &state, "");
        }
    }

    fn is_quiet(&self) -> bool {
        self.settings.is_quiet
    }

    fn note(&self, thread: usize, step: Noted) {
        let mut state = self.state.lock();
        let waits_now = step.is_wait();
        state.threads[thread].wait = waits_now.then(|| step.clone());
        state.notes.push((thread, step));
        let State { aim, threads, .. } = &mut *state;
        // Before the detector reports the deadlock, and may end it by a panic.
        if let Some(aim) = aim.as_mut().filter(|_| waits_now) {
            aim.waits(&waits(threads, Some(thread)));
        }
    }

    fn has_points_before_releases(&self) -> bool {
        self.settings.before_releases
    }
}
