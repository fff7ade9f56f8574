//! An exhaustive scheduler of random programs, against which the verdicts are compared.
//!
//! A program has at most four tasks of at most six steps each: locks, permits, the end of another task,
//! messages to the mailbox of a task, which has room for one, branches of `join!` and `select!` (whose loser
//! is cancelled), futures that are begun and kept, and their drop. The scheduler polls the tasks in every
//! order in which they can be polled. A program cannot be copied, so each state is reached by a new run from
//! the start; runs that lead to the same state are continued once.
//!
//! What is true follows from all states that can be reached: a task is stuck if it does not take another
//! step in any of them. In each state the monitor looks, with its probes, as it would if the machine took
//! no other step for a moment. A task of a set that it reports has to be stuck: anything else is a false
//! `Deadlock`. And where no task can take a step, each set of tasks that wait for each other has to be
//! reported: in a program of these steps every wait counts as certain, that for a message or for room as in a
//! check, since no other task or thread is there. One program in two has messages. Such a program is looked at
//! as one outside of a check, too: there not all has to be found, and nothing wrong.
//!
//! `PROGRAMS` is the number of programs, `SEED` the first of them, `STATES` the number of states above which
//! a program is left out.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use lockwarden::config::{Action, Config};
use lockwarden::report::Verdict;

use tokio::task::Id;

use super::graph::Graph;
use super::monitor::{self, Monitor};
use super::outsiders;
use crate::agent::leaf::{Leaf, Target, Waiting};
use crate::agent::root::Root;
use crate::agent::task::{Joined, Kind, Task};
use crate::sync::{
    Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, Semaphore, SemaphorePermit, mpsc,
};

const MUTEXES: usize = 2;
/// The number of the lock of readers and writers, among all that is held.
const RWLOCK: usize = MUTEXES;
const PERMITS: usize = MUTEXES + 1;
/// The room in the mailbox of the first task; those of the others follow.
const ROOM: usize = MUTEXES + 2;
const TASKS: usize = 4;
const THINGS: usize = ROOM + TASKS;

#[derive(Clone, Debug)]
enum Step {
    Lock(usize),
    Read,
    Write,
    Permits(u32),
    /// Gives back what was acquired last.
    Release,
    /// Awaits the end of a task.
    End(usize),
    /// Sends a message to a task.
    Send(usize),
    /// Receives a message from the mailbox of the task.
    Receive,
    /// Begins to lock, or to acquire a permit, or to send, polls once, and keeps the future.
    Begin(usize),
    /// Awaits the oldest future that was begun.
    Finish,
    /// Drops the futures that were begun.
    Forgo,
    Join(Vec<Step>, Vec<Step>),
    Select(Vec<Step>, Vec<Step>),
}

struct World {
    mutexes: [Mutex<()>; MUTEXES],
    rwlock: RwLock<()>,
    permits: Semaphore,
    /// The ends of the mailboxes. A task takes its own receiver.
    senders: Vec<mpsc::Sender<()>>,
    receivers: RefCell<Vec<Option<mpsc::Receiver<()>>>>,
    /// How many messages each mailbox has.
    messages: RefCell<[u8; TASKS]>,
    /// The tasks, and the wakers of those lanes that await their end.
    tasks: RefCell<Vec<Arc<Task>>>,
    joining: RefCell<Vec<HashMap<u8, Waker>>>,
    /// The acquisitions that were found pending, by what they wait for, in the order of the queue.
    queues: RefCell<[Vec<u8>; THINGS]>,
    /// How many steps each lane of each task has begun.
    begun: RefCell<Vec<[u8; 3]>>,
    /// How many steps a task has completed.
    progress: RefCell<Vec<u32>>,
    /// What each lane of each task holds, in the order of the acquisitions, and the futures it keeps.
    holds: RefCell<Vec<[Vec<u8>; 3]>>,
}

/// One lane of a task: its main one, or one of its two branches.
#[derive(Clone, Copy)]
struct Lane {
    task: usize,
    lane: usize,
}

impl Lane {
    fn code(self) -> u8 {
        (self.task * 4 + self.lane) as u8
    }
}

