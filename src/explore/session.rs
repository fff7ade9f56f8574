//! One schedule under way: one thread at a time has the turn.
//!
//! A thread gives its turn back at a point, when it has to wait, and when it ends; then the strategy
//! chooses among those that can go on. What a thread waits for is not known here: a thread that has
//! tried and failed can go on when another thread has done something, and tries again. When every
//! thread that has not ended has failed since the last step, none can go on: a deadlock.

use std::fs;
use std::mem;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::aim::Aim;
use super::course::{Course, interleaving};
use super::outside::Outside;
use super::schedule::Schedule;
use super::strategy::{Choose, Replay};
use crate::sink;
use crate::tracking::scheduled::{AfterWait, FailedTry, Nesting, Next, Noted, Scheduler, Touch};
use crate::tracking::thread::slot::os_id;

/// How long a thread may stay away from the scheduler if nothing else is said.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);
/// How often it is looked at whether the thread that has the turn stays away from every point.
const LOOK: Duration = Duration::from_millis(100);
/// A thread that lets others go first, or comes to the end of a time limit, more often than this is in a loop that
/// waits for something, if it makes at most so many other steps between two times.
const MOST_LAPSES: usize = 10;
const STEPS_OF_A_LOOP: usize = 16;
/// After so many choices in succession that only threads in such loops have made a step of, the loops wait for the
/// time of day, or for a thread outside: each further turn takes real time.
const MOST_IDLE: usize = 256;
const PAUSE: Duration = Duration::from_millis(1);
/// How many choices a schedule may have before its threads are left to themselves.
const MOST_CHOICES: usize = 100_000;

/// The number of the first thread.
const BODY: usize = 0;

/// Why a schedule is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// All threads have ended, or the body has and the others wait.
    Over,
    /// No thread can go on, and the body has not ended, or the deadlock is the one that the schedule tries to reach.
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
    /// It runs beside the thread that has the turn, to hand a message over.
    Meets,
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
    name: Option<String>,
    os_id: u32,
    /// The wait of the thread, if the schedule is recorded.
    wait: Option<Noted>,
    status: Status,
    /// How many times it has let others go first, or come to the end of a time limit, in one loop.
    lapses: usize,
    /// How many steps it has made since the last of these.
    steps: usize,
    turn: Arc<Condvar>,
    /// The address by which others join it, once it is over.
    end: Option<usize>,
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
    /// The next step of each thread.
    next: Vec<Next>,
    /// The joins since the last choice: the thread, and the one that it has joined.
    joins: Vec<(usize, usize)>,
    /// The thread that has the turn.
    running: Option<usize>,
    /// The thread that made the last step.
    last: Option<usize>,
    /// How many choices there were since a thread made a step that is in no loop.
    idle: usize,
    chooser: Box<dyn Choose>,
    choices: Vec<usize>,
    /// The choices without those that were taken back.
    steps: Vec<usize>,
    /// The operations of the threads, if the schedule is recorded.
    notes: Vec<(usize, Noted)>,
    /// How many turns were taken.
    taken: usize,
    /// The threads that wait as writers until the readers of a lock are gone, with its address.
    drains: Vec<(usize, usize)>,
    /// The threads that sleep on condition variables, in the order in which they began to.
    sleepers: Vec<Sleeper>,
    /// The threads that wait for a message to be handed over, in the order in which they began to, with
    /// the places where they wait.
    offers: Vec<(usize, usize)>,
    /// The thread that has the turn, and the one that runs beside it.
    meeting: Option<(usize, usize)>,
    /// The deadlock that the schedule tries to reach.
    aim: Option<Aim>,
    /// The first thread that stayed away.
    outside: Option<Outside>,
    /// Whether a thread stayed away, so that two may have run at the same time.
    inexact: bool,
    /// Whether the program has asked if a lock is held at a moment.
    tries: bool,
}

/// The scheduler of one schedule.
#[derive(Debug)]
pub(crate) struct Session {
    state: Mutex<State>,
    stopped: Condvar,
    settings: Settings,
}

