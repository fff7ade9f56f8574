//! The states that `lockwarden::testing::explore` reaches: our locks and threads, in every order of steps that
//! makes a difference.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lockwarden::testing::explore::{self, Explore, Strategy};
use lockwarden::thread;

use super::locks::{Guard, Lock, Places};
use super::machine::{Machine, Rules};
use super::program::{GUARDS, LOCKS, Mode, Op, Program, THREADS, members};
use super::stuck::{Search, Stuck};

/// Far longer than any schedule takes.
const BOUND: Duration = Duration::from_secs(300);
pub(crate) const NAMES: [&str; LOCKS] = ["l0", "l1", "l2", "l3", "l4"];

/// What an exploration has shown of a program.
pub(crate) struct Found {
    /// The states in which threads are stuck.
    pub(crate) stuck: Stuck,
    /// Whether a finding says that there is a deadlock.
    pub(crate) told: bool,
    pub(crate) schedules: usize,
    /// Whether there is no further schedule.
    pub(crate) whole: bool,
}

/// Runs the program in every order, in at most so many schedules.
pub(crate) fn explore(program: &Program, schedules: usize) -> Found {
    let record = Arc::new(Record::default());
    let (shared, seen) = (program.clone(), Arc::clone(&record));
    let outcome = explore::explore(move || {
        seen.end(&shared);
        Arc::new(Stage::new(&shared, &seen)).play(0);
    })
    .strategy(Strategy::PartialOrder)
    .schedules(schedules)
    .keep_going(true)
    .shrink(false)
    .timeout(BOUND)
    .patience(BOUND)
    .run();
    record.end(program);
    assert_eq!(outcome.inexact(), 0, "{program}\n{outcome}");
    Found {
        stuck: std::mem::take(&mut *record.stuck.lock().expect("it does not panic")),
        told: outcome.deadlock().is_some(),
        schedules: outcome.schedules(),
        whole: outcome.is_exhausted(),
    }
}

/// An exploration of the program that leaves schedules as they are.
pub(crate) fn explored(program: &Program) -> Explore {
    let program = program.clone();
    let body = move || Arc::new(Stage::new(&program, &Arc::default())).play(0);
    explore::explore(body)
        .shrink(false)
        .timeout(BOUND)
        .patience(BOUND)
}

/// How far the threads of a schedule have come, and the states in which those of earlier ones were stuck.
#[derive(Default)]
struct Record {
    at: [AtomicU8; THREADS],
    held: [AtomicU8; THREADS],
    /// Whether the schedule is over: a thread unwinds that was stuck.
    is_over: AtomicBool,
    begun: AtomicBool,
    stuck: Mutex<Stuck>,
}

impl Record {
    /// Ends a schedule, and begins the next one.
    fn end(&self, program: &Program) {
        let take = |cells: &[AtomicU8; THREADS]| {
            std::array::from_fn(|thread| cells[thread].swap(0, Ordering::Relaxed))
        };
        let (at, held) = (take(&self.at), take(&self.held));
        self.is_over.store(false, Ordering::Relaxed);
        if self.begun.swap(true, Ordering::Relaxed) {
            let machine = Machine::new(program, Rules::TRUTH);
            let mut stuck = self.stuck.lock().expect("it does not panic");
            stuck.add(&machine, at, held);
        }
    }

    /// The thread is at this statement, and holds these acquisitions.
    fn step(&self, thread: usize, at: usize, held: u8) {
        if self.is_over.load(Ordering::Relaxed) {
            return;
        }
        self.at[thread].store(at as u8, Ordering::Relaxed);
        self.held[thread].store(held, Ordering::Relaxed);
    }
}

/// Ends the recording when its thread unwinds, before the unwind releases the locks of the thread.
struct Unwinding<'a>(&'a Record);

impl Drop for Unwinding<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.is_over.store(true, Ordering::Relaxed);
        }
    }
}

struct Stage {
    program: Program,
    locks: Vec<Lock>,
    record: Arc<Record>,
}

struct Unwinds;

impl Stage {
    fn new(program: &Program, record: &Arc<Record>) -> Self {
        let locks = program.locks.iter().zip(NAMES).enumerate();
        Self {
            locks: locks
                .map(|(number, (sort, name))| Lock::new(*sort, name, number, Places::nth(0)))
                .collect(),
            program: program.clone(),
            record: Arc::clone(record),
        }
    }