#[allow(dead_code)] // Kept, to be dropped.
enum Guard<'a> {
    Mutex(MutexGuard<'a, ()>),
    Read(RwLockReadGuard<'a, ()>),
    Write(RwLockWriteGuard<'a, ()>),
    Permits(SemaphorePermit<'a>),
    /// What was sent is held by the mailbox.
    Sent,
}

/// What a lane holds and keeps.
struct Bag<'a> {
    world: &'a World,
    lane: Lane,
    held: Vec<Guard<'a>>,
    kept: Vec<(usize, Kept<'a>)>,
    /// Of the mailbox of the task, in its main lane.
    receiver: Option<mpsc::Receiver<()>>,
    /// How many futures were begun.
    serial: u8,
}

type Kept<'a> = Pin<Box<dyn Future<Output = Guard<'a>> + 'a>>;

impl Drop for Bag<'_> {
    fn drop(&mut self) {
        self.world.holds.borrow_mut()[self.lane.task][self.lane.lane].clear();
    }
}

/// An entry of a queue, until it is dropped.
struct Queued<'a> {
    world: &'a World,
    thing: usize,
    code: u8,
    is_listed: bool,
}

impl Queued<'_> {
    fn set(&mut self, is_listed: bool) {
        let queue = &mut self.world.queues.borrow_mut()[self.thing];
        if is_listed && !self.is_listed {
            queue.push(self.code);
        } else if self.is_listed && !is_listed {
            let at = queue.iter().position(|code| *code == self.code);
            queue.remove(at.expect("it is listed"));
        }
        self.is_listed = is_listed;
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.set(false);
    }
}

/// Awaits an acquisition of `thing`, whose place in the queue is listed under `code`.
async fn listed<F: Future>(world: &World, thing: usize, code: u8, future: F) -> F::Output {
    let mut entry = Queued {
        world,
        thing,
        code,
        is_listed: false,
    };
    let mut future = pin!(future);
    poll_fn(|cx| {
        let poll = future.as_mut().poll(cx);
        entry.set(poll.is_pending());
        poll
    })
    .await
}

/// Awaits the end of a task, as a `JoinHandle` does, which only a runtime of tokio could make.
async fn end_of(world: &World, of: usize, lane: Lane) {
    struct Withdraw<'a>(&'a World, usize, u8);
    impl Drop for Withdraw<'_> {
        fn drop(&mut self) {
            self.0.joining.borrow_mut()[self.1].remove(&self.2);
        }
    }
    let task = Arc::clone(&world.tasks.borrow()[of]);
    let withdraw = Withdraw(world, of, lane.code());
    let mut leaf = Leaf::new();
    poll_fn(|cx| {
        let waiting = Waiting {
            created: task.spawned,
            site: task.spawned,
            place: std::ptr::from_ref(&withdraw).addr(),
            target: || Target::End(vec![(some_id(), Joined::Known(Arc::clone(&task)))]),
        };
        leaf.poll(cx, waiting, |cx| {
            if task.has_ended() {
                return Poll::Ready(());
            }
            world.joining.borrow_mut()[of].insert(lane.code(), cx.waker().clone());
            Poll::Pending
        })
    })
    .await;
}

/// A number of tokio's, which nothing looks at: the tasks are known.
fn some_id() -> Id {
    thread_local! {
        static ID: Id = {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            runtime.expect("a runtime can be made").spawn(async {}).id()
        };
    }
    ID.with(|id| *id)
}

/// Sends a message.
async fn send(world: &World, to: usize, code: u8) {
    let sender = &world.senders[to];
    // The receiver may be gone.
    if listed(world, ROOM + to, code, sender.send(()))
        .await
        .is_ok()
    {
        world.messages.borrow_mut()[to] += 1;
    }
}

