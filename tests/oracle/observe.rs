//! Runs a program once, on threads of its own and under the detector, in a given order of events.

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::time::Duration;

use lockwarden::config::{Action, Config};
use lockwarden::report::{self, Report, Verdict, WaitsFor};
use lockwarden::thread;

use super::cycle::{Cycle, Hop};
use super::locks::{Guard, Lock, Once, Places};
use super::program::{GUARDS, LOCKS, Mode, Op, Program, THREADS, members};
use super::schedule::{Event, Schedule};

/// Far longer than any turn takes; whoever waits that long has found a bug.
const BOUND: Duration = Duration::from_secs(60);

/// What the detector said about a program.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) verdict: Verdict,
    /// For a cycle of locks, the cycle; else one link from the lock to itself.
    pub(crate) cycle: Cycle,
    pub(crate) reason: String,
}

/// A name for ever; some bytes for each lock of each run. The list keeps it reachable, for LeakSanitizer.
fn kept(name: String) -> &'static str {
    static NAMES: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());
    let name = name.leak();
    NAMES.lock().unwrap().push(name);
    name
}

static REPORTS: Mutex<Vec<Report>> = Mutex::new(Vec::new());

/// Has everything that is found come here, and nothing go to standard error.
pub(crate) fn install() {
    let mut config = Config::new()
        .stderr(false)
        .tracing(false)
        .max_reports(u64::MAX)
        .callback(|report| {
            let mut reports = REPORTS.lock().unwrap_or_else(|e| e.into_inner());
            reports.push(report.clone());
        });
    for verdict in [Verdict::Guarded, Verdict::SingleThread, Verdict::Ordered] {
        config = config.on(verdict, Action::Report);
    }
    config
        .install()
        .expect("nothing else configures this process");
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let text = info.payload_as_str().unwrap_or_default();
        if !text.starts_with("lockwarden: ") && !info.payload().is::<Unwinds>() {
            print(info);
        }
    }));
}

/// Runs the program and returns what the detector said.
pub(crate) fn observe(program: &Program, schedule: &Schedule, places: Places) -> Vec<Said> {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let run = RUNS.fetch_add(1, Ordering::Relaxed);
    let locks: Vec<Lock> = program
        .locks
        .iter()
        .enumerate()
        .map(|(number, sort)| {
            let name = kept(format!("{run}.{number}"));
            Lock::new(*sort, name, number, places)
        })
        .collect();
    let (alive, ended) = mpsc::channel::<()>();
    let stage = Arc::new(Stage {
        program: program.clone(),
        events: schedule.events.clone(),
        asks_itself: schedule.asks_itself.map(|(thread, _)| thread.into()),
        locks,
        places,
        at: Mutex::new(0),
        turns: Default::default(),
    });
    let root = {
        let (stage, alive) = (Arc::clone(&stage), alive.clone());
        let body = move || stage.play(0, alive);
        thread::Builder::new().name("t0".to_owned()).spawn(body)
    };
    drop(alive);
    root.expect("a thread can be started")
        .join()
        .expect("it does not panic");
    // All threads have let go of their end of the channel, so all have dropped their guards.
    let over = ended.recv_timeout(BOUND);
    assert_eq!(
        over,
        Err(mpsc::RecvTimeoutError::Disconnected),
        "a thread hangs:\n{program}"
    );
    let mut reports = REPORTS.lock().unwrap_or_else(|e| e.into_inner());
    reports.drain(..).map(|report| said(&report, run)).collect()
}

fn said(report: &Report, run: u64) -> Said {
    let lock = |id| {
        let name = report
            .lock(id)
            .and_then(|lock| lock.name)
            .expect("it has a name");
        let (of, number) = name.split_once('.').expect("that is how they are named");
        assert_eq!(of, run.to_string(), "a report about another program");
        number.parse::<u8>().expect("that is how they are named")
    };
    let thread = |id| {
        let name = report.thread(id).and_then(|thread| thread.name.as_deref());
        let name = name.expect("it has a name");
        name[1..].parse::<u8>().expect("that is how they are named")
    };
    let hops = report.edges.iter().map(|edge| Hop {
        from: lock(edge.from),
        to: lock(edge.to),
        holder: thread(edge.thread),
        asker: thread(edge.thread),
        from_mode: mode(edge.from_mode),
        to_mode: mode(edge.to_mode),
        at: 0,
        around: false,
        held: 0,
        behind: None,
    });
    // A report about a wait for a value has no order of locks, but the wait.
    let waits = report.threads.iter().filter_map(|thread| {
        let waits = thread.waits.as_ref()?;
        let WaitsFor::Resource { resource, .. } = waits.what else {
            return None;
        };
        Some((thread.id, lock(resource)))
    });
    let asks_itself = report.edges.is_empty() && report.verdict == Verdict::SelfDeadlock;
    let own = waits.filter(|_| asks_itself).map(|(id, value)| Hop {
        from: value,
        to: value,
        holder: thread(id),
        asker: thread(id),
        from_mode: Mode::Exclusive,
        to_mode: Mode::Exclusive,
        at: 0,
        around: false,
        held: 0,
        behind: None,
    });
    Said {
        verdict: report.verdict,
        cycle: Cycle::new(hops.chain(own).collect()),
        reason: report.reason.clone(),
    }
}