/// How a schedule is run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// Whether a thread that is about to release a lock is at a point.
    pub(crate) before_releases: bool,
    /// Whether what the threads do is noted.
    pub(crate) is_noting: bool,
    /// Whether panics are not printed.
    pub(crate) is_quiet: bool,
    /// Whether a thread that stays away is looked at.
    pub(crate) looks_outside: bool,
    /// The file in which it is said how far the schedule is.
    pub(crate) reported: Option<PathBuf>,
    /// Whether the table of what the threads did is printed when the file says that the schedule is over.
    pub(crate) shows: bool,
    /// The deadlock that the schedule tries to reach.
    pub(crate) aim: Option<Aim>,
    /// Whether schedules are left out that differ in the order of independent steps alone.
    pub(crate) reduces: bool,
}

impl Session {
    pub(crate) fn new(chooser: Box<dyn Choose>, settings: Settings) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
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
                aim: settings.aim.clone(),
                outside: None,
                inexact: false,
                tries: false,
            }),
            stopped: Condvar::new(),
            settings,
        })
    }

    /// Returns whether the thread with this id of the operating system is one of the schedule that has not ended.
    pub(crate) fn has(&self, os_id: u32) -> bool {
        let state = self.state.lock();
        let mut threads = state.threads.iter();
        threads.any(|thread| thread.os_id == os_id && thread.status != Status::Ended)
    }

    /// Writes to the report file that the schedule has begun.
    pub(super) fn begun(&self) {
        self.write_progress(&self.state.lock(), "");
    }

    /// Writes to a file, for the process that has started this one, how far the schedule is; and what it was, once
    /// it has come to an `end`.
    fn write_progress(&self, state: &State, end: &str) {
        let Some(file) = &self.settings.reported else {
            return;
        };
        let sight = state.aim.as_ref().map(Aim::sight);
        let mut text = sight.unwrap_or_default().lines();
        if !end.is_empty() {
            let before_releases = self.settings.before_releases;
            let schedule = |choices: &[usize]| Schedule {
                choices: choices.to_vec(),
                before_releases,
            };
            let (choices, steps) = (schedule(&state.choices), schedule(&state.steps));
            if state.tries {
                text.push_str("tries\n");
            }
            text.push_str(&format!("end\t{end}\nchoices\t{choices}\nsteps\t{steps}\n"));
            if self.settings.shows {
                let name = |thread: usize| state.threads[thread].name.as_deref();
                sink::say(&format!(
                    "the schedule:\n{}",
                    interleaving(&state.notes, name)
                ));
            }
        }
        // Without the file the starting process counts the schedule as one that did not begin.
        let _ = fs::write(file, text);
    }

    /// Gives the first turn.
    pub(crate) fn start(&self) {
        let mut state = self.state.lock();
        self.pass_on(&mut state);
    }

    /// Waits for the end of the schedule, for at most `limit`. The threads stand still then, but for
    /// those that stay away. A thread that does not come back to a point within `patience` loses its
    /// turn.
    pub(crate) fn supervise(&self, limit: Duration, patience: Duration) -> End {
        let mut state = self.state.lock();
        let (mut passed, mut seen) = (Duration::ZERO, (state.taken, Duration::ZERO));
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

    /// Lets all threads run as they like; those that wait unwind if `unwind` says so.
    pub(crate) fn release(&self, unwind: bool) {
        let mut state = self.state.lock();
        state.free(unwind);
    }

    /// Waits until all threads have ended, for at most `limit`; whether they have.
    pub(crate) fn has_ended(&self, limit: Duration) -> bool {
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
    pub(crate) fn finish(&self, has_deadlocked: bool) -> Course {
        let mut state = self.state.lock();
        let chooser = mem::replace(&mut state.chooser, Box::new(Replay::new(Vec::new())));
        let diverged = chooser.has_diverged(has_deadlocked);
        Course {
            chooser,
            schedule: Schedule {
                choices: mem::take(&mut state.choices),
                before_releases: self.settings.before_releases,
            },
            steps: mem::take(&mut state.steps),
            notes: mem::take(&mut state.notes),
            names: state
                .threads
                .iter_mut()
                .map(|thread| thread.name.take())
                .collect(),
            outside: state.outside.take(),
            sight: state.aim.as_ref().map(Aim::sight),
            exact: !state.inexact && !diverged,
            tries: state.tries,
            broken: false,
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
        let only_yield = options.is_empty();
        if only_yield {
            options = state.those(|status| status == Status::Yields);
        }
        if let Some(aim) = &mut state.aim
            && !options.is_empty()
        {
            let threads = &state.threads;
            options = aim.among(options, only_yield, || waits(threads, None));
        }
        let body = state.threads.first();
        let body_has_ended = body.is_none_or(|body| body.status == Status::Ended);
        // What is left then waits in loops for what does not come.
        if options.is_empty() || (body_has_ended && state.idle > MOST_IDLE) {
            let comes = |status| {
                // A thread that meets another one goes on as soon as no meeting is under way.
                status == Status::Away || (status == Status::Meets && state.meeting.is_none())
            };
            if state.those(comes).is_empty() {
                let is_reached = state.aim.as_ref().is_some_and(Aim::is_reached);
                let end = if body_has_ended && !is_reached {
                    End::Over
                } else {
                    End::Stuck
                };
                state.mode = Mode::Stopped(end);
                if end == End::Stuck {
                    self.write_progress(state, "stuck");
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

    /// The thread gives its turn back, as `status` says, and waits for the next one.
    fn give_back(
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

    fn await_turn(&self, mut state: MutexGuard<'_, State>, thread: usize) -> AfterWait {
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

    /// The thread gives its turn back after a step, as `status` says.
    fn stop_at(
        &self,
        thread: usize,
        next: Next,
        status: impl FnOnce(&mut Thread) -> Status,
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

/// What each thread waits for. `about_to` has just tried, and will.
fn waits(threads: &[Thread], about_to: Option<usize>) -> Vec<Option<Noted>> {
    let wait = |(at, thread): (usize, &Thread)| {
        let waits = matches!(thread.status, Status::Waits { .. }) || about_to == Some(at);
        thread.wait.clone().filter(|_| waits)
    };
    threads.iter().enumerate().map(wait).collect()
}

impl Thread {
    /// It lets others go first, or comes to the end of a time limit.
    fn lapse(&mut self) {
        self.lapses += 1;
        self.steps = 0;
    }
}

impl State {
    /// Whether the thread runs beside another one, or has the turn meanwhile.
    fn is_meeting(&self, thread: usize) -> bool {
        let is_in = |(host, guest)| host == thread || guest == thread;
        self.meeting.is_some_and(is_in)
    }

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
            self.write_progress(&state, "over");
        }
        let was_running = state.running == Some(thread);
        state.threads[thread].status = Status::Ended;
        state.next[thread] = Next {
            touch: Touch::Nothing,
            held: Vec::new(),
        };
        state.drains.retain(|(drainer, _)| *drainer != thread);
        if was_running || state.running.is_none() {
            self.pass_on(&mut state);
        }
        self.stopped.notify_all();
    }

    fn point(&self, thread: usize, next: Next) {
        self.stop_at(thread, next, |mine| {
            mine.steps += 1;
            if mine.steps > STEPS_OF_A_LOOP {
                mine.lapses = 0;
            }
            Status::Ready
        });
    }

    fn give_way(&self, thread: usize, next: Next) -> AfterWait {
        self.stop_at(thread, next, |mine| {
            mine.lapse();
            Status::Yields
        })
    }

    fn lapse(&self, thread: usize, next: Next) -> AfterWait {
        self.stop_at(thread, next, |mine| {
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
        let first = state
            .offers
            .iter()
            .find(|(other, place)| *other != thread && places.contains(place) && waits(*other));
        let Some((other, _)) = first.copied() else {
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
        self.settings.aim.is_some()
    }

    fn comes(&self, thread: usize, nesting: Nesting) {
        let mut state = self.state.lock();
        let aim = state.aim.as_mut();
        if aim.is_some_and(|aim| aim.comes(thread, nesting)) {
            self.write_progress(&state, "");
        }
    }

    fn is_quiet(&self) -> bool {
        self.settings.is_quiet
    }

    fn note(&self, thread: usize, step: Noted) {
        let mut state = self.state.lock();
        let waits_now = step.is_wait();
        state.threads[thread].wait = Some(step.clone()).filter(|_| waits_now);
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