/// Lets the scheduler choose what comes next.
async fn turn() {
    let mut is_first = true;
    poll_fn(|cx| {
        if std::mem::replace(&mut is_first, false) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}

impl<'a> Bag<'a> {
    fn new(world: &'a World, lane: Lane) -> Self {
        Self {
            world,
            lane,
            held: Vec::new(),
            kept: Vec::new(),
            receiver: None,
            serial: 0,
        }
    }

    fn note(&self, change: impl FnOnce(&mut Vec<u8>)) {
        change(&mut self.world.holds.borrow_mut()[self.lane.task][self.lane.lane]);
    }

    fn hold(&mut self, thing: usize, amount: u32, guard: Guard<'a>) {
        if !matches!(guard, Guard::Sent) {
            self.note(|codes| codes.push((thing as u32 * 8 + amount) as u8));
            self.held.push(guard);
        }
    }

    /// Takes one step that has no branches.
    async fn step(&mut self, step: &Step) {
        let world = self.world;
        let code = self.lane.code();
        match *step {
            Step::Lock(at) => {
                let guard = listed(world, at, code, world.mutexes[at].lock()).await;
                self.hold(at, 1, Guard::Mutex(guard));
            }
            Step::Read => {
                let guard = listed(world, RWLOCK, code, world.rwlock.read()).await;
                self.hold(RWLOCK, 1, Guard::Read(guard));
            }
            Step::Write => {
                let guard = listed(world, RWLOCK, code, world.rwlock.write()).await;
                self.hold(RWLOCK, 2, Guard::Write(guard));
            }
            Step::Permits(count) => {
                let acquire = world.permits.acquire_many(count);
                let permit = listed(world, PERMITS, code, acquire).await;
                self.hold(PERMITS, count, Guard::Permits(permit.expect("it is open")));
            }
            Step::Release => {
                if self.held.pop().is_some() {
                    self.note(|codes| codes.truncate(codes.len() - 1));
                }
            }
            Step::End(of) => end_of(world, of, self.lane).await,
            Step::Send(to) => send(world, to, code).await,
            Step::Receive => {
                let own = self.lane.task;
                let receiver = self
                    .receiver
                    .as_mut()
                    .expect("only the task itself receives");
                // Senders are there as long as the program.
                receiver.recv().await.expect("it is open");
                world.messages.borrow_mut()[own] -= 1;
            }
            Step::Begin(at) => {
                // A task begins six at most.
                let code = 16 + self.lane.task as u8 * 6 + self.serial;
                self.serial += 1;
                let mut future: Kept<'a> = Box::pin(async move {
                    match at {
                        PERMITS => {
                            let permit = listed(world, at, code, world.permits.acquire()).await;
                            Guard::Permits(permit.expect("it is open"))
                        }
                        ROOM.. => {
                            send(world, at - ROOM, code).await;
                            Guard::Sent
                        }
                        _ => Guard::Mutex(listed(world, at, code, world.mutexes[at].lock()).await),
                    }
                });
                match poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await {
                    Poll::Ready(guard) => self.hold(at, 1, guard),
                    Poll::Pending => self.kept.push((at, future)),
                }
            }
            Step::Finish => {
                if !self.kept.is_empty() {
                    let (at, future) = self.kept.remove(0);
                    let guard = future.await;
                    self.hold(at, 1, guard);
                }
            }
            Step::Forgo => self.kept.clear(),
            Step::Join(..) | Step::Select(..) => unreachable!("a branch has no branches"),
        }
    }

    async fn steps(mut self, steps: &[Step]) -> Self {
        for step in steps {
            turn().await;
            self.world.begun.borrow_mut()[self.lane.task][self.lane.lane] += 1;
            self.step(step).await;
            self.world.progress.borrow_mut()[self.lane.task] += 1;
        }
        self
    }

    /// Takes over what a branch holds that is over.
    fn join(&mut self, mut other: Bag<'a>) {
        let codes =
            std::mem::take(&mut self.world.holds.borrow_mut()[other.lane.task][other.lane.lane]);
        self.note(|own| own.extend(codes));
        self.held.append(&mut other.held);
    }
}

