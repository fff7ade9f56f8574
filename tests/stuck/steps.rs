//! Who comes first.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

#[cfg(any(feature = "pool", feature = "queue", feature = "timer"))]
use lockwarden::report::WaitReason;
use lockwarden::report::WaitsFor;
use lockwarden::thread;
use lockwarden::watchdog::DumpedThread;

/// Whether this build watches what threads wait for.
pub(crate) const WATCHED: bool = cfg!(any(debug_assertions, feature = "always"));

/// Longer than anything takes that comes, on a machine that is busy, and shorter than a kernel may
/// take.
const LIMIT: Duration = Duration::from_secs(40);

/// Where two threads come to, each once, before either goes on. No thread sleeps there.
pub(crate) struct Meeting(AtomicUsize);

impl Meeting {
    pub(crate) const fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    pub(crate) fn come(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
        while self.0.load(Ordering::Acquire) < 2 {
            std::thread::yield_now();
        }
    }
}

/// Starts a thread of that name.
pub(crate) fn start(name: &str, run: impl FnOnce() + Send + 'static) -> thread::JoinHandle<()> {
    let builder = thread::Builder::new().name(name.to_owned());
    builder.spawn(run).expect("a thread can be started")
}

/// The same in a scope.
pub(crate) fn start_scoped<'scope, 'env>(
    scope: &'scope thread::Scope<'scope, 'env>,
    name: &str,
    run: impl FnOnce() + Send + 'scope,
) -> thread::ScopedJoinHandle<'scope, ()> {
    let builder = thread::Builder::new().name(name.to_owned());
    let started = builder.spawn_scoped(scope, run);
    started.expect("a thread can be started")
}

/// Looks on until both are at their end, and panics if one of them has: this thread waits for
/// nothing meanwhile, and is no part of what they do.
pub(crate) fn watch(both: [thread::JoinHandle<()>; 2]) {
    while !both.iter().all(thread::JoinHandle::is_finished) {
        std::thread::yield_now();
    }
    join(both);
}

/// Waits for both, and panics if one of them has.
pub(crate) fn join(both: [thread::JoinHandle<()>; 2]) {
    let ends = both.map(|handle| handle.join());
    for end in ends {
        end.unwrap();
    }
}

/// Polls for a condition that is certain to come true and that no thread notifies.
pub(crate) fn until(mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < LIMIT, "it does not come to hold");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Waits until the thread of that name waits, and has said so to the detector, which is for this one
/// to come second. In a build that watches nothing, until it sleeps; where the system does not say
/// that either, whoever is quicker comes first.
pub(crate) fn until_asleep(thread: &str) {
    if cfg!(target_os = "linux") {
        until(|| is_asleep(thread));
    }
    if WATCHED {
        until(|| waits(thread));
    }
}

/// The same, of a thread that has waited for other things before.
#[cfg(any(feature = "pool", feature = "queue", feature = "timer"))]
pub(crate) fn until_waits_for(thread: &str, awaited: WaitReason) {
    if WATCHED {
        let is_it = |what| matches!(what, WaitsFor::Resource { awaited: it, .. } if it == awaited);
        until(|| wait_of(thread).is_some_and(is_it));
    } else {
        until_asleep(thread);
    }
}

/// Whether a thread of that name is known to wait for something that is watched.
pub(crate) fn waits(thread: &str) -> bool {
    wait_of(thread).is_some()
}

fn wait_of(thread: &str) -> Option<WaitsFor> {
    let dump = lockwarden::watchdog::dump();
    let named = |it: &&DumpedThread| it.name.as_deref() == Some(thread);
    let mut waits = dump
        .threads
        .iter()
        .filter(named)
        .map(|it| it.waits.as_ref());
    waits.find_map(|wait| Some(wait?.what))
}

/// Whether the system says that a thread of that name sleeps.
fn is_asleep(thread: &str) -> bool {
    let tasks = std::fs::read_dir("/proc/self/task").expect("this system has it");
    tasks.filter_map(Result::ok).any(|task| {
        let read = |file| std::fs::read_to_string(task.path().join(file)).unwrap_or_default();
        // To the system, the first thread has the name of the program, and its number.
        let is_main = task.file_name().to_str() == Some(&std::process::id().to_string());
        let name = match is_main {
            true => "main".to_owned(),
            false => read("comm"),
        };
        let stat = read("stat");
        let state = stat.rsplit(") ").next().unwrap_or_default();
        name.trim() == thread && state.starts_with('S')
    })
}
