//! The states that `lockwarden::testing::explore` reaches: our locks and threads, in every order of steps that
//! makes a difference.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lockwarden::testing::explore::{self, Strategy};
use lockwarden::thread;

use super::locks::{Guard, Lock, Places};
use super::machine::{Machine, Rules};
use super::program::{GUARDS, LOCKS, Mode, Op, Program, THREADS, members};
use super::stuck::{Search, Stuck};

/// Far longer than any schedule takes.
const BOUND: Duration = Duration::from_secs(300);
const NAMES: [&str; LOCKS] = ["l0", "l1", "l2", "l3", "l4"];

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

    /// The thread has completed a statement.
    fn step(&self, thread: usize, guards: &[Option<Guard<'_>>; GUARDS]) {
        if self.is_over.load(Ordering::Relaxed) {
            return;
        }
        let holds = |set, guard: usize| set | u8::from(guards[guard].is_some()) << guard;
        let held = (0..GUARDS).fold(0, holds);
        self.held[thread].store(held, Ordering::Relaxed);
        self.at[thread].fetch_add(1, Ordering::Relaxed);
    }
}

/// Ends the schedule when its thread unwinds, before that lets go of anything.
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
        let mut guards: [Option<Guard<'_>>; GUARDS] = Default::default();
        let mut handles: [Option<thread::JoinHandle<()>>; THREADS] = Default::default();
        let _unwinding = Unwinding(&self.record);
        for op in &self.program.threads[thread] {
            match *op {
                Op::Acquire {
                    lock,
                    mode,
                    tries,
                    guard,
                } => guards[usize::from(guard)] = self.acquire(lock, mode, tries),
                Op::Release { guard, unwinds } => {
                    let held = guards[usize::from(guard)].take();
                    if unwinds {
                        let unwind = || {
                            let _held = held;
                            resume_unwind(Box::new(Unwinds));
                        };
                        let _ = catch_unwind(AssertUnwindSafe(unwind));
                    }
                }
                Op::Upgrade { guard } => {
                    let held = &mut guards[usize::from(guard)];
                    *held = held.take().map(Guard::upgrade);
                }
                Op::Wait { guard } => {
                    let held = &mut guards[usize::from(guard)];
                    *held = held.take().map(Guard::wait);
                }
                Op::Spawn(child) => {
                    let stage = Arc::clone(self);
                    let body = move || stage.play(child.into());
                    handles[usize::from(child)] = Some(thread::spawn(body));
                }
                Op::Join(child) => {
                    let handle = handles[usize::from(child)].take();
                    let _ = handle.map(thread::JoinHandle::join);
                }
                Op::Scope(set) => thread::scope(|scope| {
                    for child in members(set) {
                        scope.spawn(move || self.play(child));
                    }
                    self.record.step(thread, &guards);
                }),
                Op::Close(_) => {}
            }
            if !matches!(op, Op::Scope(_)) {
                self.record.step(thread, &guards);
            }
        }
        // The last one first, as if they went out of scope.
        for guard in guards.iter_mut().rev() {
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
