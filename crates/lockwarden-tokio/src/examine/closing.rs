//! Runtimes that are dropped: the drop waits for what runs on their threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lockwarden::instrument::{self, ThreadId, WaitReason};
use lockwarden::report::{FreedBy, Verdict, WaitInfo};
use parking_lot::Mutex;

use super::{monitor, report};
use crate::agent::frame;
use crate::agent::registry;
use crate::agent::runtime::RuntimeState;
use crate::agent::task::Kind;
use crate::world;

static DROPPING: Mutex<Vec<(ThreadId, Arc<RuntimeState>)>> = Mutex::new(Vec::new());
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// The calling thread or task drops a runtime, until [`dropped`] is called.
pub(crate) fn drops(runtime: &Arc<RuntimeState>) {
    report_own(runtime);
    // A thread that holds no lock keeps nothing that runs on the runtime from its end.
    if let Some(id) = frame::current().or_else(world::own_thread) {
        let mut dropping = DROPPING.lock();
        dropping.push((id, Arc::clone(runtime)));
        COUNT.store(dropping.len(), Ordering::Relaxed);
        drop(dropping);
        monitor::wake();
    }
}

/// The runtime is dropped.
pub(crate) fn dropped(runtime: &Arc<RuntimeState>) {
    let mut dropping = DROPPING.lock();
    dropping.retain(|(_, other)| !Arc::ptr_eq(other, runtime));
    COUNT.store(dropping.len(), Ordering::Relaxed);
}

/// Who drops which runtime.
pub(super) fn dropping() -> Vec<(ThreadId, Arc<RuntimeState>)> {
    if count() == 0 {
        return Vec::new();
    }
    DROPPING.lock().clone()
}

/// How many runtimes are being dropped.
pub(super) fn count() -> usize {
    COUNT.load(Ordering::Relaxed)
}

/// Reports the calling task if it is about to wait for its own end: to drop a runtime takes until its
/// threads have ended, and it runs on one of them.
fn report_own(runtime: &Arc<RuntimeState>) {
    let Some(task) = frame::current().and_then(registry::find) else {
        return;
    };
    // Elsewhere in a task tokio panics.
    let may_block = task.kind == Kind::Blocking || task.is_in_place.load(Ordering::Acquire);
    let is_own = |own: &Arc<RuntimeState>| Arc::ptr_eq(own, runtime);
    if !may_block || !task.runtime.as_ref().is_some_and(is_own) || std::thread::panicking() {
        return;
    }
    let mut locks = Vec::new();
    let id = report::add(&mut locks, report::thing_info("runtime", runtime.made));
    let mut info = task.info();
    info.waits = Some(WaitInfo::of_resource(
        (id, WaitReason::Tasks),
        task.spawned,
        None,
        FreedBy::Threads(vec![task.id]),
    ));
    info.notes.push(format!("spawned at {}", task.spawned));
    info.notes
        .push("drops the runtime, on one of whose threads it runs".to_owned());
    let _ = instrument::report_stuck(task.check, Verdict::SelfDeadlock, vec![info], locks);
}
