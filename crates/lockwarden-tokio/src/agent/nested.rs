//! Tasks that block their thread in a `block_on`, until the future that they drive is ready.

use std::sync::Arc;

use lockwarden::instrument::ThreadId;
use parking_lot::Mutex;

use super::frame;
use super::root::Root;
use super::task::Task;

/// Who drives what, the innermost last. Only a `block_on` within a task is listed, which is rare.
static NESTED: Mutex<Vec<(ThreadId, Arc<Task>)>> = Mutex::new(Vec::new());

/// The task that the calling thread polls, or the job that it runs, drives `root` until the result
/// is dropped.
pub(crate) fn drive<F: Future>(root: &Root<F>) -> Option<Nested> {
    let parent = frame::current()?;
    let child = root.task();
    NESTED.lock().push((parent, Arc::clone(child)));
    Some(Nested { child: child.id })
}

/// What this task drives, and cannot go on before.
pub(crate) fn of(parent: ThreadId) -> Option<Arc<Task>> {
    let nested = NESTED.lock();
    let found = nested.iter().rev().find(|(of, _)| *of == parent);
    found.map(|(_, child)| Arc::clone(child))
}

/// Whether the task `outer` drives `inner`, or one that does.
pub(crate) fn leads_to(outer: ThreadId, inner: ThreadId) -> bool {
    let nested = NESTED.lock();
    let mut at = outer;
    // Each is listed after the one that drives it.
    for (parent, child) in nested.iter() {
        if *parent == at {
            at = child.id;
        }
        if at == inner {
            return true;
        }
    }
    false
}

/// A `block_on` within a task.
#[derive(Debug)]
pub(crate) struct Nested {
    child: ThreadId,
}

impl Drop for Nested {
    fn drop(&mut self) {
        NESTED.lock().retain(|(_, child)| child.id != self.child);
    }
}
