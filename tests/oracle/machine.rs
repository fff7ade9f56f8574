//! How a program runs, one statement at a time: the semantics that the explorer and the choice of
//! a schedule share.
//!
//! A thread that finds a mutex taken is simply not able to go on. A writer that finds a
//! reader-writer lock taken is queued, which is a step of its own since it changes what readers
//! may do; when the lock is free, whoever waits may get it. A thread that finds a value initialised goes on
//! behind the initialiser.

use super::program::{Mode, Op, Program, Sort, THREADS, hold_bits, members};

/// Which rules hold. The truth is [`TRUTH`](Rules::TRUTH); the others answer what-if questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rules {
    /// Queued writers block readers, where the lock says so.
    pub(crate) writers_block: bool,
    /// A writer that is no thread of the program may queue for these locks at any time.
    pub(crate) strangers_write: u8,
    /// A try may fail although the lock is free.
    pub(crate) tries_may_fail: bool,
    /// No thread waits in a join.
    pub(crate) joins_pass: bool,
    /// All threads are there from the start.
    pub(crate) all_started: bool,
}

impl Rules {
    pub(crate) const TRUTH: Rules = Rules {
        writers_block: true,
        strangers_write: 0,
        tries_may_fail: false,
        joins_pass: false,
        all_started: false,
    };
    /// The rules of shuttle's locks.
    pub(crate) const READERS_PASS: Rules = Rules {
        writers_block: false,
        ..Rules::TRUTH
    };
}

/// Where the threads are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    /// The next statement of each thread.
    pub(crate) at: [u8; THREADS],
    /// The acquisitions that each thread holds, a bit each.
    pub(crate) held: [u8; THREADS],
    /// Those of them whose upgradable hold has become the exclusive one.
    pub(crate) upgraded: [u8; THREADS],
    /// The threads that are queued as writers, a bit each.
    pub(crate) queued: u8,
    /// The locks for which a stranger is queued as a writer, a bit each.
    pub(crate) strangers: u8,
    /// The values that are initialised, a bit each.
    pub(crate) ready: u8,
}

/// What a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The statement is done.
    Done,
    /// The statement was a try that failed.
    Failed,
    /// The statement asked for a value that was ready.
    Passed,
    /// The thread is queued as a writer and waits.
    Queued,
    /// The thread has let go of a mutex, which it will take back.
    LetGo,
}

/// The semantics of one program.
pub(crate) struct Machine<'a> {
    pub(crate) program: &'a Program,
    /// Who starts each thread, and in which statement.
    starts: [Option<(usize, u8)>; THREADS],
    /// The lock and mode of each acquisition.
    guards: [Vec<(u8, Mode)>; THREADS],
    rules: Rules,
}

impl<'a> Machine<'a> {
    pub(crate) fn new(program: &'a Program, rules: Rules) -> Self {
        let mut starts = [None; THREADS];
        let mut guards: [Vec<(u8, Mode)>; THREADS] = Default::default();
        for (thread, ops) in program.threads.iter().enumerate() {
            for (at, op) in ops.iter().enumerate() {
                match *op {
                    Op::Spawn(child) => starts[usize::from(child)] = Some((thread, at as u8)),
                    Op::Scope(set) => {
                        for child in members(set) {
                            starts[child] = Some((thread, at as u8));
                        }
                    }
                    Op::Acquire { lock, mode, .. } => guards[thread].push((lock, mode)),
                    _ => {}
                }
            }
        }
        Self {
            program,
            starts,
            guards,
            rules,
        }
    }

    pub(crate) fn start(&self) -> State {
        State {
            at: [0; THREADS],
            held: [0; THREADS],
            upgraded: [0; THREADS],
            queued: 0,
            strangers: 0,
            ready: 0,
        }
    }

    pub(crate) fn threads(&self) -> std::ops::Range<usize> {
        0..self.program.threads.len()
    }

    pub(crate) fn op(&self, state: &State, thread: usize) -> Option<Op> {
        self.program.threads[thread]
            .get(usize::from(state.at[thread]))
            .copied()
    }

    pub(crate) fn is_started(&self, state: &State, thread: usize) -> bool {
        thread == 0
            || self.rules.all_started && !self.program.threads[thread].is_empty()
            || self.starts[thread].is_some_and(|(parent, at)| state.at[parent] > at)
    }

    pub(crate) fn has_ended(&self, state: &State, thread: usize) -> bool {
        self.is_started(state, thread)
            && usize::from(state.at[thread]) == self.program.threads[thread].len()
    }

    /// What a thread holds: lock and mode of each acquisition, in their order.
    pub(crate) fn holds(&self, state: &State, thread: usize) -> impl Iterator<Item = (u8, Mode)> {
        self.numbered_holds(state, thread).map(|(_, hold)| hold)
    }

