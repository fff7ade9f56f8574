//! The verdict of `shuttle`: its locks, its threads, its word on who is blocked.
//!
//! Its reader-writer lock lets readers pass queued writers, and forbids a second read by one
//! thread, so programs are compared in that reading and those with a second read are left out.
//! What is chosen here is only which of the threads that shuttle calls runnable goes on: every
//! choice is tried, except that
//!
//! - an operation is not interrupted: what shuttle does inside one is not what is looked at;
//! - starts, joins, ends, attempts on locks that are taken, and the release of a lock that no thread
//!   tries, go first, since neither what they enable nor what they see depends on the others;
//! - a state that was seen is not looked at again.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use shuttle::scheduler::{DfsScheduler, Schedule, Scheduler, Task, TaskId};
use shuttle::{Config, FailurePersistence, Runner, sync, thread};

use super::machine::{Machine, Rules, State};
use super::program::{GUARDS, Mode, Op, Program, Sort, THREADS, members};

/// Programs that need more runs than this are not decided here.
const MOST_RUNS: usize = 10_000;
/// The same for programs that are run in every order there is.
const MOST_PLAIN_RUNS: usize = 20_000;

/// What shuttle says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Deadlocks,
    Never,
    /// It would take too long.
    Open,
}

/// Whether shuttle can say anything: no thread ever asks for a lock that it holds, and there are no
/// upgradable readers, no condition variables that time out and no initialisers that fail and are run again,
/// which it does not have.
pub(crate) fn can_tell(program: &Program) -> bool {
    !program.has_initialisers()
        && program.threads.iter().all(|ops| {
            let mut held: Vec<(u8, u8)> = Vec::new();
            ops.iter().all(|op| match *op {
                Op::Acquire {
                    mode: Mode::Upgradable,
                    ..
                }
                | Op::Wait { .. } => false,
                Op::Acquire { lock, guard, .. } => {
                    held.push((lock, guard));
                    held.iter().filter(|(l, _)| *l == lock).count() == 1
                }
                Op::Release { guard, .. } => {
                    held.retain(|(_, g)| *g != guard);
                    true
                }
                _ => true,
            })
        })
}

/// Runs the program in every order that makes a difference.
pub(crate) fn check(program: &Program) -> Verdict {
    run(program, |shared| Search {
        tried: tried(program),
        seen: HashSet::new(),
        path: Vec::new(),
        depth: 0,
        current: None,
        runs: 0,
        shared,
    })
}

/// Runs a small program in every order there is, by shuttle's own search.
pub(crate) fn check_plainly(program: &Program) -> Verdict {
    run(program, |shared| Plain {
        search: DfsScheduler::new(Some(MOST_PLAIN_RUNS + 1), false),
        runs: 0,
        shared,
    })
}

fn run<S: Scheduler + 'static>(
    program: &Program,
    scheduler: impl FnOnce(Arc<Shared>) -> S,
) -> Verdict {
    let shared = Arc::new(Shared {
        program: program.clone(),
        at: Default::default(),
        held: Default::default(),
        order: Mutex::new(Vec::new()),
        begun: AtomicBool::new(false),
        over: AtomicUsize::new(0),
        verdict: Mutex::new(Verdict::Never),
    });
    let search = scheduler(Arc::clone(&shared));
    let reported = Arc::clone(&shared);
    let mut config = Config::new();
    config.failure_persistence = FailurePersistence::None;
    Runner::new(search, config).run(move || {
        let locks: Arc<Vec<Lock>> = Arc::new(shared.program.locks.iter().map(Lock::new).collect());
        shared.order.lock().expect("no panics").push(0);
        let body = Arc::clone(&shared);
        thread::spawn(move || body.play(0, &locks));
        // Stays runnable, so that a deadlock of the others shows as a lack of choice.
        while shared.over.load(Ordering::Relaxed) < shared.order.lock().expect("no panics").len() {
            thread::yield_now();
        }
    });
    reported.verdict()
}

/// The locks that a thread tries, a bit each.
fn tried(program: &Program) -> u8 {
    program
        .threads
        .iter()
        .flatten()
        .fold(0, |set, op| match op {
            Op::Acquire {
                lock, tries: true, ..
            } => set | 1 << lock,
            _ => set,
        })
}

enum Lock {
    Mutex(sync::Mutex<()>),
    RwLock(sync::RwLock<()>),
}