    fn play(self: &Arc<Self>, thread: usize) {
        let mut actor = Actor {
            stage: self,
            thread,
            at: 0,
            held: 0,
            guards: Default::default(),
            handles: Default::default(),
        };
        let _unwinding = Unwinding(&self.record);
        actor.play_to(self.program.threads[thread].len());
        // The last one first, as if they went out of scope.
        for guard in actor.guards.iter_mut().rev() {
            *guard = None;
        }
    }

    fn acquire(&self, lock: u8, mode: Mode, tries: bool) -> Option<Guard<'_>> {
        let lock = &self.locks[usize::from(lock)];
        match tries {
            true => lock.try_acquire(mode, false, Places::nth(0)),
            false => Some(lock.acquire(mode, false, Places::nth(0))),
        }
    }
}

/// A thread of a schedule.
struct Actor<'a> {
    stage: &'a Arc<Stage>,
    thread: usize,
    /// The next statement.
    at: usize,
    /// The acquisitions that are held, a bit each.
    held: u8,
    guards: [Option<Guard<'a>>; GUARDS],
    handles: [Option<thread::JoinHandle<()>>; THREADS],
}

impl Actor<'_> {
    /// Runs the statements up to this one.
    fn play_to(&mut self, end: usize) {
        while self.at < end {
            let op = self.stage.program.threads[self.thread][self.at];
            match op {
                Op::Acquire { lock, guard, .. }
                    if self.stage.locks[usize::from(lock)].once().is_some() =>
                {
                    self.initialise(lock, guard);
                    continue;
                }
                Op::Scope(set) => {
                    thread::scope(|scope| {
                        for child in members(set) {
                            let stage = self.stage;
                            scope.spawn(move || stage.play(child));
                        }
                        self.complete();
                    });
                    continue;
                }
                _ => self.act(op),
            }
            self.complete();
        }
    }

    /// The statement is complete.
    fn complete(&mut self) {
        self.at += 1;
        self.stage.record.step(self.thread, self.at, self.held);
    }

    /// Asks for a value whose initialiser is the statements up to the release of the acquisition.
    fn initialise(&mut self, lock: u8, guard: u8) {
        let stage = self.stage;
        let release = stage.program.release_of(self.thread, guard);
        let unwinds = matches!(
            stage.program.threads[self.thread][release],
            Op::Release { unwinds: true, .. }
        );
        let value = stage.locks[usize::from(lock)].once();
        let value = value.expect("it is one");
        let initialise = || {
            self.held |= 1 << guard;
            self.complete();
            self.play_to(release);
            if unwinds {
                resume_unwind(Box::new(Unwinds));
            }
        };
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| value.get(initialise)))
            && !payload.is::<Unwinds>()
        {
            resume_unwind(payload);
        }
        self.held &= !(1 << guard);
        self.at = release;
        self.complete();
    }

    fn act(&mut self, op: Op) {
        match op {
            Op::Acquire {
                lock,
                mode,
                tries,
                guard,
            } => {
                let taken = self.stage.acquire(lock, mode, tries);
                self.held |= u8::from(taken.is_some()) << guard;
                self.guards[usize::from(guard)] = taken;
            }
            Op::Release { guard, unwinds } => {
                let held = self.guards[usize::from(guard)].take();
                if unwinds {
                    let unwind = || {
                        let _held = held;
                        resume_unwind(Box::new(Unwinds));
                    };
                    let _ = catch_unwind(AssertUnwindSafe(unwind));
                }
                self.held &= !(1 << guard);
            }
            Op::Upgrade { guard } => {
                let held = &mut self.guards[usize::from(guard)];
                *held = held.take().map(Guard::upgrade);
            }
            Op::Wait { guard } => {
                let held = &mut self.guards[usize::from(guard)];
                *held = held.take().map(Guard::wait);
            }
            Op::Spawn(child) => {
                let stage = Arc::clone(self.stage);
                let body = move || stage.play(child.into());
                self.handles[usize::from(child)] = Some(thread::spawn(body));
            }
            Op::Join(child) => {
                let handle = self.handles[usize::from(child)].take();
                let _ = handle.map(thread::JoinHandle::join);
            }
            Op::Scope(_) | Op::Close(_) => {}
        }
    }
}
