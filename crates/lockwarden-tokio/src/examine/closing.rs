//! A runtime that is dropped by a closure of its own blocking pool.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use lockwarden::instrument::{self, WaitReason};
use lockwarden::report::{FreedBy, Verdict, WaitInfo};

use super::report;
use crate::agent::frame;
use crate::agent::registry;
use crate::agent::runtime::RuntimeState;
use crate::agent::task::Kind;

/// Reports the calling task if it is about to wait for its own end: to drop a runtime takes until its
/// threads have ended, and it runs on one of them.
pub(crate) fn dropped(runtime: &Arc<RuntimeState>) {
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
        std::time::Duration::ZERO,
        FreedBy::Threads(vec![task.id]),
    ));
    info.notes.push(format!("spawned at {}", task.spawned));
    info.notes
        .push("drops the runtime, on one of whose threads it runs".to_owned());
    let _ = instrument::report_stuck(task.check, Verdict::SelfDeadlock, vec![info], locks);
}
