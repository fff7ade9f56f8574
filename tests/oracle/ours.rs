//! The verdict of `lockwarden::testing::explore`: our locks and threads, in every order of their steps.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

use lockwarden::testing::explore::{Strategy, explore};
use lockwarden::thread;

use super::crosscheck::Verdict;
use super::locks::{Guard, Lock, Places};
use super::program::{GUARDS, LOCKS, Mode, Op, Program, THREADS, members};

/// Programs that have more schedules than this are not decided by a long run, unless one of these deadlocks.
pub(crate) const MOST_SCHEDULES: usize = 3_000;
/// Far longer than any schedule takes.
const BOUND: Duration = Duration::from_secs(300);
const NAMES: [&str; LOCKS] = ["l0", "l1", "l2", "l3", "l4"];

/// Runs the program in every order, in at most so many schedules.
pub(crate) fn check(program: &Program, schedules: usize) -> Verdict {
    let shared = program.clone();
    let outcome = explore(move || Arc::new(Stage::new(&shared)).play(0))
        .strategy(Strategy::DepthFirst {
            preemptions: usize::MAX,
        })
        .schedules(schedules)
        .shrink(false)
        .timeout(BOUND)
        .patience(BOUND)
        .run();
    assert_eq!(outcome.inexact(), 0, "{program}\n{outcome}");
    match outcome.deadlock() {
        Some(_) => Verdict::Deadlocks,
        None if outcome.is_exhausted() => Verdict::Never,
        None => Verdict::Open,
    }
}

struct Stage {
    program: Program,
    locks: Vec<Lock>,
}

struct Unwinds;

impl Stage {
    fn new(program: &Program) -> Self {
        let locks = program.locks.iter().zip(NAMES).enumerate();
        Self {
            locks: locks
                .map(|(number, (sort, name))| Lock::new(*sort, name, number, Places::nth(0)))
                .collect(),
            program: program.clone(),
        }
    }

    fn play(self: &Arc<Self>, thread: usize) {
        let mut guards: [Option<Guard<'_>>; GUARDS] = Default::default();
        let mut handles: [Option<thread::JoinHandle<()>>; THREADS] = Default::default();
        let end = self.program.threads[thread].len();
        self.play_from(thread, 0..end, &mut guards, &mut handles);
        // The last one first, as if they went out of scope.
        for guard in guards.iter_mut().rev() {
            *guard = None;
        }
    }

    fn play_from<'a>(
        self: &'a Arc<Self>,
        thread: usize,
        statements: std::ops::Range<usize>,
        guards: &mut [Option<Guard<'a>>; GUARDS],
        handles: &mut [Option<thread::JoinHandle<()>>; THREADS],
    ) {
        let ops = &self.program.threads[thread];
        let mut next = statements.start;
        while next < statements.end {
            let at = next;
            next += 1;
            match ops[at] {
                Op::Acquire { lock, guard, .. }
                    if let Some(value) = self.locks[usize::from(lock)].once() =>
                {
                    let release = self.program.release_of(thread, guard);
                    let initialise = || {
                        self.play_from(thread, next..release, guards, handles);
                        if matches!(ops[release], Op::Release { unwinds: true, .. }) {
                            resume_unwind(Box::new(Unwinds));
                        }
                    };
                    let get = AssertUnwindSafe(|| value.get(initialise));
                    if let Err(payload) = catch_unwind(get)
                        && !payload.is::<Unwinds>()
                    {
                        resume_unwind(payload);
                    }
                    next = release + 1;
                }
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
                }),
                Op::Close(_) => {}
            }
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