async fn run(world: Rc<World>, task: usize, steps: Vec<Step>) {
    let world = &*world;
    let lane = |lane| Bag::new(world, Lane { task, lane });
    let mut own = lane(0);
    own.receiver = world.receivers.borrow_mut()[task].take();
    for step in &steps {
        turn().await;
        {
            let mut begun = world.begun.borrow_mut();
            begun[task][0] += 1;
            begun[task][1..].fill(0);
        }
        match step {
            Step::Join(left, right) => {
                let (left, right) = crate::join!(lane(1).steps(left), lane(2).steps(right));
                own.join(left);
                own.join(right);
            }
            Step::Select(left, right) => {
                let ended = crate::select! {
                    biased;
                    ended = lane(1).steps(left) => ended,
                    ended = lane(2).steps(right) => ended,
                };
                own.join(ended);
            }
            step => own.step(step).await,
        }
        world.progress.borrow_mut()[task] += 1;
    }
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// One run of a program.
struct Run {
    world: Rc<World>,
    tasks: Vec<Option<Pin<Box<dyn Future<Output = ()>>>>>,
    ids: Vec<u64>,
    flags: Vec<Arc<Flag>>,
}

impl Run {
    fn begin(program: &[Vec<Step>]) -> Self {
        let (senders, receivers) = (0..program.len())
            .map(|_| mpsc::channel(1))
            .map(|(sender, receiver)| (sender, Some(receiver)))
            .unzip();
        let world = Rc::new(World {
            senders,
            receivers: RefCell::new(receivers),
            messages: RefCell::default(),
            tasks: RefCell::default(),
            joining: RefCell::new(vec![HashMap::new(); program.len()]),
            mutexes: [Mutex::new(()), Mutex::new(())],
            rwlock: RwLock::new(()),
            permits: Semaphore::new(2),
            queues: RefCell::default(),
            begun: RefCell::new(vec![[0; 3]; program.len()]),
            progress: RefCell::new(vec![0; program.len()]),
            holds: RefCell::new(vec![Default::default(); program.len()]),
        });
        let mut ids = Vec::new();
        let mut tasks: Vec<Option<Pin<Box<dyn Future<Output = ()>>>>> = Vec::new();
        for (task, steps) in program.iter().enumerate() {
            let future = run(Rc::clone(&world), task, steps.clone());
            let site = std::panic::Location::caller();
            let (root, _) = Root::new(future, Kind::Spawned, site, None);
            ids.push(root.task().id.get());
            world.tasks.borrow_mut().push(Arc::clone(root.task()));
            tasks.push(Some(Box::pin(async move {
                root.await.driven();
            })));
        }
        let flags = program
            .iter()
            .map(|_| Arc::new(Flag(AtomicBool::new(true))))
            .collect();
        Self {
            world,
            tasks,
            ids,
            flags,
        }
    }

    fn poll(&mut self, at: usize) {
        self.flags[at].0.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&self.flags[at]));
        if let Some(task) = &mut self.tasks[at]
            && task
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_ready()
        {
            self.tasks[at] = None;
            let joining = std::mem::take(&mut self.world.joining.borrow_mut()[at]);
            joining.into_values().for_each(Waker::wake);
        }
    }

    /// The tasks that an executor would poll.
    fn awake(&self) -> Vec<usize> {
        (0..self.tasks.len())
            .filter(|&at| self.tasks[at].is_some() && self.flags[at].0.load(Ordering::Relaxed))
            .collect()
    }

    /// All that what comes next depends on.
    fn state(&self) -> Vec<u8> {
        let mut state = Vec::new();
        for at in 0..self.tasks.len() {
            let is_awake = self.flags[at].0.load(Ordering::Relaxed);
            state.push(u8::from(self.tasks[at].is_some()) * 2 + u8::from(is_awake));
            state.extend(self.world.begun.borrow()[at]);
            state.push(self.world.progress.borrow()[at] as u8);
            for holds in &self.world.holds.borrow()[at] {
                state.extend(holds);
                state.push(u8::MAX);
            }
        }
        state.extend(*self.world.messages.borrow());
        for queue in &*self.world.queues.borrow() {
            state.extend(queue);
            state.push(u8::MAX);
        }
        state
    }

    /// The tasks of the sets that the monitor reports if no task that is awake is polled meanwhile, and those
    /// that it takes for stuck, which includes tasks that wait for such a set.
    fn looked_at(&mut self, closed: fn() -> Vec<u64>) -> (BTreeSet<usize>, BTreeSet<usize>) {
        let awake = self.awake();
        let mut monitor = Monitor::new(Duration::ZERO, collect, closed);
        FOUND.with_borrow_mut(Vec::clear);
        // Candidates, probes, and the look that confirms; once more for what shows after the first.
        for _ in 0..4 {
            monitor.look();
            for at in self.awake() {
                if !awake.contains(&at) {
                    self.poll(at);
                }
            }
        }
        let graph = Graph::new(closed(), false);
        let place = |id: u64| self.ids.iter().position(|own| *own == id);
        let stuck = graph.nodes.iter().zip(&graph.stuck);
        let stuck = stuck.filter(|(_, is_stuck)| **is_stuck);
        let stuck = stuck.filter_map(|(node, _)| place(node.id.get())).collect();
        let reported = FOUND.with_borrow(|found| found.iter().copied().filter_map(place).collect());
        (reported, stuck)
    }
}

