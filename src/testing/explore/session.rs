//! One schedule under way: one thread at a time has the turn.
//!
//! A thread gives its turn back at a point, when it has to wait, and when it ends; then the strategy
//! chooses among those that can go on. What a thread waits for is not known here: a thread that has
//! tried and failed can go on when another thread has done something, and tries again. When every
//! thread that has not ended has failed since the last step, none can go on: a deadlock.

use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::schedule::Schedule;
use super::strategy::Choose;
use crate::tracking::scheduled::{Failed, Scheduler, Turn};

/// How often it is looked at whether the thread that has the turn stays away from every point.
const LOOK: Duration = Duration::from_millis(100);
/// How many choices a schedule may have before its threads are left to themselves.
const MOST_CHOICES: usize = 100_000;

/// Why a schedule is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// All threads have ended, or the body has and the others wait.
    Over,
    /// The body has not ended, and no thread can go on.
    Stuck,
    /// The time was over first.
    Late,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    /// It is at a point, or has not begun.
    Ready,
    /// It lets others go first.
    Yields,
    /// It has failed; `again` if another thread has done something since.
    Waits {
        again: bool,
    },
    /// It has the turn, but the system has not let it run yet.
    Chosen,
    /// It has the turn.
    Runs,
    /// It had the turn, and has not come back to a point in time.
    Away,
    Ended,
}

/// A thread that sleeps on a condition variable, or was notified and is about to find that out.
#[derive(Debug)]
struct Sleeper {
    thread: usize,
    condvar: usize,
    notified: bool,
}

#[derive(Debug)]
struct Thread {
    status: Status,
    turn: Arc<Condvar>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// One thread at a time.
    Turns,
    /// The end was found, and the threads stand still.
    Stopped(End),
    /// Each thread runs as it likes; `unwind` if those that wait are to unwind.
    Free { unwind: bool },
}

#[derive(Debug)]
struct State {
    mode: Mode,
    threads: Vec<Thread>,
    /// The thread that has the turn.
    running: Option<usize>,
    /// The thread that made the last step.
    last: Option<usize>,
    chooser: Box<dyn Choose>,
    choices: Vec<usize>,
    /// How many turns were taken.
    taken: usize,
    /// The threads that wait as writers until the readers of a lock are gone, with its address.
    drains: Vec<(usize, usize)>,
    /// The threads that sleep on condition variables, in the order in which they began to.
    sleepers: Vec<Sleeper>,
    /// Whether a thread stayed away, so that two may have run at the same time.
    inexact: bool,
    /// Whether the program has asked if a lock is held at a moment.
    tries: bool,
}

/// The scheduler of one schedule.
#[derive(Debug)]
pub(super) struct Session {
    state: Mutex<State>,
    stopped: Condvar,
    after_acquisitions: bool,
}

/// What is left of a schedule.
#[derive(Debug)]
pub(super) struct Course {
    pub(super) chooser: Box<dyn Choose>,
    pub(super) schedule: Schedule,
    /// Whether the schedule says all about the order of the steps.
    pub(super) exact: bool,
    pub(super) tries: bool,
}