#[expect(dead_code, reason = "what counts is when a guard is dropped")]
enum Guard<'a> {
    Mutex(sync::MutexGuard<'a, ()>),
    Read(sync::RwLockReadGuard<'a, ()>),
    Write(sync::RwLockWriteGuard<'a, ()>),
}

impl Lock {
    fn new(sort: &Sort) -> Self {
        match sort {
            Sort::Mutex | Sort::Reentrant => Lock::Mutex(sync::Mutex::new(())),
            Sort::RwLock | Sort::Recursive => Lock::RwLock(sync::RwLock::new(())),
            Sort::Once => unreachable!("such programs are left out"),
        }
    }

    fn acquire(&self, shared: bool, tries: bool) -> Option<Guard<'_>> {
        match (self, shared, tries) {
            (Lock::Mutex(lock), _, false) => lock.lock().ok().map(Guard::Mutex),
            (Lock::Mutex(lock), _, true) => lock.try_lock().ok().map(Guard::Mutex),
            (Lock::RwLock(lock), true, false) => lock.read().ok().map(Guard::Read),
            (Lock::RwLock(lock), true, true) => lock.try_read().ok().map(Guard::Read),
            (Lock::RwLock(lock), false, false) => lock.write().ok().map(Guard::Write),
            (Lock::RwLock(lock), false, true) => lock.try_write().ok().map(Guard::Write),
        }
    }
}

/// What the tasks of one run tell the scheduler. Only one task runs at a time.
struct Shared {
    program: Program,
    at: [AtomicU8; THREADS],
    held: [AtomicU8; THREADS],
    /// The threads in the order in which they were started: tasks are numbered in that order.
    order: Mutex<Vec<usize>>,
    /// Whether the first of them has begun.
    begun: AtomicBool,
    over: AtomicUsize,
    verdict: Mutex<Verdict>,
}

impl Shared {
    fn say(&self, verdict: Verdict) {
        *self.verdict.lock().expect("no panics") = verdict;
    }

    fn verdict(&self) -> Verdict {
        *self.verdict.lock().expect("no panics")
    }

    /// The tasks that can run, but for the one that only watches.
    ///
    /// If that is the only one left while others have not ended, those are in a deadlock: that is
    /// `Err(None)`. If it is its turn for another reason, it is in the `Err`.
    fn choices<'a>(&self, runnable: &[&'a Task]) -> Result<Vec<&'a Task>, Option<TaskId>> {
        let main = TaskId::from(0);
        let others: Vec<&Task> = runnable
            .iter()
            .copied()
            .filter(|t| t.id() != main)
            .collect();
        if !others.is_empty() {
            return Ok(others);
        }
        let started = self.order.lock().expect("no panics").len();
        let begun = self.begun.load(Ordering::Relaxed);
        if begun && self.over.load(Ordering::Relaxed) < started {
            self.say(Verdict::Deadlocks);
            return Err(None);
        }
        Err(Some(main))
    }

    fn reset(&self) {
        for cell in self.at.iter().chain(&self.held) {
            cell.store(0, Ordering::Relaxed);
        }
        self.order.lock().expect("no panics").clear();
        self.begun.store(false, Ordering::Relaxed);
        self.over.store(0, Ordering::Relaxed);
    }

    fn play(self: &Arc<Self>, me: usize, locks: &Arc<Vec<Lock>>) {
        self.begun.store(true, Ordering::Relaxed);
        let mut guards: [Option<Guard<'_>>; GUARDS] = Default::default();
        let mut handles: [Option<thread::JoinHandle<()>>; THREADS] = Default::default();
        let start = |child: usize| {
            self.order.lock().expect("no panics").push(child);
            let (shared, locks) = (Arc::clone(self), Arc::clone(locks));
            Some(thread::spawn(move || shared.play(child, &locks)))
        };
        for op in &self.program.threads[me] {
            match *op {
                Op::Acquire {
                    lock,
                    mode,
                    tries,
                    guard,
                } => {
                    let taken = locks[usize::from(lock)].acquire(mode == Mode::Shared, tries);
                    if taken.is_some() {
                        self.held[me].fetch_or(1 << guard, Ordering::Relaxed);
                    }
                    guards[usize::from(guard)] = taken;
                }
                Op::Release { guard, .. } => {
                    guards[usize::from(guard)] = None;
                    self.held[me].fetch_and(!(1 << guard), Ordering::Relaxed);
                }
                Op::Spawn(child) => handles[usize::from(child)] = start(child.into()),
                Op::Scope(set) => {
                    for child in members(set) {
                        handles[child] = start(child);
                    }
                }
                Op::Join(child) => join(&mut handles, 1 << child),
                Op::Close(set) => join(&mut handles, set),
                Op::Upgrade { .. } | Op::Wait { .. } => {
                    unreachable!("such programs are left out")
                }
            }
            self.at[me].fetch_add(1, Ordering::Relaxed);
        }
        self.over.fetch_add(1, Ordering::Relaxed);
    }

    fn state(&self) -> State {
        State {
            at: std::array::from_fn(|t| self.at[t].load(Ordering::Relaxed)),
            held: std::array::from_fn(|t| self.held[t].load(Ordering::Relaxed)),
            upgraded: [0; THREADS],
            queued: 0,
            strangers: 0,
            ready: 0,
        }
    }
}