thread_local! {
    static FOUND: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

fn collect(graph: &Graph, set: &[usize]) {
    let ids = set.iter().map(|&at| graph.nodes[at].id.get());
    FOUND.with_borrow_mut(|found| found.extend(ids));
}

/// What was found out about one state.
#[derive(Clone)]
struct Known {
    /// The steps that each task has completed at most in a state that can be reached from here.
    most: Vec<u32>,
    /// Whether a program with more states than the limit was given up.
    is_cut: bool,
}

#[derive(Default)]
struct Rates {
    programs: usize,
    left_out: usize,
    states: usize,
    polls: usize,
    ends: usize,
    /// Ends with a task that is stuck, and those at which all such tasks were reported.
    stuck_ends: usize,
    reported_ends: usize,
    /// Ends of programs with messages at which a task is stuck, and those at which one is reported without the
    /// knowledge of all tasks.
    message_ends: usize,
    certain_ends: usize,
    /// Pairs of a state and a task that is stuck in it, and those of which a report names the task.
    stuck: usize,
    reported: usize,
    wrong: Vec<String>,
}

struct Search<'a> {
    program: &'a [Vec<Step>],
    /// Whether the program has messages: then it is looked at as a check whose tasks are all known.
    has_messages: bool,
    known: HashMap<Vec<u8>, Known>,
    path: Vec<usize>,
    limit: usize,
    rates: Rates,
}

impl Search<'_> {
    fn reach(&mut self) -> Run {
        let mut run = Run::begin(self.program);
        for &at in &self.path {
            run.poll(at);
            self.rates.polls += 1;
        }
        run
    }

    /// Looks at the state at the end of the path, and at all that can be reached from it.
    fn explore(&mut self) -> Known {
        let mut run = self.reach();
        let state = run.state();
        if let Some(known) = self.known.get(&state) {
            return known.clone();
        }
        let progress = run.world.progress.borrow().clone();
        let awake = run.awake();
        let is_alive: Vec<bool> = run.tasks.iter().map(Option::is_some).collect();
        // In a program with messages also as one in which other threads may be.
        let (certain, _) = if self.has_messages {
            run.looked_at(Vec::new)
        } else {
            Default::default()
        };
        let closed: fn() -> Vec<u64> = if self.has_messages {
            || vec![0]
        } else {
            Vec::new
        };
        let (reported, taken) = run.looked_at(closed);
        let after = run.world.progress.borrow().clone();
        if after != progress {
            self.complain("a probe has made a task take a step");
        }
        drop(run);
        self.rates.states += 1;
        let mut known = Known {
            most: progress.clone(),
            is_cut: self.known.len() >= self.limit,
        };
        if !known.is_cut {
            for &at in &awake {
                self.path.push(at);
                let child = self.explore();
                self.path.pop();
                known.is_cut |= child.is_cut;
                for (most, child) in known.most.iter_mut().zip(&child.most) {
                    *most = (*most).max(*child);
                }
                if known.is_cut {
                    break;
                }
            }
        }
        if !known.is_cut {
            let is_stuck = |at: &usize| is_alive[*at] && known.most[*at] == progress[*at];
            let is_stuck = |at: &usize| is_stuck(at) && !awake.contains(at);
            let stuck: BTreeSet<usize> = (0..progress.len()).filter(is_stuck).collect();
            let wrong: Vec<_> = reported
                .union(&certain)
                .filter(|at| !stuck.contains(at))
                .collect();
            if !wrong.is_empty() {
                self.complain(&format!("reported, but not stuck: {wrong:?}"));
            }
            self.rates.stuck += stuck.len();
            self.rates.reported += stuck.intersection(&reported).count();
            if awake.is_empty() {
                self.rates.ends += 1;
                self.rates.stuck_ends += usize::from(!stuck.is_empty());
                if self.has_messages && !stuck.is_empty() {
                    self.rates.message_ends += 1;
                    self.rates.certain_ends += usize::from(!certain.is_empty());
                }
                let is_found = !stuck.is_empty() && !reported.is_empty() && taken == stuck;
                self.rates.reported_ends += usize::from(is_found);
                if !is_found && !stuck.is_empty() {
                    self.complain(&format!(
                        "stuck at the end: {stuck:?}, reported: {reported:?}, taken for stuck: {taken:?}"
                    ));
                }
            }
        }
        self.known.insert(state, known.clone());
        known
    }

    fn complain(&mut self, what: &str) {
        let line = format!("{what}, after {:?} of {:?}", self.path, self.program);
        self.rates.wrong.push(line);
    }
}