fn mode(mode: report::Mode) -> Mode {
    match mode {
        report::Mode::Shared => Mode::Shared,
        report::Mode::Upgradable => Mode::Upgradable,
        report::Mode::Exclusive => Mode::Exclusive,
    }
}

/// What the threads of a run share.
struct Stage {
    program: Program,
    events: Vec<Event>,
    asks_itself: Option<usize>,
    locks: Vec<Lock>,
    places: Places,
    /// The next event.
    at: Mutex<usize>,
    /// Where each thread waits for its turn.
    turns: [Condvar; THREADS],
}

/// The payload of a panic that lets go of a lock.
struct Unwinds;

/// What a thread does in its turn.
enum Turn {
    Event(Event),
    /// It asks for a lock that it holds.
    AskItself,
    /// Nothing more.
    End,
}

type Guards<'a> = [Option<Guard<'a>>; GUARDS];

/// What a thread of a run has.
struct Actor<'a> {
    stage: &'a Arc<Stage>,
    thread: usize,
    /// The next statement.
    at: usize,
    guards: Guards<'a>,
    /// How often it reads each lock.
    reads: [usize; LOCKS],
    handles: [Option<thread::JoinHandle<()>>; THREADS],
    alive: mpsc::Sender<()>,
}

/// Why a thread stops.
#[derive(PartialEq, Eq)]
enum Stop {
    /// The initialiser that runs has come to its end, by a panic or not.
    Initialised { unwinds: bool },
    /// The run is over.
    Over,
}

impl Stage {
    fn play(self: &Arc<Self>, thread: usize, alive: mpsc::Sender<()>) {
        let mut actor = Actor {
            stage: self,
            thread,
            at: 0,
            guards: Default::default(),
            reads: [0; LOCKS],
            handles: Default::default(),
            alive,
        };
        actor.play(None);
    }

    /// Blocks until the next event is of this thread, or there is none.
    fn await_turn(&self, thread: usize) -> Turn {
        let at = self.at.lock().unwrap_or_else(|e| e.into_inner());
        let others_turn = |at: &mut usize| match self.events.get(*at) {
            Some(event) => usize::from(event.thread) != thread,
            None => *at == self.events.len() && self.asks_itself.is_some_and(|t| t != thread),
        };
        let (at, waited) = self.turns[thread]
            .wait_timeout_while(at, BOUND, others_turn)
            .unwrap_or_else(|e| e.into_inner());
        assert!(
            !waited.timed_out(),
            "t{thread} never gets its turn:\n{}",
            self.program
        );
        match self.events.get(*at) {
            Some(event) => Turn::Event(*event),
            None if *at == self.events.len() && self.asks_itself == Some(thread) => Turn::AskItself,
            None => Turn::End,
        }
    }

    /// Ends the turn.
    fn pass(&self) {
        let mut at = self.at.lock().unwrap_or_else(|e| e.into_inner());
        *at += 1;
        match self.events.get(*at) {
            Some(event) => self.turns[usize::from(event.thread)].notify_one(),
            None => self.turns.iter().for_each(Condvar::notify_one),
        }
    }
}

impl<'a> Actor<'a> {
    /// Does what comes next, to the end of the run or of the initialiser that the acquisition `inside` began.
    fn play(&mut self, inside: Option<u8>) -> Stop {
        let ops = &self.stage.program.threads[self.thread];
        let stop = loop {
            let Some(op) = ops.get(self.at) else {
                break Stop::Over;
            };
            match self.stage.await_turn(self.thread) {
                Turn::Event(event) => {
                    assert_eq!((event.op, usize::from(event.at)), (*op, self.at));
                    self.at += 1;
                    match *op {
                        Op::Acquire { lock, guard, .. } if self.value(lock).is_some() => {
                            if self.initialise(lock, guard, event.done) == Stop::Over {
                                break Stop::Over;
                            }
                        }
                        // The turn ends when the initialiser has.
                        Op::Release { guard, unwinds } if inside == Some(guard) => {
                            return Stop::Initialised { unwinds };
                        }
                        _ => self.act(event),
                    }
                    // A scope has passed the turn on already and waits for that of its `Close`.
                    if !matches!(op, Op::Scope(_)) {
                        self.stage.pass();
                    }
                }
                Turn::AskItself => {
                    let asks = || self.act_once(*op);
                    let reported = panic::catch_unwind(AssertUnwindSafe(asks));
                    assert!(
                        reported.is_err(),
                        "it would have hung:\n{}",
                        self.stage.program
                    );
                    self.stage.pass();
                    break Stop::Over;
                }
                Turn::End => break Stop::Over,
            }
        };
        // The last one first, as if they went out of scope; in an initialiser, what it has taken.
        let first = inside.map_or(0, |guard| usize::from(guard) + 1);
        for guard in self.guards[first..].iter_mut().rev() {
            *guard = None;
        }
        stop
    }