fn join(handles: &mut [Option<thread::JoinHandle<()>>; THREADS], set: u8) {
    for child in members(set) {
        let handle = handles[child].take().expect("it was started");
        handle.join().expect("it does not panic");
    }
}

/// One choice: who can go, and which of them goes now.
struct Choice {
    tasks: Vec<TaskId>,
    taken: usize,
}

struct Search {
    shared: Arc<Shared>,
    tried: u8,
    seen: HashSet<(State, u64)>,
    path: Vec<Choice>,
    /// How many choices of the path this run has made.
    depth: usize,
    /// Who runs, and the statement that it is at.
    current: Option<(TaskId, usize, u8)>,
    runs: usize,
}

impl Search {
    /// Whether the thread may go before all others, without a look at what else could be.
    fn goes_first(&self, machine: &Machine<'_>, state: &State, thread: usize) -> bool {
        match machine.op(state, thread) {
            Some(Op::Release { guard, .. }) => {
                let (lock, _) = self.shared.program.acquisition(thread, guard);
                self.tried & (1 << lock) == 0
            }
            // An attempt on a lock that is taken only has the thread blocked.
            Some(Op::Acquire { tries, .. }) => !tries && machine.step(state, thread).is_none(),
            _ => true,
        }
    }
}

impl Scheduler for Search {
    fn new_execution(&mut self) -> Option<Schedule> {
        if self.runs > 0 {
            if self.shared.verdict() == Verdict::Deadlocks {
                return None;
            }
            loop {
                let last = self.path.last_mut()?;
                last.taken += 1;
                if last.taken < last.tasks.len() {
                    break;
                }
                self.path.pop();
            }
            if self.runs == MOST_RUNS {
                self.shared.say(Verdict::Open);
                return None;
            }
        }
        self.shared.reset();
        self.runs += 1;
        self.depth = 0;
        self.current = None;
        Some(Schedule::new(0))
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        _current: Option<TaskId>,
        _is_yielding: bool,
    ) -> Option<TaskId> {
        let others: Vec<TaskId> = match self.shared.choices(runnable) {
            Ok(others) => others.iter().map(|task| task.id()).collect(),
            Err(main) => return main,
        };
        let order = self.shared.order.lock().expect("no panics").clone();
        let state = self.shared.state();
        if let Some((task, thread, at)) = self.current
            && state.at[thread] == at
            && others.contains(&task)
        {
            return Some(task);
        }
        let shared = Arc::clone(&self.shared);
        let machine = Machine::new(&shared.program, Rules::READERS_PASS);
        let thread_of = |task: &TaskId| order[usize::from(*task) - 1];
        let first = others
            .iter()
            .find(|t| self.goes_first(&machine, &state, thread_of(t)));
        let task = match first {
            Some(task) => *task,
            None if others.len() == 1 => others[0],
            None if self.depth < self.path.len() => {
                let choice = &self.path[self.depth];
                self.depth += 1;
                choice.tasks[choice.taken]
            }
            None => {
                let ready = others.iter().fold(0, |set, t| set | 1 << usize::from(*t));
                if !self.seen.insert((state, ready)) {
                    return None;
                }
                self.depth += 1;
                self.path.push(Choice {
                    tasks: others.clone(),
                    taken: 0,
                });
                others[0]
            }
        };
        let thread = thread_of(&task);
        self.current = Some((task, thread, state.at[thread]));
        Some(task)
    }

    fn next_u64(&mut self) -> u64 {
        0
    }
}

/// Shuttle's own search of every order, which is only kept from running the task that watches.
struct Plain {
    search: DfsScheduler,
    shared: Arc<Shared>,
    runs: usize,
}

impl Scheduler for Plain {
    fn new_execution(&mut self) -> Option<Schedule> {
        if self.shared.verdict() == Verdict::Deadlocks {
            return None;
        }
        if self.runs == MOST_PLAIN_RUNS {
            self.shared.say(Verdict::Open);
            return None;
        }
        self.shared.reset();
        self.runs += 1;
        self.search.new_execution()
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        is_yielding: bool,
    ) -> Option<TaskId> {
        match self.shared.choices(runnable) {
            Ok(others) => self.search.next_task(&others, current, is_yielding),
            Err(main) => main,
        }
    }

    fn next_u64(&mut self) -> u64 {
        0
    }
}