    /// What a thread holds, with the numbers of the acquisitions.
    fn numbered_holds(
        &self,
        state: &State,
        thread: usize,
    ) -> impl Iterator<Item = (u8, (u8, Mode))> {
        let (held, upgraded) = (state.held[thread], state.upgraded[thread]);
        let all = (0..).zip(&self.guards[thread]);
        all.filter(move |(guard, _)| held & (1 << guard) != 0)
            .map(move |(guard, (lock, mode))| {
                let is_upgraded = upgraded & (1 << guard) != 0;
                let mode = if is_upgraded { Mode::Exclusive } else { *mode };
                (guard, (*lock, mode))
            })
    }

    /// What a thread asks for in its next statement, if it does: the lock and the mode.
    pub(crate) fn asked(&self, state: &State, thread: usize) -> Option<(u8, Mode)> {
        match self.op(state, thread)? {
            Op::Acquire { lock, mode, .. } => Some((lock, mode)),
            Op::Upgrade { guard } => {
                Some((self.guards[thread][usize::from(guard)].0, Mode::Exclusive))
            }
            Op::Wait { guard } => (state.held[thread] & (1 << guard) == 0)
                .then(|| self.guards[thread][usize::from(guard)]),
            _ => None,
        }
    }

    /// Whether a hold of the thread itself keeps it from ever getting what it asks for next, whoever
    /// else does what.
    pub(crate) fn blocks_itself(&self, state: &State, thread: usize) -> bool {
        let Some((lock, mode)) = self.asked(state, thread) else {
            return false;
        };
        self.own_obstacles(state, thread, lock)
            .any(|held| mode.excludes(held))
    }

    /// The modes of the holds of a lock by a thread for which it would wait itself.
    fn own_obstacles(&self, state: &State, thread: usize, lock: u8) -> impl Iterator<Item = Mode> {
        let upgrades = match self.op(state, thread) {
            Some(Op::Upgrade { guard }) => Some(guard),
            _ => None,
        };
        let reentrant = self.program.locks[usize::from(lock)] == Sort::Reentrant;
        self.numbered_holds(state, thread)
            .filter(move |(guard, (l, _))| *l == lock && !reentrant && Some(*guard) != upgrades)
            .map(|(_, (_, mode))| mode)
    }

    /// The modes of all holds of a lock for which a thread would have to wait.
    fn obstacles(&self, state: &State, thread: usize, lock: u8) -> impl Iterator<Item = Mode> {
        let others = self.threads().filter(move |t| *t != thread);
        let others = others.flat_map(move |other| self.holds(state, other));
        let others = others.filter(move |(l, _)| *l == lock);
        others
            .map(|(_, mode)| mode)
            .chain(self.own_obstacles(state, thread, lock))
    }

    /// Whether a thread has held a lock since before it started another.
    pub(crate) fn holds_around(
        &self,
        state: &State,
        thread: usize,
        lock: u8,
        child: usize,
    ) -> bool {
        let ops = &self.program.threads[thread];
        let before = self.program.start_of(thread, child).unwrap_or(0);
        ops[..before].iter().any(|op| match *op {
            Op::Acquire { lock: l, guard, .. } => {
                l == lock && state.held[thread] & (1 << guard) != 0
            }
            _ => false,
        })
    }

    /// The holds of a thread, and those around its scope, as [`hold_bits`].
    pub(crate) fn lock_set(&self, state: &State, thread: usize) -> u16 {
        let around = self.program.scope_of(thread);
        let around = around.map_or(0, |parent| self.lock_set(state, parent));
        self.holds(state, thread)
            .fold(around, |set, (lock, mode)| set | hold_bits(lock, mode))
    }

    /// Whether queued writers of this lock block readers.
    pub(crate) fn is_fair(&self, lock: u8) -> bool {
        self.rules.writers_block && self.program.locks[usize::from(lock)] == Sort::RwLock
    }

    /// Whether a writer of the lock is queued.
    pub(crate) fn has_queued(&self, state: &State, lock: u8) -> bool {
        state.strangers & (1 << lock) != 0
            || state.queued != 0 && self.queued(state, lock).next().is_some()
    }

    /// The threads that are queued as writers of the lock.
    pub(crate) fn queued(&self, state: &State, lock: u8) -> impl Iterator<Item = usize> {
        self.threads().filter(move |t| {
            state.queued & (1 << t) != 0 && self.asked(state, *t).is_some_and(|(l, _)| l == lock)
        })
    }

    /// Whether any thread holds the lock in one of these modes.
    fn is_held(&self, state: &State, lock: u8, modes: &[Mode]) -> bool {
        self.threads().any(|thread| {
            state.held[thread] != 0
                && self
                    .holds(state, thread)
                    .any(|(l, mode)| l == lock && modes.contains(&mode))
        })
    }

    fn is_free_for(&self, state: &State, thread: usize, lock: u8, mode: Mode) -> bool {
        if self
            .obstacles(state, thread, lock)
            .any(|held| mode.excludes(held))
        {
            return false;
        }
        let is_behind = mode != Mode::Exclusive
            && self.is_fair(lock)
            && self.has_queued(state, lock)
            && self.is_held(state, lock, &[Mode::Shared]);
        !is_behind
    }