impl Session {
    pub(super) fn new(chooser: Box<dyn Choose>, after_acquisitions: bool) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                mode: Mode::Turns,
                threads: Vec::new(),
                running: None,
                last: None,
                chooser,
                choices: Vec::new(),
                taken: 0,
                drains: Vec::new(),
                sleepers: Vec::new(),
                inexact: false,
                tries: false,
            }),
            stopped: Condvar::new(),
            after_acquisitions,
        })
    }

    /// Gives the first turn.
    pub(super) fn start(&self) {
        let mut state = self.state.lock();
        self.pass_on(&mut state);
    }

    /// Waits for the end of the schedule, for at most `limit`. The threads stand still then, but for
    /// those that stay away. A thread that does not come back to a point within `patience` loses its
    /// turn.
    pub(super) fn supervise(&self, limit: Duration, patience: Duration) -> End {
        let start = Instant::now();
        let mut state = self.state.lock();
        let mut seen = (state.taken, Instant::now());
        loop {
            if let Mode::Stopped(end) = state.mode {
                return end;
            }
            if matches!(state.mode, Mode::Free { .. }) {
                // Too many choices: the threads run until they end.
                let ended = |thread: &Thread| thread.status == Status::Ended;
                if state.threads.iter().all(ended) {
                    return End::Over;
                }
            }
            let left = limit.saturating_sub(start.elapsed());
            if left.is_zero() {
                return End::Late;
            }
            self.stopped
                .wait_for(&mut state, left.min(LOOK).min(patience));
            if state.taken != seen.0 {
                seen = (state.taken, Instant::now());
            } else if seen.1.elapsed() >= patience
                && let Some(away) = state.running
                && state.threads[away].status == Status::Runs
                && state.mode == Mode::Turns
            {
                state.threads[away].status = Status::Away;
                state.inexact = true;
                state.acted(away);
                self.pass_on(&mut state);
            }
        }
    }

    /// Lets all threads run as they like; those that wait unwind if `unwind` says so.
    pub(super) fn release(&self, unwind: bool) {
        let mut state = self.state.lock();
        state.free(unwind);
    }

    /// Waits until all threads have ended, for at most `limit`; whether they have.
    pub(super) fn has_ended(&self, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        let mut state = self.state.lock();
        let ended = |thread: &Thread| thread.status == Status::Ended;
        while !state.threads.iter().all(ended) {
            if self.stopped.wait_until(&mut state, end).timed_out() {
                return false;
            }
        }
        true
    }

    /// What is left of it, when it is over. Threads that still run have another, useless strategy.
    pub(super) fn finish(&self) -> Course {
        let mut state = self.state.lock();
        let chooser = mem::replace(
            &mut state.chooser,
            Box::new(super::strategy::Replay::new(Vec::new())),
        );
        let diverged = chooser.has_diverged();
        Course {
            chooser,
            schedule: Schedule {
                choices: mem::take(&mut state.choices),
                after_acquisitions: self.after_acquisitions,
            },
            exact: !state.inexact && !diverged,
            tries: state.tries,
        }
    }

    /// Gives the turn to the thread that the strategy chooses, or stops if there is none.
    fn pass_on(&self, state: &mut State) {
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
            state.those(|status| matches!(status, Status::Ready | Status::Waits { again: true }));
        if options.is_empty() {
            options = state.those(|status| status == Status::Yields);
        }
        if options.is_empty() {
            if state.those(|status| status == Status::Away).is_empty() {
                let body_has_ended = state
                    .threads
                    .first()
                    .is_none_or(|body| body.status == Status::Ended);
                let end = if body_has_ended {
                    End::Over
                } else {
                    End::Stuck
                };
                state.mode = Mode::Stopped(end);
                self.stopped.notify_all();
            }
            // Else one that is away comes back, or the time will be over.
            return;
        }
        let chosen = state.chooser.choose(state.last, &options);
        state.choices.push(chosen);
        state.running = Some(chosen);
        let thread = &mut state.threads[chosen];
        thread.status = Status::Chosen;
        thread.turn.notify_one();
    }

    /// The thread gives its turn back, as `status` says, and waits for the next one.
    fn give_back(&self, mut state: MutexGuard<'_, State>, thread: usize, status: Status) -> Turn {
        let was_running = state.running == Some(thread);
        state.threads[thread].status = status;
        // One that was away comes back to a point while another thread has the turn, or none.
        if was_running || state.running.is_none() {
            self.pass_on(&mut state);
        }
        self.await_turn(state, thread)
    }

    fn await_turn(&self, mut state: MutexGuard<'_, State>, thread: usize) -> Turn {
        let turn = Arc::clone(&state.threads[thread].turn);
        loop {
            if let Mode::Free { unwind } = state.mode {
                return if unwind { Turn::Unwind } else { Turn::Free };
            }
            if state.threads[thread].status == Status::Chosen {
                state.threads[thread].status = Status::Runs;
                state.taken += 1;
                return Turn::Retry;
            }
            turn.wait(&mut state);
        }
    }

    /// The thread gives its turn back after a step.
    fn stop_at(&self, thread: usize, status: Status) {
        let mut state = self.state.lock();
        if matches!(state.mode, Mode::Free { .. }) {
            return;
        }
        state.acted(thread);
        self.give_back(state, thread, status);
    }
}

