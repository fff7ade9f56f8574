//! The state of a schedule under way: the threads, the turn, and what was chosen so far.

use std::sync::Arc;

use parking_lot::Condvar;

use super::settings::End;
use crate::explore::aim::Aim;
use crate::explore::outside::Outside;
use crate::explore::strategy::Choose;
use crate::tracking::scheduled::{Next, Noted};

/// A thread is in a loop that waits for something if it lets others go first, or comes to the end of a time limit, more
/// often than this, with at most [`STEPS_OF_A_LOOP`] other steps between two times.
pub(super) const MOST_LAPSES: usize = 10;
/// See [`MOST_LAPSES`].
pub(super) const STEPS_OF_A_LOOP: usize = 16;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// The thread is at a point, or has not begun.
    Ready,
    /// The thread lets others go first.
    Yields,
    /// The thread has tried and failed; `again` if another thread has made a step since.
    Waits { again: bool },
    /// The thread has the turn, but the system has not let it run yet.
    Chosen,
    /// The thread has the turn.
    Runs,
    /// The thread runs beside the one that has the turn, to hand a message over.
    Meets,
    /// The thread had the turn, and has not come back to a point in time.
    Away,
    /// The thread has ended.
    Ended,
}

/// A thread that sleeps on a condition variable, or was notified and is about to find that out.
pub(super) struct Sleeper {
    pub(super) thread: usize,
    pub(super) condvar: usize,
    pub(super) notified: bool,
}

pub(super) struct Thread {
    pub(super) name: Option<String>,
    pub(super) os_id: u32,
    /// The wait of the thread, if the schedule is recorded.
    pub(super) wait: Option<Noted>,
    pub(super) status: Status,
    /// How many times the thread has let others go first, or come to the end of a time limit, in one loop.
    pub(super) lapses: usize,
    /// How many steps the thread has made since the last of these.
    pub(super) steps: usize,
    pub(super) turn: Arc<Condvar>,
    /// The address by which others join the thread, once it has ended.
    pub(super) end: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// One thread at a time runs.
    Turns,
    /// The schedule has come to its end, and no thread runs.
    Stopped(End),
    /// All threads run without turns; those that wait unwind if `unwind` is set.
    Free { unwind: bool },
}

pub(super) struct State {
    pub(super) mode: Mode,
    pub(super) threads: Vec<Thread>,
    /// The next step of each thread.
    pub(super) next: Vec<Next>,
    /// The joins since the last choice: the thread, and the one that it has joined.
    pub(super) joins: Vec<(usize, usize)>,
    /// The thread that has the turn.
    pub(super) running: Option<usize>,
    /// The thread that made the last step.
    pub(super) last: Option<usize>,
    /// How many choices there were since a thread made a step that is in no loop.
    pub(super) idle: usize,
    pub(super) chooser: Box<dyn Choose>,
    pub(super) choices: Vec<usize>,
    /// The choices without those that were taken back.
    pub(super) steps: Vec<usize>,
    /// The operations of the threads, if the schedule is recorded.
    pub(super) notes: Vec<(usize, Noted)>,
    /// How many turns were taken.
    pub(super) taken: usize,
    /// The threads that wait as writers until the readers of a lock are gone, with the address of that lock.
    pub(super) drains: Vec<(usize, usize)>,
    /// The threads that sleep on condition variables, in the order in which they began to.
    pub(super) sleepers: Vec<Sleeper>,
    /// The threads that wait for a message to be handed over, in the order in which they began to, with
    /// the places where they wait.
    pub(super) offers: Vec<(usize, usize)>,
    /// The thread that has the turn, and the one that runs beside it.
    pub(super) meeting: Option<(usize, usize)>,
    /// The deadlock that the schedule tries to reach.
    pub(super) aim: Option<Aim>,
    /// The first thread that stayed away.
    pub(super) outside: Option<Outside>,
    /// Whether a thread stayed away, so that two may have run at the same time.
    pub(super) inexact: bool,
    /// Whether the program has asked if a lock is held at a moment.
    pub(super) tries: bool,
}

impl Thread {
    /// Counts that the thread lets others go first, or comes to the end of a time limit.
    pub(super) fn lapse(&mut self) {
        self.lapses += 1;
        self.steps = 0;
    }
}

impl State {
    pub(super) fn new(chooser: Box<dyn Choose>, aim: Option<Aim>) -> Self {
        Self {
            mode: Mode::Turns,
            threads: Vec::new(),
            next: Vec::new(),
            joins: Vec::new(),
            running: None,
            last: None,
            idle: 0,
            chooser,
            choices: Vec::new(),
            steps: Vec::new(),
            notes: Vec::new(),
            taken: 0,
            drains: Vec::new(),
            sleepers: Vec::new(),
            offers: Vec::new(),
            meeting: None,
            aim,
            outside: None,
            inexact: false,
            tries: false,
        }
    }

    /// Returns whether the thread runs beside another one, or has the turn meanwhile.
    pub(super) fn is_meeting(&self, thread: usize) -> bool {
        let is_in = |(host, guest)| host == thread || guest == thread;
        self.meeting.is_some_and(is_in)
    }

    /// Returns the threads with a status that `is_meant` selects.
    pub(super) fn those(&self, is_meant: &dyn Fn(Status) -> bool) -> Vec<usize> {
        let mut those = Vec::new();
        for (at, thread) in self.threads.iter().enumerate() {
            if is_meant(thread.status) {
                those.push(at);
            }
        }
        those
    }

    pub(super) fn have_ended(&self) -> bool {
        let mut threads = self.threads.iter();
        threads.all(|thread| thread.status == Status::Ended)
    }

    /// Records that the thread has made a step: the others may try again.
    pub(super) fn acted(&mut self, thread: usize) {
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

    /// Ends the turns: all threads run, and those that wait unwind if `unwind` is set.
    pub(super) fn free(&mut self, unwind: bool) {
        self.mode = Mode::Free { unwind };
        for thread in &self.threads {
            thread.turn.notify_all();
        }
    }
}

/// Returns what each thread waits for. `about_to` has just tried and failed, and is about to wait.
pub(super) fn waits(threads: &[Thread], about_to: Option<usize>) -> Vec<Option<Noted>> {
    let mut all = Vec::with_capacity(threads.len());
    for (at, thread) in threads.iter().enumerate() {
        let waits = matches!(thread.status, Status::Waits { .. }) || about_to == Some(at);
        all.push(if waits { thread.wait.clone() } else { None });
    }
    all
}