    /// Whether a writer that waits is queued, so that readers wait behind it: not if it waits for one
    /// who holds the lock upgradably or exclusively, unless that is itself.
    fn can_queue(&self, state: &State, thread: usize, lock: u8) -> bool {
        self.is_fair(lock)
            && state.queued & (1 << thread) == 0
            && self
                .obstacles(state, thread, lock)
                .all(|held| held == Mode::Shared)
    }

    /// The next step of a thread, and where it leads; `None` if it cannot take one now.
    pub(crate) fn step(&self, state: &State, thread: usize) -> Option<(Step, State)> {
        if !self.is_started(state, thread) {
            return None;
        }
        let mut next = *state;
        let bit = 1u8 << thread;
        let step = match self.op(state, thread)? {
            Op::Acquire {
                lock,
                mode,
                tries,
                guard,
            } => {
                if state.ready & (1 << lock) != 0 {
                    next.at[thread] = self.program.release_of(thread, guard) as u8 + 1;
                    return Some((Step::Passed, next));
                }
                if self.is_free_for(state, thread, lock, mode) {
                    next.held[thread] |= 1 << guard;
                    // A writer that this thread has overtaken has to queue again.
                    for writer in self.queued(state, lock) {
                        next.queued &= !(1 << writer);
                    }
                    next.queued &= !bit;
                    Step::Done
                } else if tries {
                    Step::Failed
                } else if mode == Mode::Exclusive && self.can_queue(state, thread, lock) {
                    next.queued |= bit;
                    return Some((Step::Queued, next));
                } else {
                    return None;
                }
            }
            Op::Upgrade { guard } => {
                let (lock, _) = self.guards[thread][usize::from(guard)];
                if self.is_free_for(state, thread, lock, Mode::Exclusive) {
                    next.upgraded[thread] |= 1 << guard;
                    next.queued &= !bit;
                    Step::Done
                } else if self.can_queue(state, thread, lock) {
                    next.queued |= bit;
                    return Some((Step::Queued, next));
                } else {
                    return None;
                }
            }
            Op::Wait { guard } => {
                if state.held[thread] & (1 << guard) != 0 {
                    next.held[thread] &= !(1 << guard);
                    return Some((Step::LetGo, next));
                }
                let (lock, mode) = self.guards[thread][usize::from(guard)];
                if !self.is_free_for(state, thread, lock, mode) {
                    return None;
                }
                next.held[thread] |= 1 << guard;
                Step::Done
            }
            Op::Release { guard, unwinds } => {
                next.held[thread] &= !(1 << guard);
                next.upgraded[thread] &= !(1 << guard);
                let (lock, _) = self.guards[thread][usize::from(guard)];
                if !unwinds && self.program.locks[usize::from(lock)] == Sort::Once {
                    next.ready |= 1 << lock;
                }
                let all = [Mode::Shared, Mode::Upgradable, Mode::Exclusive];
                if !self.is_held(&next, lock, &all) {
                    next.strangers &= !(1 << lock);
                }
                Step::Done
            }
            Op::Spawn(_) | Op::Scope(_) => Step::Done,
            Op::Close(_) | Op::Join(_) if self.rules.joins_pass => Step::Done,
            Op::Close(set) => {
                if !members(set).all(|child| self.has_ended(state, child)) {
                    return None;
                }
                Step::Done
            }
            Op::Join(child) => {
                if !self.has_ended(state, child.into()) {
                    return None;
                }
                Step::Done
            }
        };
        next.at[thread] += 1;
        Some((step, next))
    }

    /// Where a try leads that fails without a cause, if the rules have that.
    pub(crate) fn refusal(&self, state: &State, thread: usize) -> Option<State> {
        let tries = matches!(
            self.op(state, thread)?,
            Op::Acquire { tries: true, .. } if self.is_started(state, thread)
        );
        let mut next = *state;
        next.at[thread] += 1;
        (tries && self.rules.tries_may_fail).then_some(next)
    }

    /// Where it leads that a stranger queues as a writer of a lock that is read.
    pub(crate) fn strangers(&self, state: &State) -> impl Iterator<Item = State> {
        let open = self.rules.strangers_write & !state.strangers;
        (0..self.program.locks.len() as u8)
            .filter(move |lock| {
                let free_for_all_but_readers = || {
                    self.is_held(state, *lock, &[Mode::Shared])
                        && !self.is_held(state, *lock, &[Mode::Upgradable, Mode::Exclusive])
                };
                open & (1 << lock) != 0 && self.is_fair(*lock) && free_for_all_but_readers()
            })
            .map(|lock| State {
                strangers: state.strangers | 1 << lock,
                ..*state
            })
    }

    /// Whether every thread that was started has ended.
    pub(crate) fn is_over(&self, state: &State) -> bool {
        self.threads()
            .all(|t| !self.is_started(state, t) || self.has_ended(state, t))
    }
}