impl State {
    fn those(&self, is_meant: impl Fn(Status) -> bool) -> Vec<usize> {
        let meant = |at: &usize| is_meant(self.threads[*at].status);
        (0..self.threads.len()).filter(meant).collect()
    }

    /// The thread has made a step: the others may try again.
    fn acted(&mut self, thread: usize) {
        self.last = Some(thread);
        for (at, other) in self.threads.iter_mut().enumerate() {
            match other.status {
                Status::Waits { .. } if at != thread => {
                    other.status = Status::Waits { again: true };
                }
                Status::Yields if at != thread => other.status = Status::Ready,
                _ => {}
            }
        }
    }

    fn free(&mut self, unwind: bool) {
        self.mode = Mode::Free { unwind };
        for thread in &self.threads {
            thread.turn.notify_all();
        }
    }
}

impl Scheduler for Session {
    fn register(&self) -> usize {
        let mut state = self.state.lock();
        state.threads.push(Thread {
            status: Status::Ready,
            turn: Arc::new(Condvar::new()),
        });
        state.threads.len() - 1
    }

    fn withdraw(&self, thread: usize) {
        let mut state = self.state.lock();
        state.threads[thread].status = Status::Ended;
        self.stopped.notify_all();
    }

    fn begin(&self, thread: usize) {
        self.await_turn(self.state.lock(), thread);
    }

    fn end(&self, thread: usize) {
        let mut state = self.state.lock();
        state.acted(thread);
        let was_running = state.running == Some(thread);
        state.threads[thread].status = Status::Ended;
        state.drains.retain(|(drainer, _)| *drainer != thread);
        if was_running || state.running.is_none() {
            self.pass_on(&mut state);
        }
        self.stopped.notify_all();
    }

    fn point(&self, thread: usize) {
        self.stop_at(thread, Status::Ready);
    }

    fn give_way(&self, thread: usize) {
        self.stop_at(thread, Status::Yields);
    }

    fn wait(&self, thread: usize, failed: Failed) -> Turn {
        let mut state = self.state.lock();
        if let Mode::Free { unwind } = state.mode {
            return if unwind { Turn::Unwind } else { Turn::Free };
        }
        match failed {
            // One that was away meanwhile has done something else in its turn.
            Failed::Unseen if state.running == Some(thread) => state.chooser.take_back(thread),
            Failed::Unseen => {}
            Failed::Seen => state.last = Some(thread),
            Failed::Arrived => state.acted(thread),
        }
        self.give_back(state, thread, Status::Waits { again: false })
    }

    fn drain(&self, thread: usize, lock: usize, drains: bool) {
        let mut state = self.state.lock();
        state.drains.retain(|drain| *drain != (thread, lock));
        if drains {
            state.drains.push((thread, lock));
        }
    }

    fn is_drained(&self, thread: usize, lock: usize) -> bool {
        let state = self.state.lock();
        let is_other = |(drainer, drained): &(usize, usize)| *drained == lock && *drainer != thread;
        // A thread that waits for itself, outside of turns, has the bare lock to tell.
        state.mode == Mode::Turns && state.drains.iter().any(is_other)
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
        state.sleepers.retain(|sleeper| sleeper.thread != thread);
    }

    fn notify(&self, condvar: usize, all: bool) -> usize {
        let mut state = self.state.lock();
        let asleep = |sleeper: &&mut Sleeper| sleeper.condvar == condvar && !sleeper.notified;
        let sleepers = state.sleepers.iter_mut().filter(asleep);
        let most = if all { usize::MAX } else { 1 };
        let notified = sleepers.take(most).map(|sleeper| sleeper.notified = true);
        notified.count()
    }

    fn note_try(&self) {
        self.state.lock().tries = true;
    }

    fn has_points_after_acquisitions(&self) -> bool {
        self.after_acquisitions
    }
}