    fn value(&self, lock: u8) -> Option<&'a Once> {
        self.stage.locks[usize::from(lock)].once()
    }

    /// Gets a value, in a turn that ends when it is ready; an initialiser ends the turn when it begins, and
    /// ends in a later one.
    fn initialise(&mut self, lock: u8, guard: u8, runs: bool) -> Stop {
        let (value, stage) = (self.value(lock).expect("it is one"), self.stage);
        let mut stop = None;
        let get = || {
            value.get(|| {
                assert!(runs, "not as foreseen:\n{}", stage.program);
                stage.pass();
                let end = self.play(Some(guard));
                let unwinds = end == Stop::Initialised { unwinds: true };
                stop = Some(end);
                if unwinds {
                    panic::panic_any(Unwinds);
                }
            });
        };
        let unwound = panic::catch_unwind(AssertUnwindSafe(get)).is_err();
        match stop {
            Some(stop) => {
                assert_eq!(unwound, stop == Stop::Initialised { unwinds: true });
                stop
            }
            None => {
                assert!(!runs && !unwound, "not as foreseen:\n{}", stage.program);
                self.at = stage.program.release_of(self.thread, guard) + 1;
                Stop::Initialised { unwinds: false }
            }
        }
    }

    /// The statement that the detector answers with a panic.
    fn act_once(&mut self, op: Op) {
        match op {
            Op::Acquire { lock, mode, .. } => match self.value(lock) {
                Some(value) => value.get(|| ()),
                None => {
                    let lock = &self.stage.locks[usize::from(lock)];
                    drop(lock.acquire(mode, false, self.stage.places));
                }
            },
            Op::Upgrade { guard } => {
                let held = self.guards[usize::from(guard)].take();
                drop(held.map(Guard::upgrade));
            }
            _ => unreachable!("only what is asked for can be one's own"),
        }
    }

    fn act(&mut self, event: Event) {
        let (stage, thread, alive) = (self.stage, self.thread, &self.alive);
        let (guards, reads) = (&mut self.guards, &mut self.reads);
        let body = |child: usize| {
            let (stage, alive) = (Arc::clone(stage), alive.clone());
            let builder = thread::Builder::new().name(format!("t{child}"));
            (builder, move || stage.play(child, alive))
        };
        match event.op {
            Op::Acquire {
                lock,
                mode,
                tries,
                guard,
            } => {
                let number = usize::from(lock);
                let again = mode != Mode::Exclusive && reads[number] > 0;
                let taken = if tries {
                    stage.locks[number].try_acquire(mode, again, stage.places)
                } else {
                    Some(stage.locks[number].acquire(mode, again, stage.places))
                };
                assert_eq!(
                    taken.is_some(),
                    event.done,
                    "not as foreseen:\n{}",
                    stage.program
                );
                reads[number] += usize::from(mode == Mode::Shared && taken.is_some());
                guards[usize::from(guard)] = taken;
            }
            Op::Release { guard, unwinds } => {
                let (lock, mode) = stage.program.acquisition(thread, guard);
                let held = guards[usize::from(guard)].take();
                reads[usize::from(lock)] -= usize::from(mode == Mode::Shared && held.is_some());
                if unwinds {
                    let unwind = || {
                        let _held = held;
                        panic::panic_any(Unwinds);
                    };
                    let unwound = panic::catch_unwind(AssertUnwindSafe(unwind));
                    assert!(unwound.is_err_and(|payload| payload.is::<Unwinds>()));
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
                let (builder, body) = body(child.into());
                let handle = builder.spawn(body).expect("a thread can be started");
                self.handles[usize::from(child)] = Some(handle);
            }
            Op::Join(child) => {
                let handle = self.handles[usize::from(child)].take();
                let handle = handle.expect("a thread is started before it is joined");
                handle.join().expect("it does not panic");
            }
            Op::Scope(set) => thread::scope(|scope| {
                for child in members(set) {
                    let (builder, body) = body(child);
                    builder
                        .spawn_scoped(scope, body)
                        .expect("a thread can be started");
                }
                stage.pass();
                // The turn of `Close` comes when all of them have ended.
                stage.await_turn(thread);
            }),
            Op::Close(_) => {}
        }
    }
}
