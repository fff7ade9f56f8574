//! Checks of tests in which all that could end a wait is known.
//!
//! A message, a notification or a permit can come from any task or thread that has the other end, and
//! Rust does not say which one has. So a wait for one is never called a deadlock, unless nothing is
//! left that runs. In a check ([`check_async`](crate::testing::check_async)) that can be known: all
//! tasks of its runtime are tasks of this crate, and every thread of the process was there before the
//! check, is one of its runtime, or is known to lockwarden. Where the system does not list the
//! threads, it is not known.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use lockwarden::instrument::{self, ThreadId};
use parking_lot::Mutex;

use crate::agent::census;
use crate::agent::nested::Nested;
use crate::agent::registry;
use crate::agent::root::Root;
use crate::agent::runtime::RuntimeState;
use crate::agent::task::{Kind, Task};
use crate::agent::thread;

pub(crate) use crate::agent::thread::{of_process as threads, own_id};

struct Check {
    number: u64,
    /// The threads that were there before.
    before: BTreeSet<u32>,
    /// The thread of the check itself, which is in `block_on`.
    thread: Option<ThreadId>,
    /// The thread that waits for the end of the check, if that is known.
    supervisor: Option<u32>,
    runtimes: Vec<(tokio::runtime::Handle, Arc<RuntimeState>)>,
}

static CHECKS: Mutex<Vec<Check>> = Mutex::new(Vec::new());
static COUNT: AtomicUsize = AtomicUsize::new(0);
/// The runtimes of this crate.
static RUNTIMES: Mutex<Vec<Weak<RuntimeState>>> = Mutex::new(Vec::new());
/// The threads of runtimes of this crate.
static RUNTIME_THREADS: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// The threads that are blocked by a function of this crate, and polled by it as a task of their own.
static BLOCKED: Mutex<BTreeMap<u32, Arc<Task>>> = Mutex::new(BTreeMap::new());

/// The calling thread, which polls no task, is blocked by a function of this crate, and polls `task` until the
/// result is dropped.
pub(crate) fn blocks(task: &Arc<Task>) -> Blocked {
    let id = thread::own_id();
    BLOCKED.lock().extend(id.map(|id| (id, Arc::clone(task))));
    Blocked(id)
}

/// The calling thread is in a `block_on` of `root`, unless that is `nested` in a task, until the result is dropped. None
/// for a thread that nothing watched has been seen of: no other one can be seen to wait for it.
pub(crate) fn blocks_on<F: Future>(root: &Root<F>, nested: Option<&Nested>) -> Option<Blocked> {
    (nested.is_none() && !instrument::is_unattached()).then(|| {
        root.attach();
        blocks(root.task())
    })
}

/// The task that the thread with this number of the system's polls in a function of this crate that blocks it.
pub(crate) fn blocked_in(id: u32) -> Option<Arc<Task>> {
    BLOCKED.lock().get(&id).map(Arc::clone)
}

/// A thread that is blocked by a function of this crate.
pub(crate) struct Blocked(Option<u32>);

impl Drop for Blocked {
    fn drop(&mut self) {
        if let Some(id) = self.0 {
            BLOCKED.lock().remove(&id);
        }
    }
}

/// A check whose tasks are looked at together, for as long as this lives.
pub(crate) struct Open(u64);

impl Open {
    /// Begins with the check that the calling thread belongs to; `before` are the threads that were
    /// there before it, and `supervisor` is the one of them that waits for its end.
    pub(crate) fn here(before: BTreeSet<u32>, supervisor: Option<u32>) -> Self {
        let number = instrument::Agent::new(None).check();
        let own = thread::own_id();
        let check = Check {
            number,
            before,
            thread: own_thread(),
            supervisor,
            runtimes: Vec::new(),
        };
        let mut checks = CHECKS.lock();
        if number != 0 && own.is_some() {
            checks.push(check);
        }
        COUNT.store(checks.len(), Ordering::Relaxed);
        Self(number)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut checks = CHECKS.lock();
        checks.retain(|check| check.number != self.0);
        COUNT.store(checks.len(), Ordering::Relaxed);
    }
}

/// The calling thread, where the system tells it from others and it has used a lock.
pub(crate) fn own_thread() -> Option<ThreadId> {
    let own = thread::own_id()?;
    let all = instrument::observe_all();
    let mine = all.iter().find(|one| one.os_id == Some(own));
    mine.map(|one| one.thread.id)
}

