//! Random programs of a few tasks, run to their end or to where they stand, against what is reported.
//!
//! A program does nothing but take and give back locks and permits, await each other, keep futures
//! that it does not poll, and drop them: no time and no I/O. So when no task has moved for a while,
//! those that have not ended never will, and that is the truth that reports are held against:
//! every such program is to be reported, and no other one.
//!
//! `PROGRAMS` says how many are run, `SEED` which one is the first.

#![cfg(all(feature = "full", any(debug_assertions, feature = "always")))]

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::poll;
use lockwarden::config::{Action, Config};
use lockwarden::report::Verdict;
use lockwarden_tokio as tokio;
use tokio::sync::{Mutex, RwLock, Semaphore, SemaphorePermit};

static REPORTS: AtomicUsize = AtomicUsize::new(0);
const LOCKS: usize = 2;

/// Numbers that look random (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Lock(usize),
    Read(usize),
    Write(usize),
    Permit,
    /// Begins to lock, polls once, and keeps the future.
    Begin(usize),
    /// Awaits the oldest future that was begun.
    Finish,
    /// Drops the futures that were begun.
    Forgo,
    /// Gives back what was taken last.
    Release,
    Yield,
}

struct World {
    mutexes: [Mutex<()>; LOCKS],
    rwlocks: [RwLock<()>; LOCKS],
    permits: Semaphore,
}

/// Something that is held. Only kept.
#[allow(dead_code)]
enum Held<'a> {
    Mutex(tokio::sync::MutexGuard<'a, ()>),
    Read(tokio::sync::RwLockReadGuard<'a, ()>),
    Write(tokio::sync::RwLockWriteGuard<'a, ()>),
    Permit(SemaphorePermit<'a>),
}

type Begun<'a> = Pin<Box<dyn Future<Output = tokio::sync::MutexGuard<'a, ()>> + Send + 'a>>;

async fn run(world: Arc<World>, steps: Vec<Step>) {
    let world = &*world;
    let mut begun: Vec<Begun<'_>> = Vec::new();
    let mut held: Vec<Held<'_>> = Vec::new();
    for step in steps {
        match step {
            Step::Lock(at) => held.push(Held::Mutex(world.mutexes[at].lock().await)),
            Step::Read(at) => held.push(Held::Read(world.rwlocks[at].read().await)),
            Step::Write(at) => held.push(Held::Write(world.rwlocks[at].write().await)),
            Step::Permit => {
                let permit = world.permits.acquire().await;
                held.push(Held::Permit(permit.expect("it is open")));
            }
            Step::Begin(at) => {
                let mut future: Begun<'_> = Box::pin(world.mutexes[at].lock());
                match poll!(&mut future) {
                    std::task::Poll::Ready(guard) => held.push(Held::Mutex(guard)),
                    std::task::Poll::Pending => begun.push(future),
                }
            }
            Step::Finish if !begun.is_empty() => {
                held.push(Held::Mutex(begun.remove(0).await));
            }
            Step::Finish => {}
            Step::Forgo => begun.clear(),
            Step::Release => drop(held.pop()),
            Step::Yield => tokio::task::yield_now().await,
        }
    }
}

fn program(random: &mut Random) -> Vec<Vec<Step>> {
    let tasks = 1 + random.below(4);
    let step = |random: &mut Random| match random.below(13) {
        0..3 => Step::Lock(random.below(LOCKS)),
        3 => Step::Read(random.below(LOCKS)),
        4 => Step::Write(random.below(LOCKS)),
        5 => Step::Permit,
        6 => Step::Begin(random.below(LOCKS)),
        7 => Step::Finish,
        8 => Step::Forgo,
        9..11 => Step::Release,
        _ => Step::Yield,
    };
    let steps = |random: &mut Random| {
        let count = 1 + random.below(6);
        (0..count).map(|_| step(random)).collect()
    };
    (0..tasks).map(|_| steps(random)).collect()
}

/// Whether the program stands, and whether that was reported.
fn outcome(program: &[Vec<Step>], workers: bool) -> (bool, bool) {
    let runtime = if workers {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
    } else {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
    };
    let runtime = runtime.expect("a runtime can be made");
    let before = REPORTS.load(Ordering::SeqCst);
    let stands = runtime.block_on(async {
        let world = Arc::new(World {
            mutexes: [Mutex::new(()), Mutex::new(())],
            rwlocks: [RwLock::new(()), RwLock::new(())],
            permits: Semaphore::new(2),
        });
        let tasks: Vec<_> = program
            .iter()
            .map(|steps| tokio::spawn(run(Arc::clone(&world), steps.clone())))
            .collect();
        let is_over = || tasks.iter().all(|task| task.is_finished());
        let start = Instant::now();
        // A task that can go on is polled at once. A report may take some looks.
        while !is_over() && start.elapsed() < Duration::from_secs(30) {
            if REPORTS.load(Ordering::SeqCst) != before
                && start.elapsed() > Duration::from_millis(300)
            {
                break;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let stands = !is_over();
        for task in &tasks {
            task.abort();
        }
        stands
    });
    drop(runtime);
    (stands, REPORTS.load(Ordering::SeqCst) != before)
}

#[test]
fn what_stands_is_reported_and_nothing_else() {
    let number = |name: &str, default: u64| {
        let value = std::env::var(name).ok();
        value.map_or(default, |value| value.parse().expect("a number"))
    };
    Config::new()
        .on(Verdict::Inversion, Action::Ignore)
        .on(Verdict::RecursiveRead, Action::Ignore)
        .on(Verdict::Deadlock, Action::Report)
        .on(Verdict::SelfDeadlock, Action::Report)
        .callback(|_| {
            REPORTS.fetch_add(1, Ordering::SeqCst);
        })
        .stderr(false)
        .install()
        .expect("the first configuration is taken");
    let (programs, seed) = (number("PROGRAMS", 120), number("SEED", 1));
    let (mut stood, mut found, mut wrong) = (0, 0, Vec::new());
    for seed in seed..seed + programs {
        let program = program(&mut Random(seed));
        let (stands, reported) = outcome(&program, seed % 2 == 0);
        stood += usize::from(stands);
        found += usize::from(stands && reported);
        if stands != reported {
            wrong.push(format!(
                "seed {seed}: stands {stands}, reported {reported}: {program:?}"
            ));
        }
    }
    println!("{programs} programs: {stood} stand, {found} of them reported");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(stood > 0 && stood < programs as usize);
}