/// Numbers that look random (SplitMix64).
struct Random {
    state: u64,
    tasks: usize,
    has_messages: bool,
}

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }

    fn simple(&mut self) -> Step {
        match self.below(if self.has_messages { 12 } else { 10 }) {
            0..3 => Step::Lock(self.below(MUTEXES)),
            3 => Step::Read,
            4 => Step::Write,
            5 => Step::Permits(1 + self.below(2) as u32),
            6 => Step::End(self.below(self.tasks)),
            7..10 => Step::Release,
            _ => Step::Send(self.below(self.tasks)),
        }
    }

    fn branch(&mut self, most: usize) -> Vec<Step> {
        let count = 1 + self.below(most);
        (0..count).map(|_| self.simple()).collect()
    }

    /// The steps of a task, those of branches counted too.
    fn task(&mut self) -> Vec<Step> {
        let mut left = 1 + self.below(6);
        let mut steps = Vec::new();
        while left > 0 {
            let step = match self.below(12) {
                0 | 1 if left > 2 => {
                    let first = self.branch(2.min(left - 2));
                    let second = self.branch(2.min(left - 1 - first.len()));
                    left -= first.len() + second.len();
                    if self.below(2) == 0 {
                        Step::Join(first, second)
                    } else {
                        Step::Select(first, second)
                    }
                }
                2 => match self.below(if self.has_messages { 4 } else { 3 }) {
                    0 => Step::Begin(PERMITS),
                    3 => Step::Begin(ROOM + self.below(self.tasks)),
                    _ => Step::Begin(self.below(MUTEXES)),
                },
                3 => Step::Finish,
                4 if self.below(2) == 0 => Step::Forgo,
                5 | 6 if self.has_messages => Step::Receive,
                _ => self.simple(),
            };
            left -= 1;
            steps.push(step);
        }
        steps
    }
}

#[test]
fn what_is_stuck_in_every_schedule_is_reported_and_nothing_else() {
    let number = |name: &str, default: u64| {
        let value = std::env::var(name).ok();
        value.map_or(default, |value| value.parse().expect("a number"))
    };
    let mut config = Config::new().stderr(false);
    for verdict in [
        Verdict::Inversion,
        Verdict::RecursiveRead,
        Verdict::SelfDeadlock,
        Verdict::Deadlock,
    ] {
        config = config.on(verdict, Action::Ignore);
    }
    config.install().expect("the first configuration is taken");
    monitor::keep_from_starting();
    outsiders::IS_ALONE.set(true);
    let (programs, seed) = (number("PROGRAMS", 40), number("SEED", 1));
    let limit = number("STATES", 600) as usize;
    let mut rates = Rates::default();
    for seed in seed..seed + programs {
        let mut random = Random {
            state: seed,
            tasks: 0,
            has_messages: false,
        };
        let tasks = 1 + random.below(TASKS);
        random.tasks = tasks;
        random.has_messages = random.below(2) == 0;
        let program: Vec<_> = (0..tasks).map(|_| random.task()).collect();
        let mut search = Search {
            program: &program,
            has_messages: random.has_messages,
            known: HashMap::new(),
            path: Vec::new(),
            limit,
            rates: std::mem::take(&mut rates),
        };
        let (states, wrong) = (search.rates.states, search.rates.wrong.len());
        let is_cut = search.explore().is_cut;
        rates = search.rates;
        rates.programs += 1;
        rates.left_out += usize::from(is_cut);
        for line in &mut rates.wrong[wrong..] {
            line.insert_str(
                0,
                &format!("seed {seed}, {} states: ", rates.states - states),
            );
        }
    }
    println!(
        "{} programs ({} with more than {limit} states, looked at in part), {} states, {} polls",
        rates.programs, rates.left_out, rates.states, rates.polls
    );
    println!(
        "{} ends, {} of them with stuck tasks, {} of those reported; {} of {} stuck tasks named in all states",
        rates.ends, rates.stuck_ends, rates.reported_ends, rates.reported, rates.stuck
    );
    println!(
        "{} of the ends with stuck tasks are of programs with messages, {} of those reported outside of a check",
        rates.message_ends, rates.certain_ends
    );
    assert!(
        rates.wrong.is_empty(),
        "{} complaints\n{}",
        rates.wrong.len(),
        rates.wrong[..rates.wrong.len().min(8)].join("\n")
    );
    assert!(rates.stuck_ends > 0 && rates.stuck_ends < rates.ends);
}