/// The threads that wait for the end of a check, and do nothing in it.
pub(crate) fn supervisors() -> Vec<u32> {
    if !any_closable() {
        return Vec::new();
    }
    // The first thread of a program of tests waits for the threads of these.
    let first = std::process::id();
    let checks = CHECKS.lock();
    let supervisors = checks.iter().filter_map(|check| check.supervisor);
    supervisors.chain([first]).collect()
}

/// A runtime was made by the calling thread.
pub(crate) fn add_runtime(handle: &tokio::runtime::Handle, state: &Arc<RuntimeState>) {
    census::take();
    RUNTIMES.lock().push(Arc::downgrade(state));
    if any_closable() {
        let number = instrument::Agent::new(None).check();
        let mut checks = CHECKS.lock();
        if let Some(check) = checks.iter_mut().find(|check| check.number == number) {
            check.runtimes.push((handle.clone(), Arc::clone(state)));
        }
    }
}

/// The runtime is gone.
pub(crate) fn remove_runtime(state: &Arc<RuntimeState>) {
    let is_it = |runtime: &Weak<RuntimeState>| runtime.as_ptr() == Arc::as_ptr(state);
    RUNTIMES.lock().retain(|runtime| !is_it(runtime));
}

/// The runtimes that are there.
pub(crate) fn runtimes() -> Vec<Arc<RuntimeState>> {
    let runtimes = RUNTIMES.lock();
    runtimes.iter().filter_map(Weak::upgrade).collect()
}

/// The calling thread is one of a runtime of this crate.
pub(crate) fn add_thread() {
    if let Some(id) = thread::own_id() {
        RUNTIME_THREADS.lock().insert(id);
    }
}

/// The calling thread is none of a runtime any more.
pub(crate) fn remove_thread() {
    if let Some(id) = thread::own_id() {
        RUNTIME_THREADS.lock().remove(&id);
    }
}

/// Whether the thread with this number of the system's is one of a runtime.
pub(crate) fn is_of_runtime(id: u32) -> bool {
    RUNTIME_THREADS.lock().contains(&id)
}

/// Whether the thread with this number of the system's is one of a runtime, or was there before a check began.
pub(crate) fn is_of_runtime_or_before_check(id: u32) -> bool {
    let checks = CHECKS.lock();
    is_of_runtime(id) || checks.iter().any(|check| check.before.contains(&id))
}

/// Whether this check can come to be one of those whose tasks are all known.
pub(crate) fn is_closable(check: u64) -> bool {
    check != 0 && any_closable() && CHECKS.lock().iter().any(|one| one.number == check)
}

/// Whether any check can.
pub(crate) fn any_closable() -> bool {
    COUNT.load(Ordering::Relaxed) != 0
}

/// The checks whose waits can be ended by nothing but their own tasks.
pub(crate) fn closed_checks() -> Vec<u64> {
    if !any_closable() {
        return Vec::new();
    }
    let observed = instrument::observe_all();
    let tasks = registry::all();
    let checks = CHECKS.lock();
    let is_closed = |check: &&Check| {
        let is_known = |id: &u32| {
            check.before.contains(id)
                || Some(*id) == thread::own_id()
                || RUNTIME_THREADS.lock().contains(id)
                // One that is in no check was started in this one, by means that are not watched.
                || observed
                    .iter()
                    .any(|one| one.os_id == Some(*id) && (one.check != 0 || one.is_observer))
        };
        let threads = threads();
        let are_tasks_known = check.runtimes.iter().all(|(handle, state)| {
            let is_of = |task: &&Arc<Task>| {
                let runtime = task.runtime.as_ref();
                task.kind == Kind::Spawned
                    && !task.has_ended()
                    && runtime.is_some_and(|runtime| Arc::ptr_eq(runtime, state))
            };
            handle.metrics().num_alive_tasks() == tasks.iter().filter(is_of).count()
        });
        let runs = |one: &instrument::Observation| {
            one.check == check.number
                && !one.thread.is_task
                && !one.thread.ended
                && Some(one.thread.id) != check.thread
                && (one.thread.waits.is_none() || one.is_timed)
                // A thread of a runtime does nothing but to poll tasks and to run closures, which are known. Where the
                // threads of the runtime are watched, too, it is one of the check, and idle in a call that is not.
                && one.os_id.is_none_or(|id| !RUNTIME_THREADS.lock().contains(&id))
                // What it waits for is a wait of a task of the check.
                && one.os_id.is_none_or(|id| blocked_in(id).is_none())
        };
        !threads.is_empty()
            && threads.iter().all(is_known)
            && are_tasks_known
            && !observed.iter().any(runs)
    };
    let closed = checks.iter().filter(is_closed);
    closed.map(|check| check.number).collect()
}
